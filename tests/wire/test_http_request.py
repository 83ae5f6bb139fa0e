"""Requests that are plain enough to be answered without a whole HTTP implementation."""

import http.client
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.wire.http_request import MAX_PLAIN_HEAD_BYTES, encode_response_head, find_plain_request

IPXE = (
    b"GET /boot.ipxe HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: iPXE/1.21.1+ (g4bd0)\r\n"
    b"Host: 192.168.1.50:8080\r\n\r\n"
)
"""As iPXE 1.21.1 sends it."""
GRUB = b"GET /grub/x64/grub.cfg HTTP/1.1\r\nHost: 192.168.1.50\r\nUser-Agent: GRUB 2.06-13\r\n\r\n"


def test_what_boot_loaders_send_is_plain() -> None:
    request = find_plain_request(IPXE)
    assert request is not None
    assert (request.method, request.target, request.size_bytes) == ("GET", "/boot.ipxe", len(IPXE))
    assert request.headers["User-Agent"] == "iPXE/1.21.1+ (g4bd0)"
    assert request.keeps_connection
    request = find_plain_request(GRUB)
    assert request is not None
    assert (request.target, dict(request.headers)) == (
        "/grub/x64/grub.cfg",
        {"Host": "192.168.1.50", "User-Agent": "GRUB 2.06-13"},
    )


def test_names_of_headers_count_in_any_case() -> None:
    request = find_plain_request(b'HEAD /a HTTP/1.1\r\nhOST:a\r\nif-none-match:\t"b" \r\nCONNECTION: Close\r\n\r\n')
    assert request is not None
    assert request.headers["If-None-Match"] == '"b"'
    assert not request.keeps_connection


def test_what_follows_is_left() -> None:
    request = find_plain_request(GRUB + IPXE)
    assert request is not None
    assert request.size_bytes == len(GRUB)
    assert find_plain_request(GRUB + IPXE, len(GRUB)) == find_plain_request(IPXE)
    assert find_plain_request(GRUB + IPXE[:-1], len(GRUB)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        IPXE[:-1],
        b"\r\n\r\n",
        b"\r\n" + IPXE,
        b"GET /a HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/1.0\r\nHost: a\r\n\r\n",
        b"GET  /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"get /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a HTTP/1.1\nHost: a\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nrange: bytes=2-3\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: \xe4\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: " + b"y" * MAX_PLAIN_HEAD_BYTES + b"\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(40)) + b"\r\n",
    ],
)
def test_what_needs_judgement_is_not_plain(data: bytes) -> None:
    assert find_plain_request(data) is None


PIECES = st.sampled_from(
    [
        b"GET ",
        b"HEAD ",
        b"/a",
        b" HTTP/1.1",
        b"\r\n",
        b"\r\n\r\n",
        b"Host: a",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\x00",
        b"Range",
    ]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=8)), max_size=20).map(b"".join))
def test_any_bytes(data: bytes) -> None:
    request = find_plain_request(data)
    if request is not None:
        assert 0 < request.size_bytes <= len(data)
        assert data[: request.size_bytes].endswith(b"\r\n\r\n")
        assert request.target.isascii()
        assert all(name.isascii() and value.isprintable() for name, value in request.headers.items())


def test_head_of_an_answer_is_read_by_the_standard_library() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(encode_response_head(206, {"Content-Length": "3", "ETag": '"a"'}) + b"abc")
        response = http.client.HTTPResponse(theirs)
        response.begin()
        assert (response.status, response.reason, response.version) == (206, "Partial Content", 11)
        assert (response.headers["ETag"], response.read()) == ('"a"', b"abc")

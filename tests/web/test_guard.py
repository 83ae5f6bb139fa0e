"""Who may look, and what every answer carries."""

import socket
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.web.guard import is_safe_host
from tests.web.asking import ask
from tests.web.recorded_station import RecordedStation


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8088", "localhost", "LOCALHOST:8088", "192.168.1.50:80", "[::1]", "[fe80::1]:8088"]
)
def test_an_address_is_a_safe_host(host: str) -> None:
    assert is_safe_host(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:8088", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("::1", "[::1", "[::1]x", "[127.0.0.1]", "127.0.0.1:", "127.0.0.1:80x", "127.0.0.1@evil.example"),
        *("0x7f.1", "2130706433", "localhost:\u0668\u0660"),
    ],
)
def test_a_name_is_none(host: str) -> None:
    assert not is_safe_host(host)


def test_a_name_that_was_pointed_here_gets_nothing(station: RecordedStation) -> None:
    for path in ("/", "/api/v1/boots", "/metrics", "/api/v1/events", "/assets/page.css", "/nothing"):
        status, _, body = ask(station, path, Host=f"evil.example:{station.port}")
        assert status == 403, path
        assert b"http://127.0.0.1" in body


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_gets_nothing_but_may_link_here(station: RecordedStation, site: str) -> None:
    for path in ("/api/v1/boots", "/api/v1/events", "/assets/page.css", "/metrics"):
        assert ask(station, path, Sec_Fetch_Site=site, Sec_Fetch_Mode="cors", Sec_Fetch_Dest="empty")[0] == 403
    opened = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate"}
    assert ask(station, "/", **opened, Sec_Fetch_Dest="document")[0] == 200
    assert ask(station, "/", **opened, Sec_Fetch_Dest="iframe")[0] == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_nothing_writes(station: RecordedStation, method: str) -> None:
    for path in ("/", "/api/v1/boots", "/api/v1/events", "/nothing"):
        assert ask(station, path, method)[0] in (400, 405), path  # 400: a method that HTTP does not know


def test_every_answer_is_guarded(station: RecordedStation, good: str) -> None:
    for path in ("/", f"/boots/{good}", "/api/v1/boots", "/nothing", "/metrics", "/assets/dom.js"):
        headers = ask(station, path)[1]
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["server"].startswith("bootbeam/")
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 90000 + b"\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_malformed_requests_get_an_error_and_the_page_lives_on(station: RecordedStation, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", station.port), timeout=5) as connection:
        connection.sendall(sent)
        answer = connection.recv(65536)
        assert answer == b"" or answer.split(b" ", 2)[1] in (b"400", b"403", b"405"), answer[:200]
    assert ask(station, "/")[0] == 200


@given(st.text(max_size=40) | st.from_regex(r"\[?[0-9a-f.:]{0,20}\]?:?[0-9]{0,6}"))
def test_only_addresses_and_localhost_are_safe(host: str) -> None:
    if not is_safe_host(host):
        return
    name = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    assert name.lower() == "localhost" or ip_address(name)

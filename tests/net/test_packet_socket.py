"""The filter in the kernel, over the loopback: what is heard of the datagrams that go by."""

import os
import socket
import time
from collections.abc import Iterator

import pytest

from bootbeam.net.packet_socket import filter_program, open_packet_socket, receive_frame


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with open_packet_socket("lo") as sock:
        yield sock


def send(family: socket.AddressFamily, payload: bytes, destination_port: int, source_port: int = 0) -> None:
    address = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        if source_port:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sender.bind((address, source_port))
        sender.sendto(payload, (address, destination_port))


def heard_until(ear: socket.socket, last: bytes) -> bytes:
    """All that was heard up to the frame with ``last`` in it."""
    heard = b""
    deadline = time.monotonic() + 10
    while last not in heard:
        assert time.monotonic() < deadline, heard
        frame = receive_frame(ear)
        if frame is not None:
            assert abs(frame.at_s - time.time()) < 60
            heard += b"" if frame.is_own else frame.data
    return heard


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def test_dhcp_and_tftp_requests_are_heard_and_nothing_else(ear: socket.socket, family: socket.AddressFamily) -> None:
    token = os.urandom(6).hex().encode()
    to_ports = (66, 67, 68, 69, 70, 4010, 4011, 4012, 546, 547, 548, 53, 8080)
    for port in to_ports:
        send(family, b"<%s to %d>" % (token, port), port)
    send(family, b"<%s from>" % token, 40000, source_port=4011)
    send(family, b"<%s the end>" % token, 67)
    heard = heard_until(ear, b"<%s the end>" % token)
    assert {port for port in to_ports if b"<%s to %d>" % (token, port) in heard} == {67, 68, 69, 4011, 546, 547}
    assert b"<%s from>" % token in heard


def test_what_this_computer_sends_is_left_out(ear: socket.socket) -> None:
    token = os.urandom(6).hex().encode()
    send(socket.AF_INET, b"<%s>" % token, 67)
    send(socket.AF_INET, b"<%s the end>" % token, 67)
    # On the loopback each frame goes out and comes in: heard once, it was heard coming in only.
    assert heard_until(ear, b"<%s the end>" % token).count(b"<%s>" % token) == 1


def test_the_program_is_made_of_whole_instructions() -> None:
    assert len(filter_program()) % 8 == 0
    assert len(filter_program()) // 8 < 4096, "BPF_MAXINSNS"


def test_an_interface_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(OSError, match="No such device"):
        open_packet_socket("nonesuch0")

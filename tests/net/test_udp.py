"""Datagrams over the loopback: where they came in, and where answers leave."""

import socket

import pytest

from bootbeam.net.udp import bind_udp, receive, send_from


@pytest.mark.parametrize("interface", [None, "lo"])
def test_a_datagram_tells_its_source_our_address_and_the_interface(interface: str | None) -> None:
    with bind_udp("0.0.0.0", 0, interface) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.settimeout(5)
        client.sendto(b"hello", ("127.0.0.7", server.getsockname()[1]))
        server.setblocking(True)
        datagram = receive(server)
        assert datagram is not None
        assert datagram.data == b"hello"
        assert datagram.source == client.getsockname()
        assert datagram.local_address == "127.0.0.7"
        assert datagram.interface_index == socket.if_nametoindex("lo")
        send_from(server, b"back", datagram.source, datagram.local_address, datagram.interface_index)
        assert client.recvfrom(100) == (b"back", ("127.0.0.7", server.getsockname()[1]))


def test_nothing_waiting_is_none() -> None:
    with bind_udp("127.0.0.1", 0) as server:
        assert receive(server) is None


def test_a_taken_port_is_an_os_error_and_leaks_nothing() -> None:
    with bind_udp("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        bind_udp("127.0.0.1", first.getsockname()[1])

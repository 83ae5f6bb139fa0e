"""Datagrams over the loopback: where they came in, and where answers leave."""

import socket

import pytest

from bootbeam.net.udp import bind_udp, bind_udp6, bind_udp_on, receive, send_from, send_from6


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
        assert datagram.is_unicast
        assert datagram.interface_index == socket.if_nametoindex("lo")
        send_from(server, b"back", datagram.source, datagram.local_address, datagram.interface_index)
        assert client.recvfrom(100) == (b"back", ("127.0.0.7", server.getsockname()[1]))


def test_a_broadcast_is_told_from_what_was_sent_to_us() -> None:
    with bind_udp("0.0.0.0", 0) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.sendto(b"hello", ("127.255.255.255", server.getsockname()[1]))
        server.setblocking(True)
        datagram = receive(server)
        assert datagram is not None
        assert datagram.local_address == "127.255.255.255"
        assert not datagram.is_unicast


def test_nothing_waiting_is_none() -> None:
    with bind_udp("127.0.0.1", 0) as server:
        assert receive(server) is None


def test_a_taken_port_is_an_os_error_and_leaks_nothing() -> None:
    with bind_udp("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        bind_udp("127.0.0.1", first.getsockname()[1])


def test_a_datagram_over_ipv6_tells_its_source_our_address_and_the_interface() -> None:
    with bind_udp6(0, "lo") as server, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.bind(("::1", 0))
        client.settimeout(5)
        port = server.getsockname()[1]
        client.sendto(b"hello", ("::1", port))
        server.setblocking(True)
        datagram = receive(server)
        assert datagram is not None
        assert datagram.data == b"hello"
        assert datagram.source == ("::1", client.getsockname()[1])
        assert datagram.local_address == "::1"
        assert datagram.is_unicast
        assert datagram.interface_index == socket.if_nametoindex("lo")
        send_from6(server, b"back", datagram.source, "lo")
        assert client.recvfrom(100)[:2] == (b"back", ("::1", port, 0, 0))


def test_an_ipv6_socket_leaves_the_port_to_ipv4() -> None:
    with bind_udp6(0, "lo") as ours, bind_udp("0.0.0.0", ours.getsockname()[1], "lo") as other:
        assert other.getsockname()[1] == ours.getsockname()[1]


def test_a_taken_ipv6_port_is_an_os_error() -> None:
    with bind_udp6(0, "lo") as first, pytest.raises(OSError, match="in use"):
        bind_udp6(first.getsockname()[1], "lo")


def test_a_group_that_is_none_is_an_os_error() -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        bind_udp6(0, "lo", ["fd00::1"])


def test_a_program_on_another_address_is_not_in_the_way_of_ours() -> None:
    with bind_udp("127.0.0.2", 0) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            bind_udp("0.0.0.0", port, "lo")
        with bind_udp_on("lo", "127.0.0.1", port) as own:
            assert own.getsockname() == ("127.0.0.1", port)
        with pytest.raises(OSError, match="in use"):
            bind_udp_on("lo", "127.0.0.2", port)
    with bind_udp_on("lo", "127.0.0.1", port) as own:
        assert own.getsockname() == ("0.0.0.0", port)

"""What the station binds, on a private network of each test."""

import ctypes
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bootbeam.errors import UserError
from bootbeam.net.interfaces import list_interfaces
from bootbeam.servers.listeners import Listeners, bind_all
from bootbeam.settings.model import StationSettings

CLONE_NEWNET = 0x40000000
"""Linux <sched.h>."""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def in_private_network(step: Callable[[], None], *addresses: str) -> None:
    """Run ``step`` in a thread with a network of its own, where ``eth0`` has these addresses."""

    def enter_and_run() -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "a private network takes root")
        ip("link", "set", "lo", "up")
        ip("link", "add", "eth0", "type", "veth", "peer", "name", "peer0")
        for name in ("eth0", "peer0"):
            ip("link", "set", name, "up")
        for address in addresses:
            ip("address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        step()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(enter_and_run).result()


def bind(**settings: Any) -> Listeners:
    interfaces = [interface for interface in list_interfaces() if interface.name == "eth0"]
    return bind_all(interfaces, StationSettings(**settings))


def sockets_of(listeners: Listeners) -> list[socket.socket]:
    udp = [
        *(each.sock for each in listeners.dhcp),
        *(each.sock for each in listeners.dhcp6),
        *(each.sock for each in listeners.tftp),
    ]
    return [*udp, *listeners.http]


def bound(listeners: Listeners) -> list[tuple[str, int, int]]:
    """Family and port of every socket, and how many are on it."""
    sockets = sockets_of(listeners)
    names = [("4" if sock.family == socket.AF_INET else "6", sock.getsockname()[1]) for sock in sockets]
    return sorted((family, port, names.count((family, port))) for family, port in set(names))


IPV4 = [("4", 67, 1), ("4", 69, 1), ("4", 4011, 1), ("4", 8080, 1)]
IPV6 = [("6", 69, 1), ("6", 547, 1), ("6", 4011, 1), ("6", 8080, 1)]


def test_both_families_are_served_where_there_are_both() -> None:
    def step() -> None:
        listeners = bind()
        assert bound(listeners) == IPV4 + IPV6
        assert listeners.warnings == []
        listeners.close()
        assert all(sock.fileno() == -1 for sock in sockets_of(listeners))

    in_private_network(step, "192.168.1.50/24", "fd00::50/64")


def test_ipv6_can_be_left_out() -> None:
    def step() -> None:
        listeners = bind(ipv6=False)
        assert bound(listeners) == IPV4
        listeners.close()

    in_private_network(step, "192.168.1.50/24", "fd00::50/64")


def test_http_is_on_every_ipv4_address() -> None:
    def step() -> None:
        listeners = bind(http_port=9090, ipv6=False)
        assert ("4", 9090, 2) in bound(listeners)
        listeners.close()

    in_private_network(step, "192.168.1.50/24", "10.0.0.50/8")


def test_with_ipv6_alone_only_the_port_that_ipxe_asks_is_open_on_ipv4() -> None:
    def step() -> None:
        listeners = bind()
        assert bound(listeners) == [("4", 67, 1), *IPV6]
        listeners.close()

    in_private_network(step, "fd00::50/64")


@pytest.mark.parametrize("port", [547, 69])
def test_a_port_taken_on_ipv6_is_a_warning_and_ipv4_is_served(port: int) -> None:
    def step() -> None:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            other.bind(("::", port))
            listeners = bind()
        assert bound(listeners) == IPV4
        [warning] = listeners.warnings
        assert f"no machine can boot over IPv6: UDP port {port} is taken" in warning.what
        assert "--no-ipv6" in warning.fix
        listeners.close()

    in_private_network(step, "192.168.1.50/24", "fd00::50/64")


def test_where_there_is_ipv6_alone_it_is_an_error() -> None:
    def step() -> None:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
            other.bind(("::", 547))
            with pytest.raises(UserError, match="UDP port 547 is taken"):
                bind()

    in_private_network(step, "fd00::50/64")


def test_what_ipv4_lacks_is_told_all_together() -> None:
    def step() -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tftp,
            socket.create_server(("0.0.0.0", 8080)),
        ):
            tftp.bind(("0.0.0.0", 69))
            with pytest.raises(UserError) as caught:
                bind()
        assert "UDP port 69 is taken" in caught.value.what
        assert "TCP port 8080 is taken" in caught.value.what
        assert "--http-port" in caught.value.fix

    in_private_network(step, "192.168.1.50/24")

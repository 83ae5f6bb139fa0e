"""Ports that are taken, by whom, and what is said of it."""

import errno
import socket
from ipaddress import IPv4Interface

import pytest

from bootbeam.doctor.finding import Level
from bootbeam.doctor.ports import PortReading, check_ports, try_ports
from bootbeam.net.interfaces import Interface
from bootbeam.net.ports import Holder

DNSMASQ = Holder(7, "dnsmasq", ["dnsmasq"], "dnsmasq.service", 67)


def taken(port: int, holder: Holder | None = DNSMASQ, transport: str = "udp", **more: bool) -> PortReading:
    return PortReading(
        "eth0", transport, port, **more, error_number=errno.EADDRINUSE, error="Address already in use", holder=holder
    )


def test_one_program_with_two_ports_is_one_problem() -> None:
    [finding] = check_ports([taken(67), taken(69), PortReading("eth0", "udp", 4011)])
    assert finding.level is Level.PROBLEM
    assert finding.what == "UDP 67, 69 are taken by dnsmasq (process 7)"
    assert finding.fix == "sudo systemctl stop dnsmasq.service"


def test_another_port_is_offered_for_http_only() -> None:
    [finding] = check_ports([taken(8080, None, "tcp")])
    assert "sudo ss -lnp 'sport = :8080'" in finding.fix
    assert "--http-port 8090" in finding.fix


def test_ipv6_can_be_done_without() -> None:
    [finding] = check_ports([taken(547, is_ipv6=True, is_needed=False)])
    assert finding.level is Level.WARNING
    assert "bootbeam serve --no-ipv6" in finding.fix


def test_all_free_and_not_allowed() -> None:
    [free] = check_ports([PortReading("eth0", "udp", 67), PortReading("eth0", "tcp", 8080)])
    assert (free.level, free.what) == (Level.OK, "UDP 67 and TCP 8080 are free")
    [forbidden] = check_ports([PortReading("eth0", "udp", 67, error_number=errno.EACCES, error="Permission denied")])
    assert (forbidden.level, forbidden.what) == (Level.WARNING, "not looked at: UDP 67")


def test_trying_lets_go_again() -> None:
    lo = Interface("lo", 1, "", (IPv4Interface("127.0.0.1/8"),), True, 65536, False, False, False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        [http] = [reading for reading in try_ports([lo], port, ipv6=False) if reading.transport == "tcp"]
        assert http.error_number == errno.EADDRINUSE
        assert http.holder is not None
    for _ in range(2):
        readings = try_ports([lo], port, ipv6=False)
        assert [reading.port for reading in readings] == [67, 69, 4011, port]
        assert {reading.error_number for reading in readings} <= {None, errno.EADDRINUSE}
        assert readings[-1].error_number is None


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.ENODEV])
def test_any_other_reason_is_passed_on(number: int) -> None:
    [finding] = check_ports([PortReading("eth0", "tcp", 8080, error_number=number, error="no such thing")])
    assert finding.level is Level.PROBLEM
    assert "no such thing" in finding.what

"""Whether the station's ports can be taken: each is taken as ``serve`` takes it, and let go at once."""

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from socket import socket

from bootbeam.doctor.finding import Finding, Level, ok, port_words, warning
from bootbeam.net.interfaces import Interface
from bootbeam.net.ports import Holder, bind_tcp, bind_tcp6, holder_of_port
from bootbeam.net.udp import bind_udp, bind_udp6, bind_udp_on
from bootbeam.pxe.dhcp6 import ALL_SERVERS, DHCP6_SERVER_PORT
from bootbeam.pxe.reply import BOOT_SERVER_PORT, DHCP_SERVER_PORT
from bootbeam.wire.tftp import TFTP_PORT

AREA = "ports"
_FORBIDDEN = (errno.EACCES, errno.EPERM)


@dataclass(frozen=True, slots=True)
class PortReading:
    """What came of taking one port on one interface."""

    interface: str
    transport: str
    """udp or tcp."""
    port: int
    is_ipv6: bool = False
    is_needed: bool = True
    """False for IPv6 beside IPv4: the station starts without."""
    error_number: int | None = None
    """errno of bind(2); None when it could be taken."""
    error: str = ""
    holder: Holder | None = None
    """Who has it, where that can be seen."""


def try_ports(interfaces: Sequence[Interface], http_port: int, *, ipv6: bool) -> list[PortReading]:
    """Take every port that ``serve`` would take."""
    return [reading for interface in interfaces for reading in _try_interface(interface, http_port, ipv6=ipv6)]


def check_ports(readings: Sequence[PortReading]) -> list[Finding]:
    """Who is in the way."""
    if not readings:
        return []
    taken = [reading for reading in readings if reading.error_number not in (None, *_FORBIDDEN)]
    groups: dict[object, list[PortReading]] = {}
    for reading in taken:
        key = (reading.holder.pid if reading.holder else reading.error, reading.is_ipv6, reading.is_needed)
        groups.setdefault(key, []).append(reading)
    found = [_finding(group) for group in groups.values()]
    forbidden = _words(each for each in readings if each.error_number in _FORBIDDEN)
    if forbidden:
        found.append(warning(AREA, f"not looked at: {forbidden}", "only root may take them", "sudo bootbeam doctor"))
    free = _words(each for each in readings if each.error_number is None)
    if free and not found:
        found.append(ok(AREA, f"{free} are free"))
    return found


def _finding(group: Sequence[PortReading]) -> Finding:
    first = group[0]
    ports = _words(group)
    verb = "is" if len({(each.transport, each.port) for each in group}) == 1 else "are"
    family = " over IPv6" if first.is_ipv6 else ""
    level = Level.PROBLEM if first.is_needed else Level.WARNING
    only_http = all(each.transport == "tcp" for each in group)
    another = "\nor choose another port: bootbeam serve --http-port 8090 ..." if only_http else ""
    without = "\nor do without IPv6: bootbeam serve --no-ipv6 ..." if not first.is_needed else ""
    if first.error_number != errno.EADDRINUSE:
        fix = f"ip address show {first.interface}{without}"
        return Finding(level, AREA, f"{ports} cannot be listened on{family}: {first.error}", "", fix)
    if first.holder is None:
        fix = f"find it: sudo ss -lnp 'sport = :{first.port}'{another}{without}"
        return Finding(level, AREA, f"{ports} {verb} taken{family}", "by a program that could not be named", fix)
    return Finding(
        level,
        AREA,
        f"{ports} {verb} taken{family} by {first.holder.words}",
        first.holder.caution or "only one program at a time can listen there",
        f"{first.holder.stop}{another}{without}",
    )


def _words(readings: Iterable[PortReading]) -> str:
    return port_words((each.transport, each.port) for each in readings)


def _try_interface(interface: Interface, http_port: int, *, ipv6: bool) -> Iterator[PortReading]:
    name = interface.name
    if interface.addresses:
        yield _try(PortReading(name, "udp", DHCP_SERVER_PORT), partial(bind_udp, "0.0.0.0", DHCP_SERVER_PORT, name))
        own = str(interface.addresses[0].ip)
        for port in (TFTP_PORT, BOOT_SERVER_PORT):
            yield _try(PortReading(name, "udp", port), partial(bind_udp_on, name, own, port))
        for address in interface.addresses:
            yield _try(PortReading(name, "tcp", http_port), partial(bind_tcp, str(address.ip), http_port))
    if ipv6 and interface.addresses6:
        is_needed = not interface.addresses
        for port in (DHCP6_SERVER_PORT, TFTP_PORT, BOOT_SERVER_PORT):
            groups = (str(ALL_SERVERS),) if port != TFTP_PORT else ()
            reading = PortReading(name, "udp", port, is_ipv6=True, is_needed=is_needed)
            yield _try(reading, partial(bind_udp6, port, name, groups))
        reading = PortReading(name, "tcp", http_port, is_ipv6=True, is_needed=is_needed)
        yield _try(reading, partial(bind_tcp6, name, http_port))


def _try(reading: PortReading, bind: Callable[[], socket]) -> PortReading:
    try:
        bind().close()
    except OSError as error:
        number = error.errno or 0
        holder = (
            holder_of_port(reading.transport, reading.port, reading.interface) if number == errno.EADDRINUSE else None
        )
        return PortReading(
            reading.interface,
            reading.transport,
            reading.port,
            reading.is_ipv6,
            reading.is_needed,
            number,
            error.strerror or str(error),
            holder,
        )
    return reading

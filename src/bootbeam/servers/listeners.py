"""Everything the station listens on, bound while it is still root.

The ports of DHCP and TFTP are bound on each interface; HTTP on each IPv4 address, and on each interface for IPv6,
whose addresses come and go. What IPv4 needs must be there. IPv6 is done without where a port of it is taken, and said
so: most machines boot over IPv4, and should not have to wait for somebody to stop another program.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

from bootbeam.errors import UserError
from bootbeam.net.interfaces import Interface
from bootbeam.net.packet_socket import open_packet_socket
from bootbeam.net.ports import bind_tcp, bind_tcp6, explain_bind_failure
from bootbeam.net.udp import bind_udp, bind_udp6, bind_udp_on
from bootbeam.pxe.dhcp6 import ALL_SERVERS, DHCP6_SERVER_PORT
from bootbeam.pxe.reply import BOOT_SERVER_PORT, DHCP_SERVER_PORT
from bootbeam.servers.dhcp import DhcpSocket
from bootbeam.servers.dhcp6 import Dhcp6Socket
from bootbeam.servers.overhearing import Ear
from bootbeam.servers.tftp import TftpListener
from bootbeam.settings.model import StationSettings
from bootbeam.wire.tftp import TFTP_PORT


@dataclass(slots=True)
class Listeners:
    """All sockets, and what was done without."""

    dhcp: list[DhcpSocket] = field(default_factory=list)
    dhcp6: list[Dhcp6Socket] = field(default_factory=list)
    tftp: list[TftpListener] = field(default_factory=list)
    http: list[socket.socket] = field(default_factory=list)
    ears: list[Ear] = field(default_factory=list)
    """Sockets that only listen."""
    warnings: list[UserError] = field(default_factory=list)
    """Why some interface is not served over IPv6, or not listened to."""

    def close(self) -> None:
        """Close them all."""
        sockets = (*(each.sock for each in self.dhcp), *(each.sock for each in self.dhcp6), *self.http)
        for sock in (*sockets, *(each.sock for each in self.tftp), *(each.sock for each in self.ears)):
            sock.close()


def bind_all(interfaces: Sequence[Interface], settings: StationSettings) -> Listeners:
    """Every socket of the station.

    Raises:
        UserError: what could not be bound, all of it together.
    """
    listeners, errors = Listeners(), []
    for interface in interfaces:
        if interface.addresses:
            errors += _bind4(listeners, interface, settings.http_port)
        if settings.ipv6 and interface.addresses6:
            errors6 = _bind6(listeners, interface, settings.http_port)
            if interface.addresses:
                listeners.warnings += errors6
            else:
                errors += errors6
        _open_ear(listeners, interface)
    if errors:
        listeners.close()
        raise join_errors(errors)
    return listeners


def join_errors(errors: Sequence[UserError]) -> UserError:
    """All errors as one; the same cause or advice is said once."""
    whats, whys, fixes = (
        list(dict.fromkeys(getattr(error, part) for error in errors if getattr(error, part)))
        for part in ("what", "why", "fix")
    )
    return UserError("; ".join(whats), "; ".join(whys), "; ".join(fixes))


def _bind4(listeners: Listeners, interface: Interface, http_port: int) -> list[UserError]:
    errors: list[UserError] = []
    name, own = interface.name, str(interface.addresses[0].ip)
    for port in (DHCP_SERVER_PORT, BOOT_SERVER_PORT, TFTP_PORT):
        try:
            # Only what machines ask by broadcast has to be listened for on all addresses.
            sock = bind_udp("0.0.0.0", port, name) if port == DHCP_SERVER_PORT else bind_udp_on(name, own, port)
        except OSError as error:
            errors.append(explain_bind_failure(error, "udp", own, port, interface=name))
            continue
        if port == TFTP_PORT:
            listeners.tftp.append(TftpListener(sock, interface.name))
        else:
            listeners.dhcp.append(DhcpSocket(sock, port, interface))
    for address in interface.addresses:
        try:
            listeners.http.append(bind_tcp(str(address.ip), http_port))
        except OSError as error:
            errors.append(explain_bind_failure(error, "tcp", str(address.ip), http_port, "--http-port"))
    return errors


def _bind6(listeners: Listeners, interface: Interface, http_port: int) -> list[UserError]:
    """All that booting over IPv6 takes on this interface, or nothing of it and the reasons."""
    errors: list[UserError] = []
    bound = Listeners()
    address = str(interface.addresses6[0].ip)
    for port in (DHCP6_SERVER_PORT, BOOT_SERVER_PORT, TFTP_PORT):
        try:
            sock = bind_udp6(port, interface.name, (str(ALL_SERVERS),) if port != TFTP_PORT else ())
        except OSError as error:
            errors.append(_without_ipv6(explain_bind_failure(error, "udp", address, port, interface=interface.name)))
            continue
        if port == TFTP_PORT:
            bound.tftp.append(TftpListener(sock, interface.name))
        else:
            bound.dhcp6.append(Dhcp6Socket(sock, port, interface))
    try:
        bound.http.append(bind_tcp6(interface.name, http_port))
    except OSError as error:
        errors.append(_without_ipv6(explain_bind_failure(error, "tcp", address, http_port, "--http-port")))
    if not interface.addresses:  # iPXE asks over IPv4 too, whether or not there is any: pxe.ipv4_stand_in
        try:
            bound.dhcp.append(
                DhcpSocket(bind_udp("0.0.0.0", DHCP_SERVER_PORT, interface.name), DHCP_SERVER_PORT, interface)
            )
        except OSError as error:
            errors.append(explain_bind_failure(error, "udp", address, DHCP_SERVER_PORT))
    if errors:
        bound.close()
        return errors
    listeners.dhcp += bound.dhcp
    listeners.dhcp6 += bound.dhcp6
    listeners.tftp += bound.tftp
    listeners.http += bound.http
    return errors


def _open_ear(listeners: Listeners, interface: Interface) -> None:
    try:
        listeners.ears.append(Ear(open_packet_socket(interface.name), interface))
    except OSError as error:
        warning = UserError(
            f"what other DHCP servers on {interface.name} answer cannot be heard",
            error.strerror or str(error),
            "machines boot all the same, and less is known when one does not; listening takes CAP_NET_RAW",
        )
        listeners.warnings.append(warning)


def _without_ipv6(error: UserError) -> UserError:
    return UserError(
        f"no machine can boot over IPv6: {error.what} for IPv6", error.why, f"{error.fix}; or do without: --no-ipv6"
    )

"""UDP sockets that know on which interface and for which of our addresses a datagram came in.

asyncio's datagram transport calls ``recvfrom`` and loses that; these sockets are read with ``recvmsg``.
"""

import errno
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from bootbeam.net.addresses6 import scope_of
from bootbeam.net.bursts import BurstReader, Envelope

IP_PKTINFO = 8
"""Linux <bits/in.h>; Python's socket module does not name it."""
_IN_PKTINFO = struct.Struct("@I4s4s")
"""struct in_pktinfo: interface index, address to send from (local), address the datagram was sent to."""
_NO_PKTINFO = bytes(_IN_PKTINFO.size)
_SOCKADDR_IN = struct.Struct("=H2s4s8x")
"""struct sockaddr_in: AF_INET in the computer's own order, port and address in the network's."""
_IN6_PKTINFO = struct.Struct("@16sI")
"""struct in6_pktinfo (RFC 3542 §6.1): the address sent to or to send from, interface index."""
_MULTICAST6 = 0xFF
"""The first byte of such an IPv6 address (RFC 4291 §2.7)."""

SO_RCVBUFFORCE = 33
"""Linux <asm-generic/socket.h>, likewise."""
MAX_DATAGRAM_BYTES = 65535
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
"""A thousand machines switched on at once send their first datagrams in one burst."""


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class Datagram:
    """One received datagram."""

    data: bytes
    source: tuple[str, int]
    """Sender's address and port; a link-local IPv6 address without its zone, which ``interface_index`` tells."""
    local_address: str
    """The address it was sent to; a broadcast or multicast address where that was used."""
    interface_index: int
    is_unicast: bool = False
    """``local_address`` is this machine's own, for certain: the kernel would answer from the same."""


def bind_udp(address: str, port: int, interface: str | None = None) -> socket.socket:
    """A non-blocking IPv4 UDP socket that may broadcast and tells where datagrams came in.

    Bound to one interface it lives beside other programs' sockets on the same port of other interfaces (a virtual
    network's dnsmasq, for one), and what it broadcasts leaves there.

    Raises:
        OSError: as from bind(2): EADDRINUSE, EACCES, EPERM.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if interface is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode("ascii") + b"\0")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        _widen_receive_buffer(sock)
        sock.bind((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def bind_udp_on(interface: str, address: str, port: int) -> socket.socket:
    """As ``bind_udp`` on all addresses of an interface, or on ``address`` alone where a program that has nothing to do
    with it, on the address of a virtual network for one, is in the way of "all". For what is not broadcast.

    Raises:
        OSError: as from bind(2).
    """
    try:
        return bind_udp("0.0.0.0", port, interface)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return bind_udp(address, port, interface)


def bind_udp6(port: int, interface: str, groups: Iterable[str] = ()) -> socket.socket:
    """A non-blocking IPv6 UDP socket on all addresses of one interface, those it gets later included.

    Args:
        port: where to listen.
        interface: its name.
        groups: multicast groups to join there; what the socket itself sends to them does not come back.

    Raises:
        OSError: as from bind(2), or EAFNOSUPPORT on a machine without IPv6.
    """
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode("ascii") + b"\0")
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        _widen_receive_buffer(sock)
        sock.bind(("::", port))
        index = socket.if_nametoindex(interface)
        for group in groups:
            membership = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
    except BaseException:
        sock.close()
        raise
    return sock


def _widen_receive_buffer(sock: socket.socket) -> None:
    """The kernel gives root what is asked for, and everybody else about 200 KB, a burst of 250 datagrams."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)


def receive(sock: socket.socket) -> Datagram | None:
    """The next waiting datagram; None when there is none.

    Raises:
        OSError: the interface went away (ENETDOWN, ENODEV).
    """
    try:
        data, ancillary, _, source = sock.recvmsg(MAX_DATAGRAM_BYTES, socket.CMSG_SPACE(_IN6_PKTINFO.size))
    except (BlockingIOError, InterruptedError):
        return None
    except ConnectionRefusedError:  # an ICMP error of something sent earlier, not a datagram
        return None
    index, destination, is_unicast = 0, "0.0.0.0", False
    for level, kind, value in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            index, answers_from, packed = _IN_PKTINFO.unpack_from(value)
            destination, is_unicast = socket.inet_ntoa(packed), answers_from == packed
        elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            packed, index = _IN6_PKTINFO.unpack_from(value)
            destination, is_unicast = socket.inet_ntop(socket.AF_INET6, packed), packed[0] != _MULTICAST6
    return Datagram(data, (str(source[0]).partition("%")[0], int(source[1])), destination, index, is_unicast)


def receive_burst(reader: BurstReader, sock: socket.socket) -> list[Datagram]:
    """What waits at an IPv4 socket of ``bind_udp``, the oldest first, as much as ``reader`` takes at once.

    Raises:
        OSError: as ``receive``.
    """
    datagrams = []
    for message in reader.read(sock):
        _, port, source = _SOCKADDR_IN.unpack(message.address)
        index, answers_from, destination = _IN_PKTINFO.unpack_from(message.ancillary or _NO_PKTINFO)
        sender = (socket.inet_ntoa(source), int.from_bytes(port, "big"))
        is_unicast = answers_from == destination and bool(message.ancillary)
        datagrams.append(Datagram(message.data, sender, socket.inet_ntoa(destination), index, is_unicast))
    return datagrams


def envelope(address: bytes, port: int, local_address: bytes, interface_index: int) -> Envelope:
    """What ``Sender.send`` wants for datagrams to ``address`` and ``port``, sent from ``local_address`` out of the
    interface, whatever the routes say (broadcasts included). Addresses are four bytes each."""
    target = _SOCKADDR_IN.pack(socket.AF_INET, port.to_bytes(2, "big"), address)
    packet_info = _IN_PKTINFO.pack(interface_index, local_address, b"\0\0\0\0")
    return Envelope(target, socket.IPPROTO_IP, IP_PKTINFO, packet_info)


def send_from(
    sock: socket.socket, data: bytes, destination: tuple[str, int], local_address: str, interface_index: int
) -> None:
    """Send one datagram from ``local_address`` out of the interface, whatever the routes say (broadcasts included).

    Raises:
        OSError: as from sendmsg(2).
    """
    packet_info = _IN_PKTINFO.pack(interface_index, socket.inet_aton(local_address), b"\0\0\0\0")
    sock.sendmsg([data], [(socket.IPPROTO_IP, IP_PKTINFO, packet_info)], 0, destination)


def send_from6(sock: socket.socket, data: bytes, destination: tuple[str, int], interface: str) -> None:
    """Send one datagram out of ``interface``, from the address that the kernel finds fit for the destination.

    Raises:
        OSError: as from sendmsg(2).
    """
    address, port = destination
    packet_info = _IN6_PKTINFO.pack(bytes(16), socket.if_nametoindex(interface))
    target = (address, port, 0, scope_of(address, interface))
    sock.sendmsg([data], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, packet_info)], 0, target)

"""UDP sockets that know on which interface and for which of our addresses a datagram came in.

asyncio's datagram transport calls ``recvfrom`` and loses that; these sockets are read with ``recvmsg``.
"""

import socket
import struct
from dataclasses import dataclass

IP_PKTINFO = 8
"""Linux <bits/in.h>; Python's socket module does not name it."""
_IN_PKTINFO = struct.Struct("@I4s4s")
"""struct in_pktinfo: interface index, address to send from (local), address the datagram was sent to."""

MAX_DATAGRAM_BYTES = 65535
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
"""A thousand machines switched on at once send their first datagrams in one burst."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """One received datagram."""

    data: bytes
    source: tuple[str, int]
    """Sender's address and port."""
    local_address: str
    """The address it was sent to; a broadcast address for broadcasts."""
    interface_index: int


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
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.bind((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def receive(sock: socket.socket) -> Datagram | None:
    """The next waiting datagram; None when there is none.

    Raises:
        OSError: the interface went away (ENETDOWN, ENODEV).
    """
    try:
        data, ancillary, _, source = sock.recvmsg(MAX_DATAGRAM_BYTES, socket.CMSG_SPACE(_IN_PKTINFO.size))
    except (BlockingIOError, InterruptedError):
        return None
    except ConnectionRefusedError:  # an ICMP error of something sent earlier, not a datagram
        return None
    index, destination = 0, b"\0\0\0\0"
    for level, kind, value in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            index, _, destination = _IN_PKTINFO.unpack_from(value)
    return Datagram(data, (str(source[0]), int(source[1])), socket.inet_ntoa(destination), index)


def send_from(
    sock: socket.socket, data: bytes, destination: tuple[str, int], local_address: str, interface_index: int
) -> None:
    """Send one datagram from ``local_address`` out of the interface, whatever the routes say (broadcasts included).

    Raises:
        OSError: as from sendmsg(2).
    """
    packet_info = _IN_PKTINFO.pack(interface_index, socket.inet_aton(local_address), b"\0\0\0\0")
    sock.sendmsg([data], [(socket.IPPROTO_IP, IP_PKTINFO, packet_info)], 0, destination)

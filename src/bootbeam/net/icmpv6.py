"""A socket for one kind of ICMPv6 message on one interface (RFC 3542 §3.2)."""

import socket
import struct

from bootbeam.net.addresses6 import scope_of

ICMP6_FILTER = 1
"""Linux <linux/icmpv6.h>."""
MAX_MESSAGE_BYTES = 1500
_HOPS = 255


def open_icmpv6(interface: str, kind: int) -> socket.socket:
    """A non-blocking socket that hears messages of type ``kind`` on ``interface``; what it sends does not go further.

    Raises:
        OSError: EPERM without CAP_NET_RAW, EAFNOSUPPORT without IPv6, ENODEV.
    """
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    try:
        sock.setblocking(False)
        passed = [0xFFFFFFFF] * 8
        passed[kind >> 5] &= ~(1 << (kind & 31)) & 0xFFFFFFFF
        sock.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("@8I", *passed))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode("ascii") + b"\0")
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _HOPS)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(interface))
    except BaseException:
        sock.close()
        raise
    return sock


def send_icmpv6(sock: socket.socket, message: bytes, destination: str, interface: str) -> None:
    """Send one message; the kernel puts its checksum in.

    Raises:
        OSError: as from sendto(2): no IPv6 address on the interface, interface down.
    """
    sock.sendto(message, (destination, 0, 0, scope_of(destination, interface) or socket.if_nametoindex(interface)))


def receive_icmpv6(sock: socket.socket) -> tuple[bytes, str] | None:
    """The next message and its sender's address; None when none waits.

    Raises:
        OSError: the interface went away.
    """
    try:
        data, source = sock.recvfrom(MAX_MESSAGE_BYTES)
    except (BlockingIOError, InterruptedError):
        return None
    return data, str(source[0]).partition("%")[0]

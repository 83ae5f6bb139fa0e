"""The UDP socket of one TFTP transfer: connected to the client, never fragmenting."""

import socket

from bootbeam.net import brief_calls
from bootbeam.net.addresses6 import scope_of

IP_MTU_DISCOVER = 10
IP_PMTUDISC_DO = 2
IP_MTU = 14
"""Linux <linux/in.h>; Python's socket module does not name them."""
IPV6_MTU_DISCOVER = 23
IPV6_MTU = 24
"""Linux <linux/in6.h>, likewise."""
UDP_SEGMENT = 103
"""Linux <linux/udp.h>: the kernel (or the network card) cuts one large send into datagrams of this size."""
SO_SNDBUFFORCE = 32
"""Linux <asm-generic/socket.h>: a buffer beyond the limit of ordinary programs, for those with CAP_NET_ADMIN."""
SEND_BUFFER_BYTES = 1024 * 1024
"""The largest window granted, 64 blocks of 8192 bytes, with what the kernel adds; ordinary programs get less."""
MAX_SEGMENTS = 64
"""UDP_MAX_SEGMENTS of kernels before 6.9; later ones allow 128, for which 65507 bytes leave no use."""
MAX_UDP_PAYLOAD_BYTES = 65507
IP_UDP_TFTP_HEADER_BYTES = 32
"""20 IP, 8 UDP, 4 TFTP."""
IPV6_UDP_TFTP_HEADER_BYTES = 52
"""40 IPv6, 8 UDP, 4 TFTP."""


def open_transfer_socket(
    local_address: str, client: tuple[str, int], interface: str | None, is_own: bool = False
) -> socket.socket:
    """A non-blocking socket from a port of its own at ``local_address``, connected to ``client``.

    The don't-fragment bit is set: a ROM that cannot put fragments together must not be sent any, and the kernel
    learns the path's real MTU from the routers (IP_PMTUDISC_DO).

    Args:
        local_address: where the client sent its request, and where the answer comes from. A broadcast address is
            nobody's own: the kernel then takes the address it has on the way to the client. IPv4 or IPv6, as the
            client's.
        client: address and port.
        interface: the interface to send by, whatever the routes say; None leaves it to them.
        is_own: ``local_address`` is no broadcast address for certain, which is not looked into then.

    Raises:
        OSError: as from socket(2), bind(2) and connect(2).
    """
    is_ipv6 = ":" in client[0]
    open_one = _open6 if is_ipv6 else _open
    if is_own:
        return open_one(local_address, client, interface)
    sock = open_one("", client, interface)
    if own_address(sock) == local_address or (not is_ipv6 and _is_broadcast(local_address)):
        return sock
    sock.close()
    return open_one(local_address, client, interface)


def own_address(sock: socket.socket) -> str:
    """The address a socket sends from; a link-local one without its zone, which only this computer understands."""
    return str(sock.getsockname()[0]).partition("%")[0]


def _is_broadcast(address: str) -> bool:
    """Whether this is no address to send from: the kernel connects to such a one only when asked to broadcast."""
    if address == "0.0.0.0":
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except PermissionError:
            return True
    return False


def _open(bind_address: str, client: tuple[str, int], interface: str | None) -> socket.socket:
    sock = brief_calls.open_udp()
    try:
        if interface is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode("ascii") + b"\0")
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        brief_calls.bind_and_connect(sock, bind_address, client)
    except BaseException:
        sock.close()
        raise
    return sock


def _open6(bind_address: str, client: tuple[str, int], interface: str | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if interface is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode("ascii") + b"\0")
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IP_PMTUDISC_DO)
        address, port = client
        sock.bind((bind_address, 0, 0, scope_of(bind_address, interface) if bind_address else 0))
        sock.connect((address, port, 0, scope_of(address, interface)))
    except BaseException:
        sock.close()
        raise
    return sock


def widen_send_buffer(sock: socket.socket) -> None:
    """Make room for a whole window, so that it does not wait half sent for its client to take the first blocks."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def largest_blksize(sock: socket.socket) -> int:
    """The largest block, in bytes, that goes to the client unfragmented as far as the kernel knows the path."""
    if sock.family == socket.AF_INET6:
        return sock.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU) - IPV6_UDP_TFTP_HEADER_BYTES
    return sock.getsockopt(socket.IPPROTO_IP, IP_MTU) - IP_UDP_TFTP_HEADER_BYTES

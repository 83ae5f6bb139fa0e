"""The kernel's table of IPv6 neighbours: which hardware address is behind an address (rtnetlink(7), RTM_GETNEIGH).

For IPv4 there is a file in /proc to read; for IPv6 there is none, and the kernel has to be asked.
"""

import socket
import struct
from collections.abc import Iterator

_NLMSGHDR = struct.Struct("@IHHII")
"""Length, type, flags, sequence number, port."""
_NDMSG = struct.Struct("@BBHiHBB")
"""struct ndmsg: family, two of padding, interface index, state, flags, type."""
_RTATTR = struct.Struct("@HH")
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_RTM_NEWNEIGH, _RTM_GETNEIGH = 28, 30
_NLM_F_REQUEST, _NLM_F_DUMP = 0x01, 0x300
_NDA_DST, _NDA_LLADDR = 1, 2
_ALIGNMENT = 4

RECEIVE_BYTES = 65536
MAX_MESSAGES = 4096
"""So much of the table is read; a neighbour further down is not found."""
TIMEOUT_S = 0.2


def neighbour_mac6(address: str) -> str | None:
    """The MAC behind an IPv6 address, lower-case hex with colons; None when the kernel does not know it."""
    wanted = socket.inet_pton(socket.AF_INET6, address)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
            sock.settimeout(TIMEOUT_S)
            body = _NDMSG.pack(socket.AF_INET6, 0, 0, 0, 0, 0, 0)
            length = _NLMSGHDR.size + len(body)
            sock.send(_NLMSGHDR.pack(length, _RTM_GETNEIGH, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0) + body)
            for payload in _messages(sock):
                attributes = dict(_attributes(payload[_NDMSG.size :]))
                mac = attributes.get(_NDA_LLADDR, b"")
                if attributes.get(_NDA_DST) == wanted and len(mac) == 6 and any(mac):
                    return mac.hex(":")
    except OSError:
        return None
    return None


def _messages(sock: socket.socket) -> Iterator[bytes]:
    """The payloads of the kernel's answer up to its end."""
    for _ in range(MAX_MESSAGES):
        data = sock.recv(RECEIVE_BYTES)
        while len(data) >= _NLMSGHDR.size:
            length, kind, *_ = _NLMSGHDR.unpack_from(data)
            if kind in (_NLMSG_ERROR, _NLMSG_DONE) or length < _NLMSGHDR.size:
                return
            if kind == _RTM_NEWNEIGH:
                yield data[_NLMSGHDR.size : length]
            data = data[_aligned(length) :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _RTATTR.size:
        length, kind = _RTATTR.unpack_from(data)
        if length < _RTATTR.size:
            return
        yield kind, data[_RTATTR.size : length]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + _ALIGNMENT - 1) // _ALIGNMENT * _ALIGNMENT

"""Calls of the kernel that are over in some microseconds, with Python's own lock kept.

The ``socket`` and ``os`` modules give that lock up for each of them. Where other threads are at work they take it, and
give it back after half a millisecond: what a transfer begins with, five such calls, would take a hundred times as long
as the calls do. None of these waits for anything. See ``net.bursts`` for datagrams by the dozen.
"""

import ctypes
import os
import socket
import struct

TABLE_READ_BYTES = 16_384
"""At once; the kernel gives no more of a table."""
_SOCKADDR_IN = struct.Struct("=H2s4s8x")
"""struct sockaddr_in: AF_INET in the computer's own order, port and address in the network's."""
_LIBRARY = ctypes.PyDLL(None, use_errno=True)
_LIBRARY.send.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
_LIBRARY.send.restype = ctypes.c_ssize_t
_LIBRARY.pread.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64)
_LIBRARY.pread.restype = ctypes.c_ssize_t
_LIBRARY.eventfd_write.argtypes = (ctypes.c_int, ctypes.c_uint64)


def open_udp() -> socket.socket:
    """A non-blocking UDP socket for IPv4. Raises OSError, as from socket(2)."""
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    fd = _checked(_LIBRARY.socket(socket.AF_INET, kind, 0))
    return socket.socket(socket.AF_INET, kind, 0, fileno=fd)


def bind_and_connect(sock: socket.socket, local_address: str, peer: tuple[str, int]) -> None:
    """Give an IPv4 socket any port at this address of ours, and connect it.

    Raises:
        OSError: as from bind(2) and connect(2), or for what is no address.
    """
    fd = sock.fileno()
    own, other = _sockaddr(local_address, 0), _sockaddr(*peer)
    _checked(_LIBRARY.bind(fd, own, len(own)))
    _checked(_LIBRARY.connect(fd, other, len(other)))


def send(sock: socket.socket, data: bytes) -> None:
    """Send a datagram to whom the socket is connected with. Raises OSError, as from send(2)."""
    _checked(_LIBRARY.send(sock.fileno(), data, len(data), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL))


def close(sock: socket.socket) -> None:
    """Close a UDP socket."""
    fd = sock.detach()
    if fd >= 0:
        _LIBRARY.close(fd)


def wake(eventfd: int) -> None:
    """Add one to an eventfd(2) that does not block."""
    _LIBRARY.eventfd_write(eventfd, 1)


def read_table(fd: int) -> bytes:
    """All of a table of the kernel's, a file below /proc, as it is now. Raises OSError, as from pread(2)."""
    room = ctypes.create_string_buffer(TABLE_READ_BYTES)
    parts = bytearray()
    while (size := _checked(_LIBRARY.pread(fd, room, TABLE_READ_BYTES, len(parts)))) > 0:
        parts += ctypes.string_at(room, size)
    return bytes(parts)


def _sockaddr(address: str, port: int) -> bytes:
    return _SOCKADDR_IN.pack(socket.AF_INET, port.to_bytes(2, "big"), socket.inet_aton(address or "0.0.0.0"))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result

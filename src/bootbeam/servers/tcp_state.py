"""What the kernel knows of a TCP connection: how much has arrived, what waits, whether it is over."""

import fcntl
import socket
import struct
import sys
import termios
from asyncio.trsock import TransportSocket

TCP_CLOSE = 7
"""The state of a connection that is over (Linux ``include/net/tcp_states.h``)."""
BYTES_ACKED_OFFSET = 120
"""Of ``tcpi_bytes_acked`` in ``struct tcp_info``, a 64-bit number (Linux ``include/uapi/linux/tcp.h``)."""
NOT_SENT_OFFSET = 144
"""Of ``tcpi_notsent_bytes`` in ``struct tcp_info``, a 32-bit number."""
LINGER_RESET = struct.pack("ii", 1, 0)
"""``SO_LINGER`` on, 0 seconds."""


def unacknowledged_bytes(fd: int) -> int:
    """What the kernel holds for this connection, sent or not (``SIOCOUTQ``, the same number as ``TIOCOUTQ``)."""
    answer = fcntl.ioctl(fd, termios.TIOCOUTQ, b"\0" * 4)
    return int(struct.unpack("i", answer)[0])


def acknowledged_bytes(connection: socket.socket | TransportSocket) -> int:
    """What the client has acknowledged since the connection began."""
    return _number_of(connection, BYTES_ACKED_OFFSET, 8)


def unsent_bytes(connection: socket.socket | TransportSocket) -> int:
    """What has not been on the wire yet."""
    return _number_of(connection, NOT_SENT_OFFSET, 4)


def is_over(connection: socket.socket | TransportSocket) -> bool:
    """Whether the connection was reset or given up (``tcpi_state``, the first byte of ``TCP_INFO``)."""
    return _number_of(connection, 0, 1) == TCP_CLOSE


def reset_when_closed(connection: socket.socket | TransportSocket) -> None:
    """Closing resets the connection then, and throws away what is still queued."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)


def _number_of(connection: socket.socket | TransportSocket, offset: int, size_bytes: int) -> int:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, offset + size_bytes)
    return int.from_bytes(info[offset:], sys.byteorder)

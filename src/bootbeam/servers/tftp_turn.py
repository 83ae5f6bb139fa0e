"""The door to ``tftp_turn.c``: the part of the TFTP server that takes the ACKs of whole windows without Python.

It is there when bootbeam was installed on a computer with a C compiler. Without it everything works the same, at about
half the speed with lock-step clients.
"""

import ctypes
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

LIBRARY = Path(__file__).with_name("libbootbeam-tftp.so")
MAX_BATCH = 128
"""Events of one call; as in tftp_turn.c."""
MAX_REPLY_BYTES = 256
"""Of a client's datagram within a transfer: an ACK has 4, an ERROR what its text needs; more is cut off. Python has
memory for results up to 512 bytes at hand, and has to ask for more."""
ROWS = 8192
"""Sockets with a higher descriptor are seen to in Python."""
SPIN_S = 20e-6
"""After a datagram the next one is looked for without sleeping: waking up takes longer than a client on a quick network
takes to answer. It costs a fifth of a processor when each answer comes 100 microseconds later, and nothing in between
transfers."""


class TransferRow(ctypes.Structure):
    """``struct transfer`` of tftp_turn.c, which says what its fields mean."""

    stretch: int | None
    stretch_bytes: int
    stretch_first: int
    last_block: int
    sent: int
    windowsize: int
    blksize: int
    blocks_per_send: int
    is_awaiting: int
    reaches_end: int
    heard_at: float

    _fields_ = (
        ("stretch", ctypes.c_void_p),
        ("stretch_bytes", ctypes.c_uint64),
        ("stretch_first", ctypes.c_uint32),
        ("last_block", ctypes.c_uint32),
        ("sent", ctypes.c_uint32),
        ("windowsize", ctypes.c_uint32),
        ("blksize", ctypes.c_uint32),
        ("blocks_per_send", ctypes.c_uint32),
        ("is_awaiting", ctypes.c_uint32),
        ("reaches_end", ctypes.c_uint32),
        ("heard_at", ctypes.c_double),
    )


class Handed(ctypes.Structure):
    """``struct event`` of tftp_turn.c: something that is for Python."""

    fd: int
    events: int
    """epoll's mask."""
    size_bytes: int
    """Of ``data``; -1: nothing was received; below: minus an errno, less 1."""
    blocks_sent: int
    """Of the window that an ACK asks for: sent before the socket was full."""
    data: ctypes.Array[ctypes.c_uint8]

    _fields_ = (
        ("fd", ctypes.c_int32),
        ("events", ctypes.c_uint32),
        ("size_bytes", ctypes.c_int32),
        ("blocks_sent", ctypes.c_uint32),
        ("data", ctypes.c_uint8 * MAX_REPLY_BYTES),
    )

    @property
    def datagram(self) -> bytes:
        """What was received."""
        return bytes(memoryview(self.data)[: self.size_bytes])

    @property
    def errno(self) -> int:
        """What receiving failed with; 0 when it did not."""
        return -1 - self.size_bytes if self.size_bytes < -1 else 0


class TurnLibrary:
    """The loaded library. Has a table of transfers of its own: make one for each server.

    Args:
        path: the library.

    Raises:
        OSError: it is not there, or is none of this bootbeam.
    """

    def __init__(self, path: Path = LIBRARY) -> None:
        library = ctypes.CDLL(str(path), use_errno=False)
        layout = ctypes.sizeof(TransferRow) << 16 | ctypes.sizeof(Handed)
        try:
            if library.bootbeam_tftp_layout() != layout:
                raise OSError(f"{path} was built from another version")
            self._turn = library.bootbeam_tftp_turn
            self._send = library.bootbeam_tftp_send
        except AttributeError as error:
            raise OSError(f"{path} is something else") from error
        self._turn.argtypes = (
            *(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p),
            *(ctypes.c_double, ctypes.c_double),
        )
        self._send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)
        self._rows = (TransferRow * ROWS)()
        self._handed = (Handed * MAX_BATCH)()

    def share(self, fd: int) -> "SharedTransfer | None":
        """A transfer through this socket; None when there is no room for it."""
        return SharedTransfer(self._send, fd, self._rows[fd]) if fd < ROWS else None

    def turn(self, epoll_fd: int, until: float | None) -> Iterator[Handed]:
        """Serve until there is something for Python, or until the monotonic clock says ``until``; None: for ever.

        What comes out is valid until the next call.
        """
        number = self._turn(epoll_fd, self._rows, ROWS, self._handed, -1.0 if until is None else until, SPIN_S)
        for index in range(number):
            yield self._handed[index]


class SharedTransfer:
    """One transfer, of which the library may take the ACKs of whole windows.

    Args:
        send: the library's function.
        fd: the transfer's socket.
        row: its row in the library's table.
    """

    def __init__(self, send: Callable[..., int], fd: int, row: TransferRow) -> None:
        self._send = send
        self._fd = fd
        self._row = ctypes.addressof(row)
        self._stretch = b""
        self.row = row
        row.is_awaiting = 0

    def hold(self, stretch: bytes, first_block_index: int, reaches_end: bool) -> None:
        """Send from these bytes of the file, the first of which is the block's first, from now on."""
        self._stretch = stretch  # which keeps it alive for as long as the row points there
        row = self.row
        row.stretch = ctypes.cast(ctypes.c_char_p(stretch), ctypes.c_void_p).value
        row.stretch_bytes, row.stretch_first, row.reaches_end = len(stretch), first_block_index, reaches_end

    def send(self, first_block_index: int, count: int) -> None:
        """Send these blocks, which the stretch holds, with one system call. Raises OSError."""
        number = self._send(self._fd, self._row, first_block_index, count)
        if number:
            raise OSError(number, os.strerror(number))

    def end(self) -> None:
        """The socket is about to be closed: another may get its number."""
        self.row.is_awaiting = 0
        self.row.stretch = None


@functools.cache
def _is_usable() -> bool:
    try:
        TurnLibrary()
    except OSError:
        return False
    return True


def load_turn_library() -> TurnLibrary | None:
    """The library, if it was built."""
    return TurnLibrary() if _is_usable() else None

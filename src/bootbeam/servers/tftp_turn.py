"""The door to ``tftp_turn.c``: the part of the TFTP server that takes the ACKs of whole windows without Python.

It is there when bootbeam was installed on a computer with a C compiler. Without it everything works the same, at about
half the speed with lock-step clients; ``tftp_library`` tells why it is not used.
"""

import ctypes
import os
import select
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

SOURCE = Path(__file__).with_name("tftp_turn.c")
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


def source_crc32() -> int:
    """What a library is built with, and known by. Raises OSError: ``tftp_turn.c`` is not there."""
    return crc32(SOURCE.read_bytes())


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


class Polled(ctypes.Structure):
    """``struct pollfd`` of poll(2)."""

    fd: int
    events: int
    revents: int

    _fields_ = (("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short))


@dataclass(slots=True)
class _Mapping:
    address: int
    size_bytes: int
    users: int = 0


class MappedFiles:
    """Files that nobody can change, in memory while they are sent, once for all transfers. Python never looks there: a
    page that cannot be read would end it. For any thread.

    Args:
        map_file: the library's function.
        unmap: likewise.
    """

    def __init__(self, map_file: Callable[..., int | None], unmap: Callable[..., None]) -> None:
        self._map_file = map_file
        self._unmap = unmap
        self._mappings: dict[int, _Mapping] = {}
        """By the descriptor of the file, which is nobody else's while a transfer of it is under way."""
        self._lock = threading.Lock()

    def join(self, fd: int, size_bytes: int) -> int | None:
        """Where the file is, until ``leave``; None where it cannot be mapped."""
        with self._lock:
            mapping = self._mappings.get(fd)
            if mapping is None:
                address = self._map_file(fd, size_bytes)
                if not address:
                    return None
                mapping = self._mappings[fd] = _Mapping(address, size_bytes)
            mapping.users += 1
            return mapping.address

    def leave(self, fd: int) -> None:
        """One transfer less."""
        with self._lock:
            mapping = self._mappings[fd]
            mapping.users -= 1
            if not mapping.users:
                del self._mappings[fd]
                self._unmap(mapping.address, mapping.size_bytes)


class TurnLibrary:
    """The loaded library. Has a table of transfers of its own: make one for each thread of a server.

    Args:
        path: the library.
        files: what the other threads have in memory.

    Raises:
        OSError: it is not there, or is none of this bootbeam.
    """

    def __init__(self, path: Path = LIBRARY, files: MappedFiles | None = None) -> None:
        library = ctypes.CDLL(str(path), use_errno=False)
        try:
            library.bootbeam_tftp_source_crc32.restype = ctypes.c_uint32
            if library.bootbeam_tftp_source_crc32() != source_crc32():
                raise OSError(f"it was built from another {SOURCE.name} than the one that is here now")
            self._turn = library.bootbeam_tftp_turn
            self._send = library.bootbeam_tftp_send
            map_file, unmap = library.bootbeam_tftp_map, library.bootbeam_tftp_unmap
        except AttributeError as error:
            raise OSError("it belongs to an older bootbeam, or is something else") from error
        self._turn.argtypes = (
            *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p),
            *(ctypes.c_double, ctypes.c_double),
        )
        self._send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)
        map_file.argtypes, map_file.restype = (ctypes.c_int, ctypes.c_uint64), ctypes.c_void_p
        unmap.argtypes, unmap.restype = (ctypes.c_void_p, ctypes.c_uint64), None
        self._rows = (TransferRow * ROWS)()
        self._handed = (Handed * MAX_BATCH)()
        self._polled = (Polled * (ROWS + 1))()
        """The epoll descriptor, then the sockets of the transfers."""
        self._places: dict[int, int] = {}
        """Where in ``_polled`` a socket is."""
        self._next = ctypes.c_uint32(1)
        self.files = files or MappedFiles(map_file, unmap)
        """Private copies in memory."""

    def share(self, fd: int) -> "SharedTransfer | None":
        """A transfer through this socket, which is waited for from now on until ``leave``; None when there is no room
        for it."""
        if fd >= ROWS:
            return None
        place = self._places[fd] = len(self._places) + 1
        self._polled[place].fd, self._polled[place].events = fd, select.POLLIN
        return SharedTransfer(self, fd, self._rows[fd])

    def wait_for_room(self, fd: int, is_wanted: bool) -> None:
        """Whether it is an event too when this socket can be written to."""
        self._polled[self._places[fd]].events = select.POLLIN | select.POLLOUT if is_wanted else select.POLLIN

    def leave(self, fd: int) -> None:
        """Wait for this socket no longer; it is about to be closed."""
        place, last = self._places.pop(fd), self._polled[len(self._places) + 1]
        if last.fd != fd:
            self._polled[place].fd, self._polled[place].events = last.fd, last.events
            self._places[last.fd] = place

    def send(self, fd: int, first_block_index: int, count: int) -> int:
        """``bootbeam_tftp_send``: how many blocks are out, or minus an errno."""
        return int(self._send(fd, ctypes.byref(self._rows[fd]), first_block_index, count))

    def turn(self, epoll_fd: int, until: float | None, spin_s: float = SPIN_S) -> Iterator[Handed]:
        """Serve until there is something for Python, or until the monotonic clock says ``until``; None: for ever.
        For ``spin_s`` seconds after each datagram it does not sleep.

        What comes out is valid until the next call.
        """
        self._polled[0].fd, self._polled[0].events = epoll_fd, select.POLLIN
        number = self._turn(
            *(self._polled, len(self._places) + 1, ctypes.byref(self._next), self._rows, ROWS, self._handed),
            *(-1.0 if until is None else until, spin_s),
        )
        for index in range(number):
            yield self._handed[index]


class SharedTransfer:
    """One transfer, of which the library may take the ACKs of whole windows.

    Args:
        library: takes them.
        fd: the transfer's socket.
        row: its row in the library's table.
    """

    def __init__(self, library: TurnLibrary, fd: int, row: TransferRow) -> None:
        self._library = library
        self._fd = fd
        self._stretch = b""
        self._mapped_fd: int | None = None
        self.row = row
        row.is_awaiting = 0

    def hold(self, stretch: bytes, first_block_index: int, reaches_end: bool) -> None:
        """Send from these bytes of the file, the first of which is the block's first, from now on."""
        self._stretch = stretch  # which keeps it alive for as long as the row points there
        row = self.row
        row.stretch = ctypes.cast(ctypes.c_char_p(stretch), ctypes.c_void_p).value
        row.stretch_bytes, row.stretch_first, row.reaches_end = len(stretch), first_block_index, reaches_end

    def hold_file(self, fd: int, size_bytes: int) -> bool:
        """Send from the pages of this file, which is all of the content and never changes. Returns whether it can."""
        address = self._library.files.join(fd, size_bytes)
        if address is None:
            return False
        self._mapped_fd, row = fd, self.row
        row.stretch, row.stretch_bytes, row.stretch_first, row.reaches_end = address, size_bytes, 1, 1
        return True

    def send(self, first_block_index: int, count: int) -> int:
        """Send these blocks, which the stretch holds, with one system call; how many are out. Raises OSError."""
        sent = self._library.send(self._fd, first_block_index, count)
        if sent < 0:
            raise OSError(-sent, os.strerror(-sent))
        return sent

    def wait_for_room(self, is_wanted: bool) -> None:
        """Whether it is an event when the socket can be written to."""
        self._library.wait_for_room(self._fd, is_wanted)

    def end(self) -> None:
        """The socket is about to be closed: another may get its number."""
        self.row.is_awaiting = 0
        self.row.stretch = None
        self._library.leave(self._fd)
        if self._mapped_fd is not None:
            self._library.files.leave(self._mapped_fd)

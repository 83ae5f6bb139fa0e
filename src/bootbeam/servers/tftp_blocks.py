"""Blocks of a file onto the wire: the hot path of the TFTP server.

A file is read in stretches of some windows with ``pread`` and not mapped: touching a mapped page of a file that was cut
short meanwhile kills the process, a short ``pread`` says so. Each stretch is made into whole DATA packets at once, so
that a lock-step client's next block is one look into a list and one ``send``.
"""

import errno
import functools
import socket
import sys
import threading
from collections import Counter, OrderedDict

from bootbeam.library.content import Content, ContentChanged, FileSlice
from bootbeam.servers.tftp_socket import MAX_SEGMENTS, MAX_UDP_PAYLOAD_BYTES, UDP_SEGMENT
from bootbeam.servers.tftp_turn import SharedTransfer
from bootbeam.wire.tftp import encode_data_header

READ_AHEAD_BYTES = 64 * 1024
"""Read at once and kept per transfer: 45 blocks of a lock-step client per system call, 128 MB for 2000 transfers."""
MAX_READ_AHEAD_BYTES = 512 * 1024
MAX_SHARED_BYTES = 16 * 1024 * 1024
"""Of stretches kept for other transfers of the same file."""
ALL_READ_AHEAD_BYTES = 64 * 1024 * 1024
"""While few transfers are under way each reads more at once: so much all of them together, the first alone the most."""
HEADER_BYTES = 4
BLOCK_NUMBERS = 0x10000

_SEGMENTATION_REFUSED = frozenset(
    {errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.ENOSYS}
)
"""What kernels and network drivers say that cannot segment: by send(2) only, there is no asking beforehand."""


def check(content: Content) -> None:
    """Raise ``ContentChanged`` unless the file is still the one that was opened."""
    try:
        content.check()
    except OSError as error:
        raise _unreadable(content, error) from error


def read_checked(content: Content, offset: int, size_bytes: int) -> bytes:
    """These bytes of a content, fewer at its end, checked after the reading: they are of one version.

    Raises:
        ContentChanged: the file is no longer the same, or can no longer be read.
    """
    try:
        data = content.read_at(offset, size_bytes)
    except OSError as error:
        raise _unreadable(content, error) from error
    check(content)
    if len(data) < min(size_bytes, content.size_bytes - offset):
        raise ContentChanged(f"{content.name} is shorter than it was when it was opened")
    return data


def read_ahead_bytes(transfers: int) -> int:
    """How much each of so many transfers may read at once."""
    return min(max(ALL_READ_AHEAD_BYTES // transfers, READ_AHEAD_BYTES), MAX_READ_AHEAD_BYTES)


def _unreadable(content: Content, error: OSError) -> ContentChanged:
    """An OSError that leaves here is the network's; the disk's gets the way out that a changed file has."""
    return ContentChanged(f"{content.name} can no longer be read: {error.strerror or error}")


class SharedReads:
    """Stretches of files that several transfers read at about the same time, as machines do that were switched on
    together: they are then read once, and what is sent lies in the processor's cache.

    A file is known by its open descriptor, which is nobody else's while a transfer of it is under way. For any thread.
    """

    def __init__(self) -> None:
        self._transfers: Counter[tuple[FileSlice, ...]] = Counter()
        self._kept: OrderedDict[tuple[tuple[FileSlice, ...], int, int], bytes] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def join(self, content: Content) -> None:
        """A transfer begins."""
        with self._lock:
            self._transfers[content.slices] += 1

    def leave(self, content: Content) -> None:
        """A transfer is over, and the descriptors may be closed now."""
        with self._lock:
            self._transfers[content.slices] -= 1
            if not self._transfers[content.slices]:
                del self._transfers[content.slices]
                for key in [key for key in self._kept if key[0] == content.slices]:
                    self._kept_bytes -= len(self._kept.pop(key))

    def read(self, content: Content, offset: int, size_bytes: int) -> bytes:
        """As ``read_checked``."""
        if self._transfers[content.slices] < 2 or not content.slices:
            return read_checked(content, offset, size_bytes)
        key = (content.slices, offset, size_bytes)
        with self._lock:
            data = self._kept.get(key)
            if data is None:
                data = self._kept[key] = read_checked(content, offset, size_bytes)
                self._kept_bytes += len(data)
                while self._kept_bytes > MAX_SHARED_BYTES:
                    self._kept_bytes -= len(self._kept.popitem(last=False)[1])
            return data


@functools.cache
def _data_headers() -> tuple[bytes, ...]:
    """The header of every block number: 3 MB, from the first transfer on, for a quarter of the time a block takes."""
    return tuple(encode_data_header(number) for number in range(BLOCK_NUMBERS))


class BlockSender:
    """Sends windows of blocks through a connected socket, with as few system calls as the kernel allows.

    Several blocks go out with one ``sendmsg`` and UDP segmentation. Where the kernel, the card or the path refuses
    that, it is one ``send`` per block from then on.

    Args:
        sock: connected to the client.
        content: what is sent.
        blksize: bytes of a block.
        reads: what other transfers read.
    """

    def __init__(self, sock: socket.socket, content: Content, blksize: int, reads: SharedReads | None = None) -> None:
        self._sock = sock
        self._reads = reads or SharedReads()
        self._send_packet = sock.send  # looking a method up takes longer than a short one
        self._content = content
        self._blksize = blksize
        self._shared: SharedTransfer | None = None
        self.last_block = content.size_bytes // blksize + 1
        segment_bytes = HEADER_BYTES + blksize
        self.blocks_per_send = max(min(MAX_SEGMENTS, MAX_UDP_PAYLOAD_BYTES // segment_bytes), 1)
        """How many blocks go out with one system call; 1 when there is no segmentation."""
        self._segmentation = [(socket.IPPROTO_UDP, UDP_SEGMENT, segment_bytes.to_bytes(2, sys.byteorder))]
        self.read_ahead_bytes = READ_AHEAD_BYTES
        """How much is read at once."""
        self._next = 1
        self._end = 0
        self._stretch = b""
        """Bytes of the file, read and checked, from the first one of block ``_stretch_first`` on."""
        self._stretch_first = 1
        self._stretch_end = 0
        self._packets: list[bytes] = []
        self._first_packet = 1
        """The block that ``_packets[0]`` is."""

    def share(self, shared: SharedTransfer, read_ahead_bytes: int) -> None:
        """Have the blocks sent by the library from now on: from memory that holds the whole content, where there is
        such, else from the stretches read here."""
        self._shared = shared
        self.read_ahead_bytes = read_ahead_bytes
        shared.row.blocks_per_send = self.blocks_per_send
        content = self._content
        if content.body is not None:
            shared.hold(content.body, 1, reaches_end=True)
        elif not (
            content.is_unchanging
            and content.slices == (FileSlice(content.slices[0].fd, 0, content.size_bytes),)
            and shared.hold_file(content.slices[0].fd, content.size_bytes)
        ):
            return
        self._stretch_end = self.last_block

    def check_content(self) -> None:
        """Raise ``ContentChanged`` unless the file is still the one that was opened."""
        check(self._content)

    def send(self, first_block_index: int, count: int, already_sent: int = 0) -> bool:
        """Send these blocks, behind those that still wait when they follow them; else those are no longer wanted.

        Args:
            first_block_index: absolute.
            count: how many.
            already_sent: how many of them are out.

        Returns:
            Whether all are out. If not, the socket has no room: ``resume`` when it has.

        Raises:
            OSError: the network's, as from send(2); the rest of the window counts as lost.
            ContentChanged: the file was rewritten.
        """
        is_blocked = self._next <= self._end
        if not is_blocked or first_block_index != self._end + 1:
            self._next = first_block_index + already_sent
        self._end = first_block_index + count - 1
        return self.resume()

    def resume(self) -> bool:
        """Go on with what waits. Returns and raises as ``send`` does."""
        while self._next <= self._end:
            count = self._end - self._next + 1
            if count > self.blocks_per_send:  # in equal parts, so that the stretches read are whole windows
                count = -(-count // -(-count // self.blocks_per_send))
            try:
                self._next += self._send_some(self._next, count)
            except BlockingIOError:
                return False
            except OSError as error:
                if count == 1 or error.errno not in _SEGMENTATION_REFUSED:
                    self._next = self._end + 1
                    raise
                self.blocks_per_send = 1
        return True

    def _send_some(self, first_block_index: int, count: int) -> int:
        """Send so many blocks with one system call. Returns how many are out. Raises OSError."""
        if self._shared is not None:
            if not self._is_at_hand(first_block_index, count):
                self._read_stretch(first_block_index, count)
                self._shared.hold(self._stretch, self._stretch_first, self._stretch_end == self.last_block)
            self._shared.row.blocks_per_send = self.blocks_per_send
            return self._shared.send(first_block_index, count)
        start = first_block_index - self._first_packet
        if start < 0 or start + count > len(self._packets):
            self._make_packets(first_block_index, count)
            start = 0
        if count == 1:
            self._send_packet(self._packets[start])
        else:
            self._sock.sendmsg(self._packets[start : start + count], self._segmentation)
        return count

    def _is_at_hand(self, first_block_index: int, count: int) -> bool:
        return self._stretch_first <= first_block_index and first_block_index + count - 1 <= self._stretch_end

    def _make_packets(self, first_block_index: int, count: int) -> None:
        """Put the headers on ``count`` blocks, and on all from there to the end of the stretch."""
        if not self._is_at_hand(first_block_index, count):
            self._read_stretch(first_block_index, count)
        count = self._stretch_end - first_block_index + 1
        blksize = self._blksize
        headers = _data_headers()
        number = first_block_index & 0xFFFF
        numbered = headers[number : number + count]
        if len(numbered) < count:  # the number wraps, more than once when windows are as large as that
            numbered = tuple(headers[(number + each) & 0xFFFF] for each in range(count))
        offset = (first_block_index - self._stretch_first) * blksize
        starts = range(offset, offset + count * blksize, blksize)
        data = memoryview(self._stretch)
        self._packets = [header + data[start : start + blksize] for header, start in zip(numbered, starts, strict=True)]
        self._first_packet = first_block_index

    def _read_stretch(self, first_block_index: int, count: int) -> None:
        """Read the window, of which ``count`` blocks go out next, and as many more such windows as are read ahead;
        ``count`` blocks at least."""
        blksize = self._blksize
        window = self._end - first_block_index + 1
        if window * blksize <= self.read_ahead_bytes:
            count = window
        count *= max(self.read_ahead_bytes // (blksize * count), 1)
        count = min(count, self.last_block - first_block_index + 1)
        self._stretch = self._reads.read(self._content, (first_block_index - 1) * blksize, count * blksize)
        self._stretch_first = first_block_index
        self._stretch_end = first_block_index + count - 1

"""Blocks of a file onto the wire: the hot path of the TFTP server.

A file is read in stretches of some windows with ``pread`` and not mapped: touching a mapped page of a file that was cut
short meanwhile kills the process, a short ``pread`` says so.
"""

import errno
import socket
import sys

from bootbeam.library.content import Content, ContentChanged
from bootbeam.servers.tftp_socket import MAX_SEGMENTS, MAX_UDP_PAYLOAD_BYTES, UDP_SEGMENT
from bootbeam.wire.tftp import encode_data_header

READ_AHEAD_BYTES = 64 * 1024
"""Read at once and kept per transfer: 45 blocks of a lock-step client per system call, 128 MB for 2000 transfers."""
HEADER_BYTES = 4

_SEGMENTATION_REFUSED = frozenset(
    {errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.ENOSYS}
)
"""What kernels and network drivers say that cannot segment: by send(2) only, there is no asking beforehand."""


class ReadAhead:
    """Pieces of a content, read some at a time.

    The content is checked after each reading and before anything of it is handed out: whatever was read before a check
    that passes is of one version.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._size_bytes = content.size_bytes
        self._start = 0
        self._buffer = memoryview(b"" if content.body is None else content.body)

    def read(self, offset: int, size_bytes: int) -> memoryview:
        """These bytes; fewer, or none, at the end. Raises ``ContentChanged`` when the file is no longer the same."""
        start = offset - self._start
        end = start + size_bytes
        if start < 0 or end > len(self._buffer):
            size_bytes = min(size_bytes, self._size_bytes - offset)
            if size_bytes <= 0:
                return memoryview(b"")
            end = start + size_bytes
            if start < 0 or end > len(self._buffer):
                self._fill(offset, size_bytes)
                start, end = 0, size_bytes
        return self._buffer[start:end]

    def check(self) -> None:
        """Raise ``ContentChanged`` unless the file is still the one that was opened."""
        try:
            self._content.check()
        except OSError as error:
            raise self._unreadable(error) from error

    def _fill(self, offset: int, size_bytes: int) -> None:
        whole_pieces = max(READ_AHEAD_BYTES // size_bytes, 1) * size_bytes
        try:
            self._buffer = memoryview(self._content.read_at(offset, whole_pieces))
        except OSError as error:
            raise self._unreadable(error) from error
        self._start = offset
        self.check()
        if len(self._buffer) < size_bytes:
            raise ContentChanged(f"{self._content.name} is shorter than it was when it was opened")

    def _unreadable(self, error: OSError) -> ContentChanged:
        """An OSError that leaves here is the network's; the disk's gets the way out that a changed file has."""
        return ContentChanged(f"{self._content.name} can no longer be read: {error.strerror or error}")


class BlockSender:
    """Sends windows of blocks through a connected socket, with as few system calls as the kernel allows.

    Several blocks go out with one ``sendmsg`` and UDP segmentation, headers and file gathered without a copy. Where the
    kernel, the card or the path refuses that, it is one ``send`` per block from then on.
    """

    def __init__(self, sock: socket.socket, content: Content, blksize: int) -> None:
        self._sock = sock
        self._blksize = blksize
        self._read_ahead = ReadAhead(content)
        segment_bytes = HEADER_BYTES + blksize
        self._blocks_per_send = max(min(MAX_SEGMENTS, MAX_UDP_PAYLOAD_BYTES // segment_bytes), 1)
        self._segmentation = [(socket.IPPROTO_UDP, UDP_SEGMENT, segment_bytes.to_bytes(2, sys.byteorder))]
        self._next = 1
        self._end = 0

    def check_content(self) -> None:
        """Raise ``ContentChanged`` unless the file is still the one that was opened."""
        self._read_ahead.check()

    def send(self, first_block_index: int, count: int) -> bool:
        """Send these blocks, behind those that still wait when they follow them; else those are no longer wanted.

        Returns:
            Whether all are out. If not, the socket has no room: ``resume`` when it has.

        Raises:
            OSError: the network's, as from send(2); the rest of the window counts as lost.
            ContentChanged: the file was rewritten.
        """
        is_blocked = self._next <= self._end
        if not is_blocked or first_block_index != self._end + 1:
            self._next = first_block_index
        self._end = first_block_index + count - 1
        return self.resume()

    def resume(self) -> bool:
        """Go on with what waits. Returns and raises as ``send`` does."""
        while self._next <= self._end:
            count = min(self._end - self._next + 1, self._blocks_per_send)
            try:
                if count == 1:
                    self._send_block(self._next)
                else:
                    self._send_segmented(self._next, count)
            except BlockingIOError:
                return False
            except OSError as error:
                if count == 1 or error.errno not in _SEGMENTATION_REFUSED:
                    self._next = self._end + 1
                    raise
                self._blocks_per_send = 1
                continue
            self._next += count
        return True

    def _send_block(self, block_index: int) -> None:
        payload = self._read_ahead.read((block_index - 1) * self._blksize, self._blksize)
        self._sock.send(b"".join((encode_data_header(block_index & 0xFFFF), payload)))

    def _send_segmented(self, first_block_index: int, count: int) -> None:
        blksize = self._blksize
        window = self._read_ahead.read((first_block_index - 1) * blksize, count * blksize)
        gathered: list[bytes | memoryview] = []
        start = 0
        for block_index in range(first_block_index, first_block_index + count):
            gathered.append(encode_data_header(block_index & 0xFFFF))
            gathered.append(window[start : start + blksize])
            start += blksize
        self._sock.sendmsg(gathered, self._segmentation)

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
        self._start = 0
        self._buffer = memoryview(b"" if content.body is None else content.body)

    def read(self, offset: int, size_bytes: int) -> memoryview:
        """Exactly these bytes. Raises ``ContentChanged`` when the file is no longer the one that was opened."""
        start = offset - self._start
        if start < 0 or start + size_bytes > len(self._buffer):
            self._fill(offset, size_bytes)
            start = 0
        return self._buffer[start : start + size_bytes]

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
        self._size_bytes = content.size_bytes
        self._blksize = blksize
        self._read_ahead = ReadAhead(content)
        segment_bytes = HEADER_BYTES + blksize
        self._blocks_per_send = max(min(MAX_SEGMENTS, MAX_UDP_PAYLOAD_BYTES // segment_bytes), 1)
        self._segmentation = [(socket.IPPROTO_UDP, UDP_SEGMENT, segment_bytes.to_bytes(2, sys.byteorder))]
        self._next = 1
        self._end = 0

    @property
    def is_blocked(self) -> bool:
        """Whether blocks wait for room in the socket's buffer."""
        return self._next <= self._end

    def check_content(self) -> None:
        """Raise ``ContentChanged`` unless the file is still the one that was opened."""
        self._read_ahead.check()

    def send(self, first_block_index: int, count: int) -> None:
        """Send these blocks, behind those that still wait when they follow them; else those are no longer wanted.

        Raises:
            OSError: the network's, as from send(2); the rest of the window counts as lost.
            ContentChanged: the file was rewritten.
        """
        if not self.is_blocked or first_block_index != self._end + 1:
            self._next = first_block_index
        self._end = first_block_index + count - 1
        self.resume()

    def resume(self) -> None:
        """Go on when the socket has room again. Raises as ``send`` does."""
        while self._next <= self._end:
            count = min(self._end - self._next + 1, self._blocks_per_send)
            try:
                if count == 1:
                    self._send_block(self._next)
                else:
                    self._send_segmented(self._next, count)
            except BlockingIOError:
                return
            except OSError as error:
                if count == 1 or error.errno not in _SEGMENTATION_REFUSED:
                    self._next = self._end + 1
                    raise
                self._blocks_per_send = 1
                continue
            self._next += count

    def _send_block(self, block_index: int) -> None:
        offset = (block_index - 1) * self._blksize
        payload = self._payload(offset, self._blksize)
        self._sock.send(b"".join((encode_data_header(block_index & 0xFFFF), payload)))

    def _send_segmented(self, first_block_index: int, count: int) -> None:
        blksize = self._blksize
        window = self._payload((first_block_index - 1) * blksize, count * blksize)
        gathered: list[bytes | memoryview] = []
        start = 0
        for block_index in range(first_block_index, first_block_index + count):
            gathered.append(encode_data_header(block_index & 0xFFFF))
            gathered.append(window[start : start + blksize])
            start += blksize
        self._sock.sendmsg(gathered, self._segmentation)

    def _payload(self, offset: int, size_bytes: int) -> memoryview:
        """The bytes of these blocks, fewer at the end of the file, none for an empty last block."""
        left_bytes = self._size_bytes - offset
        if left_bytes <= 0:
            return memoryview(b"")
        return self._read_ahead.read(offset, min(size_bytes, left_bytes))

"""The short way for a client that reads a file piece by piece over one connection, as iPXE reads a drive.

It asks thousands of times in the same words, but for the two numbers in its ``Range`` line. What was found out about
the first of these requests holds for the next ones: the file stays open as long as it is what would be opened again,
and only the numbers are read. Whatever is not such a request goes the long way.
"""

import mmap
import re
from contextlib import suppress
from dataclasses import dataclass

from bootbeam.library.content import Content, Peer
from bootbeam.servers.http_kept_pieces import KeptPieces
from bootbeam.servers.http_send import AT_ONCE_BYTES, Download
from bootbeam.wire.http_range import ByteRange
from bootbeam.wire.http_request import MAX_PLAIN_HEAD_BYTES, PlainRequest, encode_response_head

MAX_MAPPED_BYTES = 64 << 20
"""Of a file's pages that count as this program's memory; then it lets go of them, and the kernel still has them."""
_RANGE = re.compile(rb"\r\n[Rr][Aa][Nn][Gg][Ee]:[ \t]*bytes=([0-9]{1,18})-([0-9]{1,18})[ \t]*\r\n")
_NUMBERS = re.compile(rb"([0-9]{1,18})-([0-9]{1,18})")
_CONDITIONS = frozenset({"If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"})


@dataclass(slots=True)
class _Mapping:
    pages: mmap.mmap
    view: memoryview
    users: int = 0
    touched_bytes: int = 0


class MappedFiles:
    """Files in memory while they are read piece by piece, once for all who read them. The kernel copies out of there as
    it sends; Python never looks there: a page that is gone, as the file was cut, would end it. For one thread."""

    def __init__(self) -> None:
        self.kept = KeptPieces()
        self._mappings: dict[int, _Mapping] = {}
        """By the descriptor of the file, which is nobody else's while somebody has the file open."""

    def join(self, content: Content) -> bool:
        """Have the file in memory until ``leave``, before which it must not be closed; false where it cannot be."""
        fd = _only_fd(content)
        if fd is None:
            return False
        mapping = self._mappings.get(fd)
        if mapping is None:
            try:
                pages = mmap.mmap(fd, content.size_bytes, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)
            except (OSError, ValueError, OverflowError):
                return False
            mapping = self._mappings[fd] = _Mapping(pages, memoryview(pages))
        mapping.users += 1
        return True

    def view(self, content: Content, size_bytes: int) -> memoryview:
        """All of the file, of which ``size_bytes`` are about to be sent."""
        mapping = self._mappings[content.slices[0].fd]
        mapping.touched_bytes += size_bytes
        if mapping.touched_bytes > MAX_MAPPED_BYTES:
            mapping.touched_bytes = size_bytes
            mapping.pages.madvise(mmap.MADV_DONTNEED)
        return mapping.view

    def leave(self, content: Content) -> None:
        """One reader less."""
        fd = content.slices[0].fd
        mapping = self._mappings[fd]
        mapping.users -= 1
        if not mapping.users:
            del self._mappings[fd]
            self.kept.forget(fd)
            mapping.view.release()
            # An error that is being told of may still hold a piece: then it is closed with that.
            with suppress(BufferError):
                mapping.pages.close()


def _only_fd(content: Content) -> int | None:
    """The file that is all of the content; None when there is no such one."""
    if content.body is not None or len(content.slices) != 1:
        return None
    [part] = content.slices
    return part.fd if part.offset == 0 and part.size_bytes == content.size_bytes else None


class Pieces:
    """What the requests of one connection have in common.

    Args:
        content: what is read; belongs to this object from now on.
        before: the request up to the first number.
        after: what follows the second.
        headers: of the answer, without those that tell the part.
        peer: who asks.
        files: of the server.
    """

    def __init__(
        self, content: Content, before: bytes, after: bytes, headers: dict[str, str], peer: Peer, files: MappedFiles
    ) -> None:
        self.content = content
        self.peer = peer
        self._before = before
        self._after = after
        self._headers = headers
        self._files = files
        self.is_mapped = files.join(content)
        """The file is in memory, and copies of its pieces may be kept."""
        self._date = ""
        self._head = b""

    def part(self, data: bytes) -> ByteRange | None:
        """What ``data`` asks for; None when it is something else, or not for the short way."""
        if len(data) > MAX_PLAIN_HEAD_BYTES or not data.startswith(self._before) or not data.endswith(self._after):
            return None
        numbers = _NUMBERS.fullmatch(data, len(self._before), max(0, len(data) - len(self._after)))
        if numbers is None:
            return None
        first, last = int(numbers[1]), int(numbers[2])
        if not first <= last < self.content.size_bytes or last - first >= AT_ONCE_BYTES:
            return None
        return ByteRange(first, last - first + 1) if self.content.is_current() else None

    def head(self, part: ByteRange, common: dict[str, str]) -> bytes:
        """Status line and headers; ``common`` are those of every answer."""
        if self._date != common["Date"]:
            self._date = common["Date"]
            self._head = encode_response_head(206, {**self._headers, **common}).removesuffix(b"\r\n")
        return b"%bContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n" % (
            *(self._head, part.offset, part.offset + part.size_bytes - 1, self.content.size_bytes),
            part.size_bytes,
        )

    def pages(self, part: ByteRange) -> memoryview | None:
        """Where the file is in memory; None where it is not."""
        return self._files.view(self.content, part.size_bytes) if self.is_mapped else None

    def release(self) -> Content:
        """The content, which is the caller's now. There are no pieces of it any more."""
        if self.is_mapped:
            self._files.leave(self.content)
            self.is_mapped = False
        return self.content


def pieces_of(request: PlainRequest, raw: bytes, download: Download, peer: Peer, files: MappedFiles) -> Pieces | None:
    """The short way for the requests that follow ``request``; None when there is none.

    Args:
        request: was answered with ``download``.
        raw: the same as it came.
        download: its answer, which is sent; its content belongs to the result, if there is one.
        peer: who asks.
        files: of the server.
    """
    found = _RANGE.search(raw)
    if found is None or request.method != "GET" or not request.keeps_connection or not download.content.is_current():
        return None
    if not _CONDITIONS.isdisjoint(request.headers):
        return None
    headers = dict(download.headers)
    with suppress(KeyError):
        del headers["Content-Range"], headers["Content-Length"]
    return Pieces(download.content, raw[: found.start(1)], raw[found.end(2) :], headers, peer, files)

"""Pieces of a file that were asked for before, by the same words: copies of them, which nobody can change.

Machines that boot the same image ask for the same pieces, one after the other. What is sent from a copy needs no second
look at the file, and no end that goes out by itself when the rest is known to be of one version. Of a large copy the
kernel can send the pages themselves, which takes it two thirds of the processor time of copying them once more.
"""

import mmap
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bootbeam.library.content import Content, ContentChanged
from bootbeam.wire.http_range import ByteRange

MAX_KEPT_BYTES = 16 << 20
"""Of all copies together; the one that was asked for least lately gives way."""
MAX_KEPT = 256
MAX_ASKED = 512
"""Of so many requests it is remembered that they came once."""
MIN_PAGES_BYTES = 512 << 10
"""A copy of this size is a file in memory of its own. Smaller ones are not worth the two descriptors."""


@dataclass(slots=True)
class KeptPiece:
    """The copy of one piece."""

    part: ByteRange
    body: bytes | mmap.mmap
    fd: int = -1
    """The same as a file of which nothing else is part; -1 for a small piece."""
    date: str = ""
    head: bytes = b""
    """Status line and headers of its answer, for this ``Date``."""
    is_current: bool = False
    """It was seen in this turn of the loop that the same request would be answered from the same version."""


class KeptPieces:
    """Those of one server, by the descriptor of their file and the request. For one thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, bytes], KeptPiece] = OrderedDict()
        self._asked: OrderedDict[tuple[int, bytes], None] = OrderedDict()
        self._kept_bytes = 0
        self._seen_current: list[KeptPiece] = []

    def find(
        self, content: Content, request: bytes, call_soon: Callable[[Callable[[], None]], object]
    ) -> KeptPiece | None:
        """The copy of what ``request`` asks for, if it is what would be read now.

        Args:
            content: the file.
            request: as it came.
            call_soon: does something in the loop's next turn.
        """
        key = (content.slices[0].fd, request)
        piece = self._kept.get(key)
        if piece is None:
            return None
        if not piece.is_current:
            if not content.is_current():
                return None
            # All that was asked in this turn was asked before this look.
            piece.is_current = True
            if not self._seen_current:
                call_soon(self.look_again)
            self._seen_current.append(piece)
            self._kept.move_to_end(key)
        return piece

    def look_again(self) -> None:
        """What is asked from now on is asked later than the last look at the file."""
        for piece in self._seen_current:
            piece.is_current = False
        self._seen_current.clear()

    def note(self, content: Content, request: bytes, part: ByteRange) -> None:
        """``request`` asks for this part, of which there is no copy. The second time there will be one."""
        key = (content.slices[0].fd, request)
        if key not in self._asked:
            self._asked[key] = None
            if len(self._asked) > MAX_ASKED:
                self._asked.popitem(last=False)
            return
        del self._asked[key]
        try:
            body = content.read_at(part.offset, part.size_bytes)
            content.check()
        except (OSError, ContentChanged):
            return  # whoever sends it finds out, and tells
        if key in self._kept:
            self._drop(key)
        self._kept[key] = _in_memory(part, body) if len(body) >= MIN_PAGES_BYTES else KeptPiece(part, body)
        self._kept_bytes += part.size_bytes
        while self._kept_bytes > MAX_KEPT_BYTES or len(self._kept) > MAX_KEPT:
            self._drop(next(iter(self._kept)))

    def forget(self, fd: int) -> None:
        """The file behind ``fd`` is about to be closed."""
        for key in [each for each in self._kept if each[0] == fd]:
            self._drop(key)
        for key in [each for each in self._asked if each[0] == fd]:
            del self._asked[key]

    def _drop(self, key: tuple[int, bytes]) -> None:
        piece = self._kept.pop(key)
        self._kept_bytes -= piece.part.size_bytes
        if piece.fd >= 0:
            # Pages that are on their way stay until they have arrived.
            os.close(piece.fd)


def _in_memory(part: ByteRange, body: bytes) -> KeptPiece:
    """A large one. Where there is no room for another file, or descriptor, it is as a small one."""
    try:
        fd = os.memfd_create("piece")
    except OSError:
        return KeptPiece(part, body)
    try:
        if os.write(fd, body) == len(body):
            return KeptPiece(part, mmap.mmap(fd, len(body), prot=mmap.PROT_READ), fd)
    except OSError:
        pass
    os.close(fd)
    return KeptPiece(part, body)

"""How every format reader gets at bytes: ``ReadAt`` and a bounds-checked view of a header's fields."""

from collections.abc import Callable
from typing import Literal

from bootbeam.errors import ImageError

ReadAt = Callable[[int, int], bytes]
"""``read_at(offset, size_bytes)``: that many bytes from there on, fewer only where the image ends."""


class TruncatedImage(ImageError):
    """The image ends inside a header: it is cut off, or still being written.

    Args:
        what: the header that is not complete, in words fit for a log line.
        needed_size_bytes: how large the image must at least be for that header to be whole.
    """

    def __init__(self, what: str, needed_size_bytes: int) -> None:
        self.what = what
        self.needed_size_bytes = needed_size_bytes
        super().__init__(f"{what} is cut off: the image must have at least {needed_size_bytes} bytes")


class Fields:
    """Numbers and bytes at offsets of one header. Raises ``ImageError`` naming ``what`` outside of it."""

    def __init__(self, data: bytes, what: str, byteorder: Literal["little", "big"] = "little") -> None:
        self._data = data
        self._what = what
        self._byteorder = byteorder

    def take(self, offset: int, size_bytes: int) -> bytes:
        """``size_bytes`` bytes at ``offset``."""
        if offset < 0 or size_bytes < 0 or offset + size_bytes > len(self._data):
            raise ImageError(f"{self._what}: {size_bytes} bytes at {offset} wanted, it has {len(self._data)}")
        return self._data[offset : offset + size_bytes]

    def _number(self, offset: int, size_bytes: int) -> int:
        return int.from_bytes(self.take(offset, size_bytes), self._byteorder)

    def u8(self, offset: int) -> int:
        """The unsigned 8-bit number at ``offset``."""
        return self._number(offset, 1)

    def u16(self, offset: int) -> int:
        """The unsigned 16-bit number at ``offset``."""
        return self._number(offset, 2)

    def u32(self, offset: int) -> int:
        """The unsigned 32-bit number at ``offset``."""
        return self._number(offset, 4)

    def u64(self, offset: int) -> int:
        """The unsigned 64-bit number at ``offset``."""
        return self._number(offset, 8)


def read_fields(
    read_at: ReadAt, offset: int, size_bytes: int, what: str, byteorder: Literal["little", "big"] = "little"
) -> Fields:
    """The ``size_bytes`` bytes at ``offset`` as a header called ``what``.

    Raises:
        TruncatedImage: the image ends before the header does.
    """
    data = read_at(offset, size_bytes)
    if len(data) < size_bytes:
        raise TruncatedImage(what, offset + size_bytes)
    return Fields(data, what, byteorder)


def printable_text(data: bytes, max_characters: int = 80) -> str:
    """Text out of an image, safe for a terminal and a log line: ASCII up to the first NUL, the rest left out."""
    text = data.split(b"\0", 1)[0].decode("ascii", "replace")
    return "".join(c for c in text if " " <= c <= "~").strip()[:max_characters].rstrip()

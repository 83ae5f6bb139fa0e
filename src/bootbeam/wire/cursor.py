"""A bounds-checked reader over one datagram: the only way a decoder takes bytes apart."""

from bootbeam.errors import DecodeError


class Cursor:
    """Reads big-endian (network order) fields from ``data``, never past its end.

    Every ``take_*`` raises ``DecodeError`` naming ``what`` when too few bytes are left.
    """

    def __init__(self, data: bytes | memoryview, offset: int = 0) -> None:
        self._data = bytes(data)
        self.offset = offset

    @property
    def remaining_bytes(self) -> int:
        """How many bytes are left to take."""
        return len(self._data) - self.offset

    def take(self, size_bytes: int, what: str) -> bytes:
        """The next ``size_bytes`` bytes."""
        if size_bytes < 0 or size_bytes > self.remaining_bytes:
            raise DecodeError(f"{what}: {size_bytes} bytes wanted, {self.remaining_bytes} left", self.offset)
        start = self.offset
        self.offset += size_bytes
        return self._data[start : self.offset]

    def take_u8(self, what: str) -> int:
        """An unsigned 8-bit number."""
        return self.take(1, what)[0]

    def take_u16(self, what: str) -> int:
        """An unsigned 16-bit number, network order."""
        return int.from_bytes(self.take(2, what), "big")

    def take_u32(self, what: str) -> int:
        """An unsigned 32-bit number, network order."""
        return int.from_bytes(self.take(4, what), "big")

    def take_until_nul(self, what: str) -> bytes:
        """The bytes before the next NUL; the NUL itself is taken too and not returned."""
        end = self._data.find(b"\0", self.offset)
        if end < 0:
            raise DecodeError(f"{what}: no terminating NUL", self.offset)
        text = self._data[self.offset : end]
        self.offset = end + 1
        return text

    def take_rest(self) -> bytes:
        """Everything that is left, maybe nothing."""
        return self.take(self.remaining_bytes, "rest")

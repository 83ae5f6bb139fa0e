import pytest

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, TruncatedImage, printable_text, read_fields
from tests.image_bytes import reading


def test_numbers_are_read_in_the_byte_order_asked_for() -> None:
    data = bytes(range(1, 17))
    little, big = Fields(data, "header"), Fields(data, "header", "big")
    assert (little.u8(3), little.u16(0), little.u32(0), little.u64(8)) == (4, 0x0201, 0x04030201, 0x100F0E0D0C0B0A09)
    assert (big.u8(3), big.u16(0), big.u32(0), big.u64(8)) == (4, 0x0102, 0x01020304, 0x090A0B0C0D0E0F10)


@pytest.mark.parametrize(("offset", "size_bytes"), [(15, 2), (16, 1), (-1, 1), (0, -1), (1 << 70, 1)])
def test_a_field_outside_the_header_is_an_image_error(offset: int, size_bytes: int) -> None:
    with pytest.raises(ImageError, match="header"):
        Fields(bytes(16), "header").take(offset, size_bytes)


def test_a_header_at_the_end_of_the_image_is_read_whole_or_reported_cut_off() -> None:
    assert read_fields(reading(bytes(99) + b"\x07"), 99, 1, "trailer").u8(0) == 7
    with pytest.raises(TruncatedImage, match="trailer is cut off") as cut_off:
        read_fields(reading(bytes(100)), 99, 2, "trailer")
    assert cut_off.value.needed_size_bytes == 101


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain\0hidden", "plain"),
        (b"\x1b[2Jcleared\r\n\x07", "[2Jcleared"),
        (b"caf\xc3\xa9 ", "caf"),
        (b"x" * 100, "x" * 80),
        (b"", ""),
    ],
)
def test_text_out_of_an_image_cannot_command_a_terminal(data: bytes, text: str) -> None:
    assert printable_text(data) == text

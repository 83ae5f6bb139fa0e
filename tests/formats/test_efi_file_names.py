"""Which files a program may open: the UTF-16 names in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.formats.efi_file_names import MAX_NAMES, MAX_PROGRAM_BYTES, read_file_names
from tests.image_bytes import reading


def names_in(data: bytes) -> frozenset[str]:
    return read_file_names(reading(data), len(data))


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"MZ" + bytes(100) + utf16("bitvisor.elf"), {"bitvisor.elf"}),
        (b"x" + utf16("\\EFI\\BOOT\\GRUBX64.EFI") + utf16("startup.nsh"), {"grubx64.efi", "startup.nsh"}),
        (utf16("vm-1.2_x+y.bin"), {"vm-1.2_x+y.bin"}),
        (b"bitvisor.elf\0", set()),
        (utf16("OpenVolume") + utf16("two words") + utf16(".hidden"), set()),
    ],
    ids=["one", "paths", "signs", "ascii", "no-names"],
)
def test_names_of_files_are_found(data: bytes, expected: set[str]) -> None:
    assert names_in(data) == expected


def test_a_program_full_of_names_costs_no_more_than_the_limit() -> None:
    assert len(names_in(b"".join(utf16(f"file{number}.bin") for number in range(MAX_NAMES + 100)))) == MAX_NAMES
    far = bytes(MAX_PROGRAM_BYTES) + utf16("behind.bin")
    assert names_in(far) == frozenset()


@given(st.binary(max_size=400))
def test_any_bytes_are_read(data: bytes) -> None:
    assert all("." in name and "/" not in name and "\\" not in name for name in names_in(data))

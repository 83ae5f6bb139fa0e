import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.formats.multiboot import find_multiboot1, find_multiboot2
from tests.image_bytes import multiboot1, multiboot2, reading


@pytest.mark.parametrize("offset", [0, 136, 8180])
def test_a_header_is_found_anywhere_in_the_first_8_kib(offset: int) -> None:
    header = find_multiboot1(reading(bytes(offset) + multiboot1(7) + bytes(100)))
    assert header is not None
    assert (header.offset, header.flags, header.has_address_fields) == (offset, 7, False)


@pytest.mark.parametrize("offset", [1, 2, 3, 8184, 8192])
def test_off_the_4_byte_boundary_or_past_8_kib_there_is_none(offset: int) -> None:
    assert find_multiboot1(reading(bytes(offset) + multiboot1() + bytes(100))) is None


def test_a_wrong_checksum_is_passed_over_and_the_search_goes_on() -> None:
    wrong = multiboot1()[:8] + b"\0\0\0\0"
    header = find_multiboot1(reading(wrong + multiboot1() + bytes(40)))
    assert header is not None
    assert header.offset == 12


def test_address_fields_tell_the_smallest_size_of_the_file() -> None:
    # Header at offset 64 of a file that is loaded at 1 MiB and ends 10000 bytes later.
    fields = (0x100040, 0x100000, 0x100000 + 10000, 0x104000, 0x100080)
    header = find_multiboot1(reading(bytes(64) + multiboot1(0x10003, fields) + bytes(9900)))
    assert header is not None
    assert header.has_address_fields
    assert header.raw_needed_size_bytes == 10000
    assert header.compulsory_flags == 3


def test_a_load_end_of_zero_means_all_of_the_file() -> None:
    header = find_multiboot1(reading(multiboot1(0x10000, (0x100000, 0x100000, 0, 0, 0x100020)) + bytes(100)))
    assert header is not None
    assert header.raw_needed_size_bytes == 32


@pytest.mark.parametrize(
    "fields", [(0x100000, 0x100040, 0, 0, 0), (0x100040, 0x100000, 0, 0, 0), (0x100000, 0x100000, 0xFFFFF, 0, 0)]
)
def test_address_fields_that_contradict_the_headers_place_do_not_count(fields: tuple[int, int, int, int, int]) -> None:
    header = find_multiboot1(reading(multiboot1(0x10000, fields) + bytes(100)))
    assert header is not None
    assert not header.has_address_fields


@pytest.mark.parametrize("offset", [0, 152, 32752])
def test_a_multiboot2_header_is_found_anywhere_in_the_first_32_kib(offset: int) -> None:
    header = find_multiboot2(reading(bytes(offset) + multiboot2()))
    assert header is not None
    assert (header.offset, header.architecture) == (offset, 0)


@pytest.mark.parametrize("offset", [4, 12, 32760])
def test_off_the_8_byte_boundary_or_past_32_kib_there_is_no_multiboot2(offset: int) -> None:
    assert find_multiboot2(reading(bytes(offset) + multiboot2())) is None


def test_the_tags_tell_whether_64_bit_uefi_can_enter() -> None:
    plain, efi = find_multiboot2(reading(multiboot2(1))), find_multiboot2(reading(multiboot2(2, 7, 9)))
    assert plain is not None
    assert efi is not None
    assert not plain.has_efi_amd64_entry
    assert not plain.has_address_tag
    assert efi.tags == (2, 7, 9)
    assert efi.has_efi_amd64_entry
    assert efi.has_address_tag
    assert not efi.has_efi_i386_entry


def test_a_tag_too_small_to_be_one_ends_the_tags() -> None:
    image = bytearray(multiboot2(1, 9))
    image[20:24] = (7).to_bytes(4, "little")  # size of the first tag
    header = find_multiboot2(reading(bytes(image)))
    assert header is not None
    assert header.tags == ()
    assert not header.has_efi_amd64_entry


def test_a_header_of_8_bytes_is_none() -> None:
    assert find_multiboot2(reading(struct.pack("<4I", 0xE85250D6, 0, 8, -(0xE85250D6 + 8) & 0xFFFFFFFF))) is None


def test_a_file_full_of_magic_numbers_is_searched_to_its_end() -> None:
    data = bytes.fromhex("02b0ad1b") * 2048 + bytes.fromhex("d65052e8") * 8192
    assert find_multiboot1(reading(data)) is None
    assert find_multiboot2(reading(data)) is None


@given(st.binary(max_size=200))
def test_any_bytes_give_a_header_or_none(tail: bytes) -> None:
    for data in (tail, multiboot1(0x10000)[:12] + tail, multiboot2(9)[:20] + tail):
        find_multiboot1(reading(data))
        find_multiboot2(reading(data))

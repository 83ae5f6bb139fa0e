import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.elf import read_elf
from bootbeam.formats.fields import TruncatedImage
from bootbeam.machine import Cpu
from tests.image_bytes import elf32, elf64, linked_multiboot_elf, reading


def test_a_32_bit_executable_tells_class_machine_and_its_smallest_size() -> None:
    elf = read_elf(reading(elf32(bytes(100))))
    assert elf is not None
    assert (elf.bits, elf.cpu, elf.is_executable, elf.has_flat_addresses) == (32, Cpu.I386, True, True)
    assert elf.needed_size_bytes == 84 + 100


@pytest.mark.parametrize(
    ("machine", "cpu"), [(62, Cpu.X86_64), (183, Cpu.ARM64), (243, Cpu.RISCV64), (258, Cpu.LOONG64), (2, None)]
)
def test_a_64_bit_executable_tells_its_processor(machine: int, cpu: Cpu | None) -> None:
    elf = read_elf(reading(elf64(bytes(1000), machine=machine)))
    assert elf is not None
    assert (elf.bits, elf.machine, elf.cpu, elf.needed_size_bytes) == (64, machine, cpu, 120 + 1000)


def test_virtual_addresses_that_differ_from_physical_ones_are_seen() -> None:
    elf = read_elf(reading(elf32(vaddr=0xC0100000, paddr=0x100000)))
    assert elf is not None
    assert not elf.has_flat_addresses


def test_the_linkers_own_file_needs_exactly_its_size(tmp_path: Path) -> None:
    data = linked_multiboot_elf(tmp_path).read_bytes()
    elf = read_elf(reading(data))
    assert elf is not None
    assert elf.needed_size_bytes == len(data)  # ld puts the section headers last


def test_sections_count_only_when_they_have_bytes_in_the_file() -> None:
    image = bytearray(elf32(bytes(100)))
    struct.pack_into("<I", image, 32, 200)  # e_shoff
    struct.pack_into("<HH", image, 46, 40, 2)  # e_shentsize, e_shnum
    progbits = struct.pack("<10I", 0, 1, 0, 0, 500, 250, 0, 0, 0, 0)
    nobits = struct.pack("<10I", 0, 8, 0, 0, 500, 9_000_000, 0, 0, 0, 0)
    elf = read_elf(reading(bytes(image).ljust(200, b"\0") + progbits + nobits))
    assert elf is not None
    assert elf.needed_size_bytes == 750


@pytest.mark.parametrize("kept_bytes", [4, 16, 51])
def test_a_header_that_is_cut_off_is_reported_as_such(kept_bytes: int) -> None:
    with pytest.raises(TruncatedImage, match="ELF"):
        read_elf(reading(elf32()[:kept_bytes]))


def test_a_file_cut_off_behind_its_header_still_tells_its_size() -> None:
    whole = elf32(bytes(5000))
    elf = read_elf(reading(whole[:60]))
    assert elf is not None
    assert elf.needed_size_bytes == 84  # the table of segments, which says the rest, is itself cut off
    elf = read_elf(reading(whole[:84]))
    assert elf is not None
    assert elf.needed_size_bytes == len(whole)


def test_a_big_endian_file_is_read_in_its_own_order() -> None:
    header = b"\x7fELF\x01\x02\x01" + bytes(9) + struct.pack(">HHIIIIIHHHHHH", 2, 8, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    elf = read_elf(reading(header + struct.pack(">8I", 1, 84, 0, 0, 16, 16, 5, 4) + bytes(16)))
    assert elf is not None
    assert (elf.machine, elf.cpu, elf.needed_size_bytes) == (8, None, 100)


@pytest.mark.parametrize(("offset", "value"), [(4, 3), (5, 0), (42, 31), (43, 2)])
def test_a_header_that_contradicts_itself_is_an_image_error(offset: int, value: int) -> None:
    image = bytearray(elf32())
    image[offset] = value
    with pytest.raises(ImageError):
        read_elf(reading(bytes(image)))


def test_too_many_program_headers_are_not_read() -> None:
    image = bytearray(elf32())
    struct.pack_into("<H", image, 44, 0xFFFF)
    with pytest.raises(ImageError, match="65535 program headers"):
        read_elf(reading(bytes(image)))


def test_other_files_are_not_elf() -> None:
    assert read_elf(reading(b"")) is None
    assert read_elf(reading(b"\x7fELG" + bytes(100))) is None


@given(st.binary(max_size=300))
def test_nothing_but_image_errors_escapes(tail: bytes) -> None:
    for data in (b"\x7fELF" + tail, elf32()[:40] + tail, elf64()[:50] + tail):
        with contextlib.suppress(ImageError):
            read_elf(reading(data))

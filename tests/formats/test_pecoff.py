import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.fields import TruncatedImage
from bootbeam.formats.pecoff import read_pe
from bootbeam.machine import Cpu
from tests.image_bytes import INSTALLER, IPXE, pe, reading


@pytest.mark.parametrize(("name", "is_signed"), [("linux", True), ("bootnetx64.efi", True), ("grubx64.efi", True)])
def test_debians_signed_files_need_exactly_their_size(name: str, is_signed: bool) -> None:
    data = (INSTALLER / name).read_bytes()
    image = read_pe(reading(data))
    assert image is not None
    assert (image.cpu, image.is_efi_application, image.is_signed) == (Cpu.X86_64, True, is_signed)
    assert image.needed_size_bytes == len(data)


def test_ipxe_is_an_unsigned_application() -> None:
    data = (IPXE / "snponly.efi").read_bytes()
    image = read_pe(reading(data))
    assert image is not None
    assert (image.cpu, image.subsystem, image.is_signed) == (Cpu.X86_64, 10, False)
    assert image.needed_size_bytes <= len(data)


@pytest.mark.parametrize(
    ("machine", "cpu"),
    [
        (0x014C, Cpu.I386),
        (0x8664, Cpu.X86_64),
        (0x01C2, Cpu.ARM32),
        (0xAA64, Cpu.ARM64),
        (0x5032, Cpu.RISCV32),
        (0x5064, Cpu.RISCV64),
        (0x6264, Cpu.LOONG64),
        (0x0EBC, None),
    ],
)
def test_the_machine_tells_the_processor(machine: int, cpu: Cpu | None) -> None:
    image = read_pe(reading(pe(machine=machine, certificate=b"c" * 40)))
    assert image is not None
    assert (image.machine, image.cpu, image.is_signed) == (machine, cpu, True)


@pytest.mark.parametrize(
    ("subsystem", "is_application", "is_driver"),
    [(10, True, False), (11, False, True), (12, False, True), (3, False, False)],
)
def test_the_subsystem_tells_applications_from_drivers(subsystem: int, is_application: bool, is_driver: bool) -> None:
    image = read_pe(reading(pe(subsystem=subsystem)))
    assert image is not None
    assert (image.is_efi_application, image.is_efi_driver) == (is_application, is_driver)


def test_sections_and_certificates_make_up_the_smallest_size() -> None:
    plain, signed = pe(), pe(certificate=b"c" * 1472)
    for data in (plain, signed):
        image = read_pe(reading(data))
        assert image is not None
        assert image.needed_size_bytes == len(data)


def test_padding_that_the_linker_left_out_at_the_end_is_not_missed() -> None:
    data = bytearray(pe(sections=((b".text", b"\xc3" * 100),)))
    table = 0x80 + 24 + 112 + 128
    struct.pack_into("<I", data, table + 16, 512)  # SizeOfRawData, rounded up to the file alignment
    image = read_pe(reading(bytes(data)))
    assert image is not None
    assert image.needed_size_bytes == len(data)


def test_a_unified_kernel_image_is_known_by_its_sections() -> None:
    sections = ((b".osrel", b"ID=debian"), (b".cmdline", b"quiet"), (b".linux", b"k" * 100))
    image = read_pe(reading(pe(sections=sections)))
    assert image is not None
    assert image.is_unified_kernel_image
    assert image.section_names == (".osrel", ".cmdline", ".linux")


@pytest.mark.parametrize(
    ("names", "is_unified"),
    [
        ((b".linux", b".cmdline"), True),
        ((b".linux", b".osrel"), True),
        ((b".linux", b".text"), False),
        ((b".osrel", b".cmdline"), False),
    ],
)
def test_a_unified_kernel_image_has_a_kernel_and_what_goes_with_it(names: tuple[bytes, ...], is_unified: bool) -> None:
    image = read_pe(reading(pe(sections=tuple((name, b"x") for name in names))))
    assert image is not None
    assert image.is_unified_kernel_image is is_unified


def test_a_section_counts_with_what_it_has_in_the_file() -> None:
    data = bytearray(pe(sections=((b".text", b"\xc3" * 100), (b".bss", b""))))
    table = 0x80 + 24 + 112 + 128
    struct.pack_into("<I", data, table + 8, 9_000_000)  # VirtualSize, most of it zeros that are not in the file
    struct.pack_into("<III", data, table + 40 + 8, 9_000_000, 0x1000, 0)
    struct.pack_into("<I", data, table + 40 + 20, 8_000_000)
    image = read_pe(reading(bytes(data)))
    assert image is not None
    assert image.needed_size_bytes == len(data)


def test_an_empty_certificate_table_is_no_signature() -> None:
    data = bytearray(pe())
    struct.pack_into("<II", data, 0x80 + 24 + 112 + 32, 900_000, 0)
    image = read_pe(reading(bytes(data)))
    assert image is not None
    assert (image.is_signed, image.needed_size_bytes) == (False, len(data))


def test_a_pe_header_is_looked_for_in_the_first_64_kib() -> None:
    assert read_pe(reading(pe(pe_offset=65_536))) is not None
    assert read_pe(reading(pe(pe_offset=65_544))) is None


def test_a_dos_program_is_not_a_pe_image() -> None:
    assert read_pe(reading(b"MZ" + b"\xff" * 200)) is None
    assert read_pe(reading(b"MZ" + bytes(200))) is None
    assert read_pe(reading(b"ZM" + bytes(200))) is None


@pytest.mark.parametrize("kept_bytes", [2, 63, 0x80, 0x82, 0x90, 0x100, 0x170])
def test_headers_that_are_cut_off_are_reported_as_such(kept_bytes: int) -> None:
    with pytest.raises(TruncatedImage):
        read_pe(reading(pe()[:kept_bytes]))


@pytest.mark.parametrize(("offset", "value"), [(0x80 + 24, 0x107), (0x80 + 6, 5000), (0x80 + 20, 10)])
def test_headers_that_contradict_themselves_are_image_errors(offset: int, value: int) -> None:
    data = bytearray(pe().ljust(300_000, b"\0"))
    struct.pack_into("<H", data, offset, value)
    with pytest.raises(ImageError):
        read_pe(reading(bytes(data)))


@given(st.integers(0, 0x180), st.binary(min_size=1, max_size=64))
def test_nothing_but_image_errors_escapes(offset: int, noise: bytes) -> None:
    data = bytearray(pe())
    data[offset : offset + len(noise)] = noise
    for image in (bytes(data), bytes(data[:offset]), b"MZ" + noise):
        with contextlib.suppress(ImageError):
            read_pe(reading(image))

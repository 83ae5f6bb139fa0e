import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.fields import TruncatedImage
from bootbeam.formats.linux import read_linux
from bootbeam.machine import Cpu
from tests.image_bytes import INSTALLER, IPXE, bzimage, reading


def test_debians_kernel_tells_everything_of_itself() -> None:
    data = (INSTALLER / "linux").read_bytes()
    linux = read_linux(reading(data))
    assert linux is not None
    assert (linux.form, linux.cpu, linux.is_linux, linux.has_efi_handover) == ("bzImage", Cpu.X86_64, True, True)
    assert linux.release.startswith("6.1.0-")
    assert linux.release.endswith("-amd64")
    assert linux.is_of_distribution
    assert linux.protocol is not None
    assert linux.protocol >= (2, 15)
    assert linux.cmdline_size_bytes == 2047
    assert 0 < len(data) - linux.needed_size_bytes < 4096  # behind it comes the signature only


def test_ipxe_lkrn_loads_like_a_kernel_and_is_none() -> None:
    data = (IPXE / "ipxe.lkrn").read_bytes()
    linux = read_linux(reading(data))
    assert linux is not None
    assert (linux.form, linux.cpu, linux.is_linux, linux.protocol) == ("bzImage", Cpu.I386, False, (2, 7))
    assert linux.release.startswith("1.")
    # Its size is no multiple of 16, so its last paragraph is not filled up.
    assert linux.needed_size_bytes <= len(data) < linux.needed_size_bytes + 16


def test_the_size_is_counted_in_paragraphs_and_the_last_may_be_short() -> None:
    for payload_bytes in (4081, 4088, 4096):
        data = bzimage(payload_bytes=payload_bytes)
        linux = read_linux(reading(data))
        assert linux is not None
        assert linux.needed_size_bytes == 1536 + 4081


@pytest.mark.parametrize(
    ("version", "is_of_distribution"),
    [
        ("6.8.0-45-generic (buildd@lcy02-amd64-075) #45-Ubuntu SMP PREEMPT_DYNAMIC", True),
        ("6.11.4-301.fc41.x86_64 (mockbuild@be03da54f8364b379359fe70f52a8f23) #1 SMP", True),
        ("6.4.0-150600.21-default (geeko@buildhost) #1 SMP PREEMPT_DYNAMIC", True),
        ("6.11.5-arch1-1 (linux@archlinux) #1 SMP PREEMPT_DYNAMIC", True),
        ("6.12.0-rc3+ (ann@desk) #7 SMP", False),
    ],
)
def test_whose_kernel_it_is_stands_in_its_version(version: str, is_of_distribution: bool) -> None:
    linux = read_linux(reading(bzimage(version=version)))
    assert linux is not None
    assert linux.is_of_distribution is is_of_distribution


def test_before_protocol_2_4_the_size_field_is_not_believed() -> None:
    linux = read_linux(reading(bzimage(protocol=0x0203, payload_bytes=9000)))
    assert linux is not None
    assert linux.needed_size_bytes == 1536
    assert linux.cmdline_size_bytes == 255


def test_fields_count_from_the_protocol_that_brought_them() -> None:
    sized, without_cmdline = (
        read_linux(reading(bzimage(protocol=0x0204))),
        read_linux(reading(bzimage(protocol=0x0205))),
    )
    with_cmdline = read_linux(reading(bzimage(protocol=0x0206)))
    assert sized is not None
    assert without_cmdline is not None
    assert with_cmdline is not None
    assert sized.needed_size_bytes == 1536 + 4081
    assert (without_cmdline.cmdline_size_bytes, with_cmdline.cmdline_size_bytes) == (255, 2047)


def test_zero_setup_sectors_mean_four() -> None:
    image = bytearray(bzimage())
    image[0x1F1] = 0
    struct.pack_into("<I", image, 0x1F4, 0)
    linux = read_linux(reading(bytes(image)))
    assert linux is not None
    assert linux.needed_size_bytes == 5 * 512


@pytest.mark.parametrize(
    ("protocol", "xloadflags", "cpu"),
    [(0x020F, 1, Cpu.X86_64), (0x020F, 0, Cpu.I386), (0x020B, 1, Cpu.I386)],
)
def test_64_bits_are_known_from_protocol_2_12_on(protocol: int, xloadflags: int, cpu: Cpu) -> None:
    linux = read_linux(reading(bzimage(protocol=protocol, xloadflags=xloadflags)))
    assert linux is not None
    assert linux.cpu is cpu


def test_a_kernel_that_is_loaded_low_is_a_zimage() -> None:
    linux = read_linux(reading(bzimage(loadflags=0)))
    assert linux is not None
    assert linux.form == "zImage"


def test_a_version_outside_the_setup_code_is_not_shown() -> None:
    image = bytearray(bzimage())
    struct.pack_into("<H", image, 0x20E, 0x4000)
    linux = read_linux(reading(bytes(image)))
    assert linux is not None
    assert (linux.version_text, linux.release, linux.is_linux) == ("", "", False)


def _image_with(magic: bytes, offset: int) -> bytes:
    return bytes(offset) + magic + bytes(200)


@pytest.mark.parametrize(
    ("data", "form", "cpu"),
    [
        (_image_with(b"ARM\x64", 0x38), "Image", Cpu.ARM64),
        (_image_with(b"RSC\x05", 0x38), "Image", Cpu.RISCV64),
        (_image_with(b"RISCV\0\0\0", 0x30), "Image", Cpu.RISCV64),
        (b"MZ" + _image_with(bytes.fromhex("cd238281"), 0x36), "Image", None),
        (b"MZ\0\0zimg" + bytes(100), "zboot", None),
    ],
)
def test_the_other_processors_images_are_known_by_their_magic(data: bytes, form: str, cpu: Cpu | None) -> None:
    linux = read_linux(reading(data))
    assert linux is not None
    assert (linux.form, linux.cpu, linux.is_linux) == (form, cpu, True)


def test_an_arm_zimage_tells_its_size() -> None:
    data = bytes(0x24) + struct.pack("<III", 0x016F2818, 0x8000, 0x8000 + 5000) + bytes(100)
    linux = read_linux(reading(data))
    assert linux is not None
    assert (linux.form, linux.cpu, linux.needed_size_bytes) == ("zImage", Cpu.ARM32, 5000)


def test_a_magic_number_of_loongarch_counts_in_an_efi_program_only() -> None:
    assert read_linux(reading(_image_with(bytes.fromhex("cd238281"), 0x38))) is None


def test_a_setup_header_that_is_cut_off_is_reported_as_such() -> None:
    with pytest.raises(TruncatedImage):
        read_linux(reading(bzimage()[:0x210]))


@pytest.mark.parametrize("data", [b"", b"MZ", bytes(1000), bytes(0x1FE) + b"\x55\xaa" + bytes(500)])
def test_other_files_are_no_kernels(data: bytes) -> None:
    assert read_linux(reading(data)) is None


@given(st.integers(0, 0x300), st.binary(min_size=1, max_size=64))
def test_nothing_but_image_errors_escapes(offset: int, noise: bytes) -> None:
    image = bytearray(bzimage())
    image[offset : offset + len(noise)] = noise
    for data in (bytes(image), bytes(image[:offset])):
        with contextlib.suppress(ImageError):
            read_linux(reading(data))

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.compression import Compression
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import BootForm, Identity, Kind
from bootbeam.machine import Cpu, Firmware
from tests.image_bytes import (
    INSTALLER,
    IPXE,
    bzimage,
    elf32,
    elf64,
    gpt,
    iso9660,
    linked_multiboot_elf,
    mbr,
    multiboot1,
    multiboot2,
    newc,
    pe,
    reading,
)

KNOWN: dict[str, tuple[bytes, Kind]] = {
    "bzImage": (bzimage(), Kind.LINUX_KERNEL),
    "EFI application": (pe(), Kind.EFI_APPLICATION),
    "EFI driver": (pe(subsystem=11), Kind.EFI_DRIVER),
    "Multiboot ELF": (elf32(multiboot1() + bytes(64)), Kind.MULTIBOOT_KERNEL),
    "Multiboot 2 ELF": (elf64(multiboot2()), Kind.MULTIBOOT_KERNEL),
    "ELF": (elf64(), Kind.ELF),
    "script": (b"#!ipxe\necho hello\n", Kind.IPXE_SCRIPT),
    "ISO": (iso9660(el_torito=True), Kind.ISO_IMAGE),
    "GPT": (gpt((b"d" * 16, 40, 50)), Kind.DISK_IMAGE),
    "MBR": (mbr((0x83, 1, 10)), Kind.DISK_IMAGE),
    "cpio": (newc(), Kind.INITRD),
    "packed cpio": (gzip.compress(newc()), Kind.INITRD),
    "packed kernel": (gzip.compress(elf32(multiboot1() + bytes(64))), Kind.COMPRESSED),
    "zstd": (bytes.fromhex("28b52ffd") + bytes(50), Kind.COMPRESSED),
    "squashfs": (b"hsqs" + bytes(200), Kind.SQUASHFS),
    "WIM": (b"MSWIM\0\0\0" + bytes(300), Kind.WIM),
    "text": (b"kernel command line\n", Kind.UNKNOWN),
}


def identify_bytes(data: bytes) -> Identity:
    return identify(reading(data), len(data))


@pytest.mark.parametrize("name", KNOWN)
def test_each_kind_is_recognised(name: str) -> None:
    data, kind = KNOWN[name]
    identity = identify_bytes(data)
    assert (identity.kind, identity.is_truncated, identity.size_bytes) == (kind, False, len(data))


@pytest.mark.parametrize(
    ("path", "kind", "architecture", "firmwares"),
    [
        (INSTALLER / "linux", Kind.LINUX_KERNEL, Cpu.X86_64, {Firmware.BIOS, Firmware.UEFI}),
        (INSTALLER / "initrd.gz", Kind.INITRD, None, set()),
        (INSTALLER / "bootnetx64.efi", Kind.EFI_APPLICATION, Cpu.X86_64, {Firmware.UEFI}),
        (INSTALLER / "grubx64.efi", Kind.EFI_APPLICATION, Cpu.X86_64, {Firmware.UEFI}),
        (INSTALLER / "pxelinux.0", Kind.NETWORK_BOOT_PROGRAM, Cpu.I386, {Firmware.BIOS}),
        (IPXE / "snponly.efi", Kind.EFI_APPLICATION, Cpu.X86_64, {Firmware.UEFI}),
        (IPXE / "ipxe.lkrn", Kind.LINUX_KERNEL, Cpu.I386, {Firmware.BIOS}),
        (IPXE / "undionly.kpxe", Kind.NETWORK_BOOT_PROGRAM, Cpu.I386, {Firmware.BIOS}),
        (IPXE / "ipxe.iso", Kind.ISO_IMAGE, None, set()),
    ],
)
def test_real_files_are_recognised_and_none_is_taken_for_truncated(
    path: Path, kind: Kind, architecture: Cpu | None, firmwares: set[Firmware]
) -> None:
    identity = identify_bytes(path.read_bytes())
    assert (identity.kind, identity.architecture, identity.is_truncated) == (kind, architecture, False)
    assert {way.firmware for way in identity.boots_on} == firmwares


def test_debians_kernel_is_described_with_all_it_is() -> None:
    identity = identify_bytes((INSTALLER / "linux").read_bytes())
    assert identity.description.startswith("Linux kernel 6.1.0-")
    assert identity.description.endswith("-amd64 (x86_64, EFI stub, signed by Debian Secure Boot CA)")
    assert identity.is_signed


@pytest.mark.parametrize(
    "path",
    [INSTALLER / "linux", INSTALLER / "grubx64.efi", IPXE / "snponly.efi", IPXE / "ipxe.lkrn", IPXE / "ipxe.iso"],
)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.8])
def test_a_real_file_that_is_cut_off_is_seen_to_be(path: Path, part: float) -> None:
    data = path.read_bytes()
    cut_off = identify_bytes(data[: int(len(data) * part)])
    assert cut_off.is_truncated
    assert cut_off.kind is identify_bytes(data).kind


def test_the_linkers_own_multiboot_elf_is_seen_cut_off_by_a_single_byte(tmp_path: Path) -> None:
    data = linked_multiboot_elf(tmp_path).read_bytes()
    whole = identify_bytes(data)
    assert (whole.kind, whole.is_truncated) == (Kind.MULTIBOOT_KERNEL, False)
    assert {way.form for way in whole.boots_on} == {BootForm.MULTIBOOT1}
    assert identify_bytes(data[:-1]).is_truncated


def test_a_packed_multiboot_kernel_is_seen_through_its_packing(tmp_path: Path) -> None:
    packed = identify_bytes(gzip.compress(linked_multiboot_elf(tmp_path).read_bytes()))
    assert packed.compression is Compression.GZIP
    assert packed.unpacked is not None
    assert packed.unpacked.kind is Kind.MULTIBOOT_KERNEL
    assert (packed.should_be_unpacked, packed.boots_on, packed.architecture) == (True, (), Cpu.I386)
    assert packed.description == "Multiboot 1 kernel (32-bit ELF, i386), compressed with gzip"


def test_a_packed_initrd_stays_packed() -> None:
    packed = identify_bytes((INSTALLER / "initrd.gz").read_bytes())
    assert not packed.should_be_unpacked
    assert packed.description == "initrd (cpio archive, newc), compressed with gzip"


def test_a_hybrid_iso_is_an_iso_though_it_has_an_mbr() -> None:
    image = bytearray(iso9660(sectors=600))
    image[: 16 * 2048] = mbr((0x17, 1, 100))[: 16 * 2048]
    assert identify_bytes(bytes(image)).kind is Kind.ISO_IMAGE


def test_a_disk_is_a_disk_though_its_boot_loader_has_a_multiboot_header() -> None:
    disk = bytearray(mbr((0x83, 100, 10)))
    header = multiboot1(0x10000, (0x100400, 0x100000, 0, 0, 0))
    disk[0x400 : 0x400 + len(header)] = header
    assert identify_bytes(bytes(disk)).kind is Kind.DISK_IMAGE
    assert identify_bytes(bytes(512) + bytes(disk[512:])).kind is Kind.MULTIBOOT_KERNEL


def test_a_script_boots_everywhere() -> None:
    identity = identify_bytes(b"#!ipxe\n")
    assert len(identity.ways(Firmware.BIOS)) == 1
    assert all(identity.ways(Firmware.UEFI, cpu) for cpu in Cpu)


@pytest.mark.parametrize("size_bytes", [1, 5000, 1 << 20])
def test_space_set_aside_for_a_file_to_come_is_blank(size_bytes: int) -> None:
    identity = identify_bytes(bytes(size_bytes))
    assert (identity.kind, identity.is_blank) == (Kind.UNKNOWN, True)


def test_an_empty_file_is_not_blank_but_empty() -> None:
    identity = identify_bytes(b"")
    assert (identity.kind, identity.is_blank, identity.description) == (Kind.UNKNOWN, False, "empty file")


def test_little_is_read_of_a_large_file() -> None:
    read_bytes = 0
    data = (INSTALLER / "linux").read_bytes()

    def read_at(offset: int, size_bytes: int) -> bytes:
        nonlocal read_bytes
        read_bytes += size_bytes
        return data[offset : offset + size_bytes]

    identify(read_at, len(data))
    assert read_bytes < 256 * 1024


@pytest.mark.parametrize("name", KNOWN)
def test_every_truncation_gives_an_identity(name: str) -> None:
    data = KNOWN[name][0]
    for kept_bytes in [*range(min(len(data), 700)), len(data) // 2, len(data) - 1]:
        identity = identify_bytes(data[:kept_bytes])
        assert identity.size_bytes == kept_bytes


def _never_fails(mutate: Callable[[bytearray], None], data: bytes) -> None:
    image = bytearray(data)
    mutate(image)
    try:
        identity = identify_bytes(bytes(image))
    except ImageError:
        return
    assert identity.description.isprintable()
    assert identity.needed_size_bytes >= 0


@settings(max_examples=300)
@given(st.sampled_from(sorted(KNOWN)), st.data())
def test_any_mutation_gives_an_identity_or_an_image_error(name: str, draw: st.DataObject) -> None:
    data = KNOWN[name][0]
    offset = draw.draw(st.integers(0, min(len(data) - 1, 40_000)))
    noise = draw.draw(st.binary(min_size=1, max_size=80))
    _never_fails(lambda image: image.__setitem__(slice(offset, offset + len(noise)), noise), data)


HEADS = {
    path.name: path.read_bytes()[:70_000] for path in (INSTALLER / "linux", INSTALLER / "initrd.gz", IPXE / "ipxe.iso")
}


@settings(max_examples=200)
@given(st.sampled_from(sorted(HEADS)), st.integers(0, 1200), st.binary(min_size=1, max_size=8))
def test_mutated_headers_of_real_files_give_an_identity_or_an_image_error(name: str, at: int, noise: bytes) -> None:
    _never_fails(lambda image: image.__setitem__(slice(at, at + len(noise)), noise), HEADS[name])


@settings(max_examples=300)
@given(st.binary(max_size=600))
def test_any_bytes_give_an_identity_or_an_image_error(data: bytes) -> None:
    for magic in (b"", b"MZ", b"\x7fELF", b"\x1f\x8b\x08", b"070701", b"hsqs", b"MSWIM\0\0\0"):
        _never_fails(lambda image: None, magic + data)

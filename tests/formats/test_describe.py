import pytest

from bootbeam.formats.identify import identify
from tests.image_bytes import bzimage, elf32, elf64, gpt, iso9660, mbr, multiboot1, multiboot2, newc, pe, reading

ARM64_EFI_STUB = b"MZ".ljust(0x38, b"\0") + b"ARM\x64"


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (bzimage(), "Linux kernel 6.1.0-9-amd64 (x86_64)"),
        (bzimage(version="Memtest86+ v6.10"), "Memtest86+ v6.10 (loads like a Linux kernel, x86_64)"),
        (bzimage(version=""), "program (loads like a Linux kernel, x86_64)"),
        (
            pe(machine=0xAA64, dos_header=ARM64_EFI_STUB, certificate=b"c" * 8),
            "Linux kernel (arm64, EFI stub, signed)",
        ),
        (pe(machine=0xAA64, dos_header=b"MZ\0\0zimg"), "Linux kernel (arm64, EFI zboot)"),
        (elf32(multiboot1()), "Multiboot 1 kernel (32-bit ELF, i386)"),
        (elf64(bytes(8) + multiboot2() + multiboot1()), "Multiboot 1 and 2 kernel (64-bit ELF, x86_64)"),
        (multiboot1(0x10000, (0x100000, 0x100000, 0, 0, 0)) + bytes(60), "Multiboot 1 kernel (no ELF, i386)"),
        (pe(), "EFI application (x86_64)"),
        (pe(subsystem=12, machine=0x014C, certificate=b"c" * 8), "EFI driver (i386, signed)"),
        (pe(subsystem=3), "Windows program, not made for EFI (x86_64)"),
        (pe(machine=0x0EBC), "EFI application (machine 0x0ebc)"),
        (pe(sections=((b".linux", b"k"), (b".osrel", b"o"))), "EFI application (x86_64, unified kernel image)"),
        (elf64(), "ELF file without a Multiboot header (64-bit, x86_64)"),
        (iso9660("MY_DISC", el_torito=True), 'ISO 9660 image "MY_DISC" (El Torito)'),
        (gpt((b"d" * 16, 40, 50)), "disk image (GPT, 1 partition)"),
        (mbr((0xEF, 1, 2), (0x83, 3, 4)), "disk image (MBR, 2 partitions, EFI system partition)"),
        (newc(), "initrd (cpio archive, newc)"),
        (b"#!ipxe\n", "iPXE script"),
    ],
)
def test_each_kind_is_described_in_one_line(data: bytes, description: str) -> None:
    assert identify(reading(data), len(data)).description == description

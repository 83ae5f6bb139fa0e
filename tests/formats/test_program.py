import struct

import pytest

from bootbeam.formats.fields import TruncatedImage
from bootbeam.formats.identity import BootForm, BootsOn, Identity, Kind
from bootbeam.formats.program import read_program
from bootbeam.machine import Cpu, Firmware
from tests.image_bytes import bzimage, elf32, elf64, multiboot1, multiboot2, pe, reading


def read(data: bytes) -> Identity:
    identity = read_program(reading(data))
    assert identity is not None
    return identity


def test_a_kernel_with_an_efi_stub_boots_on_both_firmwares() -> None:
    dos = bytearray(bzimage(version="")[:0x400])
    dos[0:2] = b"MZ"
    image = pe(dos_header=bytes(dos), pe_offset=0x400)
    identity = read(image.ljust(6000, b"\0"))
    assert identity.kind is Kind.LINUX_KERNEL
    assert identity.linux is not None
    assert identity.pe is not None
    assert identity.boots_on == (
        BootsOn(Firmware.BIOS, Cpu.X86_64, BootForm.LINUX),
        BootsOn(Firmware.UEFI, Cpu.X86_64, BootForm.EFI),
    )


def test_the_pe_header_tells_64_bits_where_an_old_linux_header_does_not() -> None:
    dos = bytearray(bzimage(protocol=0x020B, version="")[:0x400])
    dos[0:2] = b"MZ"
    identity = read(pe(dos_header=bytes(dos), pe_offset=0x400).ljust(6000, b"\0"))
    assert identity.architecture is Cpu.X86_64


def test_xen_efi_is_an_efi_application_though_it_carries_multiboot_headers() -> None:
    text = bytes(8) + multiboot1() + bytes(4) + multiboot2(7, 9)
    image = pe(sections=((b".text", bytes(-(0x80 + 24 + 240 + 40) % 8) + text),))
    identity = read(image)
    assert identity.kind is Kind.EFI_APPLICATION
    assert identity.multiboot1 is not None
    assert identity.multiboot2 is not None
    assert identity.boots_on == (BootsOn(Firmware.UEFI, Cpu.X86_64, BootForm.EFI),)


def places(identity: Identity) -> list[tuple[Firmware, Cpu, BootForm]]:
    return [(way.firmware, way.cpu, way.form) for way in identity.boots_on]


ON_UEFI = [(Firmware.UEFI, Cpu.X86_64), (Firmware.UEFI, Cpu.I386)]


def test_a_multiboot_elf_needs_grub_on_uefi_and_nothing_on_bios() -> None:
    identity = read(elf32(multiboot1() + bytes(100)))
    assert identity.kind is Kind.MULTIBOOT_KERNEL
    assert places(identity) == [
        (Firmware.BIOS, Cpu.I386, BootForm.MULTIBOOT1),
        *((firmware, cpu, BootForm.MULTIBOOT1) for firmware, cpu in ON_UEFI),
    ]
    bios, *uefi = identity.boots_on
    assert bios.needs_grub == ""
    assert all("BIOS (legacy) mode only" in way.needs_grub for way in uefi)


def test_a_64_bit_multiboot_elf_needs_grub_everywhere() -> None:
    bios, *uefi = read(elf64(multiboot1() + bytes(100))).boots_on
    assert (bios.firmware, bios.cpu, bios.form) == (Firmware.BIOS, Cpu.X86_64, BootForm.MULTIBOOT1)
    assert "32-bit ELF" in bios.needs_grub
    assert [(way.firmware, way.cpu) for way in uefi] == ON_UEFI


def test_address_fields_make_a_64_bit_elf_loadable_by_ipxe() -> None:
    fields = (0x100078, 0x100000, 0, 0, 0x100100)
    bios, *_ = read(elf64(multiboot1(0x10003, fields) + bytes(100))).boots_on
    assert (bios.firmware, bios.needs_grub) == (Firmware.BIOS, "")


def test_compulsory_flags_that_ipxe_does_not_know_need_grub() -> None:
    bios, *_ = read(elf32(multiboot1(0x0B) + bytes(100))).boots_on
    assert bios.firmware is Firmware.BIOS
    assert "0x8" in bios.needs_grub


def test_multiboot_2_needs_grub_on_every_firmware() -> None:
    identity = read(elf32(bytes(4) + multiboot2(7)))
    assert places(identity) == [
        (Firmware.BIOS, Cpu.I386, BootForm.MULTIBOOT2),
        *((firmware, cpu, BootForm.MULTIBOOT2) for firmware, cpu in ON_UEFI),
    ]
    assert all("Multiboot 2" in way.needs_grub for way in identity.boots_on)


def test_of_both_multiboots_ipxes_own_comes_first_on_bios_and_the_second_on_uefi() -> None:
    first = multiboot1()
    identity = read(elf32(first + bytes(-(52 + 32 + len(first)) % 8) + multiboot2(7, 9)))
    assert next(way for way in identity.boots_on if way.firmware is Firmware.BIOS).form is BootForm.MULTIBOOT1
    for cpu in (Cpu.X86_64, Cpu.I386):
        assert identity.ways(Firmware.UEFI, cpu)[0].form is BootForm.MULTIBOOT2


def test_multiboot_2_for_another_architecture_boots_nowhere_here() -> None:
    assert read(elf32(bytes(4) + multiboot2(architecture=4), machine=8)).boots_on == ()


def test_a_plain_32_bit_elf_with_flat_addresses_is_entered_in_protected_mode() -> None:
    assert read(elf32()).boots_on == (BootsOn(Firmware.BIOS, Cpu.I386, BootForm.ELF),)
    assert read(elf32(vaddr=0xC0000000)).boots_on == ()
    assert read(elf64()).boots_on == ()


def test_an_efi_driver_or_a_windows_program_boots_nowhere() -> None:
    driver, windows = read(pe(subsystem=11)), read(pe(subsystem=3))
    assert (driver.kind, driver.boots_on) == (Kind.EFI_DRIVER, ())
    assert (windows.kind, windows.boots_on) == (Kind.UNKNOWN, ())


def test_the_largest_demand_of_all_sides_is_the_files_smallest_size() -> None:
    dos = bytearray(bzimage(payload_bytes=50_000)[:0x400])
    dos[0:2] = b"MZ"
    identity = read(pe(dos_header=bytes(dos), pe_offset=0x400))
    assert identity.needed_size_bytes == 1536 + 50_000 - 15


def test_a_side_that_is_cut_off_counts_when_another_is_whole() -> None:
    image = bytearray(bzimage(payload_bytes=16))
    image[0:2] = b"MZ"
    struct.pack_into("<I", image, 0x3C, 0x5F0)
    image[0x5F0:0x5F4] = b"PE\0\0"
    identity = read(bytes(image[:0x5F8]))
    assert identity.kind is Kind.LINUX_KERNEL
    assert identity.needed_size_bytes == 0x5F4 + 20


def test_the_processor_of_a_kernel_without_any_file_header_is_i386() -> None:
    assert read(multiboot1(0x10000, (0x100000, 0x100000, 0, 0, 0)) + bytes(60)).architecture is Cpu.I386
    assert read(multiboot2(2) + bytes(60)).architecture is Cpu.I386


def test_a_magic_number_in_other_data_is_no_program() -> None:
    assert read_program(reading(bytes(64) + multiboot1() + multiboot2() + bytes(100))) is None


@pytest.mark.parametrize("image", [elf32(), pe(), bzimage()])
def test_a_lone_header_that_is_cut_off_is_reported_as_such(image: bytes) -> None:
    kept = 0x210 if image[:2] == b"\0\0" else 40
    with pytest.raises(TruncatedImage):
        read_program(reading(image[:kept]))

from bootbeam.formats.identity import BootForm, BootsOn, Identity, Kind
from bootbeam.machine import Cpu, Firmware

BIOS_64 = BootsOn(Firmware.BIOS, Cpu.X86_64, BootForm.LINUX)
UEFI_64 = BootsOn(Firmware.UEFI, Cpu.X86_64, BootForm.EFI)


def test_ways_under_uefi_are_those_of_its_own_processor() -> None:
    identity = Identity(Kind.LINUX_KERNEL, "kernel", 100, boots_on=(BIOS_64, UEFI_64))
    assert identity.ways(Firmware.UEFI, Cpu.X86_64) == (UEFI_64,)
    assert identity.ways(Firmware.UEFI, Cpu.ARM64) == ()
    assert identity.ways(Firmware.UEFI) == (UEFI_64,)


def test_a_bios_machine_does_not_tell_its_processor() -> None:
    identity = Identity(Kind.LINUX_KERNEL, "kernel", 100, boots_on=(BIOS_64, UEFI_64))
    assert identity.ways(Firmware.BIOS, Cpu.I386) == (BIOS_64,)


def test_a_file_smaller_than_its_headers_say_is_truncated() -> None:
    assert Identity(Kind.ELF, "elf", 99, needed_size_bytes=100).is_truncated
    assert not Identity(Kind.ELF, "elf", 100, needed_size_bytes=100).is_truncated
    assert not Identity(Kind.ELF, "inside a gzip file", None, needed_size_bytes=100).is_truncated


def test_a_packed_kernel_should_be_unpacked_and_a_packed_initrd_should_not() -> None:
    kernel = Identity(Kind.MULTIBOOT_KERNEL, "kernel", None, boots_on=(BIOS_64,))
    initrd = Identity(Kind.INITRD, "initrd", None)
    assert Identity(Kind.COMPRESSED, "packed", 9, unpacked=kernel).should_be_unpacked
    assert not Identity(Kind.INITRD, "packed", 9, unpacked=initrd).should_be_unpacked
    assert not Identity(Kind.LINUX_KERNEL, "kernel", 9, boots_on=(BIOS_64,)).should_be_unpacked

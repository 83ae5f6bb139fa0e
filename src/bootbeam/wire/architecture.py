"""Client system architecture types: option 93, and the number in option 60.

IANA "Processor Architecture Types" (RFC 5970 §3.3, RFC 4578 §2.1 with erratum 4624, which gives 7 to x64).
Parity is no rule: which numbers mean HTTP is in the table.
"""

from dataclasses import dataclass

from bootbeam.machine import Cpu, Firmware


@dataclass(frozen=True, slots=True)
class Architecture:
    """One row of the registry."""

    number: int
    """As on the wire, 16 bits."""
    words: str
    """For people."""
    firmware: Firmware
    cpu: Cpu | None
    """None where bootbeam boots nothing on it."""
    http: bool = False
    """The firmware loads its boot file by HTTP."""


_BIOS, _UEFI, _UBOOT, _OTHER = Firmware.BIOS, Firmware.UEFI, Firmware.UBOOT, Firmware.OTHER

ARCHITECTURES = {
    row.number: row
    for row in (
        Architecture(0, "BIOS (legacy mode)", _BIOS, Cpu.X86_64),
        Architecture(1, "NEC PC-98", _OTHER, None),
        Architecture(2, "Itanium", _OTHER, None),
        Architecture(3, "DEC Alpha", _OTHER, None),
        Architecture(4, "Arc x86", _OTHER, None),
        Architecture(5, "Intel Lean Client", _OTHER, None),
        Architecture(6, "UEFI 32-bit x86", _UEFI, Cpu.I386),
        Architecture(7, "UEFI x64", _UEFI, Cpu.X86_64),
        # Quirk: old provisioning tools and a few boards: 8 (Xscale) was seen on x64 machines; nothing else sends it.
        Architecture(8, "UEFI x64 (announced as Xscale)", _UEFI, Cpu.X86_64),
        # Quirk: iPXE before 2016, VMware Fusion: x64 announced as 9, the number RFC 4578 misprinted.
        Architecture(9, "UEFI x64 (announced as EBC)", _UEFI, Cpu.X86_64),
        Architecture(10, "UEFI 32-bit ARM", _UEFI, Cpu.ARM32),
        Architecture(11, "UEFI arm64", _UEFI, Cpu.ARM64),
        Architecture(12, "PowerPC Open Firmware", _OTHER, None),
        Architecture(13, "PowerPC ePAPR", _OTHER, None),
        Architecture(14, "POWER OPAL", _OTHER, None),
        Architecture(15, "UEFI 32-bit x86, HTTP boot", _UEFI, Cpu.I386, http=True),
        Architecture(16, "UEFI x64, HTTP boot", _UEFI, Cpu.X86_64, http=True),
        Architecture(17, "UEFI x64 (announced as EBC), HTTP boot", _UEFI, Cpu.X86_64, http=True),
        Architecture(18, "UEFI 32-bit ARM, HTTP boot", _UEFI, Cpu.ARM32, http=True),
        Architecture(19, "UEFI arm64, HTTP boot", _UEFI, Cpu.ARM64, http=True),
        Architecture(20, "BIOS, HTTP boot", _BIOS, Cpu.X86_64, http=True),
        Architecture(21, "U-Boot 32-bit ARM", _UBOOT, Cpu.ARM32),
        Architecture(22, "U-Boot arm64", _UBOOT, Cpu.ARM64),
        Architecture(23, "U-Boot 32-bit ARM, HTTP boot", _UBOOT, Cpu.ARM32, http=True),
        Architecture(24, "U-Boot arm64, HTTP boot", _UBOOT, Cpu.ARM64, http=True),
        Architecture(25, "UEFI RISC-V 32-bit", _UEFI, Cpu.RISCV32),
        Architecture(26, "UEFI RISC-V 32-bit, HTTP boot", _UEFI, Cpu.RISCV32, http=True),
        Architecture(27, "UEFI RISC-V 64-bit", _UEFI, Cpu.RISCV64),
        Architecture(28, "UEFI RISC-V 64-bit, HTTP boot", _UEFI, Cpu.RISCV64, http=True),
        Architecture(29, "UEFI RISC-V 128-bit", _OTHER, None),
        Architecture(30, "UEFI RISC-V 128-bit, HTTP boot", _OTHER, None, http=True),
        Architecture(31, "s390 basic", _OTHER, None),
        Architecture(32, "s390 extended", _OTHER, None),
        Architecture(33, "UEFI MIPS 32-bit", _OTHER, None),
        Architecture(34, "UEFI MIPS 64-bit", _OTHER, None),
        Architecture(35, "UEFI Sunway 32-bit", _OTHER, None),
        Architecture(36, "UEFI Sunway 64-bit", _OTHER, None),
        Architecture(37, "UEFI LoongArch 32-bit", _OTHER, None),
        Architecture(38, "UEFI LoongArch 32-bit, HTTP boot", _OTHER, None, http=True),
        Architecture(39, "UEFI LoongArch 64-bit", _UEFI, Cpu.LOONG64),
        Architecture(40, "UEFI LoongArch 64-bit, HTTP boot", _UEFI, Cpu.LOONG64, http=True),
        Architecture(41, "Raspberry Pi boot ROM", _OTHER, None),
    )
}

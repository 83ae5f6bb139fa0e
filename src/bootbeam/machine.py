"""The kinds of machines: instruction sets and firmware. Below every room, so that all share the same words."""

from enum import StrEnum


class Cpu(StrEnum):
    """An instruction set, in iPXE's words (its ``${buildarch}``)."""

    I386 = "i386"
    X86_64 = "x86_64"
    ARM32 = "arm32"
    ARM64 = "arm64"
    RISCV32 = "riscv32"
    RISCV64 = "riscv64"
    LOONG64 = "loong64"


class Firmware(StrEnum):
    """What runs on a machine before anything is loaded."""

    BIOS = "BIOS"
    UEFI = "UEFI"
    UBOOT = "U-Boot"
    OTHER = "other"


MACHINE_KINDS = {
    "bios": (Firmware.BIOS, Cpu.X86_64),
    "x64": (Firmware.UEFI, Cpu.X86_64),
    "ia32": (Firmware.UEFI, Cpu.I386),
    "arm32": (Firmware.UEFI, Cpu.ARM32),
    "arm64": (Firmware.UEFI, Cpu.ARM64),
    "riscv64": (Firmware.UEFI, Cpu.RISCV64),
    "loong64": (Firmware.UEFI, Cpu.LOONG64),
}
"""A word for each kind of machine that is booted: in paths, and for people to type."""


class SecureBootPolicy(StrEnum):
    """When a UEFI machine gets the signed chain of programs. Nothing it asks with tells whether Secure Boot is on."""

    AUTO = "auto"
    """Once it has loaded iPXE and did not start it."""
    ALWAYS = "always"
    NEVER = "never"


class PxeVendorOptions(StrEnum):
    """What option 43 of a PXE answer tells firmware to do."""

    NONE = "none"
    """There is no option 43: ask port 4011 for the file."""
    TAKE_FILE = "take-file"
    """``06 01 08``: take the file named here, with no menu and no further question."""
    MENU = "menu"
    """A boot menu of one entry, taken at once."""

"""The processors an image can be made for, in iPXE's words (its ``${buildarch}``)."""

from enum import StrEnum


class Cpu(StrEnum):
    """A processor architecture that network boot firmware exists for."""

    I386 = "i386"
    X86_64 = "x86_64"
    ARM32 = "arm32"
    ARM64 = "arm64"
    RISCV64 = "riscv64"
    LOONG64 = "loong64"

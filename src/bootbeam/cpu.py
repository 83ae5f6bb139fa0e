"""The instruction sets bootbeam knows, in the names Linux and iPXE use. Below every room, so that all share them."""

from enum import StrEnum


class Cpu(StrEnum):
    """An instruction set."""

    I386 = "i386"
    X86_64 = "x86_64"
    ARM32 = "arm32"
    ARM64 = "arm64"
    RISCV32 = "riscv32"
    RISCV64 = "riscv64"
    LOONG64 = "loong64"

"""A riscv64 machine with UEFI: Debian 13's firmware, in an emulator that is older than it.

QEMU before 8.1 starts what is in the first flash chip in machine mode, below SBI, where EDK2 does not run. So SBI
starts a program of two instructions as if it were a kernel, which goes on to EDK2 in the flash.
"""

import struct
from pathlib import Path

from bootbeam.lab.firmware import Firmware
from bootbeam.lab.foreign import fetch_from_package
from bootbeam.lab.initrd import RISCV64_RELEASE

FIRMWARE_PACKAGE = "qemu-efi-riscv64"
FLASH_ADDRESS = 0x2000_0000
"""The first of the two chips of QEMU's "virt"; the other, with EDK2's settings, comes after it."""
FLASH_CHIP_BYTES = 0x200_0000
_T0 = 5


def encode_jump(address: int) -> bytes:
    """``lui t0, address; jr t0`` (The RISC-V Instruction Set Manual, §2.4 and §2.5); ``address`` is a whole page."""
    load = address | _T0 << 7 | 0x37
    jump = _T0 << 15 | 0x67
    return struct.pack("<II", load, jump)


def make_riscv64_firmware(directory: Path, cache: Path) -> Firmware:
    """The machine, its parts in ``directory``; ``cache`` keeps what is downloaded.

    Raises:
        UserError: the firmware cannot be had.
    """
    code, variables = (
        fetch_from_package(
            cache, FIRMWARE_PACKAGE, "", f"usr/share/qemu-efi-riscv64/RISCV_VIRT_{part}.fd", RISCV64_RELEASE
        )
        for part in ("CODE", "VARS")
    )
    jump = directory / "jump.bin"
    jump.write_bytes(encode_jump(FLASH_ADDRESS))
    return Firmware(
        name="EDK2 riscv64",
        emulator="qemu-system-riscv64",
        machine="virt",
        package="qemu-system-misc",
        nic_rom="",
        nic_models=("virtio-net-pci",),
        memory_mib=1024,
        takes_boot_order=False,  # edk2 of 2025 finds no card by it there, and goes to its shell
        arguments=(
            *("-bios", "default", "-kernel", str(jump)),
            *_loaded(code, FLASH_ADDRESS),
            *_loaded(variables, FLASH_ADDRESS + FLASH_CHIP_BYTES),
            *("-device", "virtio-rng-pci"),  # EDK2 of 2024 and later has no network without random numbers
        ),
    )


def _loaded(file: Path, address: int) -> tuple[str, str]:
    return "-device", f"loader,file={file},addr={address:#x},force-raw=on"

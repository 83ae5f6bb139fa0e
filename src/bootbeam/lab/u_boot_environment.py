"""U-Boot's settings as ``saveenv`` leaves them in flash: what a person once typed on a board's console.

Sources: U-Boot ``include/env_internal.h`` (``env_t``: a CRC-32 and ``NAME=VALUE`` strings, each ended by a zero), and
the configuration ``qemu_arm64`` (CONFIG_ENV_SIZE, the second flash chip).
"""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from bootbeam.errors import UserError
from bootbeam.lab.firmware import U_BOOT_PROGRAM

ENVIRONMENT_BYTES = 0x40000
FLASH_BYTES = 64 << 20
"""QEMU's "virt" takes a chip of exactly this size."""
_SOMEWHERE_INSIDE = b"\0bootcmd=run distro_bootcmd\0"


def default_environment(program: bytes) -> dict[str, str]:
    """The settings that are built into a U-Boot.

    Raises:
        UserError: it has none of the kind that distributions build in.
    """
    inside = program.find(_SOMEWHERE_INSIDE)
    if inside < 0:
        raise UserError(f"{U_BOOT_PROGRAM} has no boot order for distributions", "", "apt-get install u-boot-qemu")
    end = program.index(b"\0\0", inside)
    start = inside
    while b"=" in program[(before := program.rfind(b"\0", 0, start)) + 1 : start]:
        start = before
    settings = program[start + 1 : end].split(b"\0")
    return dict(setting.decode("ascii").split("=", 1) for setting in settings)


def encode_environment(settings: Mapping[str, str]) -> bytes:
    """The flash chip's first ``ENVIRONMENT_BYTES``."""
    strings = b"".join(f"{name}={value}".encode("ascii") + b"\0" for name, value in settings.items()) + b"\0"
    data = strings.ljust(ENVIRONMENT_BYTES - 4, b"\0")
    return struct.pack("<I", zlib.crc32(data)) + data


def write_flash(path: Path, changes: Mapping[str, str]) -> Path:
    """A flash chip with U-Boot's own settings and ``changes`` to them, as by ``setenv`` and ``saveenv``.

    Raises:
        UserError: U-Boot is not installed.
    """
    if not U_BOOT_PROGRAM.exists():
        raise UserError(f"{U_BOOT_PROGRAM} is not on this machine", "", "apt-get install u-boot-qemu")
    with path.open("wb") as flash:
        flash.write(encode_environment({**default_environment(U_BOOT_PROGRAM.read_bytes()), **changes}))
        flash.truncate(FLASH_BYTES)
    return path

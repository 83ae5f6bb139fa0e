import zlib
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab.firmware import U_BOOT_PROGRAM
from bootbeam.lab.u_boot_environment import (
    ENVIRONMENT_BYTES,
    FLASH_BYTES,
    default_environment,
    encode_environment,
    write_flash,
)


def test_the_settings_are_read_out_of_the_program() -> None:
    program = b"noise\0\xff\0arch=arm\0bootdelay=2\0bootcmd=run distro_bootcmd\0a=b=c\0\0more=x\0"
    assert default_environment(program) == {
        "arch": "arm",
        "bootdelay": "2",
        "bootcmd": "run distro_bootcmd",
        "a": "b=c",
    }
    with pytest.raises(UserError):
        default_environment(b"nothing")


def test_the_real_ones_have_the_boot_order_and_addresses() -> None:
    settings = default_environment(U_BOOT_PROGRAM.read_bytes())
    assert settings["boot_script_dhcp"] == "boot.scr.uimg"
    assert settings["kernel_addr_r"] == "0x40400000"
    assert "dhcp" in settings["boot_targets"]


def test_the_flash_chip(tmp_path: Path) -> None:
    data = encode_environment({"a": "1", "b": "2"})
    assert len(data) == ENVIRONMENT_BYTES
    assert data[4:].startswith(b"a=1\0b=2\0\0")
    assert int.from_bytes(data[:4], "little") == zlib.crc32(data[4:])
    flash = write_flash(tmp_path / "flash", {"bootdelay": "0"})
    assert flash.stat().st_size == FLASH_BYTES
    assert b"\0bootdelay=0\0" in flash.read_bytes()[:ENVIRONMENT_BYTES]

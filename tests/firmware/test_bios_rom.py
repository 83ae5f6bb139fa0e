"""A plain BIOS PXE ROM. None is to be had as a program, so its packets are played by ``tests.bios_rom``, which
follows PXE 2.1 to the letter, beside the same router and against the same station as the virtual PCs."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.initrd import command_line, make_linux_payload
from bootbeam.lab.lan import Lan
from tests.firmware.conftest import StartStation

pytestmark = pytest.mark.peer

PROJECT = Path(__file__).parents[2]
UNDIONLY = Path("/usr/lib/ipxe/undionly.kpxe")
PXELINUX = Path("/usr/lib/PXELINUX/pxelinux.0")
VARIANTS = [
    (),
    ("ignores_option_43",),
    ("ignores_option_43", "from_4011"),
    ("ignores_option_43", "inform"),
    ("ignores_option_43", "inform", "from_4011"),
    ("garbage",),
    ("no_guid", "backslash"),
    ("no_options",),
]


def boot(lan: Lan, number: int, directory: Path, *quirks: str) -> tuple[str, dict[str, Any]]:
    """Switch a machine with this ROM on; its MAC, and what it saw."""
    directory.mkdir()
    host = lan.add_host(f"rom{number}", f"192.168.1.{100 + number}")
    host.ip("address", "flush", "dev", "eth0")
    mac = f"52:54:00:b1:05:{number:02x}"
    host.ip("link", "set", "eth0", "address", mac)
    host.ip("link", "set", "eth0", "up")
    host.ip("route", "add", "default", "dev", "eth0")
    command = ("env", f"PYTHONPATH={PROJECT}", sys.executable, "-m", "tests.bios_rom", mac, str(directory), *quirks)
    told: dict[str, Any] = json.loads(host.run(*command))
    return mac, told


def test_a_plain_bios_rom_gets_ipxe_whole(lan: Lan, start_station: StartStation, tmp_path: Path) -> None:
    script = tmp_path / "hello.ipxe"
    script.write_text("#!ipxe\necho hello\n")
    station = start_station(script)
    for number, quirks in enumerate(VARIANTS):
        mac, told = boot(lan, number, tmp_path / f"rom{number}", *quirks)
        assert "failed" not in told, (quirks, told)
        assert told["asked_4011"] == ("ignores_option_43" in quirks)
        assert (told["file"], told["server"]) == ("bios/undionly.kpxe", "192.168.1.50")
        assert (tmp_path / f"rom{number}" / "nbp").read_bytes() == UNDIONLY.read_bytes()
        station.wait_for(EventKind.TRANSFER_FINISHED, 20, mac=mac)
        kinds = [event.kind for event in station.events(mac)]
        assert (EventKind.BOOT_SERVER_ACKNOWLEDGED in kinds) == told["asked_4011"]
        assert (EventKind.SIZE_PROBED in kinds) == ("no_options" not in quirks)
        assert EventKind.TRANSFER_FAILED not in kinds, "breaking off a question for the size is no failure"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["linux", "multiboot", "multiboot2", "efi", "iso", "disk", "script"])
def test_a_plain_bios_rom_gets_ipxe_whole_whatever_is_served(
    request: pytest.FixtureRequest, lan: Lan, start_station: StartStation, tmp_path: Path, kind: str
) -> None:
    """It has no screen of its own to say anything on: what cannot boot is told by the iPXE that it gets."""
    payload = make_linux_payload(tmp_path)
    medium = MediumSpec(payload, command_line("0"))
    match kind:
        case "linux":
            image = payload.kernel
        case "iso":
            image = make_boot_iso(tmp_path / "cd.iso", medium)
        case "disk":
            image = make_disk_image(tmp_path / "whole.img", medium)
        case "script":
            image = tmp_path / "hello.ipxe"
            image.write_text("#!ipxe\necho hello\n")
        case _:
            named = {"efi": "efi_application", "multiboot": "multiboot_elf", "multiboot2": "multiboot2_elf"}
            image = request.getfixturevalue(named[kind])
    start_station(image)
    for number, quirks in enumerate([(), ("ignores_option_43",)]):
        _, told = boot(lan, number, tmp_path / f"rom{number}", *quirks)
        assert (told.get("failed"), told["file"]) == (None, "bios/undionly.kpxe")
        assert (tmp_path / f"rom{number}" / "nbp").read_bytes() == UNDIONLY.read_bytes()


def test_a_plain_bios_rom_gets_pxelinux_out_of_a_tree(lan: Lan, start_station: StartStation, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "syslinux").mkdir(parents=True)
    shutil.copy(PXELINUX, tree / "syslinux")
    shutil.copy(PXELINUX, tree / "syslinux" / "bootx64.efi")  # no name makes an EFI program of it
    start_station("--tree", tree)
    for number, quirks in enumerate([(), ("ignores_option_43",), ("backslash", "garbage")]):
        _, told = boot(lan, number, tmp_path / f"rom{number}", *quirks)
        assert (told["file"], told["server"]) == ("syslinux/pxelinux.0", "192.168.1.50")
        assert (tmp_path / f"rom{number}" / "nbp").read_bytes() == PXELINUX.read_bytes()


def test_without_a_boot_server_this_rom_says_what_such_roms_say(lan: Lan, tmp_path: Path) -> None:
    _, told = boot(lan, 0, tmp_path / "rom")
    assert told == {"failed": "PXE-E53: No boot filename received"}

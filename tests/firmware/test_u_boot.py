"""U-Boot on arm64, beside a router that knows nothing of booting: its own PXE, told once where the station is."""

import re
import secrets
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.firmware import U_BOOT
from bootbeam.lab.initrd import command_line, expected_marker, make_arm64_linux_payload, make_linux_payload
from bootbeam.lab.lan import ROUTER_ADDRESS
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import make_arm64_efi_application
from bootbeam.lab.u_boot_environment import write_flash
from bootbeam.machine import Cpu
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(200)]

BOOT_TIMEOUT_S = 80.0
PXELINUX = Path("/usr/lib/PXELINUX/pxelinux.0")
SETTING = ("boot_script_dhcp", "192.168.1.50:boot.scr.uimg")


def test_u_boot_that_was_told_once_where_the_station_is_reaches_userland_by_itself(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_arm64_linux_payload(tmp_path, CACHE_DIR)
    station = start_station(
        *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce, Cpu.ARM64))
    )
    told = replace(U_BOOT, variables=write_flash(tmp_path / "flash.fd", dict([SETTING])))
    pc = power_on(PcSpec("pc", told, nic_model="e1000"))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    events = station.events(pc.mac)
    assert events[0].kind is EventKind.CLIENT_SEEN
    assert (events[0].facts["kind_of_client"], events[0].facts["architecture"]) == ("u-boot", 22)
    sent = [str(event.facts["file"]) for event in events if event.kind is EventKind.TRANSFER_FINISHED]
    assert sent[0] == "boot.scr.uimg"
    assert sent[1] == f"pxelinux.cfg/01-{pc.mac.replace(':', '-')}"
    assert {name.rpartition("/")[2] for name in sent[2:]} == {"linux", "initrd.img"}
    [script] = [event.facts for event in events if event.kind is EventKind.SCRIPT_SENT]
    assert script["loader"] == "U-Boot"


def test_u_boot_that_was_not_told_asks_the_router_and_the_log_says_what_to_type(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    payload = make_arm64_linux_payload(tmp_path, CACHE_DIR)
    station = start_station("--kernel", payload.kernel, "--initrd", payload.initrd)
    pc = power_on(PcSpec("pc", U_BOOT, nic_model="e1000"))
    pc.wait_for(rf"TFTP from server {ROUTER_ADDRESS}", BOOT_TIMEOUT_S)
    said = station.wait_for(EventKind.FIRST_PROGRAM_DOUBTFUL, 10, mac=pc.mac).facts
    assert "server that gives its address" in str(said["remark"])
    assert f"setenv {' '.join(SETTING)}; saveenv; boot" in str(said["fix"])


@pytest.mark.finding("BB-082")
def test_what_u_boot_cannot_start_is_told_on_its_console(
    start_station: StartStation, power_on: PowerOn, multiboot_elf: Path, tmp_path: Path
) -> None:
    station = start_station(multiboot_elf)
    told = replace(U_BOOT, variables=write_flash(tmp_path / "flash.fd", dict([SETTING])))
    pc = power_on(PcSpec("pc", told, nic_model="e1000"))
    pc.wait_for(r"bootbeam: tiny\.elf cannot boot on this machine", BOOT_TIMEOUT_S)
    pc.wait_for(r"U-Boot on 64-bit ARM", 60)
    pc.wait_for(r"finding BB-082", 60)
    station.wait_for(EventKind.FINDING, 10, mac=pc.mac)


@pytest.mark.slow
@pytest.mark.finding("BB-082")
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("multiboot2", "it is a Multiboot 2 kernel started by GRUB, which needs BIOS or UEFI firmware"),
        ("efi", "it is an EFI application, which needs UEFI firmware"),
        ("iso", "the boot loader in it is for BIOS and for UEFI on"),
        ("disk", "the boot loader in it is for BIOS and for UEFI on"),
        ("script", "it is an iPXE script, which U-Boot cannot start"),
    ],
    ids=["multiboot2", "efi", "iso", "disk", "script"],
)
def test_images_of_every_kind_that_u_boot_cannot_start_are_told_on_its_console(
    request: pytest.FixtureRequest, start_station: StartStation, power_on: PowerOn, tmp_path: Path, kind: str, why: str
) -> None:
    medium = MediumSpec(make_linux_payload(tmp_path), command_line("0"))
    match kind:
        case "multiboot2":
            image: Path = request.getfixturevalue("multiboot2_elf")
        case "efi":
            image = make_arm64_efi_application(tmp_path / "tiny.efi")
        case "iso":
            image = make_boot_iso(tmp_path / "cd.iso", medium)
        case "disk":
            image = make_disk_image(tmp_path / "whole.img", medium)
        case _:
            image = tmp_path / "own.ipxe"
            image.write_text("#!ipxe\nshell\n")
    station = start_station(image)
    told = replace(U_BOOT, variables=write_flash(tmp_path / "flash.fd", dict([SETTING])))
    pc = power_on(PcSpec("pc", told, nic_model="e1000"))
    pc.wait_for(rf"bootbeam: {re.escape(image.name)} cannot boot on this machine", BOOT_TIMEOUT_S)
    pc.wait_for(r"finding BB-082", 60)
    assert re.search(rf"{why}.* U-Boot on 64-bit ARM", " ".join(pc.console.split()))
    station.wait_for(EventKind.FINDING, 10, mac=pc.mac)


@pytest.mark.slow
def test_u_boot_that_was_told_once_boots_out_of_a_tree(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    """What the log says to type, kept as its boot command."""
    nonce = secrets.token_hex(8)
    payload = make_arm64_linux_payload(tmp_path, CACHE_DIR)
    tree = tmp_path / "tree"
    (tree / "pxelinux.cfg").mkdir(parents=True)
    shutil.copy(PXELINUX, tree)
    shutil.copyfile(payload.kernel, tree / "linux")
    payload.initrd.rename(tree / "initrd.img")
    (tree / "pxelinux.cfg" / "default").write_text(
        f"DEFAULT linux\nLABEL linux\n KERNEL linux\n INITRD initrd.img\n APPEND {command_line(nonce, Cpu.ARM64)}\n"
    )
    station = start_station("--tree", tree)
    typed = "setenv autoload no; dhcp; setenv serverip 192.168.1.50; pxe get; pxe boot"
    told = replace(U_BOOT, variables=write_flash(tmp_path / "flash.fd", {"bootcmd": typed}))
    pc = power_on(PcSpec("pc", told, nic_model="e1000"))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    events = station.events(pc.mac)
    advice = next(str(event.facts["fix"]) for event in events if event.facts.get("fix"))
    assert typed.replace("192.168.1.50", "STATION") in advice or typed in advice
    fetched = [str(event.facts["file"]) for event in events if event.kind is EventKind.TRANSFER_FINISHED]
    assert (fetched[0], sorted(fetched[1:])) == ("pxelinux.cfg/default", ["initrd.img", "linux"])

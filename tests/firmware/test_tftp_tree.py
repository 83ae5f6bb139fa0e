"""A TFTP tree that somebody has already, served as it is: ``bootbeam serve --tree DIR``."""

import secrets
import shutil
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.firmware import OVMF, SEABIOS, Firmware
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import fnv1a
from tests.firmware.conftest import PowerOn, StartStation
from tests.firmware.test_more_cells import SCRIPT

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(200)]

BOOT_TIMEOUT_S = 60.0
OTHER_TIMEOUT_S = 150.0
IPXE_KERNEL = Path("/usr/lib/ipxe/ipxe.lkrn")
MEMDISK = Path("/usr/lib/syslinux/memdisk")
PXELINUX = Path("/usr/lib/PXELINUX/pxelinux.0")
LDLINUX = Path("/usr/lib/syslinux/modules/bios/ldlinux.c32")


def write_kernel(tree: Path, directory: str = "boot") -> None:
    payload = make_linux_payload(tree)
    (tree / directory).mkdir()
    shutil.copy(payload.kernel, tree / directory / "linux")
    payload.initrd.rename(tree / directory / "initrd.img")


def test_pxelinux_started_by_a_network_cards_rom_boots_what_its_configuration_says(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    tree = tmp_path / "tree"
    (tree / "pxelinux.cfg").mkdir(parents=True)
    shutil.copy(PXELINUX, tree)
    shutil.copy(LDLINUX, tree)
    write_kernel(tree)
    station = start_station("--tree", tree)
    # Written while the station runs, as people do.
    (tree / "pxelinux.cfg" / "default").write_text(
        "SERIAL 0\nDEFAULT linux\nLABEL linux\n KERNEL boot/linux\n INITRD boot/initrd.img\n"
        f" APPEND {command_line(nonce)}\n"
    )
    pc = power_on(PcSpec("pc", SEABIOS))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    events = station.events(pc.mac)
    offered = next(event for event in events if event.kind is EventKind.OFFERED)
    assert (offered.facts["what"], offered.facts["file"]) == ("loader", "pxelinux.0")
    fetched = [str(event.facts["file"]) for event in events if event.kind is EventKind.TRANSFER_FINISHED]
    assert fetched == ["pxelinux.0", "ldlinux.c32", "pxelinux.cfg/default", "boot/linux", "boot/initrd.img"]
    refused = [event.facts for event in events if event.kind is EventKind.FILE_REFUSED]
    assert len(refused) >= 9, "a UUID, a MAC, eight prefixes of its address"
    assert all(facts["is_searched"] for facts in refused)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["multiboot", "iso", "disk", "script"])
def test_pxelinux_out_of_a_tree_starts_other_images_by_its_own_modules(
    start_station: StartStation, power_on: PowerOn, multiboot_elf: Path, tmp_path: Path, kind: str
) -> None:
    """What people have in such trees: mboot.c32, memdisk, and iPXE as a kernel with its script as the initrd."""
    nonce = secrets.token_hex(8)
    medium = MediumSpec(make_linux_payload(tmp_path), command_line(nonce))
    lines: tuple[str, ...]
    marker = expected_marker(nonce)
    tree = tmp_path / "tree"
    (tree / "pxelinux.cfg").mkdir(parents=True)
    for program in (PXELINUX, LDLINUX, *(LDLINUX.parent / name for name in ("mboot.c32", "libcom32.c32")), MEMDISK):
        shutil.copy(program, tree)
    match kind:
        case "multiboot":
            shutil.copy(multiboot_elf, tree / "tiny.elf")
            lines = ("KERNEL mboot.c32", f"APPEND tiny.elf {nonce}")
            marker = rf"^multiboot cmdline: (.*{nonce})\nmultiboot hash: (\w{{8}})$"
        case "iso":
            make_boot_iso(tree / "cd.iso", medium)
            lines = ("KERNEL memdisk", "INITRD cd.iso", "APPEND iso raw")
        case "disk":
            make_disk_image(tree / "whole.img", medium)
            lines = ("KERNEL memdisk", "INITRD whole.img", "APPEND harddisk raw")
        case _:
            shutil.copy(IPXE_KERNEL, tree / "ipxe.krn")  # a name that makes it a Linux kernel for PXELINUX
            (tree / "own.ipxe").write_text(SCRIPT)
            lines = ("KERNEL ipxe.krn", "INITRD own.ipxe")
            marker = r"script ran on i386 pcbios +0x2a\b"  # it has opened no network card, and so knows no address
    config = "\n ".join(("SERIAL 0\nDEFAULT image\nLABEL image", *lines))
    (tree / "pxelinux.cfg" / "default").write_text(f"{config}\n")
    start_station("--tree", tree)
    proof = power_on(PcSpec("pc", SEABIOS)).wait_for(marker, OTHER_TIMEOUT_S)
    if kind == "multiboot":
        assert proof[2] == fnv1a(proof[1].encode())


@pytest.mark.parametrize("firmware", [OVMF, OVMF.without_pxe], ids=["pxe", "http-boot"])
def test_a_trees_own_shim_and_grub_boot_a_uefi_machine(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path, firmware: Firmware
) -> None:
    nonce = secrets.token_hex(8)
    tree = tmp_path / "tree"
    (tree / "grub").mkdir(parents=True)
    for pattern, name in (("shimx64.efi.signed", "shimx64.efi"), ("grubnetx64.efi.signed", "grubx64.efi")):
        [program] = fetched_loaders.rglob(pattern)
        shutil.copy(program, tree / name)
    write_kernel(tree)
    (tree / "grub" / "grub.cfg").write_text(f"linux /boot/linux {command_line(nonce)}\ninitrd /boot/initrd.img\nboot\n")
    shutil.copy(PXELINUX, tree)
    station = start_station("--tree", tree)
    pc = power_on(PcSpec("pc", firmware))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    events = station.events(pc.mac)
    fetched = [str(event.facts["file"]) for event in events if event.kind is EventKind.TRANSFER_FINISHED]
    assert fetched[:2] == ["shimx64.efi", "grubx64.efi"]
    assert fetched[-3:] == ["grub/grub.cfg", "boot/linux", "boot/initrd.img"]
    refused = [event.facts for event in events if event.kind is EventKind.FILE_REFUSED]
    assert [facts["file"] for facts in refused if not facts["is_searched"]] == []
    assert not [event for event in events if event.kind is EventKind.FINDING]

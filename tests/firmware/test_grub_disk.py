"""``bootbeam grub``: a PC that boots from its own disk's GRUB, and from there over the network from the station."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.grub_disk import make_grub_disk
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.lan import STATION_ADDRESS
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import fnv1a
from tests.firmware.conftest import PowerOn, StartStation
from tests.firmware.test_more_cells import SCRIPT

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

BOOT_TIMEOUT_S = 120.0
NONCE = "96ab96ab"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "files"


def write_grub_files(image: Path, output: Path) -> str:
    """Run the real command; returns what it says."""
    command = [sys.executable, "-m", "bootbeam", "grub", str(image), "--server", STATION_ADDRESS]
    done = subprocess.run(
        [*command, "--output", str(output)],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_disk(output: Path, tmp_path: Path) -> Path:
    """The disk of a PC whose person copied every file to where the command says it goes."""
    return make_grub_disk(tmp_path / "disk.img", output / "boot", output / "esp")


def test_bios_grub_starts_ipxe_as_a_linux_kernel_into_a_multiboot_elf_over_http(
    start_station: StartStation, power_on: PowerOn, multiboot_elf: Path, output: Path, tmp_path: Path
) -> None:
    said = write_grub_files(multiboot_elf, output)
    assert "/boot" in said
    assert (output / "boot" / "tiny.elf.ipxe").read_text().startswith("#!ipxe\n")
    menu = (output / "boot/grub/custom.cfg").read_text()
    assert "linux16 /ipxe.lkrn" in menu
    assert "initrd16 /tiny.elf.ipxe" in menu

    station = start_station(multiboot_elf)
    pc = power_on(PcSpec("pc", SEABIOS, disk=make_disk(output, tmp_path)))
    proof = pc.wait_for(r"^multiboot cmdline: (.*)\nmultiboot hash: (\w{8})$", BOOT_TIMEOUT_S)
    assert f"http://{STATION_ADDRESS}:8080/" in proof[1]
    assert proof[2] == fnv1a(proof[1].encode())
    assert "GRUB" in pc.console
    transfers = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
    assert {facts["protocol"] for facts in transfers} == {"http"}, "nothing comes by TFTP: iPXE is on the disk"
    assert transfers[-1]["size_bytes"] == multiboot_elf.stat().st_size


def test_uefi_grub_chains_ipxe_into_an_efi_application(
    start_station: StartStation, power_on: PowerOn, efi_application: Path, output: Path, tmp_path: Path
) -> None:
    write_grub_files(efi_application, output)
    assert "chainloader" in (output / "boot/grub/custom.cfg").read_text()

    station = start_station(efi_application)
    pc = power_on(PcSpec("pc", OVMF, disk=make_disk(output, tmp_path)))
    proof = pc.wait_for(r"^efi options: (.*)\n+efi hash: (\w{8})$", BOOT_TIMEOUT_S)
    assert proof[2] == fnv1a(proof[1].encode())
    assert "GRUB" in pc.console
    pc.wait_off(20)
    transfers = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
    assert {facts["protocol"] for facts in transfers} == {"http"}, "nothing comes by TFTP: iPXE is on the disk"


def test_a_boot_directory_on_the_systems_own_partition_works_too(
    start_station: StartStation, power_on: PowerOn, multiboot_elf: Path, output: Path, tmp_path: Path
) -> None:
    """Where /boot is no partition of its own, GRUB sees the files in the directory /boot."""
    write_grub_files(multiboot_elf, output)
    root = tmp_path / "root"
    shutil.copytree(output / "boot", root / "boot")
    shutil.move(root / "boot/grub", root / "grub")  # where the lab's disk keeps GRUB's own files
    disk = make_grub_disk(tmp_path / "disk.img", root, output / "esp")

    start_station(multiboot_elf)
    pc = power_on(PcSpec("pc", SEABIOS, disk=disk))
    pc.wait_for(r"^multiboot hash: \w{8}$", BOOT_TIMEOUT_S)
    assert "error:" not in pc.console, "an error of GRUB's waits for a key"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["linux", "multiboot2", "iso", "disk", "script"])
def test_bios_grub_boots_what_the_station_has_by_its_own_ipxe(
    start_station: StartStation, power_on: PowerOn, multiboot2_elf: Path, output: Path, tmp_path: Path, kind: str
) -> None:
    payload = make_linux_payload(tmp_path)
    cmdline, marker = command_line(NONCE), expected_marker(NONCE)
    arguments: tuple[str | Path, ...] = ()
    match kind:
        case "linux":
            image, arguments = payload.kernel, ("--initrd", payload.initrd, "--cmdline", cmdline)
        case "multiboot2":
            image, arguments = multiboot2_elf, ("--cmdline", NONCE)
            marker = rf"^multiboot2 cmdline: {NONCE}\nmultiboot2 hash: {fnv1a(NONCE.encode())}$"
        case "iso":
            image = make_boot_iso(tmp_path / "cd.iso", MediumSpec(payload, cmdline))
        case "disk":
            image = make_disk_image(tmp_path / "whole.img", MediumSpec(payload, cmdline))
        case _:
            image = tmp_path / "own.ipxe"
            image.write_text(SCRIPT)
            marker = r"script ran on i386 pcbios 52:54:\S+ 0x2a\b"
    write_grub_files(image, output)
    station = start_station("--kernel", image, *arguments) if arguments else start_station(image)
    pc = power_on(PcSpec("pc", SEABIOS, disk=make_disk(output, tmp_path)))
    pc.wait_for(marker, BOOT_TIMEOUT_S)
    transfers = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
    assert {facts["protocol"] for facts in transfers} <= {"http"}, "nothing comes by TFTP: iPXE is on the disk"


@pytest.mark.slow
@pytest.mark.finding("BB-082")
def test_bios_grub_says_why_an_efi_application_does_not_boot(
    start_station: StartStation, power_on: PowerOn, efi_application: Path, output: Path, tmp_path: Path
) -> None:
    write_grub_files(efi_application, output)
    station = start_station(efi_application)
    pc = power_on(PcSpec("pc", SEABIOS, disk=make_disk(output, tmp_path)))
    pc.wait_for("Press any key", BOOT_TIMEOUT_S)
    assert "it is an EFI application, which needs UEFI firmware" in " ".join(pc.console.split())
    station.wait_for(EventKind.FINDING, 10, mac=pc.mac)

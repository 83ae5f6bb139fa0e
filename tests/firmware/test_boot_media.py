"""Disk images and ISOs that nobody has a recipe for, started by their own boot loaders, read over the network."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.firmware import OVMF, OVMF_SECURE_BOOT, SEABIOS, Firmware
from bootbeam.lab.initrd import LinuxPayload, command_line, expected_marker, make_linux_payload
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.station import StationProcess
from bootbeam.machine import Firmware as FirmwareKind
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

BOOT_TIMEOUT_S = 150.0
NONCE = "c0ffee1234"
ONLY_BIOS, ONLY_UEFI = frozenset({FirmwareKind.BIOS}), frozenset({FirmwareKind.UEFI})


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> LinuxPayload:
    return make_linux_payload(tmp_path_factory.mktemp("payload"))


def block_reads(station: StationProcess, pc: VirtualMachine) -> int:
    reads = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.BLOCKS_READ]
    return int(str(reads[-1]["requests"])) if reads else 0


def test_a_disk_image_boots_by_its_own_loader_on_both_firmwares(
    start_station: StartStation, power_on: PowerOn, payload: LinuxPayload, tmp_path: Path
) -> None:
    station = start_station(make_disk_image(tmp_path / "disk.img", MediumSpec(payload, command_line(NONCE))))
    for pc in [power_on(PcSpec("bios", SEABIOS)), power_on(PcSpec("uefi", OVMF))]:
        pc.wait_for(expected_marker(NONCE), BOOT_TIMEOUT_S)
        assert block_reads(station, pc) > 0


def test_an_unknown_iso_boots_by_its_own_loader_on_both_firmwares(
    start_station: StartStation, power_on: PowerOn, payload: LinuxPayload, tmp_path: Path
) -> None:
    station = start_station(make_boot_iso(tmp_path / "unknown.iso", MediumSpec(payload, command_line(NONCE))))
    for pc in [power_on(PcSpec("bios", SEABIOS)), power_on(PcSpec("uefi", OVMF))]:
        pc.wait_for(expected_marker(NONCE), BOOT_TIMEOUT_S)
        assert block_reads(station, pc) > 0


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_disk_image, make_boot_iso], ids=["disk", "iso"])
def test_media_boot_with_newer_loaders_too(
    start_station: StartStation,
    power_on: PowerOn,
    payload: LinuxPayload,
    fetched_loaders: Path,
    tmp_path: Path,
    make: Callable[[Path, MediumSpec], Path],
) -> None:
    """Debian 13's iPXE, which starts from a drive in another way than that of 2019; and iPXE as undionly.kpxe."""
    medium = make(
        tmp_path / f"medium.{'img' if make is make_disk_image else 'iso'}", MediumSpec(payload, command_line(NONCE))
    )
    start_station(medium, "--loaders", fetched_loaders)
    pc = power_on(PcSpec("uefi", OVMF))
    pc.wait_for(expected_marker(NONCE), BOOT_TIMEOUT_S)


@pytest.mark.finding("BB-082")
@pytest.mark.parametrize(
    ("make", "only", "firmware", "why", "fix"),
    [
        (make_disk_image, ONLY_UEFI, SEABIOS, "is for UEFI", "switch the machine to UEFI"),
        (make_boot_iso, ONLY_BIOS, OVMF, "is for BIOS", "EFI/BOOT/BOOTX64.EFI"),
    ],
    ids=["uefi-disk-on-bios", "bios-iso-on-uefi"],
)
@pytest.mark.slow
def test_a_medium_for_the_other_firmware_says_so_on_the_machines_own_screen(
    start_station: StartStation,
    power_on: PowerOn,
    payload: LinuxPayload,
    tmp_path: Path,
    make: Callable[[Path, MediumSpec], Path],
    only: frozenset[FirmwareKind],
    firmware: Firmware,
    why: str,
    fix: str,
) -> None:
    medium = make(tmp_path / "medium.img", MediumSpec(payload, command_line(NONCE), only))
    station = start_station(medium)
    pc = power_on(PcSpec("pc", firmware))
    shown = station.wait_for(EventKind.MESSAGE_SHOWN, BOOT_TIMEOUT_S, mac=pc.mac)
    assert why in str(shown.facts["why"])
    assert fix in str(shown.facts["fix"])
    pc.wait_for("Press any key", 60)
    screen = " ".join(pc.console.split())
    for fact in ("title", "why", "fix"):
        assert " ".join(str(shown.facts[fact]).split()) in screen
    assert block_reads(station, pc) == 0


@pytest.mark.slow
def test_with_secure_boot_on_http_boot_gets_the_whole_disk_image(
    start_station: StartStation, power_on: PowerOn, payload: LinuxPayload, old_signed_loaders: Path, tmp_path: Path
) -> None:
    """The firmware makes a RAM disk of it and checks its shim; nothing of the station's is started."""
    spec = MediumSpec(payload, command_line(NONCE), signed_loaders=old_signed_loaders)
    disk = make_disk_image(tmp_path / "disk.raw", spec)
    station = start_station(disk, "--secure-boot", "always", "--loaders", old_signed_loaders)
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT.without_pxe))
    pc.wait_for(expected_marker(NONCE), BOOT_TIMEOUT_S)
    assert "UEFI Secure Boot is enabled" in pc.console, "the kernel's own words"
    sent = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
    assert [(facts["file"], facts["size_bytes"]) for facts in sent] == [("disk.raw", disk.stat().st_size)]

"""A hypervisor by its UEFI loader, as BitVisor starts: the loader opens the hypervisor's file beside itself and comes
back, and the machine goes on to its own disk. On BIOS the same station starts the hypervisor itself, by Multiboot."""

from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import HYPERVISOR_NAME, fnv1a, make_hypervisor_loader, make_multiboot_elf
from tests.firmware.conftest import PowerOn, StartStation
from tests.firmware.test_own_disk import behind_the_network, make_uefi_disk

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

BOOT_TIMEOUT_S = 120.0


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """The directory that a hypervisor is built in."""
    directory = tmp_path / "build"
    directory.mkdir()
    make_hypervisor_loader(directory / "loader.efi")
    elf = make_multiboot_elf(directory / HYPERVISOR_NAME)
    with elf.open("ab") as file:
        file.write(bytes(range(256)) * 400)  # more than the loader reads at once, as a real one with its symbols
    return directory


def test_a_hypervisors_loader_finds_its_file_and_then_the_own_disk_boots(
    start_station: StartStation, power_on: PowerOn, build: Path, efi_application: Path, tmp_path: Path
) -> None:
    station = start_station(build)
    disk = make_uefi_disk(tmp_path / "disk.img", efi_application)
    pc = power_on(PcSpec("uefi", OVMF, extra_arguments=behind_the_network(disk)))
    hypervisor = (build / HYPERVISOR_NAME).read_bytes()
    pc.wait_for(rf"^companion size: {len(hypervisor):08x}\n+companion hash: {fnv1a(hypervisor)}$", BOOT_TIMEOUT_S)
    started = pc.wait_for(r"^efi options: (.*)\n+efi hash: (\w{8})$", BOOT_TIMEOUT_S)
    assert started[2] == fnv1a(started[1].encode()), "the disk's own program ran"
    # Begun, not finished: iPXE starts the last of them without acknowledging its end, now and then much of it.
    files = [str(event.facts["file"]) for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_STARTED]
    assert [file for file in files if not file.startswith("x64/")] == [
        "loader.efi",
        HYPERVISOR_NAME,
        "grub/x86_64-efi/bootbeam.local/grub.efi",
    ], "once, and not again by the firmware's other network entries"


def test_on_bios_the_same_station_starts_the_hypervisor_itself(
    start_station: StartStation, power_on: PowerOn, build: Path
) -> None:
    start_station(build / "loader.efi", build / HYPERVISOR_NAME)
    pc = power_on(PcSpec("bios", SEABIOS))
    proof = pc.wait_for(r"^multiboot cmdline: (.*)\nmultiboot hash: (\w{8})$", BOOT_TIMEOUT_S)
    assert proof[1].split("?")[0].endswith(f"/{HYPERVISOR_NAME}")
    assert proof[2] == fnv1a(proof[1].encode())

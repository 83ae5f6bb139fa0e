"""Each kind of image on the firmware it is for, and what a person sees on the firmware it is not for."""

import re
from pathlib import Path

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS, Firmware
from bootbeam.lab.lan import STATION_ADDRESS
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.payload import fnv1a
from bootbeam.lab.station import StationProcess
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

BOOT_TIMEOUT_S = 100.0
MULTIBOOT_PROOF = r"^multiboot cmdline: (.*)\n(?:multiboot module: (.*) hash (\w{8})\n)?multiboot hash: (\w{8})$"


def words(text: str) -> str:
    """``text`` with every run of white space, line breaks of a narrow screen included, as one space."""
    return " ".join(text.split())


def sent_files(station: StationProcess, pc: VirtualMachine) -> list[Event]:
    return [event for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]


@pytest.mark.parametrize("nic_models", [("virtio-net-pci", "e1000"), ("rtl8139",)], ids=["virtio-e1000", "rtl8139"])
def test_a_multiboot_elf_boots_on_bios_by_the_network_cards_rom(
    start_station: StartStation, power_on: PowerOn, multiboot_elf: Path, nic_models: tuple[str, ...]
) -> None:
    station = start_station(multiboot_elf)
    for pc in [power_on(PcSpec(model, SEABIOS, nic_model=model)) for model in nic_models]:
        proof = pc.wait_for(MULTIBOOT_PROOF, BOOT_TIMEOUT_S)
        assert f"http://{STATION_ADDRESS}:8080/" in proof[1]
        assert proof[4] == fnv1a(proof[1].encode())
        image = sent_files(station, pc)[-1]
        assert image.facts["size_bytes"] == multiboot_elf.stat().st_size


def test_a_multiboot_kernel_gets_its_command_line_and_module(
    start_station: StartStation, power_on: PowerOn, multiboot_elf: Path, tmp_path: Path
) -> None:
    module = tmp_path / "module.bin"
    module.write_bytes(bytes(range(256)) * 1000)
    start_station("--kernel", multiboot_elf, "--initrd", module, "--cmdline", "one two=2")
    pc = power_on(PcSpec("pc", SEABIOS))
    proof = pc.wait_for(MULTIBOOT_PROOF, BOOT_TIMEOUT_S)
    assert proof[1].endswith(" one two=2")
    assert proof[3] == fnv1a(module.read_bytes())
    assert proof[4] == fnv1a(proof[1].encode())


def test_an_efi_application_boots_on_uefi(
    start_station: StartStation, power_on: PowerOn, efi_application: Path
) -> None:
    station = start_station(efi_application)
    pc = power_on(PcSpec("pc", OVMF))
    proof = pc.wait_for(r"^efi options: (.*)\n+efi hash: (\w{8})$", BOOT_TIMEOUT_S)
    assert proof[2] == fnv1a(proof[1].encode())
    pc.wait_off(20)
    assert sent_files(station, pc)[-1].facts["size_bytes"] == efi_application.stat().st_size


@pytest.mark.finding("BB-082")
@pytest.mark.parametrize(
    ("image", "firmware", "why", "advice"),
    [
        ("efi_application", SEABIOS, r"EFI.*UEFI", r"UEFI"),
    ],
    ids=["efi-under-bios"],
)
def test_an_image_for_the_other_firmware_says_so_on_the_machines_own_screen(
    request: pytest.FixtureRequest,
    start_station: StartStation,
    power_on: PowerOn,
    image: str,
    firmware: Firmware,
    why: str,
    advice: str,
) -> None:
    path: Path = request.getfixturevalue(image)
    station = start_station(path)
    pc = power_on(PcSpec("pc", firmware))
    shown = station.wait_for(EventKind.MESSAGE_SHOWN, BOOT_TIMEOUT_S, mac=pc.mac)
    assert re.search(why, str(shown.facts["why"]))
    assert re.search(advice, str(shown.facts["fix"]))

    pc.wait_for("Press any key", 60)
    screen = words(pc.console)
    for fact in ("title", "why", "fix"):
        assert words(str(shown.facts[fact])) in screen
    assert pc.is_running, "the message must stay on the screen"
    assert not re.search(r"Exec format error|Could not boot", screen)
    station.wait_for(EventKind.FINDING, 10, mac=pc.mac)


def test_a_real_hypervisor_boots_to_its_banner(start_station: StartStation, power_on: PowerOn, xen: Path) -> None:
    station = start_station("--kernel", xen, "--cmdline", "console=com1 com1=115200,8n1 noreboot")
    pc = power_on(PcSpec("pc", SEABIOS))
    pc.wait_for(r"\(XEN\) Xen version 4\.\d+", BOOT_TIMEOUT_S)
    assert pc.wait_for(r"\(XEN\) Command line: (.*)", 20)[1].strip().endswith("console=com1 com1=115200,8n1 noreboot")
    assert sent_files(station, pc)[-1].facts["size_bytes"] == xen.stat().st_size

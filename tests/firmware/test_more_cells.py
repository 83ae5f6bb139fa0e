"""Images on firmware where they start as they do elsewhere: cells of the grid that nothing else proves."""

from pathlib import Path

import pytest

from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.firmware import AAVMF, OVMF, OVMF_32, SEABIOS, Firmware
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.ipv6_router import RouterIpv6
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.payload import fnv1a, make_arm64_efi_application
from bootbeam.lab.station import StationProcess
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(300), pytest.mark.slow]

BOOT_TIMEOUT_S = 200.0
NONCE = "5eed5eed"
CMDLINE = "one two=2"
EFI_PROOF = r"^efi options: (.*)\n+efi hash: (\w{8})$"
MULTIBOOT_PROOF = r"^multiboot2? cmdline: (.*)\nmultiboot2? hash: (\w{8})$"
SCRIPT = """#!ipxe
set sum:int32 40
inc sum 2
echo script ran on ${buildarch} ${platform} ${netX/mac} ${sum:uint32}
sleep 600
"""
"""What it prints is put together by iPXE, and so no echo of the script."""


@pytest.fixture
def arm64_efi_application(tmp_path: Path) -> Path:
    return make_arm64_efi_application(tmp_path / "tiny-arm64.efi")


@pytest.fixture
def disk_image(tmp_path: Path) -> Path:
    return make_disk_image(tmp_path / "disk.img", MediumSpec(make_linux_payload(tmp_path), command_line(NONCE)))


@pytest.fixture
def iso(tmp_path: Path) -> Path:
    return make_boot_iso(tmp_path / "cd.iso", MediumSpec(make_linux_payload(tmp_path), command_line(NONCE)))


@pytest.mark.parametrize(
    ("image", "firmware"),
    [
        ("efi_application", OVMF.without_pxe),
        ("multiboot_elf", OVMF.without_pxe),
        ("multiboot2_elf", OVMF.without_pxe),
        ("multiboot_elf", OVMF_32),
    ],
    ids=["efi-http-boot", "multiboot-http-boot", "multiboot2-http-boot", "multiboot-32-bit"],
)
def test_programs_boot_by_other_ways_to_the_loader_too(
    request: pytest.FixtureRequest, start_station: StartStation, power_on: PowerOn, image: str, firmware: Firmware
) -> None:
    start_station("--kernel", request.getfixturevalue(image), "--cmdline", CMDLINE)
    pc = power_on(PcSpec("pc", firmware))
    proof = pc.wait_for(EFI_PROOF if image == "efi_application" else MULTIBOOT_PROOF, BOOT_TIMEOUT_S)
    assert proof[1].endswith(CMDLINE)
    assert proof[2] == fnv1a(proof[1].encode())


@pytest.mark.parametrize("image", ["disk_image", "iso"])
def test_media_boot_by_http_boot_too(
    request: pytest.FixtureRequest, start_station: StartStation, power_on: PowerOn, image: str
) -> None:
    start_station(request.getfixturevalue(image))
    power_on(PcSpec("pc", OVMF.without_pxe)).wait_for(expected_marker(NONCE), BOOT_TIMEOUT_S)


@pytest.mark.parametrize("firmware", [AAVMF, AAVMF.without_pxe], ids=["pxe", "http-boot"])
def test_an_efi_application_boots_on_arm64(
    start_station: StartStation,
    power_on: PowerOn,
    fetched_loaders: Path,
    arm64_efi_application: Path,
    firmware: Firmware,
) -> None:
    start_station("--loaders", fetched_loaders, "--kernel", arm64_efi_application, "--cmdline", CMDLINE)
    proof = power_on(PcSpec("pc", firmware)).wait_for(EFI_PROOF, BOOT_TIMEOUT_S)
    assert proof[1].endswith(CMDLINE)
    assert proof[2] == fnv1a(proof[1].encode())


def test_an_efi_application_boots_over_ipv6(tmp_path: Path, efi_application: Path) -> None:
    with (
        Lan(tmp_path, ipv4=False, ipv6=RouterIpv6.SLAAC) as lan,
        StationProcess(lan, efi_application),
        VirtualMachine(lan, PcSpec("pc", OVMF)) as pc,
    ):
        proof = pc.wait_for(EFI_PROOF, BOOT_TIMEOUT_S)
        assert proof[2] == fnv1a(proof[1].encode())


@pytest.mark.parametrize(
    ("firmware", "words"),
    [
        (SEABIOS, "i386 pcbios"),
        (OVMF, "x86_64 efi"),
        (OVMF.without_pxe, "x86_64 efi"),
        (AAVMF, "arm64 efi"),
        (AAVMF.without_pxe, "arm64 efi"),
    ],
    ids=["bios", "uefi", "uefi-http-boot", "arm64", "arm64-http-boot"],
)
def test_an_ipxe_script_runs(
    start_station: StartStation,
    power_on: PowerOn,
    fetched_loaders: Path,
    tmp_path: Path,
    firmware: Firmware,
    words: str,
) -> None:
    script = tmp_path / "own.ipxe"
    script.write_text(SCRIPT)
    start_station(script, "--loaders", fetched_loaders)
    pc = power_on(PcSpec("pc", firmware))
    pc.wait_for(rf"script ran on {words} {pc.mac} 0x2a\b", BOOT_TIMEOUT_S)

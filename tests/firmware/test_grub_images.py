"""What iPXE cannot start, and machines no iPXE is packaged for: by a GRUB that the station makes when it is asked."""

import re
import secrets
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, OVMF_32, SEABIOS, Firmware
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import fnv1a
from tests.firmware.conftest import PowerOn, StartStation, protocols

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

BOOT_TIMEOUT_S = 100.0
MODULE = bytes(range(256)) * 300
CMDLINE = "one ds=nocloud;s=$HOME/#x two=2"
"""With what GRUB's own syntax has to be kept from acting on."""
MULTIBOOT_PROOF = r"^multiboot cmdline: (.*)\nmultiboot module: (.*) hash (\w{8})\nmultiboot hash: (\w{8})$"
MULTIBOOT2_PROOF = (
    r"^multiboot2 loader: GRUB .*\n"
    r"multiboot2 module: (.*) hash (\w{8})\nmultiboot2 cmdline: (.*)\nmultiboot2 hash: (\w{8})$"
)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "module.bin"
    path.write_bytes(MODULE)
    return path


@pytest.mark.parametrize("image", ["multiboot_elf", "multiboot_elf64"])
def test_a_multiboot_kernel_boots_on_uefi(
    request: pytest.FixtureRequest, start_station: StartStation, power_on: PowerOn, module: Path, image: str
) -> None:
    kernel: Path = request.getfixturevalue(image)
    station = start_station("--kernel", kernel, "--initrd", module, "--cmdline", CMDLINE)
    pc = power_on(PcSpec("pc", OVMF))
    proof = pc.wait_for(MULTIBOOT_PROOF, BOOT_TIMEOUT_S)
    assert proof[1] == CMDLINE
    assert proof[3] == fnv1a(MODULE)
    assert proof[4] == fnv1a(CMDLINE.encode())
    entries = [str(event.facts["entry"]) for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
    assert [entry.startswith("GRUB for ") for entry in entries] == [True, False], "iPXE's script, then GRUB's"


@pytest.mark.parametrize("firmware", [OVMF, SEABIOS, OVMF_32], ids=lambda firmware: firmware.name.replace(" ", "-"))
def test_a_multiboot_2_kernel_boots(
    start_station: StartStation, power_on: PowerOn, multiboot2_elf: Path, module: Path, firmware: Firmware
) -> None:
    start_station("--kernel", multiboot2_elf, "--initrd", module, "--cmdline", CMDLINE)
    pc = power_on(PcSpec("pc", firmware))
    proof = pc.wait_for(MULTIBOOT2_PROOF, BOOT_TIMEOUT_S)
    assert proof[2] == fnv1a(MODULE)
    assert proof[3] == CMDLINE
    assert proof[4] == fnv1a(CMDLINE.encode())


def test_a_real_hypervisor_boots_to_its_banner_on_uefi(
    start_station: StartStation, power_on: PowerOn, xen: Path
) -> None:
    cmdline = "console=com1 com1=115200,8n1 noreboot"
    start_station("--kernel", xen, "--cmdline", cmdline)
    pc = power_on(PcSpec("pc", OVMF, extra_arguments=("-cpu", "qemu64")))
    pc.wait_for(r"\(XEN\) Xen version 4\.\d+", BOOT_TIMEOUT_S)
    assert pc.wait_for(r"\(XEN\) Command line: (.*)", 20)[1].strip() == cmdline
    assert re.search(r"\(XEN\) Bootloader: GRUB 2", pc.console)


@pytest.mark.parametrize("firmware", [OVMF_32, OVMF_32.without_pxe], ids=["pxe", "http-boot"])
def test_a_pc_with_32_bit_uefi_reaches_a_64_bit_kernels_userland(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path, firmware: Firmware
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    station = start_station(
        *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce)),
    )
    pc = power_on(PcSpec("pc", firmware))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    first = station.events(pc.mac)[0]
    assert first.facts["architecture"] == (6 if firmware is OVMF_32 else 15)
    sent = protocols(station, pc)
    assert sent[0] == ("tftp" if firmware is OVMF_32 else "http", "loader")
    assert [one for one in sent[1:] if one[1] != "script"] == [("http", "kernel"), ("http", "initrd")]

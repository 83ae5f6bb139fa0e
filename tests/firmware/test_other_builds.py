"""Firmware of other releases and other flash layouts, other network cards and other machines round them: each pair of
PCs boots Linux by one station."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bootbeam.lab.firmware import (
    AAVMF,
    OVMF,
    OVMF_32,
    OVMF_NIC_ROM,
    OVMF_SECURE_BOOT,
    SEABIOS,
    SEABIOS_Q35,
    Firmware,
)
from bootbeam.lab.initrd import command_line, expected_marker, make_arm64_linux_payload, make_linux_payload
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.other_builds import BULLSEYE, SID, TRIXIE, Builds, Release
from bootbeam.machine import Cpu
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(500), pytest.mark.slow]

BOOT_TIMEOUT_S = 200.0


def builds(release: Release) -> Builds:
    return release.fetch(CACHE_DIR)


def whole_flash(firmware: Firmware, path: str) -> Firmware:
    """Program and settings in one file, as QEMU's ``-bios`` takes it: nothing is kept."""
    arguments = (*firmware.arguments, "-bios", path)
    return replace(firmware, name=f"{firmware.name}, one file", code=None, variables=None, arguments=arguments)


def spec(number: int, firmware: Firmware, memory_mib: int | None = None, *arguments: str) -> PcSpec:
    """A PC with the firmware's first card."""
    model = firmware.nic_models[0]
    return PcSpec(f"pc{number}", firmware, nic_model=model, memory_mib=memory_mib, extra_arguments=arguments)


FIRMWARE: dict[str, Callable[[], tuple[Firmware, ...]]] = {
    "newer-uefi": lambda: (builds(TRIXIE).ovmf, builds(SID).ovmf),
    "older-uefi": lambda: (
        builds(BULLSEYE).ovmf,
        builds(BULLSEYE).flash(OVMF_32, "OVMF32_CODE_4M.secboot", "OVMF32_VARS_4M"),
    ),
    "one-file": lambda: (whole_flash(OVMF, "/usr/share/ovmf/OVMF.fd"),),
    "newer-bios": lambda: (builds(TRIXIE).seabios("pxe-virtio"), builds(SID).seabios("efi-e1000").with_card("e1000")),
}


@pytest.mark.parametrize("case", FIRMWARE)
def test_firmware_of_other_releases_reaches_userland(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path, case: str
) -> None:
    boot_linux(start_station, power_on, tmp_path, [spec(number, one) for number, one in enumerate(FIRMWARE[case]())])


def boot_linux(start_station: StartStation, power_on: PowerOn, directory: Path, specs: list[PcSpec]) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(directory)
    start_station("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce))
    for pc in [power_on(one) for one in specs]:
        pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)

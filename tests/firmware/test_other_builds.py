"""Firmware of other releases than this computer's own: older and newer UEFI, BIOS and network cards' ROMs."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF_32, OVMF_SECURE_BOOT, Firmware
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.other_builds import BULLSEYE, SID, TRIXIE, Builds, Release
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(500), pytest.mark.slow]

BOOT_TIMEOUT_S = 200.0
SNAKEOIL = replace(
    OVMF_SECURE_BOOT,
    name="OVMF, an owner's keys",
    code=Path("/usr/share/OVMF/OVMF_CODE_4M.snakeoil.fd"),
    variables=Path("/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"),
)
"""Secure Boot on with keys that are not Microsoft's: it accepts no distribution's shim."""


def builds(release: Release) -> Builds:
    return release.fetch(CACHE_DIR)


def secure(release: Release, code: str) -> Firmware:
    return builds(release).flash(OVMF_SECURE_BOOT, code, "OVMF_VARS_4M.ms")


MACHINES: dict[str, Callable[[], tuple[Firmware, ...]]] = {
    "newer-uefi": lambda: (builds(TRIXIE).ovmf, builds(SID).ovmf),
    "older-uefi": lambda: (
        builds(BULLSEYE).ovmf,
        builds(BULLSEYE).flash(OVMF_32, "OVMF32_CODE_4M.secboot", "OVMF32_VARS_4M"),
    ),
    "newer-bios": lambda: (builds(SID).seabios("efi-e1000").with_card("e1000"),),
}


@pytest.mark.parametrize("case", MACHINES)
def test_firmware_of_other_releases_reaches_userland(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path, case: str
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    start_station("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce))
    for pc in switch_on(power_on, *MACHINES[case]()):
        pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)


def switch_on(power_on: PowerOn, *machines: Firmware) -> list[VirtualMachine]:
    return [
        power_on(PcSpec(f"pc{number}", firmware, nic_model=firmware.nic_models[0]))
        for number, firmware in enumerate(machines)
    ]


def test_secure_boot_of_other_releases_reaches_userland(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    """One of them runs nothing in memory that is not marked as a program."""
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    start_station(
        *("--loaders", fetched_loaders, "--kernel", payload.kernel, "--initrd", payload.initrd),
        *("--cmdline", command_line(nonce)),
    )
    strict, newest = secure(TRIXIE, "OVMF_CODE_4M.secboot.strictnx"), secure(SID, "OVMF_CODE_4M.secboot")
    for pc in switch_on(power_on, strict, newest):
        pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
        assert "UEFI Secure Boot is enabled" in pc.console


@pytest.mark.finding("BB-042")
def test_a_machine_with_its_owners_keys_is_told_that_it_refuses_shim(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, efi_application: Path
) -> None:
    station = start_station("--loaders", fetched_loaders, efi_application)
    [pc] = switch_on(power_on, SNAKEOIL)
    finding = station.wait_for(EventKind.FINDING, BOOT_TIMEOUT_S, mac=pc.mac)
    assert "Restore Factory Keys" in str(finding.facts["fix"])
    pc.wait_for("No bootable option or device was found", BOOT_TIMEOUT_S)
    assert pc.console.count("Access Denied") >= 2, "iPXE, then shim"

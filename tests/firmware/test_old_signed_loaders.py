"""Secure Boot with nothing but Debian 12's own shim and GRUB 2.06, beside a router that knows nothing of booting.

That GRUB, loaded by PXE, takes the router for its server and has no HTTP: it gets to the machine in a disk image.
"""

import secrets
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF_SECURE_BOOT
from bootbeam.lab.initrd import KERNEL, command_line, expected_marker, make_linux_payload
from bootbeam.lab.ipv6_router import RouterIpv6
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.station import StationProcess
from tests.firmware.conftest import PowerOn, StartStation, protocols
from tests.firmware.test_secure_boot import boot_files

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(400)]

BOOT_TIMEOUT_S = 150.0
DISK = "x64/signed.img"


def test_http_boot_of_a_disk_image_reaches_userland(
    start_station: StartStation, power_on: PowerOn, old_signed_loaders: Path, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    station = start_station(
        *("--loaders", old_signed_loaders, "--secure-boot", "always"),
        *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce)),
    )
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT.without_pxe))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    assert "UEFI Secure Boot is enabled" in pc.console, "the kernel's own words"
    assert boot_files(station, pc) == [f"http://192.168.1.50:8080/{DISK}"]
    sent = [one for one in protocols(station, pc) if one[1] != "script"]
    assert sent == [("http", "loader"), ("tftp", "kernel"), ("tftp", "initrd")]
    [script] = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
    assert (script["loader"], script["secure_boot"]) == ("GRUB", True)
    packets = (tmp_path / "logs" / "lan.pcap").read_bytes()
    assert f"/mac={pc.mac}/cpu=x86_64/platform=efi/lockdown=y/".encode() in packets, "it tells its MAC itself"


def test_a_firmware_that_refuses_ipxe_by_pxe_gets_the_disk_image_by_http_boot_at_the_same_power_on(
    start_station: StartStation, power_on: PowerOn, old_signed_loaders: Path, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    station = start_station(
        *("--loaders", old_signed_loaders, "--kernel", payload.kernel, "--initrd", payload.initrd),
        *("--cmdline", command_line(nonce)),
    )
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    assert "Access Denied" in pc.console
    offered = boot_files(station, pc)
    assert (offered[0], offered[-1]) == ("x64/snponly.efi", f"http://192.168.1.50:8080/{DISK}")
    changed = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.FIRST_PROGRAM_CHANGED]
    assert "too old to be booted by PXE" in str(changed[0]["remark"]), "its PXE over IPv6 asked again"
    assert "choose UEFI HTTP boot" in str(changed[0]["fix"])
    assert "it gets the signed shim and GRUB now" in str(changed[-1]["remark"])


def test_by_pxe_the_name_of_the_file_says_on_the_screen_what_to_do(
    start_station: StartStation, power_on: PowerOn, old_signed_loaders: Path
) -> None:
    start_station("--loaders", old_signed_loaders, KERNEL, "--no-ipv6")
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT))
    pc.wait_for("Access Denied", BOOT_TIMEOUT_S)
    pc.reset()
    pc.wait_for(
        r"NBP filename is Secure-Boot-is-on--choose-UEFI-HTTP-boot--or-run-boot\s*beam-loaders-fetch/x64/snponly.efi",
        BOOT_TIMEOUT_S,
    )
    pc.wait_for(r"Access Denied(.|\n)*Access Denied", BOOT_TIMEOUT_S)


@pytest.mark.slow  # HTTP boot over IPv4 is tried first, for a minute in vain
def test_http_boot_of_a_disk_image_works_over_ipv6(tmp_path: Path, old_signed_loaders: Path) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    arguments = (
        *("--loaders", old_signed_loaders, "--secure-boot", "always"),
        *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce)),
    )
    with Lan(tmp_path, ipv4=False, ipv6=RouterIpv6.SLAAC) as lan, StationProcess(lan, *arguments) as station:
        with VirtualMachine(lan, PcSpec("pc", OVMF_SECURE_BOOT.without_pxe)) as pc:
            pc.wait_for(expected_marker(nonce), 250)
            assert "UEFI Secure Boot is enabled" in pc.console
        assert boot_files(station, pc)[-1].endswith(f"]:8080/{DISK}")
        sent = [one for one in protocols(station, pc) if one[1] != "script"]
        assert sent == [("http", "loader"), ("tftp", "kernel"), ("tftp", "initrd")]

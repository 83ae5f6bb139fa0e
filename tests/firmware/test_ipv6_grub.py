"""What GRUB starts on networks without IPv4: Multiboot by the GRUB made on the station, Linux by the signed chain."""

import secrets
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, OVMF_32, OVMF_SECURE_BOOT
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.ipv6_router import RouterIpv6
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.payload import fnv1a
from bootbeam.lab.station import StationProcess
from tests.firmware.conftest import protocols
from tests.firmware.test_grub_images import MULTIBOOT_PROOF
from tests.firmware.test_ipv6 import NO_PXE_OVER_IPV4

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(300)]

BOOT_TIMEOUT_S = 200.0


@pytest.mark.parametrize("kind", [RouterIpv6.SLAAC, pytest.param(RouterIpv6.DHCP6, marks=pytest.mark.slow)], ids=str)
def test_a_multiboot_kernel_boots_over_ipv6(tmp_path: Path, multiboot_elf: Path, kind: RouterIpv6) -> None:
    module = tmp_path / "module.bin"
    module.write_bytes(bytes(range(256)) * 300)
    arguments = ("--kernel", multiboot_elf, "--initrd", module, "--cmdline", "one two=2")
    with Lan(tmp_path, ipv4=False, ipv6=kind) as lan, StationProcess(lan, *arguments) as station:
        with VirtualMachine(lan, PcSpec("pc", OVMF, extra_arguments=NO_PXE_OVER_IPV4)) as pc:
            proof = pc.wait_for(MULTIBOOT_PROOF, BOOT_TIMEOUT_S)
        events = station.events(pc.mac)
    assert (proof[1], proof[3]) == ("one two=2", fnv1a(module.read_bytes()))
    kernel = next(
        event for event in events if event.kind is EventKind.TRANSFER_FINISHED and event.facts["role"] == "kernel"
    )
    assert ":" in str(kernel.address), "over IPv6"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "is_by_pxe"), [(RouterIpv6.SLAAC, True), (RouterIpv6.DHCP6, False)], ids=["slaac", "dhcp6"]
)
def test_the_signed_chain_boots_linux_over_ipv6(
    tmp_path: Path, fetched_loaders: Path, kind: RouterIpv6, is_by_pxe: bool
) -> None:
    """By PXE shim reads the boot file from the server that gives the address alone; firmware goes on to HTTP boot."""
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    arguments = (
        *("--loaders", fetched_loaders, "--secure-boot", "always"),
        *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce)),
    )
    with Lan(tmp_path, ipv4=False, ipv6=kind) as lan, StationProcess(lan, *arguments) as station:
        with VirtualMachine(lan, PcSpec("pc", OVMF_SECURE_BOOT, extra_arguments=NO_PXE_OVER_IPV4)) as pc:
            pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
            assert "UEFI Secure Boot is enabled" in pc.console
            assert ("Netboot parsing failed" in pc.console) != is_by_pxe, "shim's own words"
        grubs = [one for one in protocols(station, pc) if one[1] == "loader"][-1:]
        assert grubs == [("tftp" if is_by_pxe else "http", "loader")]
        events = station.events(pc.mac)
    kernel = next(
        event for event in events if event.kind is EventKind.TRANSFER_FINISHED and event.facts["role"] == "kernel"
    )
    assert ":" in str(kernel.address), "over IPv6"


@pytest.mark.slow
def test_a_pc_with_32_bit_uefi_boots_over_ipv6(tmp_path: Path, multiboot_elf: Path) -> None:
    """Its firmware loads the GRUB made on the station itself: there is no iPXE for it."""
    with Lan(tmp_path, ipv4=False, ipv6=RouterIpv6.SLAAC) as lan, StationProcess(lan, multiboot_elf) as station:
        with VirtualMachine(lan, PcSpec("pc", OVMF_32, extra_arguments=NO_PXE_OVER_IPV4)) as pc:
            pc.wait_for(r"^multiboot hash: \w{8}$", BOOT_TIMEOUT_S)
        files = [event.facts["file"] for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
    assert files[0] == "grub/i386-efi/grub.efi"

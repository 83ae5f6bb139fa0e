"""Secure Boot with Microsoft's keys, beside a router that knows nothing of booting: shim, signed GRUB, signed kernel.

The programs are those that ``bootbeam loaders fetch`` brings.
"""

import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import AAVMF, AAVMF_SECURE_BOOT, OVMF, OVMF_SECURE_BOOT, Firmware
from bootbeam.lab.initrd import (
    ARM64_KERNEL,
    KERNEL,
    command_line,
    expected_marker,
    make_arm64_linux_payload,
    make_linux_payload,
)
from bootbeam.lab.live_iso import make_live_iso
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.payload import fnv1a
from bootbeam.lab.station import StationProcess
from bootbeam.machine import Cpu
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation, protocols
from tests.formats.disc_images import run

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(400)]

BOOT_TIMEOUT_S = 120.0

Change = Callable[[bytes], bytes]
"""What is done to a kernel."""


def boot_files(station: StationProcess, pc: VirtualMachine) -> list[str]:
    """What ``pc`` was offered, in order, repeated offers once."""
    offered = [str(event.facts["file"]) for event in station.events(pc.mac) if event.kind is EventKind.OFFERED]
    return list(dict.fromkeys(offered))


def without_signature(kernel: bytes) -> bytes:
    """A signed PE file with its certificates cut off (Microsoft PE Format, "Attribute Certificate Table")."""
    pe = int.from_bytes(kernel[60:64], "little")
    entry = pe + 24 + 112 + 4 * 8  # the optional header of PE32+, its fifth data directory
    start = int.from_bytes(kernel[entry : entry + 4], "little")
    assert 0 < start < len(kernel)
    return kernel[:entry] + bytes(8) + kernel[entry + 8 : start]


def with_a_bit_turned(kernel: bytes) -> bytes:
    """A signed file that is not what was signed."""
    middle = len(kernel) // 2
    return kernel[:middle] + bytes([kernel[middle] ^ 1]) + kernel[middle + 1 :]


def test_a_firmware_that_refuses_ipxe_gets_the_signed_chain_by_http_boot_at_the_same_power_on(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    station = start_station(
        *("--loaders", fetched_loaders, "--kernel", payload.kernel, "--initrd", payload.initrd),
        *("--cmdline", command_line(nonce)),
    )
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    assert "UEFI Secure Boot is enabled" in pc.console, "the kernel's own words"

    offered = boot_files(station, pc)
    assert offered[0] == "x64/snponly.efi"
    assert offered[-1] == "http://192.168.1.50:8080/x64/shimx64.efi"
    [changed] = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.FIRST_PROGRAM_CHANGED]
    assert "x64/snponly.efi was loaded whole and never started: Secure Boot is on" in str(changed["remark"])
    [script] = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
    assert (script["loader"], script["secure_boot"]) == ("GRUB", True)


def test_a_firmware_that_refuses_ipxe_gets_the_signed_chain_by_pxe_at_the_next_power_on(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    station = start_station(
        *("--loaders", fetched_loaders, "--kernel", payload.kernel, "--initrd", payload.initrd),
        *("--cmdline", command_line(nonce), "--no-ipv6"),
    )
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT))
    pc.wait_for("Access Denied", BOOT_TIMEOUT_S)
    assert boot_files(station, pc) == ["x64/snponly.efi"]
    pc.reset()
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    assert "UEFI Secure Boot is enabled" in pc.console
    assert boot_files(station, pc) == ["x64/snponly.efi", "x64/shimx64.efi"]
    assert protocols(station, pc)[:3] == [("tftp", "loader")] * 3, "iPXE, shim, GRUB"


@pytest.mark.parametrize(("firmware", "cpu"), [(OVMF, Cpu.X86_64), (AAVMF, Cpu.ARM64)], ids=["x64", "arm64"])
def test_the_signed_chain_also_boots_with_secure_boot_off(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path, firmware: Firmware, cpu: Cpu
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path) if cpu is Cpu.X86_64 else make_arm64_linux_payload(tmp_path, CACHE_DIR)
    station = start_station(
        *("--loaders", fetched_loaders, "--secure-boot", "always"),
        *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce, cpu)),
    )
    pc = power_on(PcSpec("pc", firmware))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    assert boot_files(station, pc) == [f"{'x64/shimx64' if cpu is Cpu.X86_64 else 'arm64/shimaa64'}.efi"]
    [script] = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
    assert (script["loader"], script["secure_boot"]) == ("GRUB", False)


def test_with_secure_boot_off_the_signed_chain_leads_to_ipxe_for_what_grub_has_no_module_for(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, multiboot2_elf: Path
) -> None:
    station = start_station("--loaders", fetched_loaders, "--secure-boot", "always", multiboot2_elf)
    pc = power_on(PcSpec("pc", OVMF))
    pc.wait_for(r"^multiboot2 hash: \w{8}$", BOOT_TIMEOUT_S)
    entries = [str(event.facts["entry"]) for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
    assert entries[0] == "iPXE (x64/snponly.efi), which can start more"


@pytest.mark.parametrize(
    ("change", "title", "why"),
    [
        pytest.param(
            *(without_signature, "cannot boot with Secure Boot on", "no signature"),
            marks=pytest.mark.finding("BB-085"),
        ),
        pytest.param(
            *(with_a_bit_turned, "was refused with Secure Boot on", "of Debian Secure Boot CA, but is not what was"),
            marks=pytest.mark.finding("BB-086"),
        ),
    ],
    ids=["unsigned", "altered"],
)
def test_a_kernel_that_secure_boot_does_not_accept_is_told_on_screen_and_in_the_log(
    start_station: StartStation,
    power_on: PowerOn,
    fetched_loaders: Path,
    tmp_path: Path,
    change: Change,
    title: str,
    why: str,
) -> None:
    kernel = tmp_path / "vmlinuz"
    kernel.write_bytes(change(KERNEL.read_bytes()))
    station = start_station("--loaders", fetched_loaders, "--secure-boot", "always", kernel)
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT))
    pc.wait_for(r"Press Esc to go on to its own disk", BOOT_TIMEOUT_S)
    screen = " ".join(pc.console.split())
    assert ("bad shim signature" in screen) == (change is with_a_bit_turned), "GRUB's own words, where it tried"
    shown = station.wait_for(EventKind.MESSAGE_SHOWN, 10, mac=pc.mac)
    assert title in str(shown.facts["title"])
    assert why in str(shown.facts["why"])
    for fact in ("title", "why", "fix"):
        assert " ".join(str(shown.facts[fact]).split()) in screen
    station.wait_for(EventKind.FINDING, 20, mac=pc.mac)


@pytest.mark.finding("BB-085")
@pytest.mark.parametrize("image", ["multiboot2_elf", "efi_application"])
def test_what_nobody_signs_is_explained_on_screen(
    request: pytest.FixtureRequest, start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, image: str
) -> None:
    station = start_station("--loaders", fetched_loaders, "--secure-boot", "always", request.getfixturevalue(image))
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT))
    pc.wait_for(r"Press Esc to go on to its own disk", BOOT_TIMEOUT_S)
    shown = station.wait_for(EventKind.MESSAGE_SHOWN, 10, mac=pc.mac)
    assert "cannot boot with Secure Boot on" in str(shown.facts["title"])
    screen = " ".join(pc.console.split())
    for fact in ("title", "why", "fix"):
        assert " ".join(str(shown.facts[fact]).split()) in screen
    station.wait_for(EventKind.FINDING, 20, mac=pc.mac)


def test_a_signed_efi_application_starts(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    """shim's own key manager, which the distribution signs as it does its kernels."""
    (signed,) = fetched_loaders.rglob("mmx64.efi.signed")
    application = tmp_path / "keys.efi"
    shutil.copyfile(signed, application)
    station = start_station("--loaders", fetched_loaders, "--secure-boot", "always", application)
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT))
    pc.wait_for(r"Shim UEFI key management", BOOT_TIMEOUT_S)
    [script] = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
    assert (script["loader"], script["secure_boot"]) == ("GRUB", True)


def test_an_arm64_machine_with_secure_boot_reaches_userland(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_arm64_linux_payload(tmp_path, CACHE_DIR)
    station = start_station(
        *("--loaders", fetched_loaders, "--secure-boot", "always"),
        *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce, Cpu.ARM64)),
    )
    pc = power_on(PcSpec("pc", AAVMF_SECURE_BOOT))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    assert "UEFI Secure Boot is enabled" in pc.console
    assert boot_files(station, pc) == ["arm64/shimaa64.efi"]
    [script] = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
    assert (script["loader"], script["secure_boot"]) == ("GRUB", True)


def test_an_iso_with_signed_boot_loaders_for_networks_is_booted_by_them(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    """Fedora's ISOs have such: one GRUB for discs and networks. The station itself has no signed ones here."""
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    tree, loaders = tmp_path / "tree", tmp_path / "loaders"
    (tree / "EFI" / "BOOT").mkdir(parents=True)
    loaders.mkdir()
    (loaders / "snponly.efi").symlink_to("/usr/lib/ipxe/snponly.efi")
    for source, name in (("shimx64.efi.signed", "BOOTX64.EFI"), ("grubnetx64.efi.signed", "grubx64.efi")):
        (found,) = fetched_loaders.rglob(source)
        shutil.copyfile(found, tree / "EFI" / "BOOT" / name)
    shutil.copyfile(payload.kernel, tree / "vmlinuz")
    shutil.copyfile(payload.initrd, tree / "initrd.img")
    (tree / "boot" / "grub").mkdir(parents=True)
    menu = f"menuentry live {{ linux /vmlinuz {command_line(nonce)}\ninitrd /initrd.img }}\n"
    (tree / "boot" / "grub" / "grub.cfg").write_text(menu)
    run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", tmp_path / "signed.iso", tree)
    station = start_station("--loaders", loaders, "--secure-boot", "always", tmp_path / "signed.iso")
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    assert "UEFI Secure Boot is enabled" in pc.console
    assert boot_files(station, pc) == ["signed/signed.iso/shimx64.efi"]


@pytest.mark.slow
def test_a_live_system_with_a_signed_kernel_boots_out_of_its_iso(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path
) -> None:
    nonce = secrets.token_hex(8)
    iso = make_live_iso(CACHE_DIR)
    station = start_station(
        *("--loaders", fetched_loaders, "--secure-boot", "always"),
        *(iso, "--cmdline", f"console=ttyS0 nonce={nonce}"),
    )
    pc = power_on(PcSpec("pc", OVMF_SECURE_BOOT, memory_mib=2048))
    pc.wait_for(expected_marker(nonce), 300)
    assert "UEFI Secure Boot is enabled" in pc.console
    sent = [str(event.facts["file"]) for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
    assert f"iso/{iso.name}/live/vmlinuz" in sent, "the ISO's own bytes"


@pytest.mark.finding("BB-082")
def test_esc_goes_on_to_the_machines_own_disk(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, efi_application: Path, tmp_path: Path
) -> None:
    boot = tmp_path / "esp" / "EFI" / "BOOT"
    boot.mkdir(parents=True)
    shutil.copyfile(efi_application, boot / "BOOTX64.EFI")
    start_station("--loaders", fetched_loaders, "--secure-boot", "always", ARM64_KERNEL)
    disk = f"if=none,id=esp,format=raw,file=fat:rw:{tmp_path / 'esp'}"
    arguments = ("-drive", disk, "-device", "virtio-blk-pci,drive=esp,bootindex=2")
    pc = power_on(PcSpec("pc", OVMF, extra_arguments=arguments))
    pc.wait_for(r"Press Esc to go on to its own disk", BOOT_TIMEOUT_S)
    pc.control("send-key", keys=[{"type": "qcode", "data": "esc"}])
    pc.wait_for(rf"^efi hash: {fnv1a(b'')}$", 60)
    assert re.search(r"bootbeam: starting \(hd\S+\)/EFI/BOOT/BOOTx64.EFI", pc.console)

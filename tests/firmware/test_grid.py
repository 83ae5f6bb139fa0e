"""The grid of firmware and images in docs/hardware.md, where no other test stands for a cell: one test per kind of
image, one case per firmware."""

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.claim import run_tool
from bootbeam.lab.firmware import AAVMF, OVMF, OVMF_32, OVMF_SECURE_BOOT, SEABIOS, Firmware
from bootbeam.lab.initrd import (
    LinuxPayload,
    command_line,
    expected_marker,
    make_arm64_linux_payload,
    make_linux_payload,
)
from bootbeam.lab.ipv6_router import RouterIpv6
from bootbeam.lab.lan import STATION_ADDRESS, Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.payload import fnv1a, make_ia32_efi_application
from bootbeam.lab.station import StationProcess
from bootbeam.machine import Cpu
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation
from tests.firmware.test_ipv6 import NO_PXE, NO_PXE_OVER_IPV4
from tests.firmware.test_more_cells import CMDLINE, EFI_PROOF, MULTIBOOT_PROOF, SCRIPT

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(400), pytest.mark.slow]

BOOT_TIMEOUT_S = 240.0


@dataclass(frozen=True, slots=True)
class Place:
    """A firmware, and what is round it."""

    name: str
    firmware: Firmware
    cpu: Cpu = Cpu.X86_64
    ipv6: RouterIpv6 | None = None
    """The router of a network without IPv4; None: the usual one."""
    switches: tuple[str, ...] = ()
    """What the machine is set to in its setup."""
    arguments: tuple[str, ...] = ()
    """Of the station."""
    needs_fetched: bool = False
    """There are boot loaders for it among the fetched ones only."""


ALWAYS_SIGNED = ("--secure-boot", "always")
BIOS = Place("bios", SEABIOS)
UEFI32 = Place("ovmf32", OVMF_32, Cpu.I386)
UEFI32_HTTP = Place("ovmf32-http", OVMF_32.without_pxe, Cpu.I386)
ARM64 = Place("arm64", AAVMF, Cpu.ARM64, needs_fetched=True)
ARM64_HTTP = Place("arm64-http", AAVMF.without_pxe, Cpu.ARM64, needs_fetched=True)
UEFI6 = Place("ipv6", OVMF, ipv6=RouterIpv6.SLAAC, switches=NO_PXE_OVER_IPV4)
UEFI6_HTTP = Place("ipv6-http", OVMF, ipv6=RouterIpv6.DHCP6, switches=NO_PXE)
SECURE = Place("secure", OVMF_SECURE_BOOT, arguments=ALWAYS_SIGNED, needs_fetched=True)
SECURE_HTTP = Place("secure-http", OVMF_SECURE_BOOT.without_pxe, arguments=ALWAYS_SIGNED, needs_fetched=True)


def words(text: str) -> str:
    """``text`` with every run of white space, line breaks of a narrow screen included, as one space."""
    return " ".join(text.split())


@pytest.fixture
def lan(place: Place, tmp_path: Path) -> Iterator[Lan]:
    """The network of the place; the fixtures of ``conftest`` go by it."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs, ipv4=place.ipv6 is None, ipv6=place.ipv6) as made:
        yield made


@pytest.fixture
def serve(place: Place, start_station: StartStation, request: pytest.FixtureRequest) -> StartStation:
    """The station, with what the place needs."""
    loaders = ("--loaders", request.getfixturevalue("fetched_loaders")) if place.needs_fetched else ()
    return lambda *arguments: start_station(*loaders, *place.arguments, *arguments)


@pytest.fixture
def pc_at(place: Place) -> PcSpec:
    """What to switch on there."""
    return PcSpec("pc", place.firmware, extra_arguments=place.switches)


@pytest.fixture
def image(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Path:
    """The image of a case, by its kind."""
    match kind:
        case "efi-ia32":
            return make_ia32_efi_application(tmp_path / "tiny-ia32.efi")
        case "efi-signed":
            (signed,) = request.getfixturevalue("fetched_loaders").rglob("mmx64.efi.signed")
            return Path(shutil.copyfile(signed, tmp_path / "keys.efi"))
        case "script":
            script = tmp_path / "own.ipxe"
            script.write_text(SCRIPT)
            return script
        case "iso" | "disk":
            return make_medium(request, kind, request.getfixturevalue("place"), tmp_path)
    named: dict[str, str] = {"efi": "efi_application", "multiboot": "multiboot_elf", "multiboot2": "multiboot2_elf"}
    return Path(request.getfixturevalue(named[kind]))


def make_medium(request: pytest.FixtureRequest, kind: str, place: Place, tmp_path: Path) -> Path:
    # There is no GRUB for arm64 here to make one from, and with Secure Boot on only a signed one is of use.
    wants_signed = place.cpu is Cpu.ARM64 or place.firmware.name.startswith(OVMF_SECURE_BOOT.name)
    spec = MediumSpec(
        make_payload(place, tmp_path),
        command_line(nonce_of(place, kind), Cpu.ARM64 if place.cpu is Cpu.ARM64 else Cpu.X86_64),
        signed_loaders=request.getfixturevalue("fetched_loaders") if wants_signed else None,
        cpu=place.cpu,
    )
    return make_boot_iso(tmp_path / "cd.iso", spec) if kind == "iso" else make_disk_image(tmp_path / "disk.img", spec)


def make_payload(place: Place, directory: Path) -> LinuxPayload:
    return make_arm64_linux_payload(directory, CACHE_DIR) if place.cpu is Cpu.ARM64 else make_linux_payload(directory)


def nonce_of(place: Place, kind: str) -> str:
    return f"5eed{place.name}{kind}".replace("-", "")


def cases(*pairs: tuple[Place, str]) -> pytest.MarkDecorator:
    """One case per place and kind of image, named after both."""
    return pytest.mark.parametrize(("place", "kind"), pairs, ids=[f"{place.name}-{kind}" for place, kind in pairs])


@cases(
    *((UEFI32, "efi-ia32"), (UEFI32_HTTP, "efi-ia32"), (UEFI32_HTTP, "multiboot"), (UEFI32_HTTP, "multiboot2")),
    *((SECURE_HTTP, "efi-signed"), (UEFI6, "multiboot2")),
    *((UEFI6_HTTP, "efi"), (UEFI6_HTTP, "multiboot"), (UEFI6_HTTP, "multiboot2")),
)
def test_a_program_boots_in_its_cell(
    serve: StartStation, power_on: PowerOn, pc_at: PcSpec, kind: str, image: Path
) -> None:
    if kind == "efi-signed":
        serve(image)
        power_on(pc_at).wait_for(r"Shim UEFI key management", BOOT_TIMEOUT_S)
        return
    serve("--kernel", image, "--cmdline", CMDLINE)
    proof = power_on(pc_at).wait_for(EFI_PROOF if kind.startswith("efi") else MULTIBOOT_PROOF, BOOT_TIMEOUT_S)
    assert proof[1].endswith(CMDLINE)
    assert proof[2] == fnv1a(proof[1].encode())


@cases(
    *((place, kind) for place in (UEFI32_HTTP, ARM64, ARM64_HTTP, UEFI6, UEFI6_HTTP) for kind in ("iso", "disk")),
    (SECURE_HTTP, "iso"),
)
def test_a_medium_boots_in_its_cell(
    serve: StartStation, power_on: PowerOn, pc_at: PcSpec, place: Place, kind: str, image: Path
) -> None:
    serve(image)
    power_on(pc_at).wait_for(expected_marker(nonce_of(place, kind)), BOOT_TIMEOUT_S)


@cases((UEFI6, "script"), (UEFI6_HTTP, "script"))
def test_a_script_runs_in_its_cell(serve: StartStation, power_on: PowerOn, pc_at: PcSpec, image: Path) -> None:
    serve(image)
    pc = power_on(pc_at)
    pc.wait_for(rf"script ran on x86_64 efi {pc.mac} 0x2a\b", BOOT_TIMEOUT_S)


@pytest.mark.parametrize(
    "place",
    [BIOS, UEFI32, UEFI32_HTTP, ARM64, ARM64_HTTP, UEFI6, UEFI6_HTTP, SECURE, SECURE_HTTP],
    ids=lambda place: place.name,
)
def test_a_tree_boots_in_its_cell(
    request: pytest.FixtureRequest,
    start_station: StartStation,
    power_on: PowerOn,
    place: Place,
    pc_at: PcSpec,
    tmp_path: Path,
) -> None:
    nonce = secrets.token_hex(8)
    tree = tmp_path / "tree"
    (tree / "boot").mkdir(parents=True)
    payload = make_payload(place, tmp_path)
    shutil.copyfile(payload.kernel, tree / "boot" / "linux")
    shutil.copyfile(payload.initrd, tree / "boot" / "initrd.img")
    add_first_program(request, place, tree, nonce)
    station = start_station("--tree", tree)
    pc = power_on(pc_at)
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    if place.firmware.name.startswith(OVMF_SECURE_BOOT.name):
        assert "UEFI Secure Boot is enabled" in pc.console, "the kernel's own words"
    fetched = [
        str(event.facts["file"]) for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED
    ]
    assert fetched[-2:] == ["boot/linux", "boot/initrd.img"]


def add_first_program(request: pytest.FixtureRequest, place: Place, tree: Path, nonce: str) -> None:
    """What a person has in such a tree: a script for iPXE, a GRUB made for this network, or a signed one."""
    if place.firmware is SEABIOS:
        lines = ("#!ipxe", f"kernel boot/linux {command_line(nonce)}", "initrd boot/initrd.img", "boot", "")
        (tree / "boot.ipxe").write_text("\n".join(lines))
        return
    (tree / "grub").mkdir()
    cmdline = command_line(nonce, Cpu.ARM64 if place.cpu is Cpu.ARM64 else Cpu.X86_64)
    (tree / "grub" / "grub.cfg").write_text(f"linux /boot/linux {cmdline}\ninitrd /boot/initrd.img\nboot\n")
    if place.cpu is Cpu.I386:
        start = tree.parent / "start.cfg"
        address = 'if [ -z "$net_default_mac" ]; then net_bootp; fi'
        start.write_text(f"{address}\nset root=(tftp,{STATION_ADDRESS})\nconfigfile /grub/grub.cfg\n")
        modules = ("efinet", "tftp", "http", "linux", "normal", "configfile", "test", "boot")
        run_tool(
            *("grub-mkimage", "-O", "i386-efi", "-p", "/grub", "-c", str(start), "-o", str(tree / "bootia32.efi")),
            *modules,
        )
        return
    loaders: Path = request.getfixturevalue("fetched_loaders")
    suffix = "aa64" if place.cpu is Cpu.ARM64 else "x64"
    for name in (f"shim{suffix}.efi", f"grub{suffix}.efi"):
        (program,) = loaders.rglob(f"{name.replace('grub', 'grubnet')}.signed")
        shutil.copyfile(program, tree / name)


def says_why(place: Place, kind: str, finding: str) -> object:
    return pytest.param(place, kind, marks=pytest.mark.finding(finding), id=f"{place.name}-{kind}")


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        *(says_why(UEFI32, kind, "BB-087") for kind in ("iso", "disk", "script")),
        says_why(UEFI32_HTTP, "script", "BB-087"),
        *(says_why(place, kind, "BB-082") for place in (ARM64, ARM64_HTTP) for kind in ("multiboot", "multiboot2")),
        *(says_why(SECURE, kind, "BB-085") for kind in ("multiboot", "script")),
        says_why(SECURE, "disk", "BB-087"),
        *(says_why(SECURE_HTTP, kind, "BB-085") for kind in ("multiboot", "multiboot2", "script")),
    ],
)
def test_what_cannot_boot_in_its_cell_says_why(
    serve: StartStation, power_on: PowerOn, pc_at: PcSpec, image: Path
) -> None:
    station = serve(image)
    pc = power_on(pc_at)
    shown = station.wait_for(EventKind.MESSAGE_SHOWN, BOOT_TIMEOUT_S, mac=pc.mac)
    assert "cannot boot" in str(shown.facts["title"])
    wait_for_words(pc, station)
    station.wait_for(EventKind.FINDING, 20, mac=pc.mac)
    assert pc.is_running, "the message must stay on the screen"


def wait_for_words(pc: VirtualMachine, station: StationProcess) -> None:
    """All that the station says is on the machine's screen, above the line that says how to go on."""
    shown = next(event for event in station.events(pc.mac) if event.kind is EventKind.MESSAGE_SHOWN)
    pc.wait_for(r"Press any key|Press Esc", 60)
    screen = words(pc.console)
    for fact in ("title", "why", "fix"):
        assert words(str(shown.facts[fact])) in screen

"""Package databases and distributions; what a person is told when a loader is missing."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from bootbeam.library.loader_packages import (
    Distribution,
    EarlyAnswer,
    Package,
    missing_loader_advice,
    packages_of,
    read_distribution,
    read_manifest,
    run_query,
)
from bootbeam.machine import Cpu, Firmware
from tests.image_bytes import IPXE

EFI, KPXE, MINE = Path("/usr/share/ipxe/a.efi"), Path("/usr/share/ipxe/undionly.kpxe"), Path("/home/mine.efi")


class Answers:
    """Stands for programs: gives what it was told to by the first word of the command."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.asked.append(list(command))
        return self.answers.get("_".join(command[:2]).replace("-", "_"), "")


def test_dpkg() -> None:
    answers = Answers(
        dpkg_query___search="ipxe: /usr/share/ipxe/a.efi\n"
        "diversion by other from: /usr/share/ipxe/undionly.kpxe\n"
        "ipxe:amd64: /usr/share/ipxe/undionly.kpxe\n"
        "one, two: /home/mine.efi\n",
        dpkg_query___show="ipxe 1.21.1+git20250501.dad20602+dfsg-1\n",
    )
    package = Package("ipxe", "1.21.1+git20250501.dad20602+dfsg-1")
    assert packages_of([EFI, KPXE, MINE], answers) == {EFI: package, KPXE: package}


def test_rpm() -> None:
    class Rpm(Answers):
        def __call__(self, command: Sequence[str]) -> str:
            if command[0] != "rpm":
                return ""
            if command[-1] == str(EFI):
                return "ipxe-bootimgs-x86 20240119-1.gitde8a0821.fc41\n"
            return f"file {command[-1]} is not owned by any package\n"

    assert packages_of([EFI, MINE], Rpm()) == {EFI: Package("ipxe-bootimgs-x86", "20240119-1.gitde8a0821.fc41")}


def test_pacman() -> None:
    answers = Answers(pacman___query="/usr/share/ipxe/a.efi is owned by ipxe 2.0.0-1\n")
    assert packages_of([EFI, MINE], answers) == {EFI: Package("ipxe", "2.0.0-1")}


def test_no_package_database() -> None:
    assert packages_of([EFI], Answers()) == {}


def test_no_files_ask_nobody() -> None:
    answers = Answers()
    assert packages_of([], answers) == {}
    assert answers.asked == []


def test_this_computers_package_database() -> None:
    found = packages_of([IPXE / "undionly.kpxe", Path("/etc/hostname")])
    expected = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "ipxe"], capture_output=True, text=True, check=True
    ).stdout
    assert found == {IPXE / "undionly.kpxe": Package("ipxe", expected)}


def test_program_that_is_not_there() -> None:
    assert run_query(["bootbeam-no-such-program"]) == ""


def test_manifest(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    (tmp_path / "package.json").write_text('{"package": "ipxe", "version": "2.0.0", "suite": "x"}')
    package = read_manifest(tmp_path)
    assert package == Package("ipxe", "2.0.0")
    assert str(package) == "ipxe 2.0.0"


DEBIAN = Distribution("debian", "Debian GNU/Linux 12 (bookworm)", "bookworm")
MINT = Distribution("linuxmint", "Linux Mint 22", "wilma", ("ubuntu", "debian"))
FEDORA = Distribution("fedora", "Fedora Linux 43")
ALMA = Distribution("almalinux", "AlmaLinux 10", "", ("rhel", "centos", "fedora"))
ARCH = Distribution("arch", "Arch Linux")
SUSE = Distribution("opensuse-tumbleweed", "openSUSE Tumbleweed", "", ("opensuse", "suse"))
OTHER = Distribution("", "this system")
BIOS, UEFI = Firmware.BIOS, Firmware.UEFI


@pytest.mark.parametrize(
    ("distribution", "firmware", "cpu", "command"),
    [
        (DEBIAN, BIOS, Cpu.X86_64, "sudo apt install ipxe "),
        (DEBIAN, UEFI, Cpu.X86_64, "sudo apt install ipxe "),
        (DEBIAN, UEFI, Cpu.ARM64, "bootbeam loaders fetch"),
        (DEBIAN, UEFI, Cpu.RISCV64, "bootbeam loaders fetch"),
        (DEBIAN, UEFI, Cpu.I386, "--loaders DIRECTORY"),
        (MINT, BIOS, Cpu.X86_64, "sudo apt install ipxe "),
        (FEDORA, BIOS, Cpu.X86_64, "sudo dnf install ipxe-bootimgs-x86"),
        (FEDORA, UEFI, Cpu.I386, "sudo dnf install ipxe-bootimgs-x86"),
        (FEDORA, UEFI, Cpu.ARM64, "sudo dnf install ipxe-bootimgs-aarch64"),
        (FEDORA, UEFI, Cpu.RISCV64, "--loaders DIRECTORY"),
        (ALMA, UEFI, Cpu.X86_64, "sudo dnf install ipxe-bootimgs-x86"),
        (ARCH, UEFI, Cpu.X86_64, "sudo pacman -S ipxe"),
        (ARCH, BIOS, Cpu.X86_64, "sudo pacman -S ipxe"),
        (ARCH, UEFI, Cpu.ARM64, "--loaders DIRECTORY"),
        (SUSE, UEFI, Cpu.ARM64, "sudo zypper install ipxe-bootimgs"),
        (SUSE, BIOS, Cpu.X86_64, "sudo zypper install ipxe-bootimgs"),
        (OTHER, BIOS, Cpu.X86_64, "--loaders DIRECTORY"),
    ],
)
def test_advice_names_the_package_of_this_distribution(
    distribution: Distribution, firmware: Firmware, cpu: Cpu, command: str
) -> None:
    advice = missing_loader_advice(firmware, cpu, distribution)
    assert command in advice.fix
    assert distribution.name in advice.why
    assert advice.what.startswith("no boot loader for ")


def test_read_distribution(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text(
        '# a comment = no field\nPRETTY_NAME="Linux Mint 22"\nID=linuxmint\nID_LIKE="ubuntu debian"\n'
        "VERSION_CODENAME=wilma\nnonsense\n"
    )
    assert read_distribution(release) == Distribution("linuxmint", "Linux Mint 22", "wilma", ("ubuntu", "debian"))
    assert read_distribution(tmp_path / "none") == Distribution("", "this system")


def test_this_computers_distribution() -> None:
    assert read_distribution().is_like("debian")


def test_what_is_asked_early_is_answered_the_same() -> None:
    paths = [Path("/bin/sh"), Path("/usr/bin/dpkg-query")]
    assert EarlyAnswer(paths)(paths) == packages_of(paths)

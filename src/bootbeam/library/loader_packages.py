"""The machine's distribution: which package a file came from, and which package would bring a missing loader."""

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootbeam.errors import UserError
from bootbeam.machine import Cpu, Firmware

OS_RELEASE = Path("/etc/os-release")
QUERY_TIMEOUT_S = 20
MANIFEST_NAME = "package.json"
"""Beside fetched loaders: the package they were unpacked from."""
MAX_MANIFEST_BYTES = 65536

Run = Callable[[Sequence[str]], str]
"""Runs a program and gives what it printed; "" when there is no such program or it does not answer."""


@dataclass(frozen=True, slots=True)
class Package:
    """An installed, or a fetched and unpacked, package."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Distribution:
    """What /etc/os-release tells (os-release(5))."""

    id: str
    name: str
    codename: str = ""
    like: tuple[str, ...] = ()
    """The distributions this one is made from."""

    def is_like(self, *ids: str) -> bool:
        """It is one of these, or made from one."""
        return self.id in ids or any(like in ids for like in self.like)


def read_distribution(path: Path = OS_RELEASE) -> Distribution:
    """The distribution this machine runs; its ``id`` is "" when it does not say."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    facts = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    values = {key.strip(): value.strip().strip("\"'") for key, value in facts.items()}
    return Distribution(
        id=values.get("ID", "").lower(),
        name=values.get("PRETTY_NAME") or values.get("NAME") or "this system",
        codename=values.get("VERSION_CODENAME", ""),
        like=tuple(values.get("ID_LIKE", "").lower().split()),
    )


def run_query(command: Sequence[str]) -> str:
    """A ``Run`` that really runs it, in the C locale."""
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=QUERY_TIMEOUT_S,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def packages_of(paths: Sequence[Path], run: Run = run_query) -> dict[Path, Package]:
    """The installed package each of ``paths`` belongs to, by the first package database that knows any."""
    if not paths:
        return {}
    for ask in (_ask_dpkg, _ask_rpm, _ask_pacman):
        found = ask(paths, run)
        if found:
            return found
    return {}


class EarlyAnswer:
    """Asks which packages files belong to, beside whatever else is done until the answer is wanted.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._found: dict[Path, Package] = {}
        self._thread = threading.Thread(target=self._ask, args=(paths,), name="packages", daemon=True)
        self._thread.start()

    def __call__(self, paths: Sequence[Path]) -> dict[Path, Package]:
        """As ``packages_of``, which finds nothing more: the files are the same."""
        self._thread.join()
        return self._found

    def _ask(self, paths: Sequence[Path]) -> None:
        self._found = packages_of(paths)


def read_manifest(directory: Path) -> Package | None:
    """The package that loaders fetched into ``directory`` came from; None when nothing says so."""
    try:
        with (directory / MANIFEST_NAME).open("rb") as file:
            facts = json.loads(file.read(MAX_MANIFEST_BYTES))
        return Package(str(facts["package"]), str(facts["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def missing_loader_advice(firmware: Firmware, cpu: Cpu, distribution: Distribution) -> UserError:
    """What to tell a person when no boot loader for a kind of machine was found."""
    machine = "BIOS PCs" if firmware is Firmware.BIOS else f"{firmware} machines with {cpu} processors"
    what = f"no boot loader for {machine} was found on this computer"
    package, command = _package_for(firmware, cpu, distribution)
    if package:
        return UserError(what, f"{distribution.name} has it in the package {package}", command)
    why = f"{distribution.name} has no package with one that is known here"
    return UserError(what, why, "put an iPXE build for it into a directory and name that one with: --loaders DIRECTORY")


def _package_for(firmware: Firmware, cpu: Cpu, distribution: Distribution) -> tuple[str, str]:
    """The package, and the command that brings it; ("", "") when there is none."""
    is_x86 = firmware is Firmware.BIOS or cpu in (Cpu.X86_64, Cpu.I386)
    if distribution.is_like("debian", "ubuntu"):
        if firmware is Firmware.BIOS or cpu is Cpu.X86_64:
            return "ipxe", "sudo apt install ipxe   (a newer one: bootbeam loaders fetch)"
        if cpu in (Cpu.ARM64, Cpu.RISCV64, Cpu.LOONG64):
            return "ipxe of Debian 13 or Ubuntu 25.10 and later", "bootbeam loaders fetch"
    elif distribution.is_like("fedora", "rhel", "centos"):
        package = "ipxe-bootimgs-x86" if is_x86 else "ipxe-bootimgs-aarch64" if cpu is Cpu.ARM64 else ""
        return (package, f"sudo dnf install {package}") if package else ("", "")
    elif distribution.is_like("suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles"):
        if is_x86 or cpu is Cpu.ARM64:
            return "ipxe-bootimgs", "sudo zypper install ipxe-bootimgs"
    elif distribution.is_like("arch") and (firmware is Firmware.BIOS or cpu is Cpu.X86_64):
        return "ipxe", "sudo pacman -S ipxe"
    return "", ""


def _ask_dpkg(paths: Sequence[Path], run: Run) -> dict[Path, Package]:
    owners: dict[Path, str] = {}
    for line in run(["dpkg-query", "--search", "--", *map(str, paths)]).splitlines():
        owner, separator, path = line.partition(": ")
        if separator and Path(path) in paths and "," not in owner:
            owners[Path(path)] = owner.partition(":")[0]
    if not owners:
        return {}
    names = sorted(set(owners.values()))
    lines = run(["dpkg-query", "--show", "--showformat", "${Package} ${Version}\\n", "--", *names]).splitlines()
    versions = dict(line.split(" ", 1) for line in lines if " " in line)
    return {path: Package(name, versions[name]) for path, name in owners.items() if name in versions}


def _ask_rpm(paths: Sequence[Path], run: Run) -> dict[Path, Package]:
    """One question per file: a file that no package has is answered with a line too, but not always one."""
    found = {}
    for path in paths:
        fields = run(
            ["rpm", "--query", "--file", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE}\\n", str(path)]
        ).split()
        if len(fields) == 2:
            found[path] = Package(*fields)
    return found


def _ask_pacman(paths: Sequence[Path], run: Run) -> dict[Path, Package]:
    found = {}
    for line in run(["pacman", "--query", "--owns", *map(str, paths)]).splitlines():
        path, separator, owner = line.partition(" is owned by ")
        fields = owner.split()
        if separator and len(fields) == 2:
            found[Path(path)] = Package(*fields)
    return found

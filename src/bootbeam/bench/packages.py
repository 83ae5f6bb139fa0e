"""The programs that bootbeam is compared with, from Debian's packages.

They are unpacked into a directory of their own and never installed: two of them conflict, most would start a server at
once, and somebody who only wants a figure should find the computer as it was.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bootbeam.errors import UserError

APT_TIMEOUT_S = 600.0
DONE = ".complete"


def read_names(list_file: Path) -> list[str]:
    """The package names of a list, one per line, with comments."""
    lines = (line.partition("#")[0].strip() for line in list_file.read_text("utf-8").splitlines())
    return [line for line in lines if line]


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are."""

    root: Path
    """What the packages were unpacked into."""

    def path(self, name: str) -> str:
        """The program of that name, out of the packages.

        Raises:
            UserError: none of them has it.
        """
        for directory in ("usr/sbin", "usr/bin"):
            if (found := self.root / directory / name).exists():
                return str(found)
        raise UserError(
            f"{name} is in none of the packages", f"looked in {self.root}", "rm -r .cache/bench; make bench"
        )

    @property
    def environment(self) -> dict[str, str]:
        """What they need to find their libraries."""
        return {"LD_LIBRARY_PATH": str(self.root / "usr/lib/x86_64-linux-gnu"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    def version(self, package: str) -> str:
        """Debian's version of an unpacked package, "" when it was none of them."""
        found = list((self.root / "packages").glob(f"{package}_*.deb"))
        return found[0].name.split("_")[1].replace("%3a", ":") if found else ""


def fetch_programs(names: Sequence[str], directory: Path) -> Programs:
    """The packages and the libraries they need that are not on this computer, unpacked into ``directory``.

    The machine's own apt fetches them and checks its signatures.

    Raises:
        UserError: apt cannot get one of them.
    """
    programs = Programs(directory)
    if (directory / DONE).exists():
        return programs
    packages = directory / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    wanted = set[str]()
    for name in names:  # one by one: some of them conflict
        plan = _run("apt-get", "install", "--simulate", "--no-install-recommends", name)
        wanted |= {line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")} | {name}
    _run("apt-get", "--quiet", "download", *sorted(wanted), directory=packages)
    for package in sorted(packages.glob("*.deb")):
        _run("dpkg-deb", "--extract", str(package), str(directory))
    (directory / DONE).touch()
    return programs


def _run(*argv: str, directory: Path | None = None) -> str:
    try:
        done = subprocess.run(
            argv, cwd=directory, capture_output=True, text=True, timeout=APT_TIMEOUT_S, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise UserError("the programs to compare with come from Debian's packages", f"{argv[0]} is not here") from error
    if done.returncode:
        raise UserError(f"`{' '.join(argv[:4])}` failed", done.stderr.strip(), "apt-get update")
    return done.stdout


def compile_load(source: Path, directory: Path) -> Path:
    """A load generator, compiled from its one C file into ``directory``; the one there when it is newer.

    Raises:
        UserError: there is no C compiler, or it refuses.
    """
    target = directory / source.stem
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        try:
            _run("cc", "-O2", "-o", str(target), str(source))
        except UserError as error:
            raise UserError(
                "the load generators need a C compiler", error.why, "apt-get install gcc libc6-dev"
            ) from None
    return target

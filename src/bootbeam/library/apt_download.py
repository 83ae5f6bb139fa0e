"""Packages of another release, by the machine's own apt, without touching what apt knows of this one.

apt gets its own lists, cache and sources in a temporary directory; it checks signatures as always. The packages are
downloaded and unpacked, never installed. No root is needed.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootbeam.errors import UserError
from bootbeam.library.apt_sources import AptSource, render_deb822_sources

UPDATE_TIMEOUT_S = 300
DOWNLOAD_TIMEOUT_S = 300
LOCAL_TIMEOUT_S = 60
SHOWN_LINES = 3
"""How much of apt's own words an error repeats."""

_CONFIGURATION = """\
Dir::State "{work}/state/";
Dir::State::lists "{work}/state/lists/";
Dir::State::status "{work}/state/status";
Dir::Cache "{work}/cache/";
Dir::Etc::sourcelist "{work}/etc/distribution.sources";
Dir::Etc::sourceparts "{work}/etc/empty/";
Dir::Etc::preferences "{work}/etc/preferences";
Dir::Etc::preferencesparts "{work}/etc/empty/";
#clear APT::Architectures;
APT::Architectures {{ {architectures} }};
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Get::AllowUnauthenticated "false";
APT::Get::Assume-Yes "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
"""
"""apt.conf(5). Hooks of the machine's own configuration are for its own lists, and are left out."""

_PREFERENCES = """\
Package: *
Pin: release o={origin}
Pin-Priority: 500

Package: *
Pin: release *
Pin-Priority: -1
"""
"""apt_preferences(5): of packages that say they are somebody else's, none is a candidate."""


@dataclass(frozen=True, slots=True)
class WantedPackage:
    """A package by its name and architecture."""

    name: str
    architecture: str
    """Debian's word for it; "" for a package that is for all."""

    def __str__(self) -> str:
        return f"{self.name}:{self.architecture}" if self.architecture else self.name


class PrivateApt:
    """apt in a directory of its own.

    Args:
        work: an empty directory.
        sources: where packages come from.
        origin: whose packages are taken, as the archive's Release file says: "Debian", "Ubuntu".
        architectures: this machine's first.
        release: what is downloaded from, in words for error messages.
    """

    def __init__(
        self, work: Path, sources: Sequence[AptSource], origin: str, architectures: Sequence[str], release: str
    ) -> None:
        self._work = work
        self._native = architectures[0]
        self._release = release
        self._downloads = work / "downloads"
        for directory in ("state/lists/partial", "cache/archives/partial", "etc/empty", "downloads"):
            (work / directory).mkdir(parents=True)
        (work / "state" / "status").touch()
        (work / "etc" / "distribution.sources").write_text(render_deb822_sources(sources, architectures), "utf-8")
        (work / "etc" / "preferences").write_text(_PREFERENCES.format(origin=origin), "ascii")
        listed = " ".join(f'"{architecture}";' for architecture in architectures)
        self._configuration = work / "apt.conf"
        self._configuration.write_text(_CONFIGURATION.format(work=work, architectures=listed), "utf-8")
        self._let_apt_in()

    def update(self) -> str:
        """Download the package lists. What apt said is returned: an error in one source need not concern us."""
        done = self.run(["apt-get", "update"], UPDATE_TIMEOUT_S)
        return done.stderr + done.stdout

    def candidates(self, wanted: Iterable[WantedPackage]) -> dict[WantedPackage, str]:
        """The version of each wanted package that would be downloaded; those that do not exist are left out."""
        by_header = {}
        for package in wanted:
            is_native = package.architecture in ("", self._native)
            by_header[package.name if is_native else str(package)] = package
        done = self.run(["apt-cache", "policy", "--", *map(str, by_header.values())], LOCAL_TIMEOUT_S)
        found, current = {}, None
        for line in done.stdout.splitlines():
            if not line.startswith(" "):
                current = by_header.get(line.removesuffix(":"))
            elif current and line.strip().startswith("Candidate: "):
                version = line.strip().removeprefix("Candidate: ")
                if version != "(none)":
                    found[current] = version
        return found

    def download(self, packages: Iterable[WantedPackage]) -> list[Path]:
        """The downloaded ``.deb`` files. Raises ``UserError``."""
        names = [str(package) for package in packages]
        done = self.run(["apt-get", "download", "--", *names], DOWNLOAD_TIMEOUT_S, self._downloads)
        if done.returncode:
            raise explain_apt_failure(done.stderr + done.stdout, self._release)
        return sorted(self._downloads.glob("*.deb"))

    def unpack(self, deb: Path) -> tuple[WantedPackage, str, Path]:
        """The package in ``deb``, its version, and the directory it was unpacked into. Raises ``UserError``."""
        form = "--showformat=${Package} ${Architecture} ${Version}"
        shown = self.run(["dpkg-deb", "--show", form, str(deb)], LOCAL_TIMEOUT_S)
        fields = shown.stdout.split()
        directory = self._work / "unpacked" / deb.stem
        directory.mkdir(parents=True)
        done = self.run(["dpkg-deb", "--extract", str(deb), str(directory)], LOCAL_TIMEOUT_S)
        if done.returncode or len(fields) != 3:
            raise UserError(
                f"{deb.name} could not be unpacked", _last_lines((done.stderr or shown.stderr).splitlines())
            )
        name, architecture, version = fields
        return WantedPackage(name, "" if architecture == "all" else architecture), version, directory

    def _let_apt_in(self) -> None:
        """As root, apt downloads as the user _apt, who has to get here."""
        self._work.chmod(0o755)
        if os.geteuid() == 0:
            try:
                shutil.chown(self._downloads, "_apt")
            except LookupError:
                return  # no such user: apt stays root then, as it does on such a machine

    def run(
        self, command: list[str], timeout_s: float, directory: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program of apt's or dpkg's; apt's with this configuration.

        Raises:
            UserError: there is no such program, or it does not come to an end.
        """
        environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        if command[0].startswith("apt"):
            command = [command[0], f"--config-file={self._configuration}", *command[1:]]
        try:
            return subprocess.run(
                command,
                cwd=directory or self._work,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except FileNotFoundError:
            raise UserError(
                f"{command[0]} is not on this computer", "it comes with apt", "sudo apt install apt"
            ) from None
        except subprocess.TimeoutExpired:
            errors = f"{command[0]} had not finished after {timeout_s:g} s"
            raise _explained(_NO_NETWORK, errors, self._release) from None


def native_architecture() -> str:
    """This machine's architecture in Debian's words; "amd64" when dpkg does not say."""
    try:
        done = subprocess.run(
            ["dpkg", "--print-architecture"], capture_output=True, text=True, timeout=LOCAL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "amd64"
    return done.stdout.strip() or "amd64"


@dataclass(frozen=True, slots=True)
class _Failure:
    """A way for apt to fail, known by ``marks`` in what it says; {release} and {errors} are filled in."""

    marks: tuple[str, ...]
    what: str
    why: str
    fix: str


_NO_NETWORK = _Failure(
    (
        "Could not resolve",
        "Could not connect",
        "Unable to connect",
        "Temporary failure",
        "Network is unreachable",
        "Connection failed",
        "timed out",
    ),
    "the package archive cannot be reached",
    "{errors}",
    "see whether this works: sudo apt update   (a proxy is named in /etc/apt/apt.conf.d or in http_proxy)",
)
_FAILURES = (
    _Failure(
        ("NO_PUBKEY",),
        "apt on this computer does not know the key that signs {release}",
        "its keyring package is older than that release, and nothing unsigned is ever taken",
        "sudo apt update && sudo apt install debian-archive-keyring   (on Ubuntu: ubuntu-keyring)",
    ),
    _Failure(
        ("BADSIG", "EXPKEYSIG", "is not signed", "invalid signature"),
        "the signature of {release} did not hold",
        "a mirror or a proxy may change what it passes on, and nothing unsigned is ever taken: {errors}",
        "name another mirror in /etc/apt, then again: bootbeam loaders fetch",
    ),
    _NO_NETWORK,
    _Failure(
        ("not valid yet", "is expired"),
        "apt takes the package lists of {release} for outdated, or for not valid yet",
        "the clock of this computer may be wrong: {errors}",
        "look at the clock with: timedatectl",
    ),
    _Failure(
        ("does not have a Release file", "404"),
        "{release} is not where the package sources of this computer point",
        "{errors}",
        "name a release that is there, for example: bootbeam loaders fetch --suite trixie",
    ),
    _Failure(("",), "apt brought no boot loaders of {release}", "{errors}", "see whether this works: sudo apt update"),
)
"""The first that fits says it."""


def explain_apt_failure(output: str, release: str) -> UserError:
    """What a person can do about it when apt brings nothing.

    Args:
        output: what apt said.
        release: what was to be downloaded from, e.g. "Debian trixie".
    """
    failure = next(failure for failure in _FAILURES if any(mark in output for mark in failure.marks))
    return _explained(failure, _errors_in(output), release)


def _explained(failure: _Failure, errors: str, release: str) -> UserError:
    errors = errors or "apt did not say why"
    return UserError(
        failure.what.format(release=release), failure.why.format(release=release, errors=errors), failure.fix
    )


def _errors_in(output: str) -> str:
    """apt's last word on it: its errors, else its warnings about what failed."""
    lines = output.splitlines()
    for beginnings in (("E:",), ("W: Failed", "W: GPG", "Err:")):
        errors = dict.fromkeys(line for line in lines if line.startswith(beginnings))
        if errors:
            return _last_lines(errors)
    return ""


def _last_lines(lines: Iterable[str]) -> str:
    return "; ".join(" ".join(line.split()) for line in list(lines)[-SHOWN_LINES:])

"""``bootbeam loaders fetch``: newer boot loaders of this computer's own distribution, unpacked and not installed."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG

from bootbeam.errors import UserError
from bootbeam.library.apt_download import PrivateApt, WantedPackage, explain_apt_failure, native_architecture
from bootbeam.library.apt_sources import AptSource, parse_deb822_sources, parse_one_line_sources, sources_for_suite
from bootbeam.library.loader_packages import MANIFEST_NAME, Distribution, missing_loader_advice, read_distribution
from bootbeam.library.loader_places import Place, files_in, name_of_loader
from bootbeam.library.loaders import Loader, LoaderShelf, find_loaders, read_loader
from bootbeam.machine import Cpu, Firmware

APT_DIRECTORY = Path("/etc/apt")
MAX_SOURCES_BYTES = 1 << 20
UNPACKED_DEPTH = 8
_SUITE = re.compile(r"[a-z][a-z0-9.-]{0,40}", re.ASCII)

PACKAGES = (
    WantedPackage("ipxe", ""),
    *(
        WantedPackage(name, architecture)
        for architecture in ("amd64", "arm64")
        for name in ("shim-signed", f"shim-helpers-{architecture}-signed", f"grub-efi-{architecture}-signed")
    ),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """What is known of a distribution's releases."""

    origin: str
    """As its Release files say."""
    newest: str
    """The newest release known here whose loaders are worth having."""
    older: frozenset[str]
    """Releases before it; on any other, its own is used."""
    has_all_architectures: bool
    """Every architecture is on the same servers (Ubuntu has most of them elsewhere)."""


ARCHIVES = {
    "debian": Archive("Debian", "trixie", frozenset({"buster", "bullseye", "bookworm"}), has_all_architectures=True),
    "ubuntu": Archive(
        "Ubuntu",
        "resolute",
        frozenset({"bionic", "focal", "jammy", "noble", "oracular", "plucky", "questing"}),
        has_all_architectures=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Brought:
    """One boot loader that was fetched."""

    loader: Loader
    old_version: str | None
    """Of the newest loader of its kind before; None when there was none."""


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What ``fetch_loaders`` did, or would do."""

    release: str
    """E.g. "Debian trixie"."""
    directory: Path
    candidates: dict[str, str]
    """Every package that the release has, with its version."""
    missing: tuple[str, ...]
    """Packages the release does not have."""
    present: tuple[str, ...]
    """Packages that were fetched in this version before."""
    brought: tuple[Brought, ...] = ()
    """Nothing when it was a dry run."""


def fetch_loaders(
    directory: Path,
    suite: str | None = None,
    *,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _: None,
    distribution: Distribution | None = None,
    apt_directory: Path = APT_DIRECTORY,
) -> FetchReport:
    """Bring boot loaders of a newer release into ``directory``.

    Args:
        directory: bootbeam's own; made when it does not exist.
        suite: the release's name; None: the newest known.
        dry_run: only say what would be brought.
        tell: hears what is being done, for long waits.
        distribution: None: this computer's.
        apt_directory: where the computer's package sources are.

    Raises:
        UserError: the distribution is none with apt, or apt brings nothing.
    """
    plan = _plan(distribution or read_distribution(), suite, apt_directory)
    with tempfile.TemporaryDirectory(prefix="bootbeam-fetch-") as work:
        apt = PrivateApt(Path(work), plan.sources, plan.origin, plan.architectures, plan.release)
        tell(f"reading the package lists of {plan.release} ({', '.join(plan.architectures)})")
        said = apt.update()
        candidates = apt.candidates(plan.wanted)
        if not candidates:
            raise explain_apt_failure(said, plan.release)
        new = [
            package for package, version in candidates.items() if not _place_of(directory, package, version).is_dir()
        ]
        report = FetchReport(
            release=plan.release,
            directory=directory,
            candidates={str(package): version for package, version in candidates.items()},
            missing=tuple(str(package) for package in plan.wanted if package not in candidates),
            present=tuple(str(package) for package in candidates if package not in new),
        )
        if dry_run or not new:
            return report
        tell(f"downloading {', '.join(map(str, new))}")
        before = find_loaders(own=(directory,))
        placed = [_put(directory, plan.suite, *apt.unpack(deb)) for deb in apt.download(new)]
    return replace(report, brought=tuple(_brought(placed, before)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """From where, and what."""

    suite: str
    origin: str
    sources: Sequence[AptSource]
    wanted: Sequence[WantedPackage]
    architectures: Sequence[str]

    @property
    def release(self) -> str:
        return f"{self.origin} {self.suite}"


def _plan(distribution: Distribution, suite: str | None, apt_directory: Path) -> _Plan:
    archive = ARCHIVES.get(distribution.id)
    if archive is None:
        raise _no_fetch(distribution)
    suite = suite or (archive.newest if distribution.codename in archive.older else distribution.codename)
    if not _SUITE.fullmatch(suite):
        raise UserError(
            f"{suite!r} is not the name of a release", "", "for example: bootbeam loaders fetch --suite trixie"
        )
    sources = sources_for_suite(read_sources(apt_directory), distribution.id, distribution.codename, suite)
    if not sources:
        raise UserError(
            f"no package source of {archive.origin} itself was found in {apt_directory}",
            f"only entries for {distribution.codename or 'the running release'} from its own archive count",
            f"look at: cat {apt_directory}/sources.list {apt_directory}/sources.list.d/*",
        )
    native = native_architecture()
    wanted = [package for package in PACKAGES if archive.has_all_architectures or package.architecture in ("", native)]
    architectures = dict.fromkeys([native, *(package.architecture for package in wanted if package.architecture)])
    return _Plan(suite, archive.origin, sources, wanted, tuple(architectures))


def _brought(placed: Sequence[Path], before: LoaderShelf) -> Iterator[Brought]:
    for package_directory in placed:
        for path in files_in(package_directory, 0):
            loader = read_loader(path, Place.OWN)
            if loader is not None:
                old = before.newest(loader)
                yield Brought(loader, old.version if old else None)


def _put(directory: Path, suite: str, package: WantedPackage, version: str, unpacked: Path) -> Path:
    """Move a package's boot loaders to their place under ``directory``, all at once or not at all."""
    final = _place_of(directory, package, version)
    directory.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
    try:
        for path in files_in(unpacked, UNPACKED_DEPTH):
            if name_of_loader(path.name) and S_ISREG(path.lstat().st_mode) and not (staging / path.name).exists():
                shutil.copyfile(path, staging / path.name)
                (staging / path.name).chmod(0o644)
        manifest = {"package": package.name, "version": version, "architecture": package.architecture, "suite": suite}
        (staging / MANIFEST_NAME).write_text(json.dumps(manifest) + "\n", "ascii")
        (staging / MANIFEST_NAME).chmod(0o644)
        staging.chmod(0o755)
        staging.rename(final)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        if final.is_dir():
            return final  # somebody else fetched the same at the same time
        raise UserError(f"{final} could not be written", str(error)) from error
    return final


def _place_of(directory: Path, package: WantedPackage, version: str) -> Path:
    return directory / f"{package.name}_{version.replace(':', '%3a')}_{package.architecture or 'all'}"


def read_sources(apt_directory: Path) -> list[AptSource]:
    """Every package source that apt's configuration in ``apt_directory`` names."""
    parts = apt_directory / "sources.list.d"
    sources = []
    for path in (apt_directory / "sources.list", *sorted(parts.glob("*.list"))):
        sources += parse_one_line_sources(_read_text(path))
    for path in sorted(parts.glob("*.sources")):
        sources += parse_deb822_sources(_read_text(path))
    return sources


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_SOURCES_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _no_fetch(distribution: Distribution) -> UserError:
    advice = missing_loader_advice(Firmware.UEFI, Cpu.X86_64, distribution)
    return UserError(
        f"boot loaders are not fetched on {distribution.name}",
        "that is done for Debian and Ubuntu, whose older releases have old loaders; " + advice.why,
        advice.fix,
    )

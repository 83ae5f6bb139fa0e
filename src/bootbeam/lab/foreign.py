"""Files out of packages that are made for other processors, for what the lab boots there."""

import fcntl
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.errors import UserError
from bootbeam.library.apt_download import PrivateApt, WantedPackage, explain_apt_failure, native_architecture
from bootbeam.library.apt_sources import sources_for_suite
from bootbeam.library.loader_fetch import APT_DIRECTORY, ARCHIVES, read_sources
from bootbeam.library.loader_packages import read_distribution


def fetch_from_package(cache: Path, package: str, architecture: str, member: str) -> Path:
    """The file ``member`` (a path without a leading slash) of a package that is not for this machine.

    It comes through the machine's own apt, which checks its signature, into a directory of its own; nothing is
    installed. ``cache`` keeps it for the next time.

    Args:
        cache: a directory; made when it does not exist.
        package: its name.
        architecture: Debian's word.
        member: the file.

    Raises:
        UserError: the package cannot be had, or has no such file.
    """
    kept = cache / f"{package}_{architecture}" / Path(member).name
    if kept.exists():
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{package}_{architecture}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two labs at a time fetch it once
        if not kept.exists():
            _fetch(kept, package, architecture, member)
    return kept


def _fetch(kept: Path, package: str, architecture: str, member: str) -> None:
    wanted = WantedPackage(package, architecture)
    with TemporaryDirectory(prefix="bootbeam-lab-") as work:
        (deb,), apt = download_packages(Path(work), read_distribution().codename, [wanted])
        copy_members(apt, deb, {member: kept})


def download_packages(work: Path, suite: str, wanted: Sequence[WantedPackage]) -> tuple[list[Path], PrivateApt]:
    """Packages of the release ``suite``, into the empty directory ``work``, and the apt that brought them.

    Raises:
        UserError: this is neither Debian nor Ubuntu, or one of them cannot be had.
    """
    distribution = read_distribution()
    archive = ARCHIVES.get(distribution.id)
    names = ", ".join(map(str, wanted))
    if archive is None:
        raise UserError(f"{names}: such packages are fetched on Debian and Ubuntu only")
    release = f"{archive.origin} {suite}"
    sources = sources_for_suite(read_sources(APT_DIRECTORY), distribution.id, distribution.codename, suite)
    architectures = dict.fromkeys((native_architecture(), *(one.architecture for one in wanted if one.architecture)))
    apt = PrivateApt(work, sources, archive.origin, tuple(architectures), release)
    said = apt.update()
    if len(apt.candidates(wanted)) < len(wanted):
        raise explain_apt_failure(said, release)
    return apt.download(wanted), apt


def copy_members(apt: PrivateApt, deb: Path, targets: Mapping[str, Path]) -> None:
    """Files out of a package, each to its place, links followed; none is there half.

    Args:
        targets: path in the package, without a leading slash -> where it goes.

    Raises:
        UserError: the package has no such file.
    """
    package, version, unpacked = apt.unpack(deb)
    for member, kept in targets.items():
        found = unpacked / member
        if not found.is_file():
            place = f" for {package.architecture}" if package.architecture else ""
            raise UserError(f"{package.name} {version}{place} has no file {member}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".new")
        shutil.copyfile(found, unfinished)
        unfinished.replace(kept)

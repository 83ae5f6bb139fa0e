"""Files out of packages that are made for other processors, for what the lab boots there."""

import fcntl
import shutil
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
    distribution = read_distribution()
    archive = ARCHIVES.get(distribution.id)
    if archive is None:
        raise UserError(f"{package} for {architecture} is fetched on Debian and Ubuntu only")
    codename = distribution.codename
    release = f"{archive.origin} {codename}"
    sources = sources_for_suite(read_sources(APT_DIRECTORY), distribution.id, codename, codename)
    wanted = WantedPackage(package, architecture)
    with TemporaryDirectory(prefix="bootbeam-lab-") as work:
        apt = PrivateApt(Path(work), sources, archive.origin, (native_architecture(), architecture), release)
        said = apt.update()
        if not apt.candidates([wanted]):
            raise explain_apt_failure(said, release)
        (deb,) = apt.download([wanted])
        _, version, unpacked = apt.unpack(deb)
        found = unpacked / member
        if not found.is_file():
            raise UserError(f"{package} {version} for {architecture} has no file {member}")
        kept.parent.mkdir(exist_ok=True)
        unfinished = kept.with_suffix(".new")
        shutil.copyfile(found, unfinished)
        unfinished.replace(kept)

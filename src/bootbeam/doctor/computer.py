"""The computer itself: rights, clock, disk space, open files."""

import os
import resource
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bootbeam.doctor.finding import Finding, ok, warning
from bootbeam.net.privileges import MANY_FILES

STATUS = Path("/proc/self/status")
CAP_NET_BIND_SERVICE, CAP_NET_RAW = 10, 13
LEAST_FREE_BYTES = 1 << 30
"""Copies of images that are rebuilt while they are served, and images fetched by their address, lie on these disks."""
FEW_FILES = 1024
MUST_BE_AFTER = datetime(2024, 1, 1, tzinfo=UTC)
"""No computer that runs this was switched on before it was written: its clock is wrong."""
CLOCK_SLACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ComputerReading:
    """What was looked at."""

    is_root: bool
    capabilities: int
    """Effective ones, a bit each (capabilities(7))."""
    given_up_to: str
    """The user who called sudo; "" when nobody did."""
    now: datetime
    newest_file: datetime | None
    """When the newest of the images was written."""
    free_bytes: dict[str, int]
    """Directory -> room on its disk."""
    open_files: int
    """The hard limit; the station raises its own soft one."""


def read_computer(now: datetime, images: Sequence[Path], directories: Sequence[Path]) -> ComputerReading:
    """Look at all of it; ``directories`` need not exist yet."""
    times = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in images if os.access(path, os.F_OK)]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    caller = os.environ.get("SUDO_USER", "")
    is_root = os.geteuid() == 0
    return ComputerReading(
        is_root=is_root,
        capabilities=_capabilities(),
        given_up_to=caller if is_root and caller != "root" else "",
        now=now,
        newest_file=max(times, default=None),
        free_bytes={str(directory): shutil.disk_usage(_existing(directory)).free for directory in directories},
        open_files=MANY_FILES if hard == resource.RLIM_INFINITY else hard,
    )


def check_permissions(reading: ComputerReading) -> Finding:
    """Whether the ports may be taken."""
    wanted = 1 << CAP_NET_BIND_SERVICE | 1 << CAP_NET_RAW
    if reading.is_root:
        then = f", given up to {reading.given_up_to} once the ports are taken" if reading.given_up_to else ""
        return ok("rights", f"root{then}")
    if reading.capabilities & wanted == wanted:
        return ok("rights", "not root, but with CAP_NET_BIND_SERVICE and CAP_NET_RAW, which is enough")
    return warning(
        "rights",
        "not root: only a part of this could be looked at",
        "serve needs root too: the ports of DHCP and TFTP are below 1024",
        "sudo bootbeam doctor ...",
    )


def check_computer(reading: ComputerReading) -> list[Finding]:
    """Clock, disks and limits."""
    found = [*_clock(reading), *_disks(reading)]
    if reading.open_files < FEW_FILES:
        found.append(
            warning(
                "limits",
                f"only {reading.open_files} files may be open at once",
                "each transfer takes two; some ten machines at once need more",
                f"ulimit -Hn {MANY_FILES}",
            )
        )
    return found


def _clock(reading: ComputerReading) -> list[Finding]:
    words = f"{reading.now.astimezone():%Y-%m-%d %H:%M:%S}"
    is_behind = reading.newest_file is not None and reading.newest_file > reading.now + CLOCK_SLACK
    if reading.now < MUST_BE_AFTER or is_behind:
        return [
            warning(
                "clock",
                f"says {words}, which cannot be",
                "downloads by https fail, and the times in the story of a boot are wrong",
                "sudo timedatectl set-ntp true",
            )
        ]
    return [ok("clock", words)]


def _disks(reading: ComputerReading) -> list[Finding]:
    low = {directory: free for directory, free in reading.free_bytes.items() if free < LEAST_FREE_BYTES}
    if low:
        return [
            warning(
                "disk",
                f"{free >> 20} MB free for {directory}",
                "copies of images and what is remembered of boots are kept there",
                f"df -h {directory}",
            )
            for directory, free in low.items()
        ]
    least = min(reading.free_bytes.values(), default=0)
    return [ok("disk", f"{least / (1 << 30):.0f} GB free")] if reading.free_bytes else []


def _capabilities(status: Path = STATUS) -> int:
    try:
        lines = status.read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)


def _existing(directory: Path) -> Path:
    """The directory, or the nearest above it that is there and can be seen."""
    return next(each for each in (directory, *directory.parents) if os.access(each, os.F_OK))

"""The first look at a file: what it is, and whether it is finished although it changed a moment ago."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from bootbeam.errors import UserError
from bootbeam.formats.identity import ACCEPTED_WORDS, Identity, Kind
from bootbeam.library.settling import Stamp
from bootbeam.library.snapshot import has_surely_no_writer
from bootbeam.library.taking import Refused, identify_open


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file was found to be, and its stamp before it was looked into: as long as it has that, it still is."""

    stamp: Stamp
    identity: Identity


def look_into(path: Path, seen: Seen | None = None) -> Seen:
    """What the file is at this moment, complete or not.

    Args:
        path: the file.
        seen: what it was before; it is not read again while its stamp is the same.

    Raises:
        UserError: it can never be served.
    """
    accepted = f"accepted are {ACCEPTED_WORDS}"
    try:
        status = path.stat()
        if seen is not None and seen.identity.size_bytes and Stamp.of(status) == seen.stamp:
            return seen
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"{path} is {_words_for(status.st_mode)}, not a file", "", accepted)
        if status.st_size == 0:
            raise UserError(f"{path} is empty", "a build or download failed, or has only begun", accepted)
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}",
            "the name is misspelt, or the file is not built yet" if isinstance(error, FileNotFoundError) else "",
            f"ls -l {path.parent}",
        ) from error
    try:
        return Seen(Stamp.of(status), identify_open(fd, status.st_size))
    except Refused as refused:
        raise UserError(f"{path} is broken: {refused.reason}", "", accepted) from refused
    finally:
        os.close(fd)


def is_finished(path: Path, seen: Seen) -> bool:
    """Whether the file need not be left alone for a while before it is believed: an ISO that has the size its own
    headers tell, and that nobody has open for writing. Kernels and initrds do not tell their size so well, and what
    goes with them may follow. False when it cannot be told who has it open."""
    if seen.identity.kind is not Kind.ISO_IMAGE or seen.identity.is_truncated:
        return False
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return has_surely_no_writer(fd) and Stamp.of(os.fstat(fd)) == seen.stamp
    finally:
        os.close(fd)


def _words_for(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a device" if stat.S_ISBLK(mode) or stat.S_ISCHR(mode) else "a pipe or socket"

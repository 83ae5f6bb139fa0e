"""Whether what a person named is a file whose bytes can be served, or a directory; and if not, what it is instead."""

import os
import stat
from pathlib import Path
from shlex import quote

from bootbeam.errors import UserError

_OTHER_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a disk",
}


def insist_regular(path: Path) -> None:
    """A pipe would keep whoever opens it waiting, a disk has no size and changes under those who read it.

    Raises:
        OSError: there is no such file, or it cannot be looked at.
        UserError: it is something else than a file.
    """
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind == stat.S_IFREG:
        return
    name = quote(str(path))
    fix = {
        stat.S_IFDIR: f"look at what is in it: bootbeam inspect {name}/*",
        stat.S_IFIFO: f"write what comes out of it to a file, and name that: cat {name} > image",
        stat.S_IFBLK: f"copy it to a file, and name that: sudo dd if={name} of=disk.img bs=4M",
    }.get(kind, "name a file: bootbeam serve IMAGE")
    raise UserError(f"{path} is {_OTHER_KINDS.get(kind, 'no file')}", "only a file's bytes can be served", fix)


def insist_directory(path: Path) -> None:
    """What is in a directory that is not there would be missed without a word.

    Raises:
        UserError: it is none, or cannot be read.
    """
    try:
        os.scandir(path).close()
    except NotADirectoryError:
        raise UserError(
            f"{path} is no directory", "", f"name the one it lies in: {quote(str(path.absolute().parent))}"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None


def is_directory(path: Path) -> bool:
    """Whether there is a directory; where we may not look there is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether there is a file; where we may not look there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def unreadable(path: Path, error: OSError) -> UserError:
    """Why ``path`` cannot be read, and where to look."""
    if isinstance(error, FileNotFoundError) and not path.is_symlink():
        return UserError(f"{path} does not exist", "", f"look for it: ls -l {quote(str(path.parent))}")
    if isinstance(error, FileNotFoundError):
        return UserError(
            f"{path} is a symbolic link that leads nowhere", "", f"look where it leads: ls -l {quote(str(path))}"
        )
    return UserError(f"{path} cannot be read", error.strerror or str(error), f"look at it: ls -ld {quote(str(path))}")

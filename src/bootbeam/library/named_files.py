"""The files that a person named, one by one or by their directory, and what each of them is."""

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from bootbeam.errors import ImageError, UserError
from bootbeam.formats.efi_file_names import read_file_names
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import ACCEPTED_WORDS, Kind
from bootbeam.library.entries import NamedFile, PlannedEntry, plan_entries, ways_of
from bootbeam.library.first_look import Seen
from bootbeam.library.regular_file import insist_regular, is_directory, unreadable
from bootbeam.library.settling import CLOCK_SLACK_S, Stamp
from bootbeam.settings.model import StationSettings

MAX_DIRECTORY_FILES = 10_000
HEAD_BYTES = 4096
"""Read once: most of what is asked of a file to recognise it lies here."""


def named_files(paths: Iterable[Path]) -> Iterable[NamedFile]:
    """The files at these paths, and those in the directories among them.

    Raises:
        UserError: a file or directory cannot be read, or a file is broken.
    """
    for path in paths:
        if is_directory(path):
            yield from _files_of_directory(path)
        else:
            yield named_file(path)


def _files_of_directory(directory: Path) -> Iterable[NamedFile]:
    """Regular files directly inside, hidden ones left out, in the order of their names."""
    try:
        with os.scandir(directory) as children:
            is_file = {child.name: child.is_file for child in children if not child.name.startswith(".")}
    except OSError as error:
        raise unreadable(directory, error) from None
    for name in sorted(is_file)[:MAX_DIRECTORY_FILES]:
        try:
            if is_file[name]():
                yield file_of_directory(directory / name)
        except (OSError, ImageError):
            continue


def file_of_directory(path: Path) -> NamedFile:
    """A file that was found in a directory, and what it is.

    Raises:
        OSError: it cannot be read.
        ImageError: its headers contradict themselves.
    """
    return _looked_at(path, from_directory=True)


def named_file(path: Path) -> NamedFile:
    """The file that a person named, and what it is.

    Raises:
        UserError: it cannot be read, or is broken.
    """
    try:
        insist_regular(path)
        return _looked_at(path, from_directory=False)
    except OSError as error:
        raise unreadable(path, error) from None
    except ImageError as error:
        raise UserError(
            f"{path} is broken: {error}", "its own headers contradict themselves", "build or fetch it again"
        ) from None


def _looked_at(path: Path, *, from_directory: bool) -> NamedFile:
    """The file, and what it is.

    Raises:
        OSError: it cannot be read.
        ImageError: its headers contradict themselves.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        looked_at_s = time.time()
        stamp = Stamp.of(os.fstat(fd))
        head = os.pread(fd, HEAD_BYTES, 0)

        def read_at(offset: int, wanted_bytes: int) -> bytes:
            is_in_head = offset + wanted_bytes <= HEAD_BYTES
            return head[offset : offset + wanted_bytes] if is_in_head else os.pread(fd, wanted_bytes, offset)

        identity = identify(read_at, stamp.size_bytes)
        is_program = identity.kind is Kind.EFI_APPLICATION
        opens = read_file_names(read_at, stamp.size_bytes) if is_program else frozenset[str]()
    finally:
        os.close(fd)
    # A write in the same moment as the one before would not show in the file's times.
    would_show = looked_at_s - stamp.changed_at_s > CLOCK_SLACK_S
    return NamedFile(path, identity, from_directory, opens, Seen(stamp, identity) if would_show else None)


def plan_named(files: Sequence[NamedFile], settings: StationSettings) -> list[PlannedEntry]:
    """The entries of the files that were named or found, and that of the kernel whose parts were named one by one.

    Raises:
        UserError: a file that was named cannot boot, an initrd has no kernel.
    """
    if settings.kernel is None and settings.initrds:
        raise UserError("--initrd was given without --kernel", "", "name the kernel: --kernel FILE --initrd FILE")
    planned: list[PlannedEntry] = []
    if settings.kernel is not None:
        kernel = named_file(settings.kernel)
        if not ways_of(kernel.identity):
            plan_entries([kernel], "")  # raises, with what was seen and what is accepted
        planned.append(PlannedEntry(kernel, [named_file(path) for path in settings.initrds], settings.cmdline))
    return plan_entries(files, settings.cmdline, planned)


def nothing_to_serve(settings: StationSettings) -> UserError:
    """Why there is nothing to serve, and what to do."""
    if settings.images:
        return UserError(
            f"nothing in {', '.join(map(str, settings.images))} can be booted",
            f"accepted are {ACCEPTED_WORDS}",
            "name the image itself: bootbeam serve IMAGE",
        )
    return UserError("no image was named", "", "name one: bootbeam serve IMAGE")

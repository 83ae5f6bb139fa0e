"""Whether each image can be read, what it is, and which machines it boots on."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from bootbeam.boot.recipe import Recipe
from bootbeam.doctor.finding import Finding, ok, problem, warning
from bootbeam.errors import UserError
from bootbeam.formats.identity import ACCEPTED_WORDS
from bootbeam.library.entries import INITRD_KINDS
from bootbeam.library.image_address import is_address
from bootbeam.library.inspection import inspect_file
from bootbeam.library.regular_file import unreadable
from bootbeam.net.privileges import may_read

AREA = "image"
MAX_LISTED = 1000
"""Entries of a directory that are counted."""


@dataclass(frozen=True, slots=True)
class ImageReading:
    """What was found out about one image."""

    name: str
    """As it was typed."""
    facts: dict[str, Any] | None = None
    """From ``library.inspection``; None for a directory, an address, and what could not be read."""
    error: UserError | None = None
    files: int | None = None
    """Of a directory: how many."""
    only_root: str = ""
    """The user who will run the station and may not read it; "" when all is well."""


def read_images(names: Sequence[str], recipes: Sequence[Recipe], reader: str) -> list[ImageReading]:
    """Look at each image.

    Args:
        names: as typed: files, directories, addresses.
        recipes: boot recipes.
        reader: the user whom root is given up to; "" when it is not.
    """
    return [_read(name, recipes, reader) for name in names]


def check_images(readings: Sequence[ImageReading]) -> list[Finding]:
    """What there is to say about each; an initrd belongs to the kernel before it."""
    found: list[Finding] = []
    has_kernel = False
    for reading in readings:
        found.append(_judge(reading, has_kernel=has_kernel))
        has_kernel = has_kernel or (reading.facts is not None and bool(reading.facts["boots_on"]))
    return found


def _read(name: str, recipes: Sequence[Recipe], reader: str) -> ImageReading:
    if is_address(name):
        return ImageReading(name)
    path = Path(name)
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            with os.scandir(path) as entries:
                return ImageReading(name, files=sum(1 for _, _entry in zip(range(MAX_LISTED), entries, strict=False)))
        facts = inspect_file(path, recipes)
    except UserError as error:
        return ImageReading(name, error=error)
    except OSError as error:
        return ImageReading(name, error=unreadable(path, error))
    return ImageReading(name, facts, only_root=reader if reader and not _may_read(path, reader) else "")


def _may_read(path: Path, user: str) -> bool:
    try:
        return may_read(user, path.absolute())
    except KeyError:
        return True  # the station will not become somebody who is not there


def _judge(reading: ImageReading, *, has_kernel: bool) -> Finding:
    name = reading.name
    if reading.error is not None:
        return problem(AREA, reading.error.what, reading.error.why, reading.error.fix)
    if reading.files is not None:
        if not reading.files:
            return problem(
                AREA, f"{name} is an empty directory", "", f"put images there, then: bootbeam inspect {quote(name)}/*"
            )
        return ok(AREA, f"{name}: a directory; for each file in it: bootbeam inspect {quote(name)}/*")
    facts = reading.facts
    if facts is None:
        return ok(AREA, f"{name}: fetched when serve starts")
    if facts["truncated"]:
        return problem(
            AREA,
            f"{name} is shorter than its own headers say",
            "it is cut off, or still being written",
            "fetch or build it again",
        )
    system = facts.get("system") or {}
    if system.get("cannot_boot"):
        return problem(AREA, f"{name} cannot boot from a network: {system['title']}", system["cannot_boot"])
    machines = _machines(facts)
    if not machines:
        return _boots_nowhere(name, facts, has_kernel=has_kernel)
    what = f"{name}: {system.get('title') or facts['description']}, boots on {machines}{_memory(facts)}"
    if reading.only_root:
        return warning(
            AREA,
            f"{what}; only root may read it",
            f"the station stays root then, instead of becoming {reading.only_root} once it has its ports",
            f"sudo chmod a+r {quote(name)}   (and a+x for the directories it lies in)",
        )
    return ok(AREA, what)


def _boots_nowhere(name: str, facts: dict[str, Any], *, has_kernel: bool) -> Finding:
    """Of a file that starts no machine by itself."""
    if facts["packed"]:
        return problem(AREA, f"{name} is packed: {facts['description']}", "", facts["to_do"])
    if facts["kind"] in INITRD_KINDS:
        return _initrd(name, facts, has_kernel=has_kernel)
    return problem(
        AREA,
        f"{name} cannot be booted: {facts['description']}",
        f"accepted are {ACCEPTED_WORDS}",
        f"bootbeam inspect {quote(name)}",
    )


def _initrd(name: str, facts: dict[str, Any], *, has_kernel: bool) -> Finding:
    if has_kernel:
        return ok(AREA, f"{name}: {facts['description']}, for the kernel before it")
    return problem(
        AREA, f"{name}: {facts['description']}, with no kernel before it", "", f"bootbeam serve KERNEL {quote(name)}"
    )


def _machines(facts: dict[str, Any]) -> str:
    """The kinds of machines, without doubles: "BIOS and UEFI x86_64"."""
    kinds = [
        way["firmware"]
        if way["firmware"] == "BIOS"
        else f"{way['firmware'] or 'any firmware'} {way['cpu'] or ''}".strip()
        for way in facts["boots_on"]
    ]
    kinds += [firmware for boot in facts.get("boots", ()) if not boot["on_request"] for firmware in boot["firmware"]]
    return " and ".join(dict.fromkeys(kinds))


def _memory(facts: dict[str, Any]) -> str:
    needs = [boot["ram_mb"] for boot in facts.get("boots", ()) if boot["ram_mb"] and not boot["on_request"]]
    return f", needs {min(needs)} MB of memory" if needs else ""

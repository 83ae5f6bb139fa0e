"""A boot recipe: how the images of one family of systems are recognised, and how they boot from a network.

Recipes are files (``bootbeam/recipes/*.toml``, and those a person adds); ``recipe_schema`` reads them,
``recipe_match`` holds them against an image. docs/recipes.md explains every key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bootbeam.boot.cmdline import NO_WORDS, Template
from bootbeam.boot.memory import MemoryFormula
from bootbeam.boot.release import VersionRange
from bootbeam.boot.tree import PathPattern
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.machine import Firmware


class Start(StrEnum):
    """What starts the first file of a boot."""

    LINUX = "linux"
    """A Linux kernel: the x86 boot protocol on BIOS, its EFI stub on UEFI."""
    MULTIBOOT = "multiboot"
    """Multiboot 1, BIOS only; the other files are its modules."""
    EFI = "efi"
    """An EFI application; it finds the other files by their names."""
    WIMBOOT = "wimboot"
    """wimboot as a kernel; the other files are what it builds its disk from."""


class Source(StrEnum):
    """Where a file of a boot comes from."""

    IMAGE = "image"
    """Inside the image, at its path."""
    WHOLE_IMAGE = "whole-image"
    """The image itself, as one file."""
    STATION = "station"
    """On the computer the station runs on, where a distribution's package put it."""
    TEXT = "text"
    """Written in the recipe."""
    ANSWERS = "answers"
    """One of the unattended answers."""


class Rewrite(StrEnum):
    """Files of an image that the station must change for a network boot."""

    ESXI_BOOT_CFG = "esxi-boot-cfg"


@dataclass(frozen=True, slots=True)
class TextCondition:
    """A file has text that fits an expression."""

    file: PathPattern
    matches: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold of an image; all of it."""

    paths: tuple[PathPattern, ...] = ()
    """Each of them exists."""
    no_paths: tuple[PathPattern, ...] = ()
    """None of them exists."""
    text: tuple[TextCondition, ...] = ()
    no_text: tuple[TextCondition, ...] = ()
    volume_id: re.Pattern[str] | None = None
    """Found in the medium's label."""

    @property
    def count(self) -> int:
        """How much is asked: the recipe that asks more is the more specific one."""
        everything = (self.paths, self.no_paths, self.text, self.no_text)
        return sum(map(len, everything)) + (self.volume_id is not None)


@dataclass(frozen=True, slots=True)
class FactRule:
    """Where facts of the image are read: version, architecture, edition, and any other name."""

    path: PathPattern | None
    """The file whose text is looked at; with ``matches`` None, what only has to exist."""
    matches: re.Pattern[str] | None
    """Its named groups are facts. Looked for in the file, or in the volume id when there is no path."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Facts that hold when the rule applies; what stands in braces is taken from the groups."""


@dataclass(frozen=True, slots=True)
class FileRule:
    """A file that the loader fetches."""

    source: Source
    path: PathPattern | None = None
    """In the image or on the station; None for ``TEXT`` and ``WHOLE_IMAGE``."""
    text: str = ""
    name: str = ""
    """Under which the loader shows it to what it starts; "": its own."""
    arguments: Template = NO_WORDS
    """A Multiboot module's command line."""
    is_optional: bool = False
    """Left out when the image has none."""


@dataclass(frozen=True, slots=True)
class Injection:
    """A file that is not the image's own but must be there when it boots.

    A Linux kernel finds it inside its initrd: the station puts it into a cpio archive. wimboot is given it as one
    more file.
    """

    at: str
    """Its path inside the initrd, without a leading slash."""
    content: FileRule
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class BootRule:
    """One way to boot the image."""

    name: str
    title: str
    start: Start
    firmware: frozenset[Firmware]
    version: VersionRange
    facts: Mapping[str, str]
    """Facts and the values they must have."""
    conditions: Conditions
    kernel: FileRule
    files: tuple[FileRule, ...]
    """initrds of a kernel, modules of a Multiboot image, companions of an EFI application."""
    inject: tuple[Injection, ...]
    cmdline: Template
    ram: MemoryFormula | None
    ram_note: str
    is_on_request: bool
    """Taken only when a person asks for it by its name."""
    rewrite: Mapping[str, Rewrite]
    """Paths in the image, and how the station changes what is there."""
    package: str
    """What has to be added to this computer for it, in words for a person; "" when nothing."""


@dataclass(frozen=True, slots=True)
class UnattendedRule:
    """How an unattended installation is started."""

    format: UnattendedFormat
    boots: frozenset[str]
    """Names of the boots it belongs to; empty: all."""
    version: VersionRange
    facts: Mapping[str, str]
    cmdline: Template
    files: tuple[str, ...]
    """What the client fetches below ``{answers}``; the first one holds the answers."""
    inject: tuple[Injection, ...]
    note: str
    """What else a person must know or do."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an image cannot boot from a network by itself."""

    why: str
    """And which files to add, in words for a person."""
    version: VersionRange
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One family of systems."""

    family: str
    name: str
    origin: str
    """Where the recipe was read from."""
    layout_only: bool
    """No image of the family was booted by it yet: it was tested on images laid out like the family's own."""
    conditions: Conditions
    instead_of: frozenset[str]
    """Families that fit too but mean less."""
    facts: tuple[FactRule, ...]
    files: Mapping[str, PathPattern]
    """Files of the image by names of the recipe's own, for command lines and sizes."""
    boots: tuple[BootRule, ...]
    unattended: tuple[UnattendedRule, ...]
    refusals: tuple[Refusal, ...]
    notes: str

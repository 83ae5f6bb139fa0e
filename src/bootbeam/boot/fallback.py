"""An image of no known family: what its own boot menu starts, as ways to boot it from a network.

A guess, and said to be one: an initrd that looks for its medium does not find it when it came over the network.
"""

import re

from bootbeam.boot.boot_menu import read_menu
from bootbeam.boot.cmdline import Template
from bootbeam.boot.grub_config import MenuEntry
from bootbeam.boot.ipxe import check_cmdline
from bootbeam.boot.matched import Boot, BootFile
from bootbeam.boot.recipe import Source, Start
from bootbeam.boot.tree import Tree
from bootbeam.errors import ImageError, UserError
from bootbeam.machine import Firmware

MAX_GUESSES = 12
MAX_TITLE_CHARACTERS = 80
FINDS_MEDIUM = (
    "its initrd looks for the CD or USB stick it came from ({word}); over the network it will not find one, "
    "unless it also knows how to fetch an image"
)
_MEDIUM_WORDS = re.compile(
    r"(?:root=(?:live:)?(?:CDLABEL|LABEL|/dev/(?:sr|cdrom)|UUID)\S*|\w*iso(?:label|device)=\S+|findiso=\S*|fromiso=\S*|"
    r"iso-scan/filename=\S*|inst\.stage2=hd:\S+|boot=(?:casper|live)|live-media=\S+|cdroot\S*|alpine_dev=\S+)"
)
_HANGING = re.compile(r"\S+=$|\$\S*|---?$")
"""Words whose value GRUB would have filled in, and separators left alone at the end."""


def guess_boots(tree: Tree) -> tuple[Boot, ...]:
    """What the image's own menu starts, its default first, each kernel and initrd there. Never raises."""
    boots: list[Boot] = []
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for entry in read_menu(tree):
        files = (entry.kernel, entry.initrds)
        # Of many entries for one kernel (safe graphics, rescue ...) the first is the usual one.
        if files not in seen and len(boots) < MAX_GUESSES:
            seen.add(files)
            boots.append(_boot(tree, entry, len(boots) + 1))
    return tuple(boots)


def _boot(tree: Tree, entry: MenuEntry, number: int) -> Boot:
    cmdline = _carried(entry.cmdline)
    looks = _MEDIUM_WORDS.search(cmdline)
    return Boot(
        key=f"menu-{number}",
        name=f"menu-{number}",
        title=_printable(entry.title) or entry.kernel,
        start=Start.MULTIBOOT if entry.is_multiboot else Start.LINUX,
        firmware=frozenset({Firmware.BIOS} if entry.is_multiboot else {Firmware.BIOS, Firmware.UEFI}),
        kernel=_file(tree, entry.kernel),
        files=tuple(_file(tree, path) for path in entry.initrds),
        inject=(),
        cmdline=Template((cmdline,) if cmdline else ()),
        ram_mb=None,
        ram_note=FINDS_MEDIUM.format(word=looks.group()[:64]) if looks else "",
        is_on_request=False,
        rewrite={},
        unattended=(),
    )


def _file(tree: Tree, path: str) -> BootFile:
    try:
        entry = tree.find(path)
    except ImageError:
        entry = None
    return BootFile(Source.IMAGE, path, path.rsplit("/", maxsplit=1)[-1], entry.size_bytes if entry else 0)


def _carried(cmdline: str) -> str:
    """The words that iPXE can carry and that say something."""
    words: list[str] = []
    for word in _printable(cmdline, len(cmdline)).split():
        try:
            check_cmdline(word)
        except UserError:
            continue
        if "${" not in word and not _HANGING.fullmatch(word):
            words.append(word)
    return " ".join(words)


def _printable(text: str, limit: int = MAX_TITLE_CHARACTERS) -> str:
    return "".join(char if char.isprintable() and char.isascii() else " " for char in text).strip()[:limit]

"""The boot menu that an image has for itself: its GRUB and isolinux configuration, from where such files are.

For an image of no known family it is all there is to go by; for a known one it tells which of several kernels is meant.
"""

from collections.abc import Iterator
from dataclasses import replace

from bootbeam.boot.grub_config import MAX_ENTRIES, MAX_TEXT_CHARACTERS, MenuEntry, parse_grub_config
from bootbeam.boot.syslinux_config import parse_syslinux_config
from bootbeam.boot.tree import Tree
from bootbeam.errors import ImageError

MAX_FILES = 40
"""Configuration files read, those that others name included."""
GRUB_FILES = (
    "boot/grub/loopback.cfg",
    "boot/grub/grub.cfg",
    "boot/grub2/grub.cfg",
    "EFI/BOOT/grub.cfg",
    "EFI/boot/grub.cfg",
    "grub/grub.cfg",
)
SYSLINUX_FILES = (
    "isolinux/isolinux.cfg",
    "boot/isolinux/isolinux.cfg",
    "boot/syslinux/syslinux.cfg",
    "syslinux/syslinux.cfg",
    "syslinux/isolinux.cfg",
    "isolinux.cfg",
    "syslinux.cfg",
)


def read_menu(tree: Tree) -> tuple[MenuEntry, ...]:
    """Every kernel that the image's own menus start, without those that are not there, the default first.

    Never raises: a menu that cannot be read is none.
    """
    entries: dict[tuple[str, tuple[str, ...], str], MenuEntry] = {}
    for entry in _entries(tree):
        initrds = tuple(path for path in entry.initrds if _is_file(tree, path))
        if _is_file(tree, entry.kernel):
            entries.setdefault((entry.kernel, initrds, entry.cmdline), replace(entry, initrds=initrds))
        if len(entries) >= MAX_ENTRIES:
            break
    return tuple(sorted(entries.values(), key=lambda entry: not entry.is_default))


def menu_kernels(tree: Tree) -> tuple[str, ...]:
    """The paths of the kernels in the image's own menus, the default first."""
    return tuple(dict.fromkeys(entry.kernel for entry in read_menu(tree)))


def _entries(tree: Tree) -> Iterator[MenuEntry]:
    waiting = [*GRUB_FILES, *SYSLINUX_FILES]
    seen: set[str] = set()
    while waiting and len(seen) < MAX_FILES:
        path = waiting.pop(0)
        if path.casefold() in seen:
            continue
        text = _text(tree, path)
        if text is None:
            continue
        seen.add(path.casefold())
        directory = path.rpartition("/")[0]
        is_grub = "grub" in path.lower() or path in GRUB_FILES
        menu = parse_grub_config(text) if is_grub else parse_syslinux_config(text, directory)
        yield from menu.entries
        waiting[:0] = menu.includes


def _text(tree: Tree, path: str) -> str | None:
    try:
        data = tree.read(path, MAX_TEXT_CHARACTERS)
    except ImageError:
        return None
    return None if data is None else data.decode("utf-8", "replace")


def _is_file(tree: Tree, path: str) -> bool:
    try:
        entry = tree.find(path)
    except ImageError:
        return False
    return entry is not None and not entry.is_directory

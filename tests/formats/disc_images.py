"""CD and DVD images made by programs of others, and what those programs say is in them.

Needs xorriso, genisoimage, udftools, dosfstools and GRUB's hybrid MBR from Debian's packages.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bootbeam.formats.image_entry import Extent, ImageEntry
from bootbeam.formats.image_tree import ImageTree, Names, open_image_tree

ReadAt = Callable[[int, int], bytes]
BLOCK_BYTES = 2048
HYBRID_MBR = Path("/usr/lib/grub/i386-pc/boot_hybrid.img")
"""Package grub-pc-bin."""

LARGE_FILE_BYTES = (4 << 30) + (5 << 20) + 3
LARGE_FILE_MARKS = {
    0: b"the first bytes of a large file",
    (1 << 30) - 7: b"across the first GiB, where UDF begins a new extent",
    (4 << 30) - BLOCK_BYTES - 9: b"across the end of the first section in ISO 9660",
    (4 << 30) - 5: b"across 32 bits",
    LARGE_FILE_BYTES - 20: b"the last twenty byte",
}


def run(*command: str | Path) -> str:
    """The program's output; its complaints are part of the failure when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def reading_file(path: Path) -> ReadAt:
    """A ``read_at`` over a file, which is opened anew for each call."""

    def read_at(offset: int, size_bytes: int) -> bytes:
        with path.open("rb") as file:
            return os.pread(file.fileno(), size_bytes, offset)

    return read_at


def open_tree(path: Path, names: Names | None = None) -> ImageTree:
    return open_image_tree(reading_file(path), path.stat().st_size, names)


def contents(path: Path, entry: ImageEntry) -> bytes:
    """A file's contents, put together from its extents."""
    read_at = reading_file(path)
    data = b"".join(read_at(extent.offset, extent.size_bytes) for extent in entry.readable_extents())
    assert len(data) == entry.size_bytes
    return data


def piece(path: Path, entry: ImageEntry, offset: int, size_bytes: int) -> bytes:
    """``size_bytes`` bytes at ``offset`` of a file's contents, across its extents."""
    read_at, parts = reading_file(path), list[bytes]()
    for extent in entry.readable_extents():
        if size_bytes and offset < extent.size_bytes:
            parts.append(read_at(extent.offset + offset, min(size_bytes, extent.size_bytes - offset)))
            size_bytes -= len(parts[-1])
        offset = max(0, offset - extent.size_bytes)
    return b"".join(parts)


def make_tree(root: Path) -> Path:
    """Files and directories with all that names, sizes and links can be."""
    (root / "dir one" / "empty directory").mkdir(parents=True)
    (root / "README").write_text("read me\n")
    (root / "Makefile.inc").write_bytes(b"")
    (root / "sector").write_bytes(b"s" * BLOCK_BYTES)
    (root / "größe-漢字-😀.txt").write_text("unicode")
    (root / ("long-" + 190 * "n" + ".squashfs")).write_bytes(bytes(range(256)) * 20)
    (root / "dir one" / "File With Spaces.deb").write_bytes(os.urandom(100_001))
    deep = root
    for level in range(1, 13):
        deep = deep / f"level{level}"
        deep.mkdir()
        (deep / f"file{level}").write_text(f"{level}\n")
    os.utime(root / "README", (1_234_567_890, 1_234_567_890))
    return root


def add_symlinks(root: Path) -> Path:
    """To files and directories, out of the image, to nowhere and in a circle."""
    for name, target in {
        "to file": "dir one/File With Spaces.deb",
        "to directory": "level1/./level2",
        "level1/up and down": "../dir one/../README",
        "absolute": "/README",
        "out": "../README",
        "level1/out and back": "../../disc/README",
        "dangling": "nowhere/at/all",
        "it's a circle": "circle",
        "circle": "it's a circle",
        "long target": "x" * 90 + "/" + "y" * 90 + "/" + "z" * 90,
    }.items():
        (root / name).symlink_to(target)
    return root


def xorriso_image(image: Path, source: Path, *options: str | Path) -> Path:
    run("xorriso", "-as", "mkisofs", "-quiet", *options, "-o", image, source)
    return image


def genisoimage(image: Path, source: Path, *options: str | Path) -> Path:
    run("genisoimage", "-quiet", *options, "-o", image, source)
    return image


def sparse(image: Path, command: Iterable[str | Path]) -> Path:
    """What ``command`` writes, with holes for zeros: gigabytes of nothing take no space and little time."""
    with image.open("wb") as file, subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        while data := writer.stdout.read(1 << 20):
            if data.count(0) == len(data):
                file.seek(len(data), os.SEEK_CUR)
            else:
                file.write(data)
        file.truncate()
    assert writer.returncode == 0
    return image


def large_file_tree(root: Path) -> Path:
    (root / "sources").mkdir()
    (root / "readme.txt").write_text("This disc needs UDF.\n")
    with (root / "sources" / "install.wim").open("wb") as file:
        file.truncate(LARGE_FILE_BYTES)
        for offset, mark in LARGE_FILE_MARKS.items():
            file.seek(offset)
            file.write(mark)
    return root


def check_large_file(image: Path, entry: ImageEntry | None) -> None:
    assert entry is not None
    assert entry.size_bytes == LARGE_FILE_BYTES == sum(extent.size_bytes for extent in entry.extents)
    for offset, mark in LARGE_FILE_MARKS.items():
        assert piece(image, entry, offset, len(mark)) == mark


@dataclass(frozen=True)
class Listed:
    """What xorriso says about one path."""

    kind: str
    size_bytes: int
    symlink_target: str | None
    extents: tuple[Extent, ...] = ()


_LSDL = re.compile(r"^(?P<kind>.)\S{9}\S* +\d+ +\S+ +\S+ +(?P<size>\d+) .{12} (?P<names>'.*)$")
_LBA = re.compile(r"^File data lba: +(\d+) , +(\d+) , +(\d+) , +(\d+) , ('.*)$")


def xorriso_listing(image: Path) -> dict[str, Listed]:
    """Everything in the image but its root, by path, as xorriso finds it."""
    found: dict[str, Listed] = {}
    for line in run("xorriso", "-indev", image, "-find", "/", "-exec", "lsdl").splitlines():
        match = _LSDL.match(line)
        assert match, line
        path, *link = shlex.split(match["names"])
        found[path] = Listed(match["kind"], int(match["size"]), link[1] if link else None)
    for line in run("xorriso", "-indev", image, "-find", "/", "-exec", "report_lba").splitlines():
        if match := _LBA.match(line):
            number, block, _, size, name = match.groups()
            path = shlex.split(name)[0]
            known = found[path].extents if int(number) else ()
            extents = _with_section(known, int(block) * BLOCK_BYTES, int(size))
            found[path] = Listed(found[path].kind, int(size), None, extents)
    found.pop("/", None)
    return found


def _with_section(known: tuple[Extent, ...], offset: int, size_bytes: int) -> tuple[Extent, ...]:
    """``known`` and the next section of a file of ``size_bytes``, in one extent when it follows at once."""
    section_bytes = min(size_bytes - sum(extent.size_bytes for extent in known), (4 << 30) - BLOCK_BYTES)
    if known and known[-1].offset + known[-1].size_bytes == offset:
        return (*known[:-1], Extent(known[-1].offset, known[-1].size_bytes + section_bytes))
    return (*known, Extent(offset, section_bytes)) if section_bytes else known

"""What has to be unpacked before it can boot: archives, and disk images and ISOs inside a compression."""

import re
from pathlib import Path
from shlex import quote

from bootbeam.formats.archive import Archive
from bootbeam.formats.compression import Compression
from bootbeam.formats.identity import Identity, Kind

_UNPACKERS: dict[Compression, tuple[str, str]] = {
    Compression.GZIP: ("gzip", r"gz|tgz|z"),
    Compression.XZ: ("xz", r"xz|txz"),
    Compression.ZSTD: ("zstd", r"zst|tzst|zstd"),
    Compression.BZIP2: ("bzip2", r"bz2|bz|tbz2?"),
    Compression.LZMA: ("xz", r"lzma|tlz"),
    Compression.LZ4: ("lz4", r"lz4"),
    Compression.LZO: ("lzop", r"lzo"),
}
"""The program, and how names must end that it takes."""
_OF_ARCHIVES = {
    Archive.ZIP: "unzip",
    Archive.SEVEN_ZIP: "7z x",
    Archive.RAR: "unrar x",
    Archive.TAR: "tar -xf",
}
_MEDIUM = re.compile(r"\.iso\.\w+$", re.IGNORECASE)
"""Whoever names a file so means an ISO inside; other compressions than gzip are not looked into."""
_TAR = re.compile(r"\.(tar\.\w+|tgz|txz|tbz2?|tzst)$", re.IGNORECASE)


def has_to_be_unpacked(path: Path, identity: Identity) -> bool:
    """Whether nothing boots from the file while it is packed."""
    if _archive(path, identity):
        return True
    if identity.unpacked is not None:
        return identity.unpacked.kind in (Kind.DISK_IMAGE, Kind.ISO_IMAGE)
    return identity.compression is not None and bool(_MEDIUM.search(path.name))


def may_have_to_be_unpacked(identity: Identity) -> bool:
    """Whether it may be an initrd, which is served as it is, or a disk image: what is inside cannot be seen."""
    return identity.kind is Kind.COMPRESSED and (identity.unpacked is None or identity.unpacked.kind is Kind.UNKNOWN)


def unpacking(path: Path, identity: Identity) -> str:
    """The command that unpacks it; "" for what is not packed."""
    archive = _archive(path, identity)
    name = quote(f"./{path}" if str(path).startswith("-") else str(path))  # no program's option
    if archive is not None:
        return f"{_OF_ARCHIVES[archive]} {name}"
    if identity.compression is None:
        return ""
    program, endings = _UNPACKERS[identity.compression]
    if re.search(rf"\.({endings})$", path.name, re.IGNORECASE):
        return f"{program} -dk {name}"
    return f"{program} -dc {name} > {quote(f'{path}.unpacked')}"


def _archive(path: Path, identity: Identity) -> Archive | None:
    inside = identity if identity.unpacked is None else identity.unpacked
    is_tar = identity.compression is not None and identity.unpacked is None and _TAR.search(path.name)
    return Archive.TAR if is_tar else inside.archive

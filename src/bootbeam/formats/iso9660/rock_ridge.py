"""Rock Ridge: POSIX names, symlinks, times and deep directories in ISO 9660. Source: RRIP 1.12 (IEEE P1282).

Left out: owners, permissions and device numbers, which nobody here asks for.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields
from bootbeam.formats.image_entry import (
    MAX_NAME_BYTES,
    MAX_SYMLINK_BYTES,
    decoded_name,
    has_control_characters,
)
from bootbeam.formats.iso9660.susp import SystemUseEntry
from bootbeam.formats.iso9660.timestamp import (
    LONG_TIME_BYTES,
    RECORDING_TIME_BYTES,
    decode_long_time,
    decode_recording_time,
)

EXTENSION_IDENTIFIERS = (b"RRIP_1991A", b"IEEE_P1282", b"IEEE_1282")
"""RRIP §4.3: what an ``ER`` entry says on a volume that has it; three editions of the same."""

_CURRENT, _PARENT, _ROOT = 0x02, 0x04, 0x08
_CONTINUE = 0x01
_TF_CREATION, _TF_MODIFY, _TF_LONG_FORM = 0x01, 0x02, 0x80
_DAMAGED_SYMLINK = "is a symlink whose target is damaged"
_TYPE_MASK, _SYMLINK, _REGULAR, _DIRECTORY = 0xF000, 0xA000, 0x8000, 0x4000


@dataclass(frozen=True, slots=True)
class PosixAttributes:
    """What the Rock Ridge entries of one record say; None where they say nothing."""

    name: str | None = None
    symlink_target: str | None = None
    mtime_s: float | None = None
    child_block: int | None = None
    """``CL``: the record stands for a directory that was moved to this logical block."""
    is_relocated: bool = False
    """``RE``: the directory was moved here and belongs where the ``CL`` entry is."""
    size_bytes: int | None = None
    """Size after unpacking, when ``unreadable`` says that it is packed."""
    unreadable: str = ""


def says_rock_ridge(entries: Iterable[SystemUseEntry]) -> bool:
    """By the entries of the root directory's own record."""
    for entry in entries:
        if entry.signature == b"ER":
            identifier = Fields(entry.data, "SUSP ER entry")
            if identifier.take(4, identifier.u8(0)) in EXTENSION_IDENTIFIERS:
                return True
        elif entry.signature in (b"PX", b"RR"):  # Old writers left the ER entry out.
            return True
    return False


def decode_posix_attributes(entries: Iterable[SystemUseEntry]) -> PosixAttributes:
    """What the entries of one record say.

    Raises:
        ImageError: a broken entry, a name or target that is too long.
    """
    name, target = bytearray(), _SymlinkTarget()
    has_name = is_relocated = False
    mtime_s: float | None = None
    child_block: int | None = None
    size_bytes: int | None = None
    unreadable = ""
    for entry in entries:
        fields = Fields(entry.data, f"Rock Ridge {entry.signature!r} entry")
        match entry.signature:
            case b"NM" if not fields.u8(0) & (_CURRENT | _PARENT):
                has_name = True
                name += entry.data[1:]
            case b"SL":
                if not target.add(entry.data):
                    return PosixAttributes(decoded_name(bytes(name)) if has_name else None, unreadable=_DAMAGED_SYMLINK)
            case b"TF":
                mtime_s = _decode_mtime(entry.data)
            case b"CL":
                child_block = fields.u32(0)
            case b"RE":
                is_relocated = True
            case b"PX" | b"ZF" | b"SF":
                unreadable = unreadable or _why_unreadable(entry.signature, fields)
                size_bytes = fields.u32(4) if entry.signature == b"ZF" else size_bytes
        if len(name) > MAX_NAME_BYTES:
            raise ImageError("Rock Ridge name that does not end")
    return PosixAttributes(
        decoded_name(bytes(name)) if has_name else None,
        target.text(),
        mtime_s,
        child_block,
        is_relocated,
        size_bytes,
        unreadable,
    )


def _why_unreadable(signature: bytes, fields: Fields) -> str:
    if signature == b"ZF":
        return "is compressed inside the image (zisofs)"
    if signature == b"SF":
        return "is stored as a sparse file"
    kind = fields.u32(0) & _TYPE_MASK
    return "" if kind in (_SYMLINK, _REGULAR, _DIRECTORY, 0) else "is a device, pipe or socket, not a file"


def _decode_mtime(data: bytes) -> float | None:
    """RRIP §4.1.6: stamps follow in the order of their flags' bits."""
    flags = data[0] if data else 0
    if not flags & _TF_MODIFY:
        return None
    is_long = bool(flags & _TF_LONG_FORM)
    size_bytes = LONG_TIME_BYTES if is_long else RECORDING_TIME_BYTES
    start = 1 + (size_bytes if flags & _TF_CREATION else 0)
    stamp = data[start : start + size_bytes]
    return decode_long_time(stamp) if is_long else decode_recording_time(stamp)


class _SymlinkTarget:
    """Puts the components of ``SL`` entries together (RRIP §4.1.3)."""

    def __init__(self) -> None:
        self._steps: list[bytes] = []
        self._size_bytes = 0
        self._is_open = False
        self._is_there = False

    def add(self, data: bytes) -> bool:
        """One entry: its flags, then component records of flags, length, contents. False when it is damaged.

        Quirk: genisoimage: an entry of more than 255 bytes has its length modulo 256, and what follows is garbage.
        """
        self._is_there = True
        at = 1
        while at < len(data):
            if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
                return False
            self._add_component(data[at], data[at + 2 : at + 2 + data[at + 1]])
            at += 2 + data[at + 1]
        return True

    def _add_component(self, flags: int, contents: bytes) -> None:
        special = {_CURRENT: b".", _PARENT: b"..", _ROOT: b""}.get(flags & (_CURRENT | _PARENT | _ROOT))
        step = contents if special is None else special
        if self._is_open:
            self._steps[-1] += step
        elif special == b"":
            self._steps = [b""]
        else:
            self._steps.append(step)
        self._is_open = bool(flags & _CONTINUE)
        self._size_bytes += len(step) + 1
        if self._size_bytes > MAX_SYMLINK_BYTES:
            raise ImageError("Rock Ridge symlink with a target that does not end")

    def text(self) -> str | None:
        """The target; None when there was no entry."""
        if not self._is_there:
            return None
        target = "/" if self._steps == [b""] else decoded_name(b"/".join(self._steps))
        if has_control_characters(target):
            raise ImageError(f"Rock Ridge symlink with control characters in its target: {target[:80]!r}")
        return target

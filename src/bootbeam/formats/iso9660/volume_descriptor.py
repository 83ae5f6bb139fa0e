"""The volume recognition sequence: is it an ISO 9660 or UDF image, and how large must it be.

Sources: ECMA-119 §8 (volume descriptors), ECMA-167 §2/9 (UDF's part of the sequence), El Torito 1.0 §2.0.
"""

from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt, TruncatedImage, printable_text

SECTOR_BYTES = 2048
FIRST_DESCRIPTOR_SECTOR = 16
MAX_DESCRIPTORS = 32
JOLIET_ESCAPES = (b"%/@", b"%/C", b"%/E")
"""UCS-2 levels 1 to 3, in a supplementary volume descriptor's escape sequences."""

_BOOT_RECORD, _PRIMARY, _SUPPLEMENTARY = 0, 1, 2
_UDF_IDENTIFIERS = (b"NSR02", b"NSR03")
_OTHER_IDENTIFIERS = (b"BEA01", b"TEA01", b"BOOT2", b"CDW02")


@dataclass(frozen=True, slots=True)
class IsoVolume:
    """An ISO 9660 or UDF image, by its volume descriptors."""

    volume_id: str
    """As written on the medium; "" when only UDF is there."""
    has_iso9660: bool
    has_joliet: bool
    has_udf: bool
    has_el_torito: bool
    """A boot record is there, so some firmware can boot it as a CD."""
    needed_size_bytes: int
    """Volume space size; without ISO 9660 the end of the sequence."""


def read_iso_volume(read_at: ReadAt) -> IsoVolume | None:
    """The image's volume, None when there is no volume recognition sequence.

    Raises:
        ImageError: an ISO 9660 image without a usable primary volume descriptor; ``TruncatedImage`` when the
            image ends before one came.
    """
    data = read_at(FIRST_DESCRIPTOR_SECTOR * SECTOR_BYTES, MAX_DESCRIPTORS * SECTOR_BYTES)
    if data[1:6] not in (b"CD001", b"BEA01"):
        return None
    volume_id, needed, iso, joliet, udf, el_torito = "", 0, False, False, False, False
    for start in range(0, len(data) - SECTOR_BYTES + 1, SECTOR_BYTES):
        sector = Fields(data[start : start + SECTOR_BYTES], "ISO 9660 volume descriptor")
        kind, identifier = sector.u8(0), sector.take(1, 5)
        if identifier != b"CD001":
            udf = udf or identifier in _UDF_IDENTIFIERS
            if identifier not in _UDF_IDENTIFIERS + _OTHER_IDENTIFIERS:
                break
        elif kind == _PRIMARY and not iso:
            iso, volume_id, needed = True, printable_text(sector.take(40, 32)), _volume_bytes(sector)
        elif kind == _SUPPLEMENTARY:
            joliet = joliet or sector.take(88, 3) in JOLIET_ESCAPES
        elif kind == _BOOT_RECORD:
            el_torito = el_torito or sector.take(7, 23) == b"EL TORITO SPECIFICATION"
    if not iso and data[1:6] == b"CD001":
        if len(data) < MAX_DESCRIPTORS * SECTOR_BYTES:
            raise TruncatedImage(
                "ISO 9660 volume descriptors", (FIRST_DESCRIPTOR_SECTOR + MAX_DESCRIPTORS) * SECTOR_BYTES
            )
        raise ImageError("ISO 9660 image without a primary volume descriptor")
    return IsoVolume(volume_id, iso, joliet, udf, el_torito, max(needed, (FIRST_DESCRIPTOR_SECTOR + 1) * SECTOR_BYTES))


def _volume_bytes(primary: Fields) -> int:
    block_bytes = primary.u16(128)
    if block_bytes not in (512, 1024, 2048):
        raise ImageError(f"ISO 9660 logical block size of {block_bytes} bytes")
    return primary.u32(80) * block_bytes

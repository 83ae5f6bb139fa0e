"""From the anchor to the logical volume: where its partitions lie and where its file set begins.

Sources: ECMA-167 §3/8.4.2 (anchors and volume descriptor sequences), §3/10; OSTA UDF 2.60 §2.2.4, §2.2.8 to §2.2.10.
Left out: virtual, sparable and metadata partitions, which rewritable media and Blu-ray use and no installer image does.
"""

from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt, printable_text
from bootbeam.formats.image_entry import Extent
from bootbeam.formats.udf.tag import TAG_BYTES, TagId, check_tag
from bootbeam.formats.udf.text import decode_dstring

RECOGNITION_OFFSET = 32768
MAX_RECOGNITION_SECTORS = 32
MAX_SEQUENCE_BLOCKS = 256
"""Descriptors of one volume descriptor sequence; the specification's own has 16."""
MAX_PARTITION_MAPS = 8
_BLOCK_SIZES = (2048, 512, 4096, 1024)
_ANCHOR_BLOCK, _ANCHOR_TO_END = 256, 256
_MAP_TYPE_1, _MAP_TYPE_2 = 1, 2
_STANDARD_IDENTIFIERS = (b"BEA01", b"NSR02", b"NSR03", b"TEA01", b"BOOT2", b"CD001", b"CDW02")


@dataclass(frozen=True, slots=True)
class LongAllocation:
    """A ``long_ad``: an extent of a partition (ECMA-167 §4/14.14.2)."""

    size_bytes: int
    kind: int
    """0: recorded, 1: allocated but not recorded, 2: not allocated, 3: more allocation descriptors."""
    block: int
    partition: int
    """Index into the logical volume's partition maps."""


@dataclass(frozen=True, slots=True)
class LogicalVolume:
    """What addresses on the volume mean."""

    volume_id: str
    revision: int
    """Of UDF, as hex digits: 0x0102 is 1.02."""
    block_bytes: int
    partitions: tuple[Extent | str, ...]
    """By partition map; words for one that is of a kind that cannot be read."""
    file_set: LongAllocation

    def offset_of(self, partition: int, block: int) -> int:
        """Where logical block ``block`` of a partition lies in the image, in bytes.

        Raises:
            ImageError: there is no such partition or block, or it cannot be read.
        """
        if partition >= len(self.partitions):
            raise ImageError(f"UDF address in partition {partition} of {len(self.partitions)}")
        extent = self.partitions[partition]
        if isinstance(extent, str):
            raise ImageError(f"UDF volume with a {extent} partition, which bootbeam does not read")
        if block * self.block_bytes >= extent.size_bytes:
            raise ImageError(f"UDF block {block} lies behind the end of its partition")
        return extent.offset + block * self.block_bytes


def decode_long_allocation(data: bytes) -> LongAllocation:
    """The first 10 of a ``long_ad``'s 16 bytes."""
    fields = Fields(data, "UDF long allocation descriptor")
    length = fields.u32(0)
    return LongAllocation(length & 0x3FFFFFFF, length >> 30, fields.u32(4), fields.u16(8))


def has_udf(read_at: ReadAt) -> bool:
    """Whether the volume recognition sequence names UDF (ECMA-167 §2/9.1)."""
    for step_bytes in (2048, 4096):
        for index in range(MAX_RECOGNITION_SECTORS):
            identifier = read_at(RECOGNITION_OFFSET + index * step_bytes, 6)[1:]
            if identifier in (b"NSR02", b"NSR03"):
                return True
            if identifier not in _STANDARD_IDENTIFIERS:
                break
    return False


def read_logical_volume(read_at: ReadAt, size_bytes: int) -> LogicalVolume:
    """The logical volume, by the first anchor and sequence that are whole.

    Raises:
        ImageError: there is no anchor, or both sequences of each are damaged.
    """
    problem = "UDF volume without an anchor"
    for block_bytes in _BLOCK_SIZES:
        last = size_bytes // block_bytes - 1
        for block in (_ANCHOR_BLOCK, last, last - _ANCHOR_TO_END):
            anchor = _read_anchor(read_at, block, block_bytes)
            for sequence in anchor:
                try:
                    return _read_sequence(read_at, sequence, block_bytes)
                except ImageError as error:
                    problem = str(error)
    raise ImageError(problem)


def _read_anchor(read_at: ReadAt, block: int, block_bytes: int) -> tuple[Extent, ...]:
    """The main and reserve sequences; none when no anchor is at ``block``."""
    data = read_at(block * block_bytes, 512) if block >= 0 else b""
    if data[:2] != TagId.ANCHOR.to_bytes(2, "little"):
        return ()
    try:
        check_tag(data, "anchor", block)
    except ImageError:
        return ()
    fields = Fields(data, "UDF anchor")
    return tuple(Extent(fields.u32(at + 4) * block_bytes, fields.u32(at)) for at in (16, 24))


class _Prevailing:
    """Of each descriptor the one with the highest sequence number (ECMA-167 §3/8.4.3)."""

    def __init__(self) -> None:
        self.volume: Fields | None = None
        self.partitions: dict[int, Fields] = {}

    def add(self, kind: int, fields: Fields) -> None:
        """Take note of a descriptor."""
        if kind == TagId.LOGICAL_VOLUME and _is_newer(fields, self.volume):
            self.volume = fields
        elif kind == TagId.PARTITION and _is_newer(fields, self.partitions.get(fields.u16(22))):
            self.partitions[fields.u16(22)] = fields


def _is_newer(fields: Fields, other: Fields | None) -> bool:
    return other is None or fields.u32(16) >= other.u32(16)


def _read_sequence(read_at: ReadAt, sequence: Extent, block_bytes: int) -> LogicalVolume:
    prevailing = _Prevailing()
    block, left = sequence.offset // block_bytes, sequence.size_bytes // block_bytes
    for _ in range(MAX_SEQUENCE_BLOCKS):
        data = read_at(block * block_bytes, block_bytes)
        if left <= 0 or not any(data[:TAG_BYTES]):  # A block never written ends the sequence too.
            break
        kind = check_tag(data, "volume descriptor", block)
        fields = Fields(data, "UDF volume descriptor")
        block, left = block + 1, left - 1
        if kind == TagId.TERMINATING:
            break
        if kind == TagId.VOLUME_POINTER:
            left, block = fields.u32(20) // block_bytes, fields.u32(24)
        prevailing.add(kind, fields)
    if prevailing.volume is None:
        raise ImageError("UDF volume descriptor sequence without a logical volume")
    partitions = {
        number: Extent(fields.u32(188) * block_bytes, fields.u32(192) * block_bytes)
        for number, fields in prevailing.partitions.items()
    }
    return _decode_logical_volume(prevailing.volume, partitions, block_bytes)


def _decode_logical_volume(fields: Fields, partitions: dict[int, Extent], block_bytes: int) -> LogicalVolume:
    if fields.u32(212) != block_bytes:
        raise ImageError(f"UDF logical blocks of {fields.u32(212)} bytes in sectors of {block_bytes}")
    maps, at = list[Extent | str](), 440
    for _ in range(min(fields.u32(268), MAX_PARTITION_MAPS)):
        kind, length = fields.u8(at), fields.u8(at + 1)
        if kind == _MAP_TYPE_1 and length == 6:
            number = fields.u16(at + 4)
            maps.append(partitions.get(number, "missing"))
        elif kind == _MAP_TYPE_2 and length == 64:
            maps.append(
                printable_text(fields.take(at + 5, 23)).removeprefix("*UDF ").removesuffix(" Partition").lower()
            )
        else:
            raise ImageError(f"UDF partition map of type {kind} and {length} bytes")
        at += length
    return LogicalVolume(
        volume_id=decode_dstring(fields.take(84, 128)),
        revision=fields.u16(240),
        block_bytes=block_bytes,
        partitions=tuple(maps),
        file_set=decode_long_allocation(fields.take(248, 16)),
    )

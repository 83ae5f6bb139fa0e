"""Descriptors and whole images of UDF, built by hand from ECMA-167 and OSTA UDF."""

import struct

BLOCK_BYTES = 2048
PARTITION_START = 300
"""The sector where the partition begins, so that logical block 0 is there."""
FILE_SET, ROOT_ICB, ROOT_DATA = 0, 1, 2
TIMESTAMP = struct.pack("<HhBBBBBBBB", 1 << 12, 2020, 9, 13, 12, 26, 40, 0, 0, 0)
"""1 600 000 000 s after the epoch."""


def crc(data: bytes) -> int:
    """ITU-T V.41, bit by bit: ECMA-167 §3/7.2.6."""
    register = 0
    for byte in data:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
            register &= 0xFFFF
    return register


def sealed(identifier: int, location: int, body: bytes) -> bytes:
    """A descriptor with its tag."""
    tag = bytearray(struct.pack("<HHBBHHHI", identifier, 2, 0, 0, 0, crc(body), len(body), location))
    tag[4] = sum(tag) & 0xFF
    return bytes(tag) + body


def sealed_again(block: bytes) -> bytes:
    """The descriptor at the start of ``block`` with the checksum and CRC that its bytes have now."""
    identifier, _, _, _, _, _, size_bytes, location = struct.unpack_from("<HHBBHHHI", block)
    if identifier not in (2, 3, 5, 6, 8, 256, 257, 258, 261, 266) or 16 + size_bytes > len(block):
        return block
    return sealed(identifier, location, block[16 : 16 + size_bytes]) + block[16 + size_bytes :]


def body_of(size_bytes: int, **at: bytes) -> bytes:
    """The bytes of a descriptor behind its tag; keywords are ``_OFFSET``, counted from the tag's start."""
    body = bytearray(size_bytes - 16)
    for key, value in at.items():
        start = int(key[1:]) - 16
        body[start : start + len(value)] = value
    return bytes(body)


def u16(number: int) -> bytes:
    return struct.pack("<H", number)


def u32(number: int) -> bytes:
    return struct.pack("<I", number)


def u64(number: int) -> bytes:
    return struct.pack("<Q", number)


def short_ad(size_bytes: int, block: int, kind: int = 0) -> bytes:
    return u32(size_bytes | kind << 30) + u32(block)


def long_ad(size_bytes: int, block: int, partition: int = 0, kind: int = 0) -> bytes:
    return u32(size_bytes | kind << 30) + u32(block) + u16(partition) + bytes(6)


def anchor(location: int, main: tuple[int, int], reserve: tuple[int, int]) -> bytes:
    """``main`` and ``reserve`` are (first sector, sectors)."""
    extents = b"".join(u32(count * BLOCK_BYTES) + u32(first) for first, count in (main, reserve))
    return sealed(2, location, body_of(512, _16=extents))


def partition(
    location: int, *, number: int = 0, start: int = PARTITION_START, blocks: int = 100, order: int = 1
) -> bytes:
    return sealed(5, location, body_of(512, _16=u32(order), _22=u16(number), _188=u32(start), _192=u32(blocks)))


TYPE_1_MAP = bytes([1, 6]) + u16(1) + u16(0)


def type_2_map(name: bytes) -> bytes:
    return bytes([2, 64, 0, 0, 0]) + name.ljust(23, b"\0") + bytes(36)


def logical_volume(
    location: int, *, maps: tuple[bytes, ...] = (TYPE_1_MAP,), order: int = 1, name: bytes = b"NAME"
) -> bytes:
    identifier = (b"\x08" + name).ljust(127, b"\0") + bytes([len(name) + 1])
    table = b"".join(maps)
    body = body_of(
        440 + len(table),
        _16=u32(order),
        _84=identifier,
        _212=u32(BLOCK_BYTES),
        _217=b"*OSTA UDF Compliant",
        _240=u16(0x0201),
        _248=long_ad(BLOCK_BYTES, FILE_SET),
        _264=u32(len(table)),
        _268=u32(len(maps)),
        _440=table,
    )
    return sealed(6, location, body)


def terminating(location: int) -> bytes:
    return sealed(8, location, bytes(496))


def file_set(root: bytes | None = None) -> bytes:
    return sealed(256, FILE_SET, body_of(512, _400=long_ad(BLOCK_BYTES, ROOT_ICB) if root is None else root))


def file_entry(
    block: int,
    kind: int,
    size_bytes: int,
    area: bytes,
    *,
    form: int = 0,
    extended: bool = False,
    strategy: int = 4,
    attributes: bytes = b"",
) -> bytes:
    """``form`` 0: short, 1: long, 2: extended descriptors, 3: contents; ``area`` is what it says."""
    start = 216 if extended else 176
    fields: dict[str, bytes] = {
        "_20": u16(strategy),
        "_27": bytes([kind]),
        "_34": u16(form),
        "_56": u64(size_bytes),
        f"_{92 if extended else 84}": TIMESTAMP,
        f"_{start - 8}": u32(len(attributes)) + u32(len(area)),
        f"_{start}": attributes + area,
    }
    body = body_of(start + len(attributes) + len(area), **fields)
    return sealed(266 if extended else 261, block, body)


def name_of(text: str) -> bytes:
    """OSTA compressed unicode, in 8 bits where it fits."""
    try:
        return b"\x08" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"\x10" + text.encode("utf-16-be")


def identifier(name: bytes, icb: int, *, characteristics: int = 0, use: bytes = b"", partition: int = 0) -> bytes:
    """One entry of a directory."""
    icb_field = long_ad(BLOCK_BYTES, icb, partition)
    body = u16(1) + bytes([characteristics, len(name)]) + icb_field + u16(len(use)) + use + name
    return sealed(257, ROOT_DATA, body + bytes(-len(body) % 4))


PARENT = identifier(b"", ROOT_ICB, characteristics=0x0A)


def image(
    *identifiers: bytes,
    blocks: dict[int, bytes] | None = None,
    sectors: dict[int, bytes] | None = None,
    maps: tuple[bytes, ...] = (TYPE_1_MAP,),
    size: int = 460,
) -> bytes:
    """A UDF image with these entries in its root; ``blocks`` of its partition, ``sectors`` replace what is there."""
    listing = PARENT + b"".join(identifiers)
    root = file_entry(ROOT_ICB, 4, len(listing), short_ad(len(listing), ROOT_DATA))
    placed = {
        16: b"\0BEA01\1",
        17: b"\0NSR03\1",
        18: b"\0TEA01\1",
        256: anchor(256, (32, 16), (48, 16)),
        300 + FILE_SET: file_set(),
        300 + ROOT_ICB: root,
        300 + ROOT_DATA: listing,
    }
    for first in (32, 48):
        placed |= {
            first: partition(first),
            first + 1: logical_volume(first + 1, maps=maps),
            first + 2: terminating(first + 2),
        }
    placed |= {PARTITION_START + block: contents for block, contents in (blocks or {}).items()} | (sectors or {})
    data = bytearray(size * BLOCK_BYTES)
    for sector, contents in placed.items():
        data[sector * BLOCK_BYTES : sector * BLOCK_BYTES + len(contents)] = contents
    return bytes(data[: size * BLOCK_BYTES])

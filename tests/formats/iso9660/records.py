"""Directory records and whole images of ISO 9660, built by hand from ECMA-119."""

import struct

BLOCK_BYTES = 2048
DATE = bytes([120, 9, 13, 12, 26, 40, 0])
"""1 600 000 000 s after the epoch."""


def both(number: int) -> bytes:
    """A 32-bit number in both byte orders, ECMA-119 §7.3.3."""
    return struct.pack("<I", number) + struct.pack(">I", number)


def record(
    identifier: bytes,
    *,
    block: int = 0,
    size_bytes: int = 0,
    flags: int = 0,
    attributes: int = 0,
    system_use: bytes = b"",
) -> bytes:
    """One directory record, ECMA-119 §9.1."""
    middle = bytes([flags, 0, 0]) + b"\1\0\0\1" + bytes([len(identifier)]) + identifier
    body = bytes([attributes]) + both(block) + both(size_bytes) + DATE + middle
    body += bytes(len(identifier) % 2 == 0) + system_use
    body += bytes(len(body) % 2 == 0)
    return bytes([len(body) + 1]) + body


def susp(signature: bytes, data: bytes) -> bytes:
    """One system use entry, SUSP §4."""
    return signature + bytes([4 + len(data), 1]) + data


SP = susp(b"SP", b"\xbe\xef\0")
ER = susp(b"ER", bytes([10, 0, 0, 1]) + b"RRIP_1991A")


def directory(block: int, *records: bytes, parent: int | None = None, own_use: bytes = b"") -> bytes:
    """One block with a directory in it."""
    own = record(b"\0", block=block, size_bytes=BLOCK_BYTES, flags=2, system_use=own_use)
    above = record(b"\1", block=block if parent is None else parent, size_bytes=BLOCK_BYTES, flags=2)
    data = own + above + b"".join(records)
    assert len(data) <= BLOCK_BYTES
    return data.ljust(BLOCK_BYTES, b"\0")


def descriptor(kind: int, root: bytes, *, version: int = 1, escapes: bytes = b"", block_bytes: int = 2048) -> bytes:
    """One volume descriptor, ECMA-119 §8.4 and §8.5."""
    data = bytearray(BLOCK_BYTES)
    data[:7] = bytes([kind]) + b"CD001" + bytes([version])
    data[40:72] = b"HAND_MADE".ljust(32)
    data[88 : 88 + len(escapes)] = escapes
    data[128:132] = struct.pack("<H", block_bytes) + struct.pack(">H", block_bytes)
    data[156 : 156 + len(root)] = root
    return bytes(data)


ROOT = 20
"""The block of the root directory in ``image``."""


def image(*records: bytes, rock_ridge: bool = False, blocks: dict[int, bytes] | None = None, size: int = 40) -> bytes:
    """An image with these records in its root directory and ``blocks`` where they say."""
    root = record(b"\0", block=ROOT, size_bytes=BLOCK_BYTES, flags=2)
    data = bytearray(size * BLOCK_BYTES)
    own_use = SP + ER if rock_ridge else b""
    terminator = b"\xffCD001\1"
    placed = {16: descriptor(1, root), 17: terminator, ROOT: directory(ROOT, *records, own_use=own_use)}
    for block, contents in (placed | (blocks or {})).items():
        data[block * BLOCK_BYTES : block * BLOCK_BYTES + len(contents)] = contents
    return bytes(data)

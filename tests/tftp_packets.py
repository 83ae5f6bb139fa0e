"""TFTP packets put together by hand, field by field as RFC 1350 §5 and RFC 2347 §2 draw them: no code of bootbeam."""

import struct

Pairs = list[tuple[str, str]]


def rrq(filename: str | bytes, *options: tuple[str, str], mode: str = "octet", opcode: int = 1) -> bytes:
    name = filename.encode() if isinstance(filename, str) else filename
    packet = struct.pack("!H", opcode) + name + b"\0" + mode.encode() + b"\0"
    for option, value in options:
        packet += option.encode() + b"\0" + value.encode() + b"\0"
    return packet


def ack(block: int) -> bytes:
    return struct.pack("!HH", 4, block & 0xFFFF)


def data(block: int, payload: bytes) -> bytes:
    return struct.pack("!HH", 3, block & 0xFFFF) + payload


def error(code: int, message: str = "") -> bytes:
    return struct.pack("!HH", 5, code) + message.encode() + b"\0"


def read_oack(packet: bytes) -> Pairs:
    """The options of an OACK, in order, asserting that it is one to the last byte."""
    assert packet[:2] == b"\0\6", packet
    assert packet.endswith(b"\0")
    fields = packet[2:-1].decode("ascii").split("\0")
    assert len(fields) % 2 == 0
    return list(zip(fields[::2], fields[1::2], strict=True))

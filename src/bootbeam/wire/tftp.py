"""TFTP packets: RFC 1350, options by RFC 2347, their values by RFC 2348, 2349 and 7440.

Not here: what an option means for a transfer (``tftp/negotiation.py``), which file a name is (``wire/path.py``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from struct import Struct

from bootbeam.errors import DecodeError
from bootbeam.wire.cursor import Cursor

TFTP_PORT = 69
"""Where requests go (RFC 1350 §4)."""
MAX_REQUEST_BYTES = 1024
"""RFC 2347 §2 says 512; twice that is read, since a long path with options is no reason to leave a client waiting."""
MAX_OPTIONS = 32
"""Options read of one packet; the field knows about ten. What follows is left unread."""
MAX_MESSAGE_CHARACTERS = 200
"""How much of an ERROR's text is kept or sent."""

MAX_KNOWN_REQUESTS = 256
"""Machines of one kind send the same bytes: so many requests need not be decoded again."""

_NUMBERED = Struct("!HH")


class Opcode(IntEnum):
    """RFC 1350 §5, RFC 2347 §3."""

    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class ErrorCode(IntEnum):
    """RFC 1350 §5, RFC 2347 §4 for 8. Clients send others too; those stay plain numbers."""

    UNDEFINED = 0
    FILE_NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_TID = 5
    FILE_EXISTS = 6
    NO_SUCH_USER = 7
    OPTION_REFUSED = 8


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a request or OACK, RFC 2347 §2."""

    name: str
    """As sent; compare without regard to case."""
    value: bytes
    """As sent; decimal digits when the client follows its RFC."""

    def number(self) -> int | None:
        """The value as an unsigned decimal number; None when it is none."""
        return int(self.value) if self.value.isdigit() else None


@dataclass(frozen=True, slots=True)
class Rrq:
    """A read request."""

    filename: bytes
    """As sent; ``wire.path.decode_path`` makes a path of it."""
    mode: str
    """Lower case: ``octet``, ``netascii``, ``mail``, or whatever the client wrote."""
    options: tuple[Option, ...] = ()
    """In the client's order; a name asked for twice is kept once, its first value counts."""

    def option(self, name: str) -> Option | None:
        """The option of this (lower-case) name."""
        return next((option for option in self.options if option.name.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Wrq:
    """A write request: decoded only far enough to refuse it politely."""

    filename: bytes
    mode: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Data:
    """A DATA packet as its receiver sees it."""

    block: int
    """Block number, 16 bits."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """An acknowledgement."""

    block: int
    """Block number, 16 bits; 0 answers an OACK."""


@dataclass(frozen=True, slots=True)
class Error:
    """An ERROR packet: the transfer is over."""

    code: int
    """An ``ErrorCode``, or a number no RFC knows."""
    message: str
    """Printable ASCII, cut to ``MAX_MESSAGE_CHARACTERS``."""


@dataclass(frozen=True, slots=True)
class Oack:
    """The options the server agrees to."""

    options: tuple[Option, ...]


Packet = Rrq | Wrq | Data | Ack | Error | Oack


def decode_packet(data: bytes) -> Packet:
    """Any TFTP packet.

    Raises:
        DecodeError: no known opcode, a request longer than ``MAX_REQUEST_BYTES``, or a field that is cut off.
    """
    cursor = Cursor(data)
    opcode = cursor.take_u16("opcode")
    match opcode:
        case Opcode.RRQ | Opcode.WRQ:
            if len(data) > MAX_REQUEST_BYTES:
                raise DecodeError(f"request longer than {MAX_REQUEST_BYTES} bytes")
            return _decode_request(data)
        case Opcode.DATA:
            return Data(cursor.take_u16("block number"), cursor.take_rest())
        case Opcode.ACK:
            return Ack(cursor.take_u16("block number"))
        case Opcode.ERROR:
            return Error(cursor.take_u16("error code"), _printable(cursor.take_rest().split(b"\0")[0]))
        case Opcode.OACK:
            return Oack(_decode_options(cursor))
        case _:
            raise DecodeError(f"no TFTP packet: opcode {opcode}", 0)


def decode_ack_block(data: bytes) -> int | None:
    """The block number when ``data`` is an ACK, else None: the quick way, for what a server gets once per window."""
    if len(data) < _NUMBERED.size:
        return None
    opcode, block = _NUMBERED.unpack_from(data)
    return int(block) if opcode == Opcode.ACK else None


@lru_cache(MAX_KNOWN_REQUESTS)
def _decode_request(data: bytes) -> Rrq | Wrq:
    cursor = Cursor(data)
    opcode = cursor.take_u16("opcode")
    filename = cursor.take_until_nul("file name")
    mode_at = cursor.offset
    mode = cursor.take_until_nul("mode")
    if not mode.isalpha():
        raise DecodeError("mode is no word", mode_at)
    kind = Rrq if opcode == Opcode.RRQ else Wrq
    return kind(filename, mode.decode("ascii").lower(), _decode_options(cursor))


def _decode_options(cursor: Cursor) -> tuple[Option, ...]:
    """The options up to the end, or up to where they stop being options.

    An empty name, a name that is no printable ASCII or a field without its NUL ends the list; what came before counts.
    """
    # Quirk: BIOS PXE ROMs: NULs or rubbish after the last field, from a buffer that is sent whole.
    options: dict[str, Option] = {}
    for _ in range(MAX_OPTIONS):
        try:
            name = cursor.take_until_nul("option name")
            value = cursor.take_until_nul("option value")
        except DecodeError:
            break
        if not name or any(byte <= 0x20 or byte >= 0x7F for byte in name):
            break
        text = name.decode("ascii")
        options.setdefault(text.lower(), Option(text, value))
    return tuple(options.values())


def _printable(raw: bytes) -> str:
    """What may be shown of a text that a stranger wrote."""
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in raw[:MAX_MESSAGE_CHARACTERS])
    return text.strip()


def encode_rrq(filename: bytes, mode: str = "octet", options: Iterable[tuple[str, int]] = ()) -> bytes:
    """A read request, as a client sends it."""
    return _encode_request(Opcode.RRQ, filename, mode, options)


def encode_wrq(filename: bytes, mode: str = "octet", options: Iterable[tuple[str, int]] = ()) -> bytes:
    """A write request, as a client sends it."""
    return _encode_request(Opcode.WRQ, filename, mode, options)


def _encode_request(opcode: Opcode, filename: bytes, mode: str, options: Iterable[tuple[str, int]]) -> bytes:
    start = opcode.to_bytes(2, "big") + filename + b"\0" + mode.encode("ascii") + b"\0"
    return start + _encode_options(options)


def _encode_options(options: Iterable[tuple[str, int]]) -> bytes:
    return b"".join(f"{name}\0{value}\0".encode("ascii") for name, value in options)


def encode_data_header(block: int) -> bytes:
    """The four bytes before a block's payload. ``block`` is the number on the wire, 0 to 65535."""
    return _NUMBERED.pack(Opcode.DATA, block)


def encode_ack(block: int) -> bytes:
    """An acknowledgement of the block with this number on the wire, 0 to 65535."""
    return _NUMBERED.pack(Opcode.ACK, block)


def encode_error(code: int, message: str) -> bytes:
    """An ERROR packet; ``message`` is cut and made printable ASCII, since firmware shows it as it comes."""
    return _NUMBERED.pack(Opcode.ERROR, code) + _printable(message.encode("ascii", "replace")).encode("ascii") + b"\0"


def encode_oack(options: Iterable[tuple[str, int]]) -> bytes:
    """The server's agreement to these options, names as the client spelt them."""
    return Opcode.OACK.to_bytes(2, "big") + _encode_options(options)

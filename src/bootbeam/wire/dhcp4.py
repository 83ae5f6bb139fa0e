"""DHCPv4 messages (RFC 2131 §2, RFC 2132): the header, and the options as a mapping of code to bytes.

Option values stay bytes here; what the PXE ones mean is in ``wire.pxe_options``. Left out: BOOTP without the
magic cookie, and option 52 when encoding (firmware exists that loses a file name hidden by an overloaded field).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv4Address

from bootbeam.errors import DecodeError

BOOTREQUEST = 1
BOOTREPLY = 2
MAGIC_COOKIE = b"\x63\x82\x53\x63"
BROADCAST_FLAG = 0x8000
HEADER = struct.Struct(">BBBBIHH4s4s4s4s16s64s128s")
"""op htype hlen hops xid secs flags ciaddr yiaddr siaddr giaddr chaddr sname file: 236 bytes (RFC 2131 figure 1)."""
MIN_ENCODED_BYTES = 300
"""RFC 951 §3: clients exist that drop anything shorter."""
MAX_DATAGRAM_BYTES = 4096
"""More than any client sends; edk2 announces 65280 in option 57 and sends under 1500."""

REMEMBERED_MESSAGES = 128
"""512 KB of the longest at most, 100 KB of usual ones."""

_SNAME = slice(44, 108)
_FILE = slice(108, 236)
_NO_ADDRESS = IPv4Address(0)
_NO_ADDRESS_BYTES = bytes(4)


class MessageType(IntEnum):
    """Option 53, RFC 2132 §9.6."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


class OptionCode(IntEnum):
    """The options this station reads or writes; the number is the one on the wire."""

    PAD = 0
    SUBNET_MASK = 1
    ROUTER = 3
    HOST_NAME = 12
    VENDOR_SPECIFIC = 43
    REQUESTED_IP_ADDRESS = 50
    ADDRESS_LEASE_TIME = 51
    OVERLOAD = 52
    MESSAGE_TYPE = 53
    SERVER_IDENTIFIER = 54
    PARAMETER_REQUEST_LIST = 55
    MAXIMUM_MESSAGE_SIZE = 57
    VENDOR_CLASS_IDENTIFIER = 60
    CLIENT_IDENTIFIER = 61
    TFTP_SERVER_NAME = 66
    BOOTFILE_NAME = 67
    USER_CLASS = 77
    RELAY_AGENT_INFORMATION = 82
    CLIENT_SYSTEM_ARCHITECTURE = 93
    CLIENT_NETWORK_INTERFACE = 94
    CLIENT_MACHINE_IDENTIFIER = 97
    IPXE_ENCAPSULATED = 175
    END = 255


_PAD, _END = int(OptionCode.PAD), int(OptionCode.END)


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class DhcpMessage:
    """One DHCPv4 message. Field names are those of RFC 2131 figure 1."""

    op: int
    """1 request, 2 reply."""
    xid: int
    """Transaction number chosen by the client, 32 bits."""
    chaddr: bytes
    """Client hardware address, ``hlen`` bytes (6 for Ethernet)."""
    htype: int = 1
    hops: int = 0
    secs: int = 0
    """Seconds since the client began, as it counts them; iPXE puts status bits here."""
    flags: int = 0
    """Bit 15: answer by broadcast."""
    ciaddr: IPv4Address = _NO_ADDRESS
    yiaddr: IPv4Address = _NO_ADDRESS
    """The address a DHCP server leases; 0 in a proxy's answer."""
    siaddr: IPv4Address = _NO_ADDRESS
    """Where the boot file is."""
    giaddr: IPv4Address = _NO_ADDRESS
    """The relay agent, 0 when there is none."""
    sname: str = ""
    """Server host name, at most 63 bytes."""
    file: str = ""
    """Boot file name, at most 127 bytes."""
    options: Mapping[int, bytes] = field(default_factory=dict)
    """Code to value, parts of a split option joined (RFC 3396), in the order first met."""

    @property
    def mac(self) -> str:
        """chaddr as lower-case hex with colons."""
        return self.chaddr.hex(":")

    @property
    def message_type(self) -> int | None:
        """Option 53 as a number, None when it is absent or not one byte long."""
        value = self.options.get(OptionCode.MESSAGE_TYPE, b"")
        return value[0] if len(value) == 1 else None

    def address_option(self, code: OptionCode) -> IPv4Address | None:
        """An option that holds one IPv4 address; None when it is absent or not 4 bytes long."""
        value = self.options.get(code, b"")
        return IPv4Address(value) if len(value) == 4 else None


@lru_cache(REMEMBERED_MESSAGES)
def decode_dhcp(data: bytes) -> DhcpMessage:
    """One datagram as a DHCP message. The newest ones are remembered: a question is heard twice, by the one who answers
    it and by the one who listens.

    Raises:
        DecodeError: too short or too long, no magic cookie, hlen over 16, or an option that runs past its field.
    """
    if len(data) > MAX_DATAGRAM_BYTES:
        raise DecodeError(f"DHCP message of {len(data)} bytes, longer than {MAX_DATAGRAM_BYTES}")
    if len(data) < HEADER.size + len(MAGIC_COOKIE):
        raise DecodeError(f"DHCP message of {len(data)} bytes, header and magic cookie need 240")
    if data[HEADER.size : HEADER.size + 4] != MAGIC_COOKIE:
        raise DecodeError("no DHCP magic cookie (plain BOOTP?)", HEADER.size)
    op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, _, _ = HEADER.unpack_from(data)
    if hlen > 16:
        raise DecodeError(f"hlen is {hlen}, chaddr has 16 bytes", 2)
    options: dict[int, bytes] = {}
    _decode_options(data, HEADER.size + len(MAGIC_COOKIE), options)
    # RFC 2132 §9.3: bit 0 the file field holds options, bit 1 the sname field, read in that order.
    overload = int.from_bytes(options.get(OptionCode.OVERLOAD, b"")[:1], "big")
    file_holds_options, sname_holds_options = bool(overload & 1), bool(overload & 2)
    if file_holds_options:
        _decode_options(data[_FILE], 0, options)
    if sname_holds_options:
        _decode_options(data[_SNAME], 0, options)
    return DhcpMessage(
        op=op,
        htype=htype,
        hops=hops,
        xid=xid,
        secs=secs,
        flags=flags,
        ciaddr=_address(ciaddr),
        yiaddr=_address(yiaddr),
        siaddr=_address(siaddr),
        giaddr=_address(giaddr),
        chaddr=chaddr[:hlen],
        sname="" if sname_holds_options else _text(data[_SNAME]),
        file="" if file_holds_options else _text(data[_FILE]),
        options=options,
    )


def encode_dhcp(message: DhcpMessage) -> bytes:
    """The datagram for ``message``: options in the order of the mapping, padded to at least 300 bytes.

    A file name or server name too long for its header field is left out of the header (options 66 and 67 hold it).

    Raises:
        ValueError: an option longer than 255 bytes, or a name that is not ASCII; both are the station's own mistakes.
    """
    header = HEADER.pack(
        message.op,
        message.htype,
        len(message.chaddr),
        message.hops,
        message.xid,
        message.secs,
        message.flags,
        message.ciaddr.packed,
        message.yiaddr.packed,
        message.siaddr.packed,
        message.giaddr.packed,
        message.chaddr,
        _field(message.sname, 64),
        _field(message.file, 128),
    )
    parts = [header, MAGIC_COOKIE]
    for code, value in message.options.items():
        if len(value) > 255:
            raise ValueError(f"option {code} is {len(value)} bytes long")
        parts.append(bytes([code, len(value)]) + value)
        if code == OptionCode.BOOTFILE_NAME:
            # Quirk: BIOS ROMs: some read one byte past option 67, so a zero (a PAD option) follows it.
            parts.append(bytes([OptionCode.PAD]))
    parts.append(bytes([OptionCode.END]))
    return b"".join(parts).ljust(MIN_ENCODED_BYTES, b"\0")


def _decode_options(data: bytes, offset: int, options: dict[int, bytes]) -> None:
    """Without ``Cursor``: a call for each byte of thirty options is most of the time that decoding takes."""
    end = len(data)
    while offset < end:
        code = data[offset]
        offset += 1
        if code == _PAD:
            continue
        if code == _END:
            return
        if offset == end:
            raise DecodeError(f"length of option {code}: 1 bytes wanted, 0 left", offset)
        size_bytes = data[offset]
        offset += 1
        value = data[offset : offset + size_bytes]
        if len(value) < size_bytes:
            raise DecodeError(f"option {code}: {size_bytes} bytes wanted, {end - offset} left", offset)
        options[code] = options[code] + value if code in options else value
        offset += size_bytes


def _address(raw: bytes) -> IPv4Address:
    return IPv4Address(raw) if raw != _NO_ADDRESS_BYTES else _NO_ADDRESS


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("latin-1")


def _field(text: str, size_bytes: int) -> bytes:
    raw = text.encode("ascii")
    return raw if len(raw) < size_bytes else b""

"""DHCPv6 messages (RFC 8415 §8, §9): header, options in order, and the relay messages around them.

Option values stay bytes here; what they mean is in ``wire.dhcp6_options``. A question that came through relays is
decoded as the client's own message with the relays beside it, and an answer with relays is wrapped the same way.
"""

from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv6Address

from bootbeam.errors import DecodeError
from bootbeam.wire.cursor import Cursor

MAX_RELAYS = 32
"""HOP_COUNT_LIMIT is 8 (RFC 8415 §7.6), 32 in RFC 3315: nobody's network is deeper."""
MAX_OPTIONS = 256
"""Firmware sends nine; more is an attack on our time."""
MAX_DATAGRAM_BYTES = 4096


class MessageType(IntEnum):
    """RFC 8415 §7.3."""

    SOLICIT = 1
    ADVERTISE = 2
    REQUEST = 3
    CONFIRM = 4
    RENEW = 5
    REBIND = 6
    REPLY = 7
    RELEASE = 8
    DECLINE = 9
    RECONFIGURE = 10
    INFORMATION_REQUEST = 11
    RELAY_FORW = 12
    RELAY_REPL = 13


class OptionCode(IntEnum):
    """The options this station reads or writes; the number is the one on the wire."""

    CLIENT_IDENTIFIER = 1
    SERVER_IDENTIFIER = 2
    IA_NA = 3
    IA_ADDRESS = 5
    OPTION_REQUEST = 6
    PREFERENCE = 7
    ELAPSED_TIME = 8
    RELAY_MESSAGE = 9
    STATUS_CODE = 13
    USER_CLASS = 15
    VENDOR_CLASS = 16
    INTERFACE_ID = 18
    BOOTFILE_URL = 59
    BOOTFILE_PARAMETERS = 60
    CLIENT_SYSTEM_ARCHITECTURE = 61
    CLIENT_NETWORK_INTERFACE = 62
    CLIENT_LINK_LAYER_ADDRESS = 79


Options = tuple[tuple[int, bytes], ...]
"""Code and value, in wire order; a code may come more than once."""


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay agent between the client and us (RFC 8415 §9)."""

    hop_count: int
    """Relays nearer to the client than this one."""
    link_address: IPv6Address
    """An address on the client's link, ``::`` when this relay does not say."""
    peer_address: IPv6Address
    """Whom this relay got the message from: the client, or the next relay."""
    options: Options = ()
    """What the relay added, without the message it carries."""


@dataclass(frozen=True, slots=True)
class Dhcp6Message:
    """One message of a client or for a client."""

    message_type: int
    transaction_id: int
    """Chosen by the client, 24 bits."""
    options: Options = ()
    relays: tuple[Relay, ...] = ()
    """The relays it came or goes through, the one nearest to us first."""

    def option(self, code: int) -> bytes | None:
        """The value of the first option ``code``; None when it is absent."""
        return next((value for found, value in self.options if found == code), None)


def decode_dhcp6(data: bytes) -> Dhcp6Message:
    """One datagram as a DHCPv6 message, taken out of its relays.

    Raises:
        DecodeError: too long or too short, an option that runs past its message, more than ``MAX_RELAYS`` relays or
            ``MAX_OPTIONS`` options, or a relay message with nothing inside.
    """
    if len(data) > MAX_DATAGRAM_BYTES:
        raise DecodeError(f"DHCPv6 message of {len(data)} bytes, longer than {MAX_DATAGRAM_BYTES}")
    relays: list[Relay] = []
    while True:
        cursor = Cursor(data)
        message_type = cursor.take_u8("message type")
        if message_type not in (MessageType.RELAY_FORW, MessageType.RELAY_REPL):
            transaction_id = int.from_bytes(cursor.take(3, "transaction id"), "big")
            return Dhcp6Message(message_type, transaction_id, decode_options(cursor), tuple(relays))
        if len(relays) >= MAX_RELAYS:
            raise DecodeError(f"more than {MAX_RELAYS} relays")
        relay, data = _decode_relay(cursor)
        relays.append(relay)


def encode_dhcp6(message: Dhcp6Message) -> bytes:
    """The datagram for ``message``: wrapped for each of its relays, with the interface id each of them sent.

    Raises:
        ValueError: an option longer than 65535 bytes, the station's own mistake.
    """
    return _encode_wrapped(message, MessageType.RELAY_REPL)


def encode_relayed(message: Dhcp6Message) -> bytes:
    """The datagram for ``message`` on its way to a server, as its relays would send it."""
    return _encode_wrapped(message, MessageType.RELAY_FORW)


def decode_options(cursor: Cursor) -> Options:
    """Options up to the cursor's end (RFC 8415 §21.1).

    Raises:
        DecodeError: one runs past the end, or there are more than ``MAX_OPTIONS``.
    """
    options: list[tuple[int, bytes]] = []
    while cursor.remaining_bytes:
        if len(options) >= MAX_OPTIONS:
            raise DecodeError(f"more than {MAX_OPTIONS} options")
        code = cursor.take_u16("option code")
        size_bytes = cursor.take_u16(f"length of option {code}")
        options.append((code, cursor.take(size_bytes, f"option {code}")))
    return tuple(options)


def encode_option(code: int, value: bytes) -> bytes:
    """One option.

    Raises:
        ValueError: the value is longer than 65535 bytes.
    """
    if len(value) > 0xFFFF:
        raise ValueError(f"option {code} is {len(value)} bytes long")
    return code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def _encode_wrapped(message: Dhcp6Message, relay_type: MessageType) -> bytes:
    data = bytes([message.message_type]) + message.transaction_id.to_bytes(3, "big")
    data += b"".join(encode_option(code, value) for code, value in message.options)
    for relay in reversed(message.relays):
        header = bytes([relay_type, relay.hop_count]) + relay.link_address.packed + relay.peer_address.packed
        options = [option for option in relay.options if option[0] == OptionCode.INTERFACE_ID]
        options.append((OptionCode.RELAY_MESSAGE, data))
        data = header + b"".join(encode_option(code, value) for code, value in options)
    return data


def _decode_relay(cursor: Cursor) -> tuple[Relay, bytes]:
    """A relay message after its type, and the message it carries."""
    hop_count = cursor.take_u8("hop count")
    link_address = IPv6Address(cursor.take(16, "link address"))
    peer_address = IPv6Address(cursor.take(16, "peer address"))
    options = decode_options(cursor)
    carried = [value for code, value in options if code == OptionCode.RELAY_MESSAGE]
    if len(carried) != 1:
        raise DecodeError(f"a relay message with {len(carried)} messages inside, one is expected")
    others = tuple(option for option in options if option[0] != OptionCode.RELAY_MESSAGE)
    return Relay(hop_count, link_address, peer_address, others), carried[0]

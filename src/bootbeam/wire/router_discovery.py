"""How routers announce IPv6 on a link: the question for it and the announcement (RFC 4861 §4.1, §4.2, §4.6.2)."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from bootbeam.errors import DecodeError
from bootbeam.wire.cursor import Cursor

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
"""ICMPv6 types."""
ALL_ROUTERS = IPv6Address("ff02::2")
HOP_LIMIT = 255
"""Of every such message: it came from this link and no further (RFC 4861 §6.1)."""
_MANAGED, _OTHER = 0x80, 0x40
_PREFIX_INFORMATION = 3
_AUTONOMOUS = 0x40


@dataclass(frozen=True, slots=True)
class RouterAdvertisement:
    """One router's announcement."""

    is_managed: bool
    """Flag M: addresses are given by DHCPv6."""
    has_other: bool
    """Flag O: DHCPv6 tells other things."""
    lifetime_s: int
    """So long it is a default router; 0: it is none."""
    prefixes: tuple[IPv6Network, ...] = ()
    autonomous_prefixes: tuple[IPv6Network, ...] = ()
    """Those from which machines make their own addresses (flag A)."""


def encode_router_solicitation() -> bytes:
    """The ICMPv6 message; its checksum is left to the kernel."""
    return bytes([ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0])


def decode_router_advertisement(data: bytes) -> RouterAdvertisement:
    """An ICMPv6 message of type 134.

    Raises:
        DecodeError: another type, too short, or an option of length 0 or past the end.
    """
    cursor = Cursor(data)
    if cursor.take_u8("type") != ROUTER_ADVERTISEMENT:
        raise DecodeError("no router advertisement", 0)
    cursor.take(4, "code, checksum and hop limit")
    flags = cursor.take_u8("flags")
    lifetime_s = cursor.take_u16("router lifetime")
    cursor.take(8, "timers")
    prefixes: list[IPv6Network] = []
    autonomous: list[IPv6Network] = []
    while cursor.remaining_bytes:
        kind, eights = cursor.take_u8("option type"), cursor.take_u8("option length")
        if eights == 0:
            raise DecodeError("an option of length 0", cursor.offset)
        body = cursor.take(8 * eights - 2, f"option {kind}")
        if kind != _PREFIX_INFORMATION or len(body) < 30 or body[0] > 128:
            continue
        prefix = IPv6Network((body[14:30], body[0]), strict=False)
        prefixes.append(prefix)
        if body[1] & _AUTONOMOUS:
            autonomous.append(prefix)
    return RouterAdvertisement(
        bool(flags & _MANAGED), bool(flags & _OTHER), lifetime_s, tuple(prefixes), tuple(autonomous)
    )

"""Whether an address is somebody else's too: the probe for it and the answer (RFC 826, RFC 5227 §2.1.1)."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from bootbeam.wire.cursor import Cursor

ETHERTYPE_ARP = 0x0806
_BROADCAST = b"\xff" * 6
_KINDS = b"\0\1\x08\0\6\4"
"""Ethernet and IPv4, with the lengths of their addresses."""
_QUESTION, _REPLY = 1, 2


@dataclass(frozen=True, slots=True)
class ArpReply:
    """Somebody says: this address is mine."""

    mac: str
    """Lower-case hex with colons."""
    address: IPv4Address


def encode_arp_probe(own_mac: str, address: IPv4Address) -> bytes:
    """The Ethernet frame that asks who has ``address`` without claiming it: the sender's address is 0.0.0.0.

    Raises:
        ValueError: ``own_mac`` is no MAC.
    """
    mac = bytes.fromhex(own_mac.replace(":", ""))
    if len(mac) != 6:
        raise ValueError(f"{own_mac} is no Ethernet address")
    question = struct.pack(">6sH6s4s6s4s", _KINDS, _QUESTION, mac, bytes(4), bytes(6), address.packed)
    return _BROADCAST + mac + ETHERTYPE_ARP.to_bytes(2, "big") + question


def decode_arp_reply(frame: bytes) -> ArpReply | None:
    """The answer in an Ethernet frame; None when it is no ARP answer.

    Raises:
        DecodeError: the frame ends too early.
    """
    cursor = Cursor(frame)
    cursor.take(12, "MACs")
    if cursor.take_u16("EtherType") != ETHERTYPE_ARP:
        return None
    kinds = cursor.take(6, "ARP kinds")
    if kinds != _KINDS or cursor.take_u16("ARP operation") != _REPLY:
        return None
    mac = cursor.take(6, "ARP sender MAC").hex(":")
    return ArpReply(mac, IPv4Address(cursor.take(4, "ARP sender")))

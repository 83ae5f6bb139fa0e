"""ARP probes and answers, bytes by hand."""

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.arp import ArpReply, decode_arp_reply, encode_arp_probe

OWN, OTHER = bytes.fromhex("525400000001"), bytes.fromhex("aabbccddeeff")
ADDRESS = bytes((192, 168, 1, 50))


def arp(operation: int, ethertype: int = 0x0806) -> bytes:
    header = OWN + OTHER + struct.pack(">H", ethertype)
    return header + struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + OTHER + ADDRESS + OWN + bytes(4) + bytes(18)


def test_a_probe_claims_nothing() -> None:
    frame = encode_arp_probe("52:54:00:00:00:01", IPv4Address("192.168.1.50"))
    assert frame[:14] == b"\xff" * 6 + OWN + b"\x08\x06"
    assert frame[14:22] == struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1)
    assert frame[22:] == OWN + bytes(4) + bytes(6) + ADDRESS
    with pytest.raises(ValueError, match="no Ethernet address"):
        encode_arp_probe("52:54", IPv4Address("192.168.1.50"))


def test_only_answers_are_read() -> None:
    assert decode_arp_reply(arp(2)) == ArpReply("aa:bb:cc:dd:ee:ff", IPv4Address("192.168.1.50"))
    assert decode_arp_reply(arp(1)) is None
    assert decode_arp_reply(arp(2, ethertype=0x0800)) is None
    with pytest.raises(DecodeError):
        decode_arp_reply(arp(2)[:30])


@given(st.binary(max_size=64))
def test_nothing_but_a_decode_error(data: bytes) -> None:
    try:
        decode_arp_reply(data)
    except DecodeError:
        return

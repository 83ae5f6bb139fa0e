"""Router announcements as routers send them, bytes by hand."""

import struct
from ipaddress import IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.router_discovery import decode_router_advertisement, encode_router_solicitation


def announcement(flags: int, *options: bytes) -> bytes:
    return struct.pack(">BBHBBHII", 134, 0, 0xABCD, 64, flags, 1800, 0, 0) + b"".join(options)


def prefix(text: str, flags: int) -> bytes:
    network = IPv6Network(text)
    return struct.pack(">BBBBIII16s", 3, 4, network.prefixlen, flags, 86400, 14400, 0, network.network_address.packed)


def test_flags_lifetime_and_prefixes() -> None:
    link_address = bytes((1, 1, 2, 0, 0, 0, 0, 1))
    read = decode_router_advertisement(
        announcement(0xC0, link_address, prefix("fd00:1::/64", 0xC0), prefix("fd00:2::/64", 0x80))
    )
    assert (read.is_managed, read.has_other, read.lifetime_s) == (True, True, 1800)
    assert read.prefixes == (IPv6Network("fd00:1::/64"), IPv6Network("fd00:2::/64"))
    assert read.autonomous_prefixes == (IPv6Network("fd00:1::/64"),)
    plain = decode_router_advertisement(announcement(0))
    assert (plain.is_managed, plain.has_other, plain.prefixes) == (False, False, ())


@pytest.mark.parametrize(
    "data",
    [b"", announcement(0)[:-1], announcement(0, b"\3\0"), announcement(0, b"\3\4\0"), b"\x85" + announcement(0)[1:]],
)
def test_broken_ones_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_router_advertisement(data)


@given(st.binary(max_size=80))
def test_nothing_but_a_decode_error(options: bytes) -> None:
    try:
        decode_router_advertisement(announcement(0, options))
    except DecodeError:
        return


def test_the_question() -> None:
    assert encode_router_solicitation() == bytes((133, 0, 0, 0, 0, 0, 0, 0))

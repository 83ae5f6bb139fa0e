"""The DHCPv6 codec against recorded packets and packets built by hand."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.dhcp6 import (
    MAX_OPTIONS,
    MAX_RELAYS,
    Dhcp6Message,
    MessageType,
    Relay,
    decode_dhcp6,
    encode_dhcp6,
    encode_relayed,
)
from tests import dhcp6_packets as packets
from tests.dhcp6_packets import build6, option, options_of, relay

LINK, PEER = "fd00:1::1", "fe80::5054:ff:feb0:701"


def test_firmwares_solicit_is_read_whole_and_in_order() -> None:
    message = decode_dhcp6(packets.OVMF_PXE_SOLICIT)
    assert message.message_type == MessageType.SOLICIT
    assert message.transaction_id == 0xF85BB4
    assert [code for code, _ in message.options] == [1, 8, 3, 6, 62, 61, 16]
    assert message.option(61) == b"\0\7"
    assert message.option(59) is None
    assert message.relays == ()


def test_the_first_of_a_repeated_option_counts_and_none_is_lost() -> None:
    message = decode_dhcp6(build6(1, [(16, b"one"), (16, b"two")], duid=None))
    assert message.option(16) == b"one"
    assert message.options == ((16, b"one"), (16, b"two"))


def test_a_message_is_taken_out_of_its_relays_the_nearest_first() -> None:
    inner = relay(build6(1, [], duid=None), LINK, PEER, [(18, b"port 7"), (79, b"\0\1abcdef")])
    message = decode_dhcp6(relay(inner, "::", "fe80::1", hops=1))
    assert message.message_type == MessageType.SOLICIT
    assert message.relays == (
        Relay(1, IPv6Address("::"), IPv6Address("fe80::1")),
        Relay(0, IPv6Address(LINK), IPv6Address(PEER), ((18, b"port 7"), (79, b"\0\1abcdef"))),
    )


def test_the_answer_goes_back_the_way_it_came() -> None:
    inner = relay(build6(1, [], duid=None), LINK, PEER, [(18, b"port 7"), (79, b"\0\1abcdef")])
    request = decode_dhcp6(relay(inner, "::", "fe80::1", hops=1))
    sent = encode_dhcp6(Dhcp6Message(2, 0x123456, ((59, b"url"),), request.relays))
    assert sent[:2] == bytes((13, 1))
    [(code, middle)] = options_of(sent[34:])
    assert code == 9
    assert middle[:34] == bytes((13, 0)) + IPv6Address(LINK).packed + IPv6Address(PEER).packed
    assert options_of(middle[34:]) == [(18, b"port 7"), (9, bytes((2, 0x12, 0x34, 0x56)) + option(59, b"url"))]


def test_our_own_question_goes_out_as_a_relay_sends_it() -> None:
    question = Dhcp6Message(1, 0x123456, ((1, b"duid"),), (Relay(0, IPv6Address(LINK), IPv6Address(PEER)),))
    assert encode_relayed(question) == relay(build6(1, [(1, b"duid")], duid=None), LINK, PEER)


def test_relays_have_a_bound() -> None:
    data = build6(1, [])
    for hops in range(MAX_RELAYS):
        data = relay(data, "::", PEER, hops=hops)
    assert len(decode_dhcp6(data).relays) == MAX_RELAYS
    with pytest.raises(DecodeError, match="relays"):
        decode_dhcp6(relay(data, "::", PEER))


def test_options_have_a_bound() -> None:
    assert len(decode_dhcp6(build6(1, [(8, b"")] * MAX_OPTIONS, duid=None)).options) == MAX_OPTIONS
    with pytest.raises(DecodeError, match="options"):
        decode_dhcp6(build6(1, [(8, b"")] * (MAX_OPTIONS + 1), duid=None))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "message type"),
        (b"\1\2\3", "transaction id"),
        (b"\1\2\3\4\0\1\0\5abcd", "option 1"),
        (b"\1\2\3\4\0\1\0", "length of option 1"),
        (b"\1\2\3\4\0", "option code"),
        (bytes((12, 0)) + bytes(31), "peer address"),
        (bytes((12, 0)) + bytes(32), "0 messages"),
        (bytes((12, 0)) + bytes(32) + option(9, build6(1, [])) * 2, "2 messages"),
        (bytes((12, 0)) + bytes(32) + option(9, b""), "message type"),
        (bytes(4097), "4097"),
    ],
)
def test_what_is_no_message_is_a_decode_error(data: bytes, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        decode_dhcp6(data)


@pytest.mark.parametrize("size_bytes", range(len(packets.OVMF_PXE_SOLICIT)))
def test_a_truncated_solicit_is_an_error_or_ends_at_an_option(size_bytes: int) -> None:
    try:
        message = decode_dhcp6(packets.OVMF_PXE_SOLICIT[:size_bytes])
    except DecodeError:
        return
    assert encode_dhcp6(message) == packets.OVMF_PXE_SOLICIT[:size_bytes]


def test_a_too_long_option_is_the_stations_own_mistake() -> None:
    with pytest.raises(ValueError, match="option 59"):
        encode_dhcp6(Dhcp6Message(2, 1, ((59, bytes(65536)),)))


@given(st.binary(max_size=600))
def test_any_bytes_are_a_message_or_a_decode_error(data: bytes) -> None:
    try:
        message = decode_dhcp6(data)
    except DecodeError:
        return
    if not message.relays:
        assert encode_dhcp6(message) == data


@given(st.integers(0, len(packets.DNSMASQ_RELAYED_ADVERTISE) - 1), st.integers(0, 255))
def test_a_mutated_relayed_message_is_a_message_or_a_decode_error(offset: int, value: int) -> None:
    data = bytearray(packets.DNSMASQ_RELAYED_ADVERTISE)
    data[offset] = value
    try:
        assert len(decode_dhcp6(bytes(data)).relays) <= MAX_RELAYS
    except DecodeError:
        return


OPTIONS = st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=40)), max_size=8).map(tuple)


@given(st.integers(0, 11), st.integers(0, 0xFFFFFF), OPTIONS)
def test_what_was_encoded_decodes_to_the_same(
    message_type: int, xid: int, options: tuple[tuple[int, bytes], ...]
) -> None:
    message = Dhcp6Message(message_type, xid, options)
    assert decode_dhcp6(encode_dhcp6(message)) == message

"""The DHCPv4 codec against packets built independently, and against noise."""

import contextlib
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.dhcp4 import DhcpMessage, MessageType, OptionCode, decode_dhcp, encode_dhcp
from tests.dhcp_packets import Reply, build, pxe_options

DISCOVER = build(1, options=pxe_options(7, "003016"), secs=4, giaddr="10.1.2.3", hops=1)


def test_every_header_field_is_read() -> None:
    message = decode_dhcp(DISCOVER)
    assert (message.op, message.htype, message.hops, message.secs, message.flags) == (1, 1, 1, 4, 0x8000)
    assert message.xid == 110268312
    assert message.mac == "f4:4d:30:01:02:03"
    assert (message.giaddr, message.ciaddr) == (IPv4Address("10.1.2.3"), IPv4Address(0))
    assert message.message_type == MessageType.DISCOVER
    assert message.options[OptionCode.VENDOR_CLASS_IDENTIFIER] == b"PXEClient:Arch:00007:UNDI:003016"
    assert next(iter(message.options)) == 53


def test_parts_of_a_split_option_are_joined() -> None:
    message = decode_dhcp(build(1, options=[(77, b"iP"), (60, b"x"), (77, b"XE")]))
    assert message.options[77] == b"iPXE"


def test_options_in_an_overloaded_file_field_are_read() -> None:
    packet = bytearray(build(1, options=[(52, b"\x01")]))
    packet[108:114] = b"\x43\x03abc\xff"
    message = decode_dhcp(bytes(packet))
    assert message.options[67] == b"abc"
    assert message.file == ""


def test_an_empty_overload_option_is_no_overload() -> None:
    assert decode_dhcp(build(1, options=[(52, b"")])).message_type == 1


def test_a_missing_end_option_and_padding_are_tolerated() -> None:
    assert decode_dhcp(DISCOVER[:-1]) == decode_dhcp(DISCOVER)
    assert decode_dhcp(DISCOVER + bytes(64)) == decode_dhcp(DISCOVER)
    assert decode_dhcp(DISCOVER + b"garbage after the end") == decode_dhcp(DISCOVER)


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (b"", "header and magic cookie"),
        (DISCOVER[:239], "header and magic cookie"),
        (DISCOVER[:236] + b"\0\0\0\0" + DISCOVER[240:], "magic cookie"),
        (DISCOVER[:2] + b"\x11" + DISCOVER[3:], "hlen"),
        (DISCOVER[:242] + b"\xc8\xc8", "option"),
        (DISCOVER + bytes(5000), "longer than"),
    ],
)
def test_broken_packets_are_refused_in_words(packet: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        decode_dhcp(packet)


def test_every_truncation_decodes_or_is_refused() -> None:
    for size in range(len(DISCOVER)):
        try:
            decode_dhcp(DISCOVER[:size])
        except DecodeError:
            continue
        assert size >= 240


@given(st.binary(max_size=600))
def test_noise_raises_decode_error_only(data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode_dhcp(data)


@given(st.integers(0, len(DISCOVER) - 1), st.integers(0, 255), st.integers(0, 300))
def test_a_damaged_packet_raises_decode_error_only(position: int, value: int, cut: int) -> None:
    packet = bytearray(DISCOVER)
    packet[position] = value
    with contextlib.suppress(DecodeError):
        decode_dhcp(bytes(packet[: len(packet) - cut] if cut < len(packet) else packet))


def test_encoded_packets_read_back_by_an_independent_reader() -> None:
    reply = Reply(
        encode_dhcp(
            DhcpMessage(
                op=2,
                xid=0x01020304,
                chaddr=bytes.fromhex("525400000001"),
                siaddr=IPv4Address("192.168.1.50"),
                flags=0x8000,
                file="x64/snponly.efi",
                options={53: b"\x02", 67: b"x64/snponly.efi\0"},
            )
        )
    )
    assert len(reply.packet) == 300
    assert (reply.op, reply.hlen, reply.xid, reply.flags) == (2, 6, 0x01020304, 0x8000)
    assert reply.addresses["siaddr"] == "192.168.1.50"
    assert reply.chaddr == "52:54:00:00:00:01"
    assert reply.file == "x64/snponly.efi"
    assert reply.option(67) == b"x64/snponly.efi\0"
    assert reply.after_67 == 0


def test_a_file_name_too_long_for_the_header_is_left_to_option_67() -> None:
    packet = encode_dhcp(DhcpMessage(op=2, xid=1, chaddr=bytes(6), file="x" * 128))
    assert Reply(packet).file == ""


def test_an_option_too_long_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="256 bytes"):
        encode_dhcp(DhcpMessage(op=2, xid=1, chaddr=bytes(6), options={67: bytes(256)}))

"""The TFTP codec against packets built by hand, and against noise."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.tftp import (
    MAX_MESSAGE_CHARACTERS,
    MAX_OPTIONS,
    MAX_REQUEST_BYTES,
    Ack,
    Data,
    Error,
    Oack,
    Option,
    Rrq,
    Wrq,
    decode_ack_block,
    decode_packet,
    encode_ack,
    encode_data_header,
    encode_error,
    encode_oack,
    encode_rrq,
    encode_wrq,
)
from tests import tftp_packets

EDK2_RRQ = b"\0\1snponly.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0"

names = st.binary(max_size=100).map(lambda raw: raw.replace(b"\0", b""))
option_names = st.text(alphabet=[chr(code) for code in range(0x21, 0x7F)], min_size=1, max_size=12)
option_pairs = st.lists(
    st.tuples(option_names, st.integers(0, 2**40)), max_size=8, unique_by=lambda pair: pair[0].lower()
)
modes = st.sampled_from(["octet", "netascii", "mail", "OCTET", "Octet"])


def test_the_request_of_uefi_firmware() -> None:
    assert decode_packet(EDK2_RRQ) == Rrq(
        b"snponly.efi", "octet", (Option("tsize", b"0"), Option("blksize", b"1468"), Option("windowsize", b"4"))
    )


def test_a_request_without_options() -> None:
    assert decode_packet(b"\0\1boot/pxelinux.0\0OcTeT\0") == Rrq(b"boot/pxelinux.0", "octet")


def test_a_write_request_is_told_from_a_read_request() -> None:
    assert decode_packet(b"\0\2file\0octet\0tsize\x0012\0") == Wrq(b"file", "octet", (Option("tsize", b"12"),))


def test_file_names_are_kept_as_bytes() -> None:
    packet = decode_packet(b"\0\1\\boot\\\xff\xfe\n\0octet\0")
    assert isinstance(packet, Rrq)
    assert packet.filename == b"\\boot\\\xff\xfe\n"


def test_option_names_are_found_whatever_their_case_and_kept_as_sent() -> None:
    packet = decode_packet(b"\0\1f\0octet\0BlkSize\x00512\0")
    assert isinstance(packet, Rrq)
    assert packet.option("blksize") == Option("BlkSize", b"512")
    assert packet.option("tsize") is None


def test_an_option_given_twice_counts_once() -> None:
    packet = decode_packet(b"\0\1f\0octet\0blksize\x00512\0BLKSIZE\x001024\0tsize\x000\0")
    assert isinstance(packet, Rrq)
    assert packet.options == (Option("blksize", b"512"), Option("tsize", b"0"))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (b"0", 0),
        (b"1468", 1468),
        (b"0512", 512),
        (b"", None),
        (b"-1", None),
        (b"+5", None),
        (b"0x200", None),
        (b" 512", None),
        (b"1_0", None),
        ("١".encode(), None),
        (b"9" * 400, int("9" * 400)),
    ],
)
def test_only_decimal_digits_are_a_number(value: bytes, number: int | None) -> None:
    assert Option("blksize", value).number() == number


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0",
        b"\0" * 200,
        b"\xff\xff\xff",
        b"\0rubbish\0more\0",
        b"half an option",
        b"name\0value without end",
        b"\x80\x01\0x\0",
    ],
)
def test_garbage_behind_a_good_request_is_left_out(garbage: bytes) -> None:
    packet = decode_packet(EDK2_RRQ + garbage)
    assert packet == decode_packet(EDK2_RRQ)
    assert decode_packet(b"\0\1f\0octet\0" + garbage) == Rrq(b"f", "octet")


def test_no_more_options_are_read_than_the_limit() -> None:
    many = b"".join(b"o%d\x001\0" % number for number in range(MAX_OPTIONS + 10))
    packet = decode_packet(b"\0\1f\0octet\0" + many)
    assert isinstance(packet, Rrq)
    assert len(packet.options) == MAX_OPTIONS


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (b"", "opcode"),
        (b"\0", "opcode"),
        (b"\0\0", "opcode 0"),
        (b"\0\7file\0octet\0", "opcode 7"),
        (b"\1\0file\0octet\0", "opcode 256"),
        (b"\0\1", "file name"),
        (b"\0\1file", "file name"),
        (b"\0\1file\0", "mode"),
        (b"\0\1file\0octet", "mode"),
        (b"\0\1file\0\0", "mode is no word"),
        (b"\0\1file\0oct et\0", "mode is no word"),
        (b"\0\1file\0octet\xff\0", "mode is no word"),
        (b"\0\1" + b"n" * MAX_REQUEST_BYTES + b"\0octet\0", "longer than"),
        (b"\0\3", "block number"),
        (b"\0\3\0", "block number"),
        (b"\0\4\0", "block number"),
        (b"\0\5\0", "error code"),
    ],
)
def test_broken_packets_are_refused_in_words(packet: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        decode_packet(packet)


def test_data_and_its_header() -> None:
    assert decode_packet(b"\0\3\xff\xfeabc") == Data(0xFFFE, b"abc")
    assert decode_packet(b"\0\3\0\1") == Data(1, b"")
    assert encode_data_header(0xFFFE) == b"\0\3\xff\xfe"


def test_acknowledgements_with_and_without_padding() -> None:
    assert decode_packet(b"\0\4\x01\x02") == Ack(0x102)
    assert decode_packet(b"\0\4\x01\x02padding") == Ack(0x102)
    assert decode_ack_block(b"\0\4\x01\x02") == 0x102
    assert decode_ack_block(b"\0\4\xff\xffpadding") == 0xFFFF
    assert encode_ack(0x102) == b"\0\4\x01\x02"


@pytest.mark.parametrize("packet", [b"", b"\0\4", b"\0\4\0", b"\0\5\0\1", b"\1\4\0\1", EDK2_RRQ])
def test_what_is_no_acknowledgement_has_no_acknowledged_block(packet: bytes) -> None:
    assert decode_ack_block(packet) is None


@pytest.mark.parametrize(
    ("packet", "decoded"),
    [
        (b"\0\5\0\x08User aborted the transfer\0", Error(8, "User aborted the transfer")),
        (b"\0\5\0\0TFTP Aborted", Error(0, "TFTP Aborted")),
        (b"\0\5\0\1", Error(1, "")),
        (b"\0\5\xff\xff\0junk", Error(0xFFFF, "")),
        (b"\0\5\0\0\x1b[31mred\n\xff\0", Error(0, "?[31mred??")),
        (b"\0\5\0\0" + b"x" * 5000, Error(0, "x" * MAX_MESSAGE_CHARACTERS)),
    ],
)
def test_errors_are_read_and_made_fit_to_show(packet: bytes, decoded: Error) -> None:
    assert decode_packet(packet) == decoded


def test_an_error_is_written_for_firmware_to_show() -> None:
    assert encode_error(1, "no such file") == b"\0\5\0\1no such file\0"
    assert encode_error(2, "schön\0\n") == b"\0\5\0\2sch?n??\0"
    assert len(encode_error(0, "x" * 5000)) == 4 + MAX_MESSAGE_CHARACTERS + 1


def test_an_oack_is_read_and_written() -> None:
    written = encode_oack([("BlkSize", 1468), ("tsize", 5_000_000_000)])
    assert written == b"\0\6BlkSize\x001468\0tsize\x005000000000\0"
    assert decode_packet(written) == Oack((Option("BlkSize", b"1468"), Option("tsize", b"5000000000")))


@given(names, modes, option_pairs)
def test_requests_built_by_hand_are_decoded_field_for_field(
    filename: bytes, mode: str, options: list[tuple[str, int]]
) -> None:
    texts = [(name, str(value)) for name, value in options]
    expected = tuple(Option(name, value.encode()) for name, value in texts)
    packet = decode_packet(tftp_packets.rrq(filename, *texts, mode=mode))
    assert packet == Rrq(filename, mode.lower(), expected)
    packet = decode_packet(tftp_packets.rrq(filename, *texts, mode=mode, opcode=2))
    assert packet == Wrq(filename, mode.lower(), expected)


@given(names, modes, option_pairs, st.integers(0, 65535))
def test_what_is_encoded_is_what_is_built_by_hand(
    filename: bytes, mode: str, options: list[tuple[str, int]], number: int
) -> None:
    texts = [(name, str(value)) for name, value in options]
    assert encode_rrq(filename, mode, options) == tftp_packets.rrq(filename, *texts, mode=mode)
    assert encode_wrq(filename, mode, options) == tftp_packets.rrq(filename, *texts, mode=mode, opcode=2)
    assert tftp_packets.read_oack(encode_oack(options) if options else b"\0\6a\x000\0") == (texts or [("a", "0")])
    assert encode_data_header(number) == struct.pack("!HH", 3, number)
    assert encode_ack(number) == tftp_packets.ack(number)


@given(st.binary(max_size=600))
def test_noise_raises_decode_error_only(noise: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode_packet(noise)


@given(st.data())
def test_a_damaged_packet_raises_decode_error_only(draw: st.DataObject) -> None:
    good = [
        EDK2_RRQ,
        b"\0\2f\0netascii\0",
        b"\0\3\0\1payload",
        b"\0\4\0\1",
        b"\0\5\0\1text\0",
        b"\0\6tsize\x0012\0blksize\x00512\0",
    ]
    damaged = bytearray(draw.draw(st.sampled_from(good)))
    for _ in range(draw.draw(st.integers(1, 4))):
        position = draw.draw(st.integers(0, len(damaged) - 1))
        damaged[position] = draw.draw(st.integers(0, 255))
    cut = bytes(damaged[: draw.draw(st.integers(0, len(damaged)))])
    for packet in (bytes(damaged), cut):
        with contextlib.suppress(DecodeError):
            decode_packet(packet)
        decode_ack_block(packet)

"""Frames made by hand after the RFCs, whole, cut short and garbled."""

import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.frame import ArpQuestion, UdpFrame, decode_frame, encode_frame

MACS = bytes.fromhex("ffffffffffff 525400b00701")


def udp(payload: bytes, source: int = 68, destination: int = 67) -> bytes:
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


def ipv4(segment: bytes, *, options: bytes = b"", fragment: int = 0x4000, protocol: int = 17) -> bytes:
    version = 0x45 + len(options) // 4
    header = struct.pack("!BBHHHBBH", version, 0, 20 + len(options) + len(segment), 1, fragment, 64, protocol, 0)
    return header + bytes((0, 0, 0, 0, 255, 255, 255, 255)) + options + segment


def ipv6(segment: bytes, next_header: int = 17) -> bytes:
    header = struct.pack("!IHBB", 6 << 28, len(segment), next_header, 1)
    return header + IPv6Address("fe80::1").packed + IPv6Address("ff02::1:2").packed + segment


def ethernet(ethertype: int, packet: bytes) -> bytes:
    return MACS + ethertype.to_bytes(2, "big") + packet


@pytest.mark.parametrize("options", [b"", bytes(8)], ids=["plain", "with IP options"])
@pytest.mark.parametrize("padding", [b"", bytes(30)], ids=["bare", "padded to Ethernet's least"])
def test_udp_over_ipv4(options: bytes, padding: bytes) -> None:
    heard = decode_frame(ethernet(0x0800, ipv4(udp(b"dhcp"), options=options)) + padding)
    assert heard == UdpFrame(
        "52:54:00:b0:07:01", "ff:ff:ff:ff:ff:ff", IPv4Address(0), 68, IPv4Address("255.255.255.255"), 67, b"dhcp"
    )


def test_udp_over_ipv6() -> None:
    heard = decode_frame(ethernet(0x86DD, ipv6(udp(b"dhcp6", 546, 547))))
    assert isinstance(heard, UdpFrame)
    assert (heard.source, heard.destination) == (IPv6Address("fe80::1"), IPv6Address("ff02::1:2"))
    assert (heard.source_port, heard.destination_port, heard.payload) == (546, 547, b"dhcp6")


def test_an_arp_question() -> None:
    arp = bytes.fromhex("0001 0800 06 04 0001 525400b00701 00000000 000000000000 c0a80132")
    asked = ArpQuestion("52:54:00:b0:07:01", IPv4Address(0), IPv4Address("192.168.1.50"))
    assert decode_frame(ethernet(0x0806, arp)) == asked


@pytest.mark.parametrize(
    "frame",
    [
        ethernet(0x0806, bytes.fromhex("0001 0800 06 04 0002") + bytes(20)),
        ethernet(0x88CC, bytes(50)),
        ethernet(0x0800, ipv4(udp(b""), protocol=6)),
        ethernet(0x0800, ipv4(udp(b""), fragment=0x2000)),
        ethernet(0x0800, ipv4(udp(b""), fragment=0x0001)),
        ethernet(0x86DD, ipv6(udp(b""), 58)),
    ],
    ids=["ARP answer", "LLDP", "TCP", "first fragment", "later fragment", "ICMPv6"],
)
def test_other_frames_carry_nothing_for_us(frame: bytes) -> None:
    assert decode_frame(frame) is None


@pytest.mark.parametrize(
    "frame",
    [
        MACS,
        ethernet(0x0800, ipv4(udp(b"dhcp"))[:-1]),
        ethernet(0x0800, b"\x55" + ipv4(udp(b""))[1:]),
        ethernet(0x0800, b"\x41" + ipv4(udp(b""))[1:]),
        ethernet(0x0800, ipv4(struct.pack("!HHHH", 68, 67, 7, 0))),
        ethernet(0x0800, ipv4(struct.pack("!HHHH", 68, 67, 9, 0))),
        ethernet(0x86DD, b"\x40" + ipv6(udp(b""))[1:]),
        ethernet(0x0806, bytes.fromhex("0001 0800 06 04 0001 525400b00701")),
    ],
)
def test_what_ends_too_early_or_lies_about_its_length_is_refused(frame: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_frame(frame)


@given(st.binary(max_size=200), st.sampled_from([0x0800, 0x0806, 0x86DD]))
def test_garbage_raises_decode_error_and_nothing_else(packet: bytes, ethertype: int) -> None:
    with suppress(DecodeError):
        decode_frame(ethernet(ethertype, packet))


def ones_complement_sum(data: bytes) -> int:
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_an_ipv4_frame_is_built_as_the_kernel_would() -> None:
    frame = UdpFrame(
        "52:54:00:00:00:50", "52:54:00:b0:07:01", IPv4Address("192.168.1.50"), 67, IPv4Address(2**32 - 1), 68, b"offer"
    )
    built = encode_frame(frame)
    assert built[:14].hex() == "525400b00701" + "525400000050" + "0800"
    assert ones_complement_sum(built[14:34]) == 0xFFFF, "RFC 791: the header with its checksum sums up to this"
    assert struct.unpack("!H", built[16:18])[0] == 20 + 8 + 5
    assert built[34:] == struct.pack("!HHHH", 67, 68, 13, 0) + b"offer"


def test_an_ipv6_frame_has_its_checksum() -> None:
    station, client = IPv6Address("fe80::50"), IPv6Address("fe80::1")
    built = encode_frame(UdpFrame("52:54:00:00:00:50", "52:54:00:b0:07:01", station, 547, client, 546, b"reply."))
    pseudo = station.packed + client.packed + struct.pack("!II", 14, 17)
    assert ones_complement_sum(pseudo + built[54:]) == 0xFFFF


def test_addresses_of_both_families_make_no_frame() -> None:
    with pytest.raises(ValueError, match="IPv4 or an IPv6"):
        encode_frame(UdpFrame("0" * 12, "0" * 12, IPv4Address(1), 1, IPv6Address(1), 1, b""))

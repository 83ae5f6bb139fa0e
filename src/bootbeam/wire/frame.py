"""Ethernet frames down to the UDP datagram or the ARP question in them: what a listener beside the sockets hears.

RFC 894, 791, 8200, 768, 826. Left out: VLAN tags (the kernel takes them off before anybody listens), IPv6 extension
headers and fragments, none of which DHCP has.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from bootbeam.errors import DecodeError
from bootbeam.wire.cursor import Cursor

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD
PROTOCOL_UDP = 17
ARP_QUESTION = 1
BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
_IPV4 = struct.Struct(">BBHHHBBH4s4s")
_IPV6 = struct.Struct(">IHBB16s16s")
_UDP = struct.Struct(">HHHH")
_HOP_LIMIT = 64
_USUAL = struct.Struct(">6s6sHBBHHHBBH4s4sHHHH")
"""Ethernet, IPv4 without options and UDP in one: what nearly all frames begin with."""
_USUAL_VERSION = 0x45
"""IPv4, a header of five words."""
_MORE_FRAGMENTS_AND_OFFSET = 0x3FFF
_ETHERNET_BYTES = 14
_MAC_BYTES = 6
REMEMBERED_ADDRESSES = 1024
REMEMBERED_HEADERS = 256

IpAddress = IPv4Address | IPv6Address


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class UdpFrame:
    """A UDP datagram with the addresses around it."""

    source_mac: str
    """Lower-case hex with colons."""
    destination_mac: str
    source: IpAddress
    source_port: int
    destination: IpAddress
    destination_port: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class ArpQuestion:
    """Who has this address? (RFC 826)"""

    asker_mac: str
    asker: IPv4Address
    """0.0.0.0 while it has no address of its own (RFC 5227 §1.1)."""
    wanted: IPv4Address


def decode_frame(data: bytes) -> UdpFrame | ArpQuestion | None:
    """What a frame carries; None when it is neither of both, or a fragment.

    Raises:
        DecodeError: the frame ends too early, or a length in it is wrong.
    """
    usual = _decode_usual(data)
    if usual is not None:
        return usual
    cursor = Cursor(data)
    destination_mac = cursor.take(6, "destination MAC").hex(":")
    source_mac = cursor.take(6, "source MAC").hex(":")
    ethertype = cursor.take_u16("EtherType")
    if ethertype == ETHERTYPE_ARP:
        return _decode_arp(cursor)
    packet: tuple[IpAddress, IpAddress, bytes] | None
    if ethertype == ETHERTYPE_IPV4:
        packet = _decode_ipv4(cursor)
    elif ethertype == ETHERTYPE_IPV6:
        packet = _decode_ipv6(cursor)
    else:
        return None
    if packet is None:
        return None
    source, destination, segment = packet
    source_port, destination_port, payload = _decode_udp(Cursor(segment))
    return UdpFrame(source_mac, destination_mac, source, source_port, destination, destination_port, payload)


def _decode_usual(data: bytes) -> UdpFrame | None:
    """The quick way for a whole UDP datagram in an IPv4 packet without options; None for all else, broken ones too.
    Each question of a machine is such a frame."""
    if len(data) < _USUAL.size:
        return None
    fields = _USUAL.unpack_from(data)
    destination_mac, source_mac, ethertype, version, _, total_bytes, _, fragment, _, protocol, _, source, *rest = fields
    destination, source_port, destination_port, size_bytes, _ = rest
    is_udp = ethertype == ETHERTYPE_IPV4 and version == _USUAL_VERSION and protocol == PROTOCOL_UDP
    if not is_udp or fragment & _MORE_FRAGMENTS_AND_OFFSET or size_bytes < _UDP.size:
        return None
    if _IPV4.size + size_bytes > total_bytes or _ETHERNET_BYTES + total_bytes > len(data):
        return None
    payload = data[_USUAL.size : _USUAL.size - _UDP.size + size_bytes]
    macs, addresses = (source_mac.hex(":"), destination_mac.hex(":")), (_address(source), _address(destination))
    return UdpFrame(*macs, addresses[0], source_port, addresses[1], destination_port, payload)


@lru_cache(REMEMBERED_ADDRESSES)
def _address(packed: bytes) -> IPv4Address:
    """Making one takes longer than all the rest of a frame."""
    return IPv4Address(packed)


@lru_cache(REMEMBERED_HEADERS)
def _ipv4_header(size_bytes: int, source: bytes, destination: bytes) -> bytes:
    """EtherType and header of a packet that carries ``size_bytes`` of UDP."""
    fields = (0x45, 0, _IPV4.size + size_bytes, 0, 0x4000, _HOP_LIMIT, PROTOCOL_UDP)
    checksum = _checksum(_IPV4.pack(*fields, 0, source, destination))
    return ETHERTYPE_IPV4.to_bytes(2, "big") + _IPV4.pack(*fields, checksum, source, destination)


class Ipv4Conversation:
    """Makes the frames that go one way between two ports: what they have in common is put together once.

    Args:
        source_mac: lower-case hex with colons.
        source: the sender.
        source_port: its port.
        destination: the receiver.
        destination_port: its port.

    Raises:
        ValueError: a MAC that is none.
    """

    def __init__(
        self, source_mac: str, source: IPv4Address, source_port: int, destination: IPv4Address, destination_port: int
    ) -> None:
        self._source_mac = _mac_bytes(source_mac)
        self._addresses = source.packed, destination.packed
        self._ports = source_port, destination_port

    def frame(self, destination_mac: str, payload: bytes) -> bytes:
        """As ``encode_frame``. Raises ValueError: a MAC that is none."""
        size_bytes = _UDP.size + len(payload)
        header = _ipv4_header(size_bytes, *self._addresses)
        udp = _UDP.pack(*self._ports, size_bytes, 0)
        return b"".join((_mac_bytes(destination_mac), self._source_mac, header, udp, payload))


def _mac_bytes(mac: str) -> bytes:
    raw = bytes.fromhex(mac.replace(":", ""))
    if len(raw) != _MAC_BYTES:
        raise ValueError(f"{mac!r} is no Ethernet address")
    return raw


def encode_frame(frame: UdpFrame) -> bytes:
    """The frame as the kernel would send it; checksums included, but for IPv4's optional one of UDP.

    Raises:
        ValueError: addresses of both families, or a MAC that is none.
    """
    macs = bytes.fromhex(frame.destination_mac.replace(":", "")) + bytes.fromhex(frame.source_mac.replace(":", ""))
    size_bytes = _UDP.size + len(frame.payload)
    if frame.source.version != frame.destination.version or len(macs) != 12:
        raise ValueError("an IPv4 or an IPv6 packet between two Ethernet addresses")
    source, destination = frame.source.packed, frame.destination.packed
    if frame.source.version == 4:
        segment = _UDP.pack(frame.source_port, frame.destination_port, size_bytes, 0) + frame.payload
        return macs + _ipv4_header(size_bytes, source, destination) + segment
    header = _IPV6.pack(6 << 28, size_bytes, PROTOCOL_UDP, _HOP_LIMIT, source, destination)
    pseudo = source + destination + struct.pack(">II", size_bytes, PROTOCOL_UDP)
    ports = (frame.source_port, frame.destination_port, size_bytes)
    checksum = _checksum(pseudo + _UDP.pack(*ports, 0) + frame.payload) or 0xFFFF
    return macs + ETHERTYPE_IPV6.to_bytes(2, "big") + header + _UDP.pack(*ports, checksum) + frame.payload


def _decode_arp(cursor: Cursor) -> ArpQuestion | None:
    kind = cursor.take(6, "ARP kinds")
    operation = cursor.take_u16("ARP operation")
    if kind != b"\0\1\x08\0\6\4" or operation != ARP_QUESTION:
        return None
    asker_mac = cursor.take(6, "ARP sender MAC").hex(":")
    asker = IPv4Address(cursor.take(4, "ARP sender"))
    cursor.take(6, "ARP target MAC")
    return ArpQuestion(asker_mac, asker, IPv4Address(cursor.take(4, "ARP target")))


def _decode_ipv4(cursor: Cursor) -> tuple[IPv4Address, IPv4Address, bytes] | None:
    start, header = cursor.offset, cursor.take(_IPV4.size, "IPv4 header")
    version, _, total_bytes, _, fragment, _, protocol, _, source, destination = _IPV4.unpack(header)
    header_bytes = (version & 0xF) * 4
    if version >> 4 != 4 or header_bytes < _IPV4.size or total_bytes < header_bytes:
        raise DecodeError("no IPv4 header", start)
    if protocol != PROTOCOL_UDP or fragment & 0x3FFF:
        return None
    cursor.take(header_bytes - _IPV4.size, "IPv4 options")
    return IPv4Address(source), IPv4Address(destination), cursor.take(total_bytes - header_bytes, "IPv4 payload")


def _decode_ipv6(cursor: Cursor) -> tuple[IPv6Address, IPv6Address, bytes] | None:
    start, header = cursor.offset, cursor.take(_IPV6.size, "IPv6 header")
    version, size_bytes, next_header, _, source, destination = _IPV6.unpack(header)
    if version >> 28 != 6:
        raise DecodeError("no IPv6 header", start)
    if next_header != PROTOCOL_UDP:
        return None
    return IPv6Address(source), IPv6Address(destination), cursor.take(size_bytes, "IPv6 payload")


def _decode_udp(cursor: Cursor) -> tuple[int, int, bytes]:
    source_port, destination_port, size_bytes, _ = _UDP.unpack(cursor.take(_UDP.size, "UDP header"))
    if size_bytes < _UDP.size:
        raise DecodeError(f"UDP length {size_bytes}", cursor.offset)
    return source_port, destination_port, cursor.take(size_bytes - _UDP.size, "UDP payload")


def _checksum(data: bytes) -> int:
    """RFC 1071 §1."""
    words = struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total: int = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

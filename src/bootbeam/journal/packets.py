"""Packets kept of a boot, and the pcap file that tcpdump and Wireshark read."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

PCAP_MAGIC = 0xA1B2C3D4
LINKTYPE_ETHERNET = 1
SNAP_BYTES = 65535
_HEADER = struct.Struct(">IHHiIII")
_RECORD = struct.Struct(">IIII")


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class Packet:
    """One frame that a machine sent or was sent, Ethernet header included."""

    attempt: str
    at_s: float
    """Seconds since the epoch."""
    interface: str
    frame: bytes


def encode_pcap(packets: Iterable[Packet]) -> bytes:
    """A capture file of them (draft-ietf-opsawg-pcap), big-endian, with microseconds."""
    parts = [_HEADER.pack(PCAP_MAGIC, 2, 4, 0, 0, SNAP_BYTES, LINKTYPE_ETHERNET)]
    for packet in packets:
        seconds, microseconds = divmod(round(packet.at_s * 1_000_000), 1_000_000)
        parts.append(_RECORD.pack(seconds, microseconds, len(packet.frame), len(packet.frame)))
        parts.append(packet.frame)
    return b"".join(parts)

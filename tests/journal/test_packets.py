"""Capture files, read by tcpdump."""

import struct
import subprocess
from pathlib import Path

import pytest

from bootbeam.journal.packets import Packet, encode_pcap
from tests.dhcp_packets import build, pxe_options

MACS = bytes.fromhex("ffffffffffff f44d30010203")


@pytest.mark.peer
def test_tcpdump_reads_it(tmp_path: Path) -> None:
    payload = build(1, xid=0x12345678, options=pxe_options(7, "003016"))
    udp = struct.pack("!HHHH", 68, 67, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + bytes(4) + b"\xff" * 4
    frame = MACS + b"\x08\x00" + ip + udp
    path = tmp_path / "boot.pcap"
    path.write_bytes(encode_pcap([Packet("a", 1_800_000_000.25, "eth0", frame), Packet("a", 1.0, "eth0", frame)]))
    told = subprocess.run(
        ["tcpdump", "-tt", "-vnr", path],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "PATH": "/usr/bin"},
    ).stdout
    assert told.count("BOOTP/DHCP, Request from f4:4d:30:01:02:03") == 2
    assert "1800000000.250000" in told
    assert "xid 0x12345678" in told
    assert "PXEClient:Arch:00007" in told


def test_without_packets_it_is_a_header() -> None:
    assert len(encode_pcap([])) == 24

"""The lab's routers say over IPv6 what they are meant to say, and nothing of booting."""

import struct
import time
from pathlib import Path

import pytest

from bootbeam.lab.ipv6_router import PREFIX, RouterIpv6, ipv6_address, router_command
from bootbeam.lab.lan import INTERFACE, Lan

RA_WAIT_S = 8.0
MANAGED, OTHER = 0x80, 0x40
ON_LINK, AUTONOMOUS = 0x80, 0x40


def advertisements(pcap: bytes) -> list[bytes]:
    """The ICMPv6 router advertisements in a capture file (libpcap format, little endian)."""
    found, offset = [], 24
    while offset + 16 <= len(pcap):
        (size,) = struct.unpack_from("<I", pcap, offset + 8)
        frame = pcap[offset + 16 : offset + 16 + size]
        offset += 16 + size
        if frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 134:
            found.append(frame[54:])
    return found


def prefix_flags(advertisement: bytes) -> int:
    """The flags of the only prefix information option (RFC 4861 §4.6.2), which must name the LAN's prefix."""
    offset = 16
    while advertisement[offset] != 3:
        offset += 8 * advertisement[offset + 1]
    assert advertisement[offset + 16 : offset + 32] == PREFIX.network_address.packed
    return advertisement[offset + 3]


def wait_for_advertisement(lan: Lan) -> bytes:
    deadline = time.monotonic() + RA_WAIT_S
    while not (found := advertisements(lan.capture_file.read_bytes())):
        assert time.monotonic() < deadline, "no router advertisement"
        time.sleep(0.1)
    return found[-1]


@pytest.mark.parametrize(
    ("kind", "flags", "makes_addresses"),
    [
        (RouterIpv6.SLAAC, 0, True),
        (RouterIpv6.STATELESS, OTHER, True),
        (RouterIpv6.MANAGED_ALONE, MANAGED, False),
        (RouterIpv6.DHCP6, MANAGED | OTHER, False),
    ],
)
def test_each_router_announces_its_kind(tmp_path: Path, kind: RouterIpv6, flags: int, makes_addresses: bool) -> None:
    with Lan(tmp_path, ipv4=False, ipv6=kind) as lan:
        advertisement = wait_for_advertisement(lan)
    assert advertisement[5] & (MANAGED | OTHER) == flags
    assert bool(prefix_flags(advertisement) & AUTONOMOUS) == makes_addresses
    assert prefix_flags(advertisement) & ON_LINK
    assert struct.unpack_from("!H", advertisement, 6)[0] > 0, "it is a default router"


def test_a_network_without_ipv4_has_none(tmp_path: Path) -> None:
    with Lan(tmp_path, ipv4=False, ipv6=RouterIpv6.SILENT) as lan:
        guest = lan.add_host("guest", "192.168.1.60")
        assert guest.ip("-4", "address", "show", "dev", INTERFACE) == ""
        assert "1 packets received" in guest.run("busybox", "ping6", "-c", "1", "-W", "5", ipv6_address("192.168.1.50"))
        assert not lan.router_log.exists()
        assert not advertisements(lan.capture_file.read_bytes())


def test_without_a_word_of_ipv6_machines_have_link_local_addresses_only(tmp_path: Path) -> None:
    with Lan(tmp_path) as lan:
        addresses = lan.station.ip("-6", "-oneline", "address", "show", "dev", INTERFACE)
    assert "fe80:" in addresses
    assert "fd00:" not in addresses


def test_a_machines_two_addresses_end_alike() -> None:
    assert ipv6_address("192.168.1.50") == "fd00:b007:b007:1::50"
    assert ipv6_address("192.168.1.1") == "fd00:b007:b007:1::1"


def test_a_silent_router_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="silent"):
        router_command(RouterIpv6.SILENT, INTERFACE, tmp_path)


@pytest.mark.parametrize("kind", [kind for kind in RouterIpv6 if kind is not RouterIpv6.SILENT])
def test_no_router_knows_anything_of_booting(tmp_path: Path, kind: RouterIpv6) -> None:
    words = " ".join(router_command(kind, INTERFACE, tmp_path))
    words += "".join(path.read_text() for path in tmp_path.glob("*.conf"))
    assert not any(word in words for word in ("boot", "pxe", "tftp", "option6:59"))

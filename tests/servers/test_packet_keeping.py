"""Packets find the boot they belong to."""

from ipaddress import IPv4Address, IPv4Interface, IPv6Address

from bootbeam.journal.packets import Packet
from bootbeam.net.interfaces import Interface
from bootbeam.pxe.actions import Destination
from bootbeam.servers.packet_keeping import PacketKeeping
from bootbeam.wire.frame import UdpFrame, decode_frame

MAC, OWN_MAC = "f4:4d:30:01:02:03", "52:54:00:00:00:50"
STATION = Destination(IPv4Address("192.168.1.50"), 67)


def interface(mac: str = OWN_MAC) -> Interface:
    return Interface("eth0", 2, mac, (IPv4Interface("192.168.1.50/24"),), True, 1500, False, False, True)


def keep(kept: list[Packet]) -> PacketKeeping:
    return PacketKeeping({MAC: "a1"}.get, kept.append, lambda: 7.0)


def test_a_frame_heard_goes_to_its_machines_attempt() -> None:
    kept: list[Packet] = []
    keep(kept).heard(MAC, "eth0", 5.0, b"frame")
    keep(kept).heard("52:54:00:00:00:99", "eth0", 5.0, b"frame")
    assert kept == [Packet("a1", 5.0, "eth0", b"frame")]


def test_what_was_sent_is_kept_in_a_frame() -> None:
    kept: list[Packet] = []
    keep(kept).sent(MAC, interface(), STATION, Destination(IPv4Address("255.255.255.255"), 68), b"offer")
    keep(kept).sent(MAC, interface(), STATION, Destination(IPv4Address("192.168.1.7"), 4011), b"ack")
    keep(kept).sent("52:54:00:00:00:99", interface(), STATION, Destination(IPv4Address("192.168.1.7"), 68), b"x")
    to_all, to_one = kept
    assert (to_all.attempt, to_all.at_s, to_all.interface) == ("a1", 7.0, "eth0")
    assert to_all.frame[:12].hex() == "ffffffffffff" + "525400000050"
    assert to_all.frame[26:34] == bytes((192, 168, 1, 50, 255, 255, 255, 255))
    assert to_all.frame.endswith(b"offer")
    assert to_one.frame[:6].hex(":") == MAC


def test_over_ipv6() -> None:
    kept: list[Packet] = []
    source, target = Destination(IPv6Address("fe80::50"), 547), Destination(IPv6Address("fe80::1"), 546)
    keep(kept).sent(MAC, interface(), source, target, b"reply")
    assert kept[0].frame[12:14] == b"\x86\xdd"


def test_an_interface_without_a_mac_has_no_frames() -> None:
    kept: list[Packet] = []
    keep(kept).sent(MAC, interface(mac=""), STATION, Destination(IPv4Address("192.168.1.7"), 68), b"offer")
    assert kept == []


def test_what_goes_another_way_is_kept_as_such() -> None:
    """What the frames of one way have in common is put together once: the next way is another."""
    kept: list[Packet] = []
    packets, here, other = keep(kept), interface(), interface("52:54:00:00:00:51")
    to_all, to_one = Destination(IPv4Address("255.255.255.255"), 68), Destination(IPv4Address("192.168.1.7"), 4011)
    second = Destination(IPv4Address("192.168.1.51"), 4011)
    ways = [(here, STATION, to_all), (here, STATION, to_one), (here, second, to_one), (other, second, to_one)]
    for number in (0, 1, 2, 3, 3, 0):
        packets.sent(MAC, *ways[number], bytes([number]) * (number + 1))
    for number, packet in zip((0, 1, 2, 3, 3, 0), kept, strict=True):
        on, source, target = ways[number]
        heard = decode_frame(packet.frame)
        assert isinstance(heard, UdpFrame)
        assert heard.source_mac == on.mac
        assert (heard.source, heard.source_port) == (source.address, source.port)
        assert (heard.destination, heard.destination_port) == (target.address, target.port)
        assert heard.destination_mac == ("ff:ff:ff:ff:ff:ff" if target is to_all else MAC)
        assert heard.payload == bytes([number]) * (number + 1)

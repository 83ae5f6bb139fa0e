"""What is made of frames heard beside the station's own sockets."""

import struct
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Journal
from bootbeam.net.interfaces import Interface
from bootbeam.net.packet_socket import Frame
from bootbeam.servers.overhearing import MAX_EVENTS_PER_S, Overhearing
from tests.dhcp6_packets import boot_options, build6, ia_na
from tests.dhcp_packets import build, pxe_options

MAC = "f4:4d:30:01:02:03"
OWN_MAC = "52:54:00:00:00:50"
ROUTER_MAC = "52:54:00:00:00:01"
LAN = Interface(
    *("eth0", 2, OWN_MAC, (IPv4Interface("192.168.1.50/24"),), True, 1500, False, False, True),
    (IPv6Interface("fe80::50/64"),),
)


def frame4(payload: bytes, source: str = "192.168.1.1", port: int = 67, mac: str = ROUTER_MAC, to: int = 68) -> bytes:
    udp = struct.pack("!HHHH", port, to, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0)
    addresses = IPv4Address(source).packed + IPv4Address("255.255.255.255").packed
    return b"\xff" * 6 + bytes.fromhex(mac.replace(":", "")) + b"\x08\0" + header + addresses + udp


def frame6(payload: bytes, source: str = "fe80::1", port: int = 547, to_mac: str = MAC) -> bytes:
    udp = struct.pack("!HHHH", port, 546, 8 + len(payload), 0) + payload
    header = (
        struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + IPv6Address(source).packed + IPv6Address("fe80::7").packed
    )
    macs = bytes.fromhex(to_mac.replace(":", "") + ROUTER_MAC.replace(":", ""))
    return macs + b"\x86\xdd" + header + udp


def answer(message_type: int, options: list[tuple[int, bytes]], *, yiaddr: str = "0.0.0.0", mac: str = MAC) -> bytes:
    packet = bytearray(build(message_type, mac, xid=7, options=options, op=2))
    packet[16:20] = IPv4Address(yiaddr).packed
    return bytes(packet)


class Bench:
    """A listener whose clock stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 100.0
        self.booting = {MAC}
        self.journal = Journal(clock=lambda: 0.0)
        self.kept: list[tuple[str, str, float, bytes]] = []
        self.arrived: list[tuple[str, str, int, str]] = []
        self.listener = Overhearing(
            [],
            self.journal.record,
            lambda: self.now,
            self.booting.__contains__,
            lambda *kept: self.kept.append(kept),
            lambda *arrived: self.arrived.append(arrived),
        )

    def hear(self, *frames: bytes) -> list[Event]:
        for frame in frames:
            self.listener.hear(LAN, Frame(frame, 5.0, is_own=False))
        return self.journal.events()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_routers_offer_says_who_gives_addresses(bench: Bench) -> None:
    [event] = bench.hear(
        frame4(answer(2, [(54, bytes((192, 168, 1, 1))), (1, b"\xff\xff\xff\0")], yiaddr="192.168.1.7"))
    )
    assert (event.kind, event.mac, event.interface) == (EventKind.OTHER_SERVER_ANSWERED, MAC, "eth0")
    assert event.facts == {
        "message": "offer",
        "server": "192.168.1.1",
        "server_mac": ROUTER_MAC,
        "address_given": "192.168.1.7",
        "netmask": "255.255.255.0",
        "vendor_class": "",
        "siaddr": None,
        "file": None,
        "server_name": None,
        "vendor_specific": None,
        "port": 67,
        "xid": "00000007",
    }


def test_a_second_proxys_offer_shows_what_it_offers(bench: Bench) -> None:
    options = [(60, b"PXEClient"), (43, b"\6\1\x08\xff"), (67, b"other.efi\0")]
    [event] = bench.hear(frame4(answer(2, options), source="192.168.1.9", port=4011))
    told = {key: event.facts[key] for key in ("server", "vendor_class", "file", "vendor_specific", "port")}
    assert told == {
        "server": "192.168.1.9",
        "vendor_class": "PXEClient",
        "file": "other.efi",
        "vendor_specific": "060108ff",
        "port": 4011,
    }


@pytest.mark.parametrize(("number", "words"), [(5, "ack"), (6, "nak")])
def test_ack_and_nak(bench: Bench, number: int, words: str) -> None:
    [event] = bench.hear(frame4(answer(number, [])))
    assert event.facts["message"] == words


def test_our_own_answers_are_no_others(bench: Bench) -> None:
    ours = frame4(answer(2, []), source="192.168.1.50", mac=OWN_MAC)
    assert bench.hear(ours, frame4(answer(2, []), source="192.168.1.50"), frame4(answer(2, []), mac=OWN_MAC)) == []


def test_questions_and_what_is_not_from_a_servers_port_are_no_answers(bench: Bench) -> None:
    assert bench.hear(frame4(build(1), port=68, to=67), frame4(answer(2, []), port=5000), frame4(b"noise")) == []


def test_an_answer_to_a_machine_that_does_not_boot_is_told_once_a_minute(bench: Bench) -> None:
    offers = [frame4(answer(2, [], yiaddr="192.168.1.9", mac=f"52:54:00:00:01:{n:02x}")) for n in range(3)]
    assert len(bench.hear(*offers)) == 1
    bench.now += 61
    assert len(bench.hear(*offers)) == 2


def test_a_flood_of_answers_does_not_flood_the_journal(bench: Bench) -> None:
    assert len(bench.hear(*[frame4(answer(2, []))] * 500)) == MAX_EVENTS_PER_S
    bench.now += 1
    assert len(bench.hear(frame4(answer(2, [])))) == MAX_EVENTS_PER_S + 1


def test_a_dhcpv6_answer(bench: Bench) -> None:
    reply = build6(7, [ia_na(1, ["fd00:1::100"]), (59, b"tftp://[fd00:1::9]/other.efi")], xid=9)
    [event] = bench.hear(frame6(reply))
    assert event.mac == MAC
    told = {key: event.facts[key] for key in ("message", "server", "address_given", "file", "xid")}
    assert told == {
        "message": "reply",
        "server": "fe80::1",
        "address_given": "fd00:1::100",
        "file": "tftp://[fd00:1::9]/other.efi",
        "xid": "00000009",
    }


def test_a_dhcpv6_question_is_no_answer(bench: Bench) -> None:
    assert bench.hear(frame6(build6(1, boot_options()), port=546)) == []


def test_an_arp_question_of_a_booting_machine_is_told_every_ten_seconds(bench: Bench) -> None:
    def arp(mac: str, wanted: str) -> bytes:
        asker = bytes.fromhex(mac.replace(":", ""))
        start = b"\xff" * 6 + asker + bytes.fromhex("0806 0001 0800 06 04 0001")
        return start + asker + bytes((192, 168, 1, 7)) + bytes(6) + IPv4Address(wanted).packed

    events = bench.hear(
        arp(MAC, "192.168.1.50"), arp(MAC, "192.168.1.50"), arp(MAC, "10.0.0.1"), arp(OWN_MAC, "1.2.3.4")
    )
    assert [(event.kind, event.mac) for event in events] == [(EventKind.ADDRESS_SOUGHT, MAC)] * 2
    assert events[0].facts == {"address_sought": "192.168.1.50", "asker": "192.168.1.7", "is_ours": True}
    assert events[1].facts["is_ours"] is False
    bench.now += 10
    assert len(bench.hear(arp(MAC, "10.0.0.1"))) == 3


def test_packets_of_booting_machines_are_kept(bench: Bench) -> None:
    rrq = frame4(b"\0\1pxelinux.0\0octet\0", source="192.168.1.7", mac=MAC, port=2070, to=69)
    frames = [frame4(build(1, MAC), source="0.0.0.0", mac=MAC, port=68, to=67), frame4(answer(2, [])), rrq]
    strange = frame4(build(1, "52:54:00:00:00:99"), source="0.0.0.0", port=68, to=67)
    bench.hear(*frames, strange)
    assert bench.kept == [(MAC, "eth0", 5.0, frame) for frame in frames]


@pytest.mark.parametrize("cut", [10, 20, 40, 100, 250])
def test_frames_cut_short_are_passed_over(bench: Bench, cut: int) -> None:
    reply = build6(7, [(59, bytes(300))])
    assert bench.hear(frame4(answer(2, []))[:cut], frame6(reply)[:cut]) == []


STRANGER = "52:54:00:00:00:99"


def test_questions_for_this_station_are_told_as_they_arrive(bench: Bench) -> None:
    options = pxe_options(7, "003016")
    bench.hear(frame4(build(1, STRANGER, options=options), source="0.0.0.0", port=68, to=67, mac=STRANGER))
    assert bench.arrived == [(STRANGER, "", 67, "eth0")]


def test_what_the_station_would_leave_alone_anyway_is_not_told(bench: Bench) -> None:
    boots = pxe_options(7, "003016")
    without_architecture = [option for option in boots if option[0] != 93]
    for packet in (
        build(1, STRANGER),
        build(1, STRANGER, options=without_architecture),
        build(3, STRANGER, options=boots),
        build(1, STRANGER, options=boots, giaddr="10.0.0.1"),
        build(2, STRANGER, options=boots, op=2),
    ):
        bench.hear(frame4(packet, source="0.0.0.0", port=68, to=67, mac=STRANGER))
    assert bench.arrived == []


def arp(operation: int, mac: str, sender: str, target: str = "192.168.1.7") -> bytes:
    raw = bytes.fromhex(mac.replace(":", ""))
    addresses = raw + IPv4Address(sender).packed + bytes(6) + IPv4Address(target).packed
    return b"\xff" * 6 + raw + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + addresses


@pytest.mark.parametrize("operation", [1, 2])
def test_another_computer_that_has_our_address_is_told_once_a_minute(bench: Bench, operation: int) -> None:
    twin = arp(operation, STRANGER, "192.168.1.50")
    [event] = bench.hear(twin, twin)
    assert (event.kind, event.mac) == (EventKind.ADDRESS_CLAIMED, None)
    assert event.facts == {"address_claimed": "192.168.1.50", "claimer": STRANGER}
    bench.now += 61
    assert len(bench.hear(twin)) == 2


@pytest.mark.parametrize("operation", [1, 2])
def test_our_own_arp_and_others_addresses_claim_nothing(bench: Bench, operation: int) -> None:
    own, other = arp(operation, OWN_MAC, "192.168.1.50"), arp(operation, STRANGER, "192.168.1.51")
    probe = arp(operation, STRANGER, "0.0.0.0", "192.168.1.50")
    assert bench.hear(own, other, probe) == []

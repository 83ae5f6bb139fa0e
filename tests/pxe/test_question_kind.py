"""An answer that is given again is the one that would have been built: own numbers in it, and no stale choice."""

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe.actions import Action, BootFile, BootFileKind, Destination, Ignore, Send
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.proxydhcp import Arrival, ProxyDhcp
from bootbeam.pxe.question_kind import MAX_ANSWERS
from bootbeam.pxe.reply_variant import ReplyVariant, default_variant
from bootbeam.wire.dhcp4 import MessageType
from tests.dhcp_packets import Reply, build, pxe_options

STATION = IPv4Address("192.168.1.50")
NOBODY = Destination(IPv4Address("0.0.0.0"), 68)
GUID = b"\0" + bytes(range(16))
OTHER_GUID = b"\0" + bytes(range(16, 32))
MENU = ReplyVariant(PxeVendorOptions.MENU, PxeVendorOptions.MENU)
WITHOUT_FILE = ReplyVariant(PxeVendorOptions.NONE, PxeVendorOptions.NONE, file_in_offer=False)


class Station:
    """A proxy whose choices change."""

    def __init__(self) -> None:
        self.file = "x64/snponly.efi"
        self.variants: dict[str, ReplyVariant] = {}
        self.refusal: Ignore | None = None
        self.server = STATION
        self.proxy = ProxyDhcp(self.choose, choose_variant=self.choose_variant)

    def choose(self, client: ClientInfo, server: IPv4Address) -> BootFile | Ignore:
        if client.kind is ClientKind.IPXE:
            return BootFile(BootFileKind.SCRIPT, f"http://{server}/boot.ipxe")
        return self.refusal or BootFile(BootFileKind.LOADER, self.file)

    def choose_variant(self, client: ClientInfo, message_type: MessageType, now: float) -> ReplyVariant:
        return self.variants.get(client.mac, default_variant(client.kind))

    def ask(self, packet: bytes, port: int = 67, source: Destination = NOBODY) -> list[Action]:
        return self.proxy.handle_datagram(packet, Arrival(port, source, self.server), now=0.0)

    def answer(self, packet: bytes, port: int = 67) -> Reply:
        [action] = self.ask(packet, port)
        assert isinstance(action, Send)
        return Reply(action.datagram)


def question(
    mac: str = "52:54:00:00:00:01",
    xid: int = 1,
    guid: bytes = GUID,
    *,
    secs: int = 0,
    flags: int = 0x8000,
    hops: int = 0,
    giaddr: str = "0.0.0.0",
) -> bytes:
    options = pxe_options(7, "003016", guid=guid)
    return build(1, mac, xid, options, secs=secs, flags=flags, hops=hops, giaddr=giaddr)


def test_two_machines_of_one_kind_get_their_own_numbers() -> None:
    station = Station()
    first = station.answer(question("52:54:00:00:00:01", 0x11111111, GUID, secs=4))
    second = station.answer(question("52:54:00:00:00:02", 0x22222222, OTHER_GUID, secs=8))
    assert (first.xid, first.chaddr, first.option(97)) == (0x11111111, "52:54:00:00:00:01", GUID)
    assert (second.xid, second.chaddr, second.option(97)) == (0x22222222, "52:54:00:00:00:02", OTHER_GUID)
    assert first.secs == second.secs == 0
    assert first.packet[44:] == second.packet[44:].replace(OTHER_GUID, GUID)


def test_flags_relay_and_hops_are_each_machines_own() -> None:
    station = Station()
    station.answer(question())
    plain, relayed = question(flags=0), question(flags=0x8000, giaddr="10.9.8.7", hops=2)
    [action] = station.ask(relayed)
    assert isinstance(action, Send)
    assert action.destination == Destination(IPv4Address("10.9.8.7"), 67)
    reply = Reply(action.datagram)
    assert (reply.flags, reply.addresses["giaddr"], reply.hops) == (0x8000, "10.9.8.7", 2)
    reply = station.answer(plain)
    assert (reply.flags, reply.addresses["giaddr"], reply.hops) == (0, "0.0.0.0", 0)


def test_another_file_counts_for_the_next_question() -> None:
    """A rebuilt image, or a boot loader that was fetched: what is on offer has changed."""
    station = Station()
    assert station.answer(question(xid=1)).file == "x64/snponly.efi"
    station.file = "x64/shim.efi"
    assert station.answer(question(xid=2)).file == "x64/shim.efi"
    assert station.answer(question(xid=3)).option(67) == b"x64/shim.efi\0"
    station.refusal = Ignore("nothing left")
    [action] = station.ask(question(xid=4))
    assert isinstance(action, Ignore)
    assert action.client is not None
    assert action.client.xid == 4


def test_another_form_counts_for_the_machine_that_gets_it() -> None:
    station = Station()
    assert 43 not in station.answer(question("52:54:00:00:00:01")).codes
    station.variants["52:54:00:00:00:02"] = MENU
    assert 43 in station.answer(question("52:54:00:00:00:02")).codes
    assert 43 not in station.answer(question("52:54:00:00:00:01")).codes
    station.variants["52:54:00:00:00:01"] = WITHOUT_FILE
    reply = station.answer(question("52:54:00:00:00:01"))
    assert (reply.file, 67 in reply.codes) == ("", False)


def test_another_address_of_the_station_is_named() -> None:
    station = Station()
    station.answer(question())
    station.server = IPv4Address("10.0.0.1")
    reply = station.answer(question())
    assert (reply.addresses["siaddr"], reply.option(54), reply.option(66)) == (
        "10.0.0.1",
        bytes((10, 0, 0, 1)),
        b"10.0.0.1\0",
    )


def test_the_same_question_on_the_other_port_is_no_question_there() -> None:
    station = Station()
    station.answer(question())
    [action] = station.ask(question(), 4011)
    assert isinstance(action, Ignore)
    assert action.client is None


def test_an_answer_on_port_4011_goes_back_to_where_the_question_came_from() -> None:
    station = Station()
    for last in (7, 8):
        packet = build(3, f"52:54:00:00:00:0{last}", last, pxe_options(7, "003016"), ciaddr=f"192.168.1.{last}")
        source = Destination(IPv4Address(f"192.168.1.{last}"), 4011)
        [action] = station.ask(packet, 4011, source)
        assert isinstance(action, Send)
        assert action.destination == source
        assert action.client.address == source.address
        assert Reply(action.datagram).addresses["ciaddr"] == f"192.168.1.{last}"


def test_a_raspberry_pi_is_told_from_a_pc_that_asks_the_same() -> None:
    station = Station()
    pc, pi = (build(1, mac, 1, pxe_options(0, "002001")) for mac in ("52:54:00:00:00:01", "dc:a6:32:00:00:01"))
    for packet, words in ((pc, b"\6\1\x08\xff"), (pi, b"Raspberry Pi Boot"), (pc, b"\6\1\x08\xff")):
        assert words in station.answer(packet).option(43)


def test_more_answers_than_are_kept_are_built_anew() -> None:
    station = Station()
    for number in range(MAX_ANSWERS * 2 + 1):
        station.file = f"x64/{number}.efi"
        assert station.answer(question(xid=number)).file == station.file
        assert station.answer(question(xid=number + 100)).xid == number + 100


MACS = st.sampled_from(["52:54:00:00:00:01", "52:54:00:00:00:02", "dc:a6:32:00:00:01", "b8:27:eb:00:00:02"])
EXTRA_OPTIONS = st.lists(
    st.sampled_from(
        [
            (61, b"\1\x52\x54\0\0\0\1"),
            (61, b"\1\x52\x54\0\0\0\2"),
            (43, b"\x47\4\x80\0\0\0\xff"),
            (77, b"iPXE"),
            (82, b"\1\2ab"),
            (52, b"\1"),
            (97, b"\0abc"),
            (0xAF, b"\xeb\3\1\x15\1\xff"),
        ]
    ),
    max_size=3,
)


@st.composite
def questions(draw: st.DrawFn) -> tuple[bytes, int]:
    """Of firmware and iPXE, well-behaved or not; and the port."""
    architecture = draw(st.sampled_from([0, 7, 11, 16, 77]))
    guid = draw(st.sampled_from([None, GUID, OTHER_GUID, b"", b"\1abc"]))
    prefix = draw(st.sampled_from(["PXEClient", "HTTPClient", "else"]))
    address = draw(st.sampled_from(["0.0.0.0", "192.168.1.7", "192.168.1.8"]))
    packet = build(
        draw(st.sampled_from([1, 3, 8])),
        draw(MACS),
        draw(st.integers(0, 2**32 - 1)),
        [*pxe_options(architecture, "003016", prefix=prefix, guid=guid), *draw(EXTRA_OPTIONS)],
        secs=draw(st.integers(0, 65535)),
        flags=draw(st.sampled_from([0, 0x8000])),
        ciaddr=address,
        giaddr=draw(st.sampled_from(["0.0.0.0", "10.0.0.1"])),
    )
    return packet, draw(st.sampled_from([67, 4011]))


@given(asked=st.lists(questions(), min_size=1, max_size=12), menus=st.sets(MACS))
def test_what_was_asked_before_changes_no_answer(asked: list[tuple[bytes, int]], menus: set[str]) -> None:
    """One proxy answers all, and a new one each: the same actions, byte by byte."""
    known = Station()
    known.variants = dict.fromkeys(menus, MENU)
    for packet, port in asked * 2:
        new = Station()
        new.variants = known.variants
        source = Destination(IPv4Address(packet[12:16]), 4011)
        assert known.ask(packet, port, source) == new.ask(packet, port, source)

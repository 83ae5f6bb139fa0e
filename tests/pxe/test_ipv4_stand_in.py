"""iPXE on a network without IPv4: when it gets the dummy address, and when nobody does."""

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest

from bootbeam.pxe.actions import Action, BootFile, BootFileKind, Destination, Ignore, Send
from bootbeam.pxe.client import ClientInfo
from bootbeam.pxe.ipv4_stand_in import Ipv4StandIn
from bootbeam.pxe.proxydhcp import Arrival, ProxyDhcp
from tests.dhcp_packets import Reply, build, pxe_options

MAC = "52:54:00:b0:07:01"
LINK_LOCAL = IPv6Address("fe80::50")
DUMMY = IPv4Address("192.0.0.8")
NOBODY = Destination(IPv4Address("0.0.0.0"), 68)
STATION = IPv4Address("192.168.1.50")
IPXE = (77, b"iPXE")
URL = "http://[fe80::50]:8080/boot.ipxe"


def choose(client: ClientInfo, server: IPv4Address | IPv6Address) -> BootFile | Ignore:
    host = f"[{server}]" if server.version == 6 else str(server)
    return BootFile(BootFileKind.SCRIPT, f"http://{host}:8080/boot.ipxe")


class Bench:
    """A proxy with a stand-in, on one interface."""

    def __init__(self, server: IPv4Address | None = None, link_local: IPv6Address | None = LINK_LOCAL) -> None:
        self.stand_in = Ipv4StandIn(choose)
        self.proxy = ProxyDhcp(choose, self.stand_in)
        self.arrival = Arrival(67, NOBODY, server, "eth0", link_local)

    def ask(self, packet: bytes, now: float) -> list[Action]:
        return self.proxy.handle_datagram(packet, self.arrival, now)

    def discover(self, *times: float, options: list[tuple[int, bytes]] | None = None) -> Reply | None:
        """The answer to the last of several DISCOVERs, when it gives an address; None when it does not."""
        packet = build(1, MAC, options=options or [*pxe_options(7, "003010"), IPXE], flags=0)
        for now in times:
            *_, action = self.ask(packet, now)
        if not isinstance(action, Send):
            return None
        reply = Reply(action.datagram)
        return reply if int(IPv4Address(reply.addresses["yiaddr"])) else None


def test_an_ipxe_whom_nobody_answers_gets_the_dummy_and_the_scripts_url() -> None:
    bench = Bench()
    bench.stand_in.note_booting(MAC, 0)
    assert bench.discover(10) is None
    assert bench.discover(11) is None
    assert bench.discover(13) is None
    reply = bench.discover(17)
    assert reply is not None
    assert reply.op == 2
    assert reply.option(53) == b"\2"
    assert reply.addresses["yiaddr"] == "192.0.0.8"
    assert reply.option(1) == b"\xff\xff\xff\xff", "alone in its network: nothing is sent by IPv4"
    assert reply.option(54) == DUMMY.packed
    assert struct.unpack("!I", reply.option(51))[0] >= 600
    assert reply.file == URL
    assert reply.option(67) == URL.encode() + b"\0"
    assert reply.option(175) == b"\xb0\1\1\xff", "no waiting for a proxy, no visit to port 4011"
    assert not {3, 6, 43, 60} & set(reply.codes)


def test_the_offer_says_in_the_journal_what_it_gives() -> None:
    bench = Bench()
    bench.stand_in.note_booting(MAC, 0)
    bench.discover(1)
    [action] = bench.ask(build(1, MAC, options=[*pxe_options(7, "003010"), IPXE], flags=0), 7)
    assert isinstance(action, Send)
    assert action.address_offered == DUMMY
    assert action.destination == Destination(IPv4Address("255.255.255.255"), 68)
    assert action.boot_file == BootFile(BootFileKind.SCRIPT, URL)


@pytest.mark.parametrize("server", [None, STATION])
def test_its_request_is_acknowledged(server: IPv4Address | None) -> None:
    bench = Bench(server)
    bench.stand_in.note_booting(MAC, 0)
    identifier = (server or DUMMY).packed
    request = build(3, MAC, options=[*pxe_options(7, "003010"), IPXE, (50, DUMMY.packed), (54, identifier)])
    [action] = bench.ask(request, 8)
    assert isinstance(action, Send)
    reply = Reply(action.datagram)
    assert reply.option(53) == b"\5"
    assert reply.addresses["yiaddr"] == "192.0.0.8"
    assert reply.file == URL


def test_a_station_with_ipv4_is_its_proxy_until_then() -> None:
    bench = Bench(STATION)
    bench.stand_in.note_booting(MAC, 0)
    packet = build(1, MAC, options=[*pxe_options(7, "003010"), IPXE], flags=0)
    [action] = bench.ask(packet, 1)
    assert isinstance(action, Send)
    assert Reply(action.datagram).addresses["yiaddr"] == "0.0.0.0"
    [action] = bench.ask(packet, 8)
    assert isinstance(action, Send)
    assert Reply(action.datagram).option(54) == STATION.packed
    assert Reply(action.datagram).addresses["yiaddr"] == "192.0.0.8"


def test_where_a_server_gives_ipv4_addresses_nothing_is_stood_in_for() -> None:
    bench = Bench()
    bench.stand_in.note_booting(MAC, 0)
    other = build(3, "02:00:00:00:00:09", options=[(50, bytes((192, 168, 1, 7))), (54, bytes((192, 168, 1, 1)))])
    assert isinstance(bench.ask(other, 5)[-1], Ignore)
    assert bench.discover(10, 17) is None
    assert bench.discover(4000, 4007) is None, "not booted lately"
    bench.stand_in.note_booting(MAC, 4000)
    assert bench.discover(4010, 4017) is not None, "an hour after the last sign of that server"


@pytest.mark.parametrize(
    "options",
    [pxe_options(7, "003016"), [(60, b"MSFT 5.0")], pxe_options(16, "003000", prefix="HTTPClient")],
    ids=["UEFI PXE", "Windows", "UEFI HTTP boot"],
)
def test_nobody_but_ipxe_gets_it(options: list[tuple[int, bytes]]) -> None:
    bench = Bench()
    bench.stand_in.note_booting(MAC, 0)
    assert bench.discover(10, 17, options=options) is None


def test_an_ipxe_that_was_not_booted_from_here_over_ipv6_does_not() -> None:
    assert Bench().discover(10, 17) is None


def test_without_a_link_local_address_there_is_no_url_to_give() -> None:
    bench = Bench(link_local=None)
    bench.stand_in.note_booting(MAC, 0)
    assert bench.discover(10, 17) is None


def test_a_relayed_question_comes_from_a_network_with_ipv4() -> None:
    bench = Bench(STATION)
    bench.stand_in.note_booting(MAC, 0)
    packet = build(1, MAC, options=[*pxe_options(7, "003010"), IPXE], giaddr="10.9.8.1", hops=1)
    for now in (1, 8):
        [action] = bench.ask(packet, now)
    assert isinstance(action, Send)
    assert Reply(action.datagram).addresses["yiaddr"] == "0.0.0.0"


def test_each_boot_has_to_wait_anew() -> None:
    bench = Bench()
    bench.stand_in.note_booting(MAC, 0)
    assert bench.discover(1, 8) is not None
    assert bench.discover(100) is None
    assert bench.discover(107) is not None


def test_a_decision_against_booting_is_a_decision_against_the_dummy() -> None:
    stand_in = Ipv4StandIn(lambda client, server: Ignore("nothing to boot"))
    proxy = ProxyDhcp(choose, stand_in)
    stand_in.note_booting(MAC, 0)
    packet = build(1, MAC, options=[*pxe_options(7, "003010"), IPXE], flags=0)
    for now in (1.0, 8.0):
        [action] = proxy.handle_datagram(packet, Arrival(67, NOBODY, None, "eth0", LINK_LOCAL), now)
        assert isinstance(action, Ignore)

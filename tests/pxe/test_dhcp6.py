"""The DHCPv6 machine's answers, option by option: real firmware's questions, and the networks they are asked on."""

import struct
from ipaddress import IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.pxe.actions import (
    Action6,
    AddressAsked,
    BootFile,
    BootFileKind,
    Destination,
    GiveAddress,
    Ignore,
    Lease,
    Send,
    SendPlain,
)
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.dhcp6 import Arrival6, Dhcp6Boot
from tests import dhcp6_packets as packets
from tests.dhcp6_packets import Reply6, boot_options, build6, ia_na, options_of, relay

SERVER_DUID = b"\0\4station-station--"
PROBE_DUID = b"\0\4station-asks-----"
OTHER_DUID = b"\0\1\0\1somebodyelse"
STATION = IPv6Address("fd00:1::50")
PREFIX = IPv6Network("fd00:1::/64")
CLIENT = Destination(IPv6Address("fe80::5054:ff:feb0:701"), 546)
ITS_OWN_ADDRESS = "fd00:1::5054:ff:feb0:701"
IPXE = (15, b"\0\4iPXE")


def choose(client: ClientInfo, server: IPv6Address) -> BootFile | Ignore:
    """A stand-in for the boot decision."""
    if client.kind is ClientKind.UNKNOWN:
        return Ignore("no boot loader", "list the loaders found: bootbeam loaders")
    if client.kind is ClientKind.IPXE:
        return BootFile(BootFileKind.SCRIPT, f"http://[{server}]:8080/boot.ipxe")
    if client.kind is ClientKind.UEFI_HTTP:
        return BootFile(BootFileKind.HTTP_BOOT, f"http://[{server}]:8080/x64/snponly.efi")
    return BootFile(BootFileKind.LOADER, "x64/snponly.efi")


class Bench:
    """One machine, and what it was told of clients."""

    def __init__(self) -> None:
        self.booting: list[tuple[str, float]] = []
        self.strangers = 0
        self.machine = Dhcp6Boot(choose, SERVER_DUID, PROBE_DUID, lambda mac, now: self.booting.append((mac, now)))

    def ask(
        self, packet: bytes, *, port: int = 547, now: float = 0.0, source: Destination = CLIENT, has_prefix: bool = True
    ) -> list[Action6]:
        arrival = Arrival6(port, source, "eth0", STATION, PREFIX if has_prefix else None)
        return self.machine.handle_datagram(packet, arrival, now)

    def answer(
        self, packet: bytes, *, port: int = 547, now: float = 0.0, source: Destination = CLIENT, has_prefix: bool = True
    ) -> Reply6:
        [action] = self.ask(packet, port=port, now=now, source=source, has_prefix=has_prefix)
        assert isinstance(action, Send | GiveAddress | SendPlain)
        assert action.destination == source
        return Reply6(action.datagram)

    def knows_another_server(self, now: float = 0.0, link: str = "eth0") -> bool:
        """Whether a machine that was never seen before is answered as by a proxy."""
        self.strangers += 1
        stranger = Destination(IPv6Address(f"fe80::1:{self.strangers:x}"), 546)
        packet = build6(1, [ia_na(), *boot_options()], duid=bytes((0, 3, 0, 1, 2, 0, 0, 0, 0, self.strangers)))
        [action] = self.machine.handle_datagram(packet, Arrival6(547, stranger, link, STATION, PREFIX), now)
        assert isinstance(action, Send)
        return action.address_offered is None

    def hear_another_server(self, now: float = 0.0) -> None:
        """Another machine's request to a server that gives addresses."""
        self.ask(build6(3, [(2, OTHER_DUID), ia_na(1, ["fd00:1::100"])]), now=now)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def vendor_class(reply: Reply6) -> bytes:
    enterprise, size = struct.unpack_from("!IH", reply.option(16))
    assert enterprise == 343
    assert len(reply.option(16)) == 6 + size
    return reply.option(16)[6:]


class TestWhereNobodyGivesAddresses:
    def test_pxe_is_offered_its_file_and_the_address_it_would_make_itself(self, bench: Bench) -> None:
        [action] = bench.ask(packets.OVMF_PXE_SOLICIT)
        assert isinstance(action, Send)
        assert action.destination == CLIENT
        assert action.address_offered == IPv6Address(ITS_OWN_ADDRESS)
        reply = Reply6(action.datagram)
        assert (reply.message_type, reply.xid) == (2, 0xF85BB4)
        assert reply.option(1) == packets.OVMF_PXE_SOLICIT[8:22]
        assert reply.option(2) == SERVER_DUID
        assert reply.url == "tftp://[fd00:1::50]/x64/snponly.efi"
        assert reply.address == ITS_OWN_ADDRESS
        assert reply.option(3)[:4] == bytes.fromhex("ba7aff77"), "the client's own IAID"
        assert 16 not in reply.codes, "PXEClient would send it to port 4011"
        assert 7 not in reply.codes, "no preference over a server we have not heard of"

    def test_the_address_lives_long_enough_and_its_times_are_in_order(self, bench: Bench) -> None:
        reply = bench.answer(packets.OVMF_PXE_SOLICIT)
        t1, t2 = struct.unpack_from("!II", reply.option(3), 4)
        [(_, address)] = options_of(reply.option(3)[12:])
        preferred, valid = struct.unpack_from("!II", address, 16)
        assert 600 <= t1 < t2 < preferred < valid

    def test_http_boot_needs_its_class_beside_the_url(self, bench: Bench) -> None:
        reply = bench.answer(packets.OVMF_HTTP_SOLICIT)
        assert reply.url == "http://[fd00:1::50]:8080/x64/snponly.efi"
        assert vendor_class(reply) == b"HTTPClient"
        assert reply.address == ITS_OWN_ADDRESS
        assert reply.codes[-1] != 59, "edk2 reads the URL up to the zero that begins the next option"

    def test_ipxe_is_offered_a_script(self, bench: Bench) -> None:
        reply = bench.answer(packets.IPXE_SOLICIT)
        assert reply.url == "http://[fd00:1::50]:8080/boot.ipxe"
        assert reply.address == ITS_OWN_ADDRESS
        assert 16 not in reply.codes

    @pytest.mark.parametrize("message_type", [3, 5], ids=["request", "renew"])
    def test_who_asks_for_the_address_gets_it_with_the_file(self, bench: Bench, message_type: int) -> None:
        packet = build6(message_type, [(2, SERVER_DUID), ia_na(9, [ITS_OWN_ADDRESS]), *boot_options()])
        [action] = bench.ask(packet)
        assert isinstance(action, GiveAddress)
        assert action.address == IPv6Address(ITS_OWN_ADDRESS)
        assert action.client.mac == "52:54:00:b0:07:01"
        reply = Reply6(action.datagram)
        assert reply.message_type == 7
        assert reply.address == ITS_OWN_ADDRESS
        assert reply.url == "tftp://[fd00:1::50]/x64/snponly.efi"

    def test_http_boots_reply_has_the_class_too(self, bench: Bench) -> None:
        packet = build6(3, [(2, SERVER_DUID), ia_na(9, [ITS_OWN_ADDRESS]), *boot_options(16, "HTTPClient")])
        assert vendor_class(bench.answer(packet)) == b"HTTPClient"

    def test_a_second_association_gets_no_address(self, bench: Bench) -> None:
        reply = bench.answer(build6(1, [ia_na(1), ia_na(2), *boot_options()]))
        first, second = [value for code, value in reply.options if code == 3]
        assert first[:4] == b"\0\0\0\1"
        assert options_of(second[12:]) == [(13, b"\0\2")]

    def test_a_client_that_wants_no_address_is_told_what_to_load_all_the_same(self, bench: Bench) -> None:
        reply = bench.answer(build6(1, boot_options()))
        assert reply.url == "tftp://[fd00:1::50]/x64/snponly.efi"
        assert 3 not in reply.codes

    @pytest.mark.parametrize("message_type", [8, 9], ids=["release", "decline"])
    def test_an_address_given_back_is_acknowledged(self, bench: Bench, message_type: int) -> None:
        reply = bench.answer(build6(message_type, [(2, SERVER_DUID), ia_na(9, [ITS_OWN_ADDRESS])]))
        assert reply.message_type == 7
        assert reply.option(13)[:2] == b"\0\0"

    def test_rebinding_and_confirming_are_for_the_address_we_would_give(self, bench: Bench) -> None:
        assert bench.answer(build6(6, [ia_na(9, [ITS_OWN_ADDRESS]), *boot_options()])).address == ITS_OWN_ADDRESS
        assert bench.answer(build6(4, [ia_na(9, [ITS_OWN_ADDRESS])])).option(13)[:2] == b"\0\0"
        for message_type in (4, 6):
            [action] = bench.ask(build6(message_type, [ia_na(9, ["fd00:1::9"]), *boot_options()]))
            assert isinstance(action, Ignore)


class TestBesideAServerThatGivesAddresses:
    def test_pxe_gets_a_proxys_offer_without_an_address(self, bench: Bench) -> None:
        bench.hear_another_server()
        [action] = bench.ask(packets.OVMF_PXE_SOLICIT)
        assert isinstance(action, Send)
        assert action.address_offered is None
        assert action.has_address_server
        reply = Reply6(action.datagram)
        assert 3 not in reply.codes
        assert vendor_class(reply) == b"PXEClient"
        assert reply.url == "tftp://[fd00:1::50]/x64/snponly.efi"

    def test_what_pxe_asks_then_at_port_4011_is_answered_there(self, bench: Bench) -> None:
        client = Destination(IPv6Address("fd00:1::124"), 4011)
        reply = bench.answer(packets.OVMF_PXE_BOOT_SERVER_REQUEST, port=4011, source=client)
        assert (reply.message_type, reply.xid) == (7, 0xF85BB4)
        assert reply.option(2) == SERVER_DUID
        assert reply.url == "tftp://[fd00:1::50]/x64/snponly.efi"
        assert 3 not in reply.codes

    def test_http_boot_gets_a_proxys_offer(self, bench: Bench) -> None:
        bench.hear_another_server()
        reply = bench.answer(packets.OVMF_HTTP_SOLICIT)
        assert 3 not in reply.codes
        assert vendor_class(reply) == b"HTTPClient"

    def test_ipxe_knows_no_proxies_and_is_offered_an_address(self, bench: Bench) -> None:
        bench.hear_another_server()
        assert bench.answer(packets.IPXE_SOLICIT).address == ITS_OWN_ADDRESS

    def test_the_same_question_gets_the_same_answer_and_the_next_the_other(self, bench: Bench) -> None:
        bench.hear_another_server()
        first, again, other = (build6(1, [ia_na(), *boot_options()], xid=xid) for xid in (1, 1, 2))
        assert 3 not in bench.answer(first, now=10).codes
        assert 3 not in bench.answer(again, now=14).codes
        assert bench.answer(other, now=40).address == ITS_OWN_ADDRESS
        assert 3 not in bench.answer(build6(1, [ia_na(), *boot_options()], xid=3), now=70).codes

    def test_a_machine_that_comes_back_much_later_is_a_new_boot(self, bench: Bench) -> None:
        bench.hear_another_server()
        bench.answer(build6(1, [ia_na(), *boot_options()], xid=1), now=10)
        assert 3 not in bench.answer(build6(1, [ia_na(), *boot_options()], xid=2), now=1000).codes

    def test_the_other_server_is_forgotten_when_nothing_was_heard_of_it_for_long(self, bench: Bench) -> None:
        bench.hear_another_server(now=0)
        assert bench.knows_another_server(3599)
        assert not bench.knows_another_server(3599, "eth1")
        assert not bench.knows_another_server(3601)
        assert bench.answer(packets.OVMF_PXE_SOLICIT, now=3601).address == ITS_OWN_ADDRESS

    def test_a_request_to_it_gets_silence_and_tells_the_address(self, bench: Bench) -> None:
        question = build6(3, [(2, OTHER_DUID), ia_na(1, ["fd00:1::100"]), *boot_options()], xid=9)
        lease, asked, ignore = bench.ask(question)
        assert isinstance(asked, AddressAsked)
        assert (asked.mac, asked.xid, asked.address) == ("52:54:00:b0:07:01", 9, IPv6Address("fd00:1::100"))
        assert lease == Lease("52:54:00:b0:07:01", IPv6Address("fd00:1::100"), None)
        assert isinstance(ignore, Ignore)

    def test_a_request_to_it_without_addresses_tells_nothing(self, bench: Bench) -> None:
        [action] = bench.ask(build6(3, [(2, OTHER_DUID), *boot_options()]))
        assert isinstance(action, Ignore)
        assert not bench.knows_another_server()


class TestOurOwnQuestion:
    def test_it_is_a_relayed_solicit_that_nobody_takes_for_a_boot(self, bench: Bench) -> None:
        probe = bench.machine.probe(STATION, IPv6Address("fe80::50"))
        assert probe.destination == Destination(IPv6Address("ff02::1:2"), 547)
        header = bytes((12, 0)) + STATION.packed + IPv6Address("fe80::50").packed
        assert probe.datagram[:34] == header
        [(code, inner)] = options_of(probe.datagram[34:])
        assert code == 9
        question = Reply6(inner)
        assert question.message_type == 1
        assert question.codes == [1, 8, 3]
        assert question.option(1) == PROBE_DUID

    def test_dnsmasqs_real_answer_tells_that_it_gives_addresses(self) -> None:
        [(_, inner)] = options_of(packets.DNSMASQ_RELAYED_ADVERTISE[34:])
        asked_by = Reply6(inner).option(1)
        bench = Bench()
        bench.machine = Dhcp6Boot(choose, SERVER_DUID, asked_by)
        assert 3 in bench.answer(packets.OVMF_PXE_SOLICIT).codes
        [action] = bench.ask(packets.DNSMASQ_RELAYED_ADVERTISE)
        assert isinstance(action, Ignore)
        assert "gives addresses" in action.reason
        assert 3 not in bench.answer(packets.OVMF_HTTP_SOLICIT).codes

    @pytest.mark.parametrize(
        ("duid", "xid", "options"),
        [
            (OTHER_DUID, 0x626236, [ia_na(1, ["fd00:1::9"])]),
            (PROBE_DUID, 1, [ia_na(1, ["fd00:1::9"])]),
            (PROBE_DUID, 0x626236, [ia_na(1, status=2)]),
            (PROBE_DUID, 0x626236, []),
        ],
        ids=["to somebody else", "to another question", "no addresses left", "no association"],
    )
    def test_other_answers_do_not(self, bench: Bench, duid: bytes, xid: int, options: list[tuple[int, bytes]]) -> None:
        advertise = build6(2, [(2, OTHER_DUID), *options], xid=xid, duid=duid)
        [action] = bench.ask(relay(advertise, "fd00:1::50", "fe80::50", kind=13))
        assert isinstance(action, Ignore)
        assert not bench.knows_another_server()


class TestClientsWithAnAddress:
    @pytest.mark.parametrize("server", [[], [(2, SERVER_DUID)]], ids=["to all", "to us"])
    def test_ipxes_question_is_answered_with_the_script(self, bench: Bench, server: list[tuple[int, bytes]]) -> None:
        packet = build6(11, [*server, *boot_options(), IPXE])
        reply = bench.answer(packet)
        assert reply.message_type == 7
        assert reply.url == "http://[fd00:1::50]:8080/boot.ipxe"
        assert 3 not in reply.codes

    def test_a_question_to_another_server_is_not_ours(self, bench: Bench) -> None:
        [action] = bench.ask(build6(11, [(2, OTHER_DUID), *boot_options(), IPXE]))
        assert isinstance(action, Ignore)

    def test_everyday_questions_get_silence(self, bench: Bench) -> None:
        for packet in (build6(11, [(6, b"\0\x17")]), packets.OVMF_ADDRESS_ONLY_SOLICIT):
            [action] = bench.ask(packet)
            assert isinstance(action, Ignore)
            assert action.client is None


class TestBehindARelay:
    def test_the_answer_goes_to_the_relays_port_and_never_has_an_address(self, bench: Bench) -> None:
        inner = build6(1, [ia_na(), *boot_options()])
        packet = relay(inner, "fd00:9::1", "fe80::5054:ff:feb0:701", [(18, b"port 7")])
        router = IPv6Address("fd00:9::1")
        [action] = bench.ask(packet, source=Destination(router, 40000))
        assert isinstance(action, Send)
        assert action.destination == Destination(router, 547)
        assert action.client.mac == "52:54:00:b0:07:01"
        options = options_of(action.datagram[34:])
        assert options[0] == (18, b"port 7")
        reply = Reply6(options[1][1])
        assert 3 not in reply.codes
        assert vendor_class(reply) == b"PXEClient"

    def test_its_requests_say_nothing_of_our_own_link(self, bench: Bench) -> None:
        request = build6(3, [(2, OTHER_DUID), ia_na(1, ["fd00:9::100"])])
        bench.ask(relay(request, "fd00:9::1", "fe80::1"), source=Destination(IPv6Address("fd00:9::1"), 547))
        assert not bench.knows_another_server()


@pytest.mark.parametrize(
    ("source", "has_prefix"),
    [
        (CLIENT, False),
        (Destination(IPv6Address("fd00:1::9"), 546), True),
        (Destination(IPv6Address("fe80::"), 546), True),
    ],
    ids=["no prefix here", "not from a link-local address", "no interface identifier"],
)
def test_where_there_is_no_address_to_give_it_is_a_proxys_offer(
    bench: Bench, source: Destination, has_prefix: bool
) -> None:
    reply = bench.answer(packets.OVMF_PXE_SOLICIT, source=source, has_prefix=has_prefix)
    assert 3 not in reply.codes
    assert vendor_class(reply) == b"PXEClient"
    [action] = bench.ask(build6(3, [(2, SERVER_DUID), ia_na(9), *boot_options()]), source=source, has_prefix=has_prefix)
    assert isinstance(action, SendPlain)
    assert options_of(Reply6(action.datagram).option(3)[12:]) == [(13, b"\0\2")]


def test_where_there_is_no_ipv6_network_it_is_known_that_nobody_gives_addresses(bench: Bench) -> None:
    [action] = bench.ask(packets.OVMF_PXE_SOLICIT, has_prefix=False)
    assert isinstance(action, Send)
    assert action.address_offered is None
    assert not action.has_address_server


def test_an_architecture_without_a_loader_gets_no_guess(bench: Bench) -> None:
    for packet, port in (
        (build6(1, boot_options(33)), 547),
        (build6(3, [(2, SERVER_DUID), *boot_options(33)]), 547),
        (build6(11, boot_options(33)), 547),
        (build6(3, boot_options(33)), 4011),
    ):
        [action] = bench.ask(packet, port=port)
        assert isinstance(action, Ignore)
        assert action.client is not None
        assert action.client.architecture_number == 33
        assert action.fix
    assert bench.booting == []


def test_whoever_keeps_watch_is_told_who_boots(bench: Bench) -> None:
    bench.ask(packets.OVMF_PXE_SOLICIT, now=7.0)
    assert bench.booting == [("52:54:00:b0:07:01", 7.0)]


@pytest.mark.parametrize(
    ("packet", "port"),
    [
        (build6(7, boot_options()), 547),
        (build6(10, boot_options()), 547),
        (build6(2, boot_options()), 547),
        (build6(1, boot_options()), 4011),
        (build6(8, [(2, OTHER_DUID)]), 547),
        (build6(99, []), 547),
    ],
)
def test_what_is_not_for_us_is_ignored_with_a_reason(bench: Bench, packet: bytes, port: int) -> None:
    [action] = bench.ask(packet, port=port)
    assert isinstance(action, Ignore)
    assert action.reason


@pytest.mark.parametrize("port", [547, 4011])
def test_malformed_datagrams_are_decode_errors(bench: Bench, port: int) -> None:
    with pytest.raises(DecodeError):
        bench.ask(b"\1\2", port=port)


RECORDED = (
    packets.OVMF_PXE_SOLICIT,
    packets.OVMF_PXE_BOOT_SERVER_REQUEST,
    packets.OVMF_HTTP_SOLICIT,
    packets.IPXE_SOLICIT,
    packets.DNSMASQ_RELAYED_ADVERTISE,
)


@given(st.sampled_from(RECORDED), st.integers(0, 200), st.binary(max_size=4), st.sampled_from((547, 4011)))
def test_mutated_questions_are_answered_ignored_or_malformed(packet: bytes, at: int, other: bytes, port: int) -> None:
    at %= len(packet)
    try:
        Bench().ask(packet[:at] + other + packet[at + len(other) :], port=port)
    except DecodeError:
        return

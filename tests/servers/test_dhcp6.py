"""The DHCPv6 driver over the loopback: answers to where they belong, and a journal of it all."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Journal
from bootbeam.net.interfaces import Interface
from bootbeam.net.udp import bind_udp6
from bootbeam.pxe.actions import BootFile, BootFileKind, Ignore
from bootbeam.pxe.client import ClientInfo
from bootbeam.pxe.dhcp6 import Dhcp6Boot
from bootbeam.servers.dhcp6 import Dhcp6Server, Dhcp6Socket
from tests import dhcp6_packets as packets
from tests.dhcp6_packets import Reply6, boot_options, build6, ia_na

LOOPBACK = Interface(
    "lo", socket.if_nametoindex("lo"), "", (IPv4Interface("127.0.0.1/8"),), True, 65536, False, False, False
)
OWN: dict[str, tuple[IPv6Interface, ...]] = {"lo": (IPv6Interface("fd00:1::50/64"), IPv6Interface("fe80::50/64"))}
MAC = "52:54:00:b0:07:01"
OTHER_DUID = b"\0\1\0\1somebodyelse"


class Bench:
    """A running server on a port of its own, playing port 547 or 4011, and one client."""

    def __init__(self, port: int) -> None:
        self.journal = Journal(clock=lambda: 0.0)
        self.learnt: dict[str, str] = {}
        self.own = dict(OWN)
        self.looked_up = 0
        self.now = 0.0
        self.sock = bind_udp6(0, "lo")
        self.port = self.sock.getsockname()[1]
        machine = Dhcp6Boot(self.choose, b"\0\4station", b"\0\4station asks")
        self.server = Dhcp6Server(
            [Dhcp6Socket(self.sock, port, LOOPBACK)],
            machine,
            self.journal.record,
            lambda: self.now,
            self.own_addresses,
            self.learnt.__setitem__,
            lambda address: MAC,
        )
        self.client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.client.bind(("::1", 0))
        self.client.setblocking(False)

    def own_addresses(self) -> dict[str, tuple[IPv6Interface, ...]]:
        self.looked_up += 1
        return self.own

    @staticmethod
    def choose(client: ClientInfo, server: IPv6Address) -> BootFile | Ignore:
        if client.architecture_number == 33:
            return Ignore("no boot loader for MIPS", "bootbeam loaders")
        return BootFile(BootFileKind.LOADER, "x64/snponly.efi")

    def send(self, packet: bytes) -> None:
        self.client.sendto(packet, ("::1", self.port))

    async def ask(self, packet: bytes) -> Reply6:
        self.send(packet)
        async with asyncio.timeout(20):
            return Reply6(await asyncio.get_running_loop().sock_recv(self.client, 2000))

    async def until(self, kind: EventKind) -> Event:
        async with asyncio.timeout(20):
            while True:
                for event in self.journal.events():
                    if event.kind is kind:
                        return event
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Bench"]:
        self.server.start()
        try:
            yield self
        finally:
            self.server.stop()
            self.client.close()


def run(port: int, scenario: Callable[[Bench], Awaitable[None]]) -> Bench:
    bench = Bench(port)

    async def main() -> None:
        async with bench.running():
            await scenario(bench)

    asyncio.run(main())
    return bench


def kinds(bench: Bench) -> list[EventKind]:
    return [event.kind for event in bench.journal.events()]


def test_an_offer_names_our_own_address_and_is_journaled() -> None:
    async def scenario(bench: Bench) -> None:
        reply = await bench.ask(packets.OVMF_HTTP_SOLICIT)
        assert reply.url == "tftp://[fd00:1::50]/x64/snponly.efi"
        await bench.until(EventKind.OFFERED)

    bench = run(547, scenario)
    seen, offered = bench.journal.events()
    assert (seen.kind, offered.kind) == (EventKind.CLIENT_SEEN, EventKind.OFFERED)
    assert (seen.mac, seen.interface) == (MAC, "lo")
    assert seen.facts["kind_of_client"] == "uefi-http"
    assert seen.facts["firmware"] == "UEFI x64, HTTP boot"
    assert offered.facts["siaddr"] == "fd00:1::50"
    assert offered.facts["file"] == "x64/snponly.efi"
    assert offered.facts["address_offered"] is None
    assert bench.sock.fileno() == -1, "stop closes the socket"


def test_port_4011_is_answered_where_it_was_asked_from() -> None:
    async def scenario(bench: Bench) -> None:
        assert (await bench.ask(packets.OVMF_PXE_BOOT_SERVER_REQUEST)).message_type == 7
        await bench.until(EventKind.BOOT_SERVER_ACKNOWLEDGED)

    assert kinds(run(4011, scenario)) == [EventKind.BOOT_SERVER_ASKED, EventKind.BOOT_SERVER_ACKNOWLEDGED]


def test_a_client_without_a_loader_is_journaled_with_what_to_do() -> None:
    async def scenario(bench: Bench) -> None:
        bench.send(build6(1, boot_options(33)))
        ignored = await bench.until(EventKind.CLIENT_IGNORED)
        assert ignored.facts["reason"] == "no boot loader for MIPS"
        assert ignored.facts["fix"] == "bootbeam loaders"

    assert kinds(run(547, scenario)) == [EventKind.CLIENT_SEEN, EventKind.CLIENT_IGNORED]


def test_malformed_datagrams_are_counted_and_told_once_and_the_server_lives() -> None:
    async def scenario(bench: Bench) -> None:
        for _ in range(3):
            bench.send(b"\1\2")
        dropped = await bench.until(EventKind.DATAGRAM_DROPPED)
        assert dropped.address == "::1"
        assert "transaction id" in str(dropped.facts["reason"])
        await bench.ask(packets.OVMF_HTTP_SOLICIT)

    bench = run(547, scenario)
    assert bench.server.malformed_datagrams == 3
    assert kinds(bench).count(EventKind.DATAGRAM_DROPPED) == 1


def test_an_address_of_another_server_is_learnt() -> None:
    async def scenario(bench: Bench) -> None:
        bench.send(build6(3, [(2, OTHER_DUID), ia_na(1, ["fd00:1::100"])]))
        await bench.ask(packets.OVMF_HTTP_SOLICIT)

    assert run(547, scenario).learnt == {"fd00:1::100": MAC}


def test_everyday_dhcpv6_leaves_no_trace() -> None:
    async def scenario(bench: Bench) -> None:
        bench.send(packets.OVMF_ADDRESS_ONLY_SOLICIT)
        await bench.ask(packets.OVMF_HTTP_SOLICIT)
        await bench.until(EventKind.OFFERED)

    assert kinds(run(547, scenario)) == [EventKind.CLIENT_SEEN, EventKind.OFFERED]


def test_our_own_addresses_are_looked_up_again_after_a_while() -> None:
    async def scenario(bench: Bench) -> None:
        assert (await bench.ask(packets.OVMF_HTTP_SOLICIT)).url.startswith("tftp://[fd00:1::50]/")
        bench.own = {"lo": (IPv6Interface("2001:db8::50/64"), *OWN["lo"])}
        assert (await bench.ask(packets.OVMF_HTTP_SOLICIT)).url.startswith("tftp://[fd00:1::50]/")
        bench.now += 10
        assert (await bench.ask(packets.OVMF_HTTP_SOLICIT)).url.startswith("tftp://[2001:db8::50]/")

    assert run(547, scenario).looked_up == 2


def test_without_an_address_of_ours_there_is_no_answer() -> None:
    async def scenario(bench: Bench) -> None:
        bench.own = {}
        bench.now += 10
        bench.send(packets.OVMF_HTTP_SOLICIT)
        bench.own = dict(OWN)
        await asyncio.sleep(0.1)
        bench.now += 10
        await bench.ask(packets.OVMF_HTTP_SOLICIT)
        await bench.until(EventKind.OFFERED)

    assert kinds(run(547, scenario)).count(EventKind.OFFERED) == 1

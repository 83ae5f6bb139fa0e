"""The DHCP driver over the loopback: answers to where they belong, and a journal of it all."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Interface

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Journal
from bootbeam.net.interfaces import Interface
from bootbeam.net.udp import bind_udp
from bootbeam.pxe.actions import BootFile, BootFileKind, Ignore
from bootbeam.pxe.client import ClientInfo
from bootbeam.pxe.proxydhcp import ProxyDhcp
from bootbeam.servers.dhcp import DhcpServer, DhcpSocket
from tests.dhcp_packets import Reply, build, pxe_options

LOOPBACK = Interface(
    "lo",
    socket.if_nametoindex("lo"),
    "",
    (IPv4Interface("127.0.0.1/8"), IPv4Interface("127.0.0.50/8")),
    True,
    65536,
    False,
    False,
    False,
)


class Bench:
    """A running server on a port of its own, playing port 4011 or 67, and one client."""

    def __init__(self, port: int) -> None:
        self.journal = Journal(clock=lambda: 0.0)
        self.learnt: dict[str, str] = {}
        self.loaded: set[str] = set()
        self.learnt_something = asyncio.Event()
        self.sock = bind_udp("127.0.0.50", 0, "lo")
        self.address = self.sock.getsockname()
        listener = DhcpSocket(self.sock, port, LOOPBACK)
        self.server = DhcpServer(
            [listener], ProxyDhcp(self.choose), self.journal.record, lambda: 0.0, self.learn, self.loaded.__contains__
        )
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client.bind(("127.0.0.1", 0))
        self.client_port = self.client.getsockname()[1]
        self.client.setblocking(False)

    def learn(self, address: str, mac: str) -> None:
        self.learnt[address] = mac
        self.learnt_something.set()

    @staticmethod
    def choose(client: ClientInfo, server: IPv4Address) -> BootFile | Ignore:
        if client.architecture_number == 22:
            return Ignore("no boot loader for U-Boot", "bootbeam loaders")
        return BootFile(BootFileKind.LOADER, "x64/snponly.efi")

    async def ask(self, packet: bytes) -> bytes:
        self.client.sendto(packet, self.address)
        async with asyncio.timeout(20):
            return await asyncio.get_running_loop().sock_recv(self.client, 2000)

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


def test_port_4011_is_answered_from_the_address_asked_to_the_port_asked_from() -> None:
    async def scenario(bench: Bench) -> None:
        reply = Reply(await bench.ask(build(3, secs=512, options=pxe_options(7, "003016"), ciaddr="127.0.0.1")))
        assert reply.addresses["siaddr"] == "127.0.0.50"
        assert reply.file == "x64/snponly.efi"

    bench = run(4011, scenario)
    asked, event = bench.journal.events()
    assert asked.kind is EventKind.BOOT_SERVER_ASKED
    assert (asked.mac, asked.facts["secs"], asked.facts["xid"]) == ("f4:4d:30:01:02:03", 512, "06928f98")
    assert asked.facts["source_port"] == bench.client_port
    assert event.kind is EventKind.BOOT_SERVER_ACKNOWLEDGED
    assert event.mac == "f4:4d:30:01:02:03"
    assert event.interface == "lo"
    assert event.facts["file"] == "x64/snponly.efi"
    assert bench.learnt == {"127.0.0.1": "f4:4d:30:01:02:03"}
    assert bench.sock.fileno() == -1, "stop closes the socket"


def test_a_client_without_a_loader_is_journaled_with_what_to_do() -> None:
    async def scenario(bench: Bench) -> None:
        bench.client.sendto(build(1, options=pxe_options(22, "003016")), bench.address)
        event = await bench.until(EventKind.CLIENT_IGNORED)
        assert event.facts["reason"] == "no boot loader for U-Boot"
        assert event.facts["fix"] == "bootbeam loaders"
        seen = await bench.until(EventKind.CLIENT_SEEN)
        assert seen.facts["architecture"] == 22

    run(67, scenario)


def test_malformed_datagrams_are_counted_and_told_once_and_the_server_lives() -> None:
    async def scenario(bench: Bench) -> None:
        for _ in range(3):
            bench.client.sendto(b"garbage", bench.address)
        event = await bench.until(EventKind.DATAGRAM_DROPPED)
        assert event.address == "127.0.0.1"
        assert "header and magic cookie" in str(event.facts["reason"])
        await bench.ask(build(3, options=pxe_options(7, "003016")))

    bench = run(4011, scenario)
    assert bench.server.malformed_datagrams == 3
    assert [event.kind for event in bench.journal.events()].count(EventKind.DATAGRAM_DROPPED) == 1


def test_a_lease_seen_on_the_wire_is_learnt() -> None:
    async def scenario(bench: Bench) -> None:
        options = [(50, bytes((192, 168, 1, 7))), (54, bytes((192, 168, 1, 1))), *pxe_options(7, "003016")]
        bench.client.sendto(build(3, options=options), bench.address)
        async with asyncio.timeout(20):
            await bench.learnt_something.wait()

        requested = await bench.until(EventKind.ADDRESS_REQUESTED)
        assert requested.mac == "f4:4d:30:01:02:03"
        assert requested.facts == {
            "address_requested": "192.168.1.7",
            "server": "192.168.1.1",
            "vendor_class": "PXEClient:Arch:00007:UNDI:003016",
            "xid": "06928f98",
            "secs": 0,
            "is_ipxe": False,
        }

    assert run(67, scenario).learnt == {"192.168.1.7": "f4:4d:30:01:02:03"}


def test_every_repeated_discover_is_an_event() -> None:
    async def scenario(bench: Bench) -> None:
        for secs in (0, 4, 12):
            bench.client.sendto(build(1, secs=secs, options=pxe_options(7, "003016")), bench.address)
        bench.client.sendto(build(1, secs=28, xid=1, options=pxe_options(22, "003016")), bench.address)
        await bench.until(EventKind.CLIENT_IGNORED)

    seen = [event.facts for event in run(67, scenario).journal.events() if event.kind is EventKind.CLIENT_SEEN]
    asked = [("06928f98", 0), ("06928f98", 4), ("06928f98", 12), ("00000001", 28)]
    assert [(facts["xid"], facts["secs"]) for facts in seen] == asked


def test_what_was_booted_from_here_is_seen_when_it_asks_for_an_address_and_nobody_else_is() -> None:
    async def scenario(bench: Bench) -> None:
        bench.loaded.add("f4:4d:30:01:02:03")
        for mac, options in (
            ("f4:4d:30:01:02:09", [(60, b"MSFT 5.0")]),
            ("f4:4d:30:01:02:03", []),
            ("f4:4d:30:01:02:03", [(60, b"d-i\n\x1b"), (12, b"installer")]),
        ):
            bench.client.sendto(build(1, mac=mac, options=options), bench.address)
        event = await bench.until(EventKind.SYSTEM_SEEN)
        assert event.mac == "f4:4d:30:01:02:03"
        assert event.facts == {"vendor_class": "d-i", "hostname": "installer"}

    assert [event.kind for event in run(67, scenario).journal.events()] == [EventKind.SYSTEM_SEEN]


def test_machines_that_are_switched_on_together_are_all_answered_and_told_of() -> None:
    macs = [f"52:54:00:00:{number >> 8:02x}:{number & 0xFF:02x}" for number in range(300)]

    async def scenario(bench: Bench) -> None:
        bench.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for mac in macs:
            packet = build(3, options=pxe_options(7, "003016"), ciaddr="127.0.0.1", mac=mac)
            bench.client.sendto(packet, bench.address)
        loop, answered = asyncio.get_running_loop(), list[str]()
        async with asyncio.timeout(20):
            while len(answered) < len(macs):
                answered.append(Reply(await loop.sock_recv(bench.client, 2000)).chaddr)
        assert answered == macs

    events = run(4011, scenario).journal.events()
    for kind in (EventKind.BOOT_SERVER_ASKED, EventKind.BOOT_SERVER_ACKNOWLEDGED):
        assert [event.mac for event in events if event.kind is kind] == macs


def test_what_a_machine_asks_in_one_burst_is_told_in_the_order_it_asked() -> None:
    """Answers to a burst go out together; that mixes machines, never what one machine did."""
    first, second = "52:54:00:00:00:01", "52:54:00:00:00:02"

    async def scenario(bench: Bench) -> None:
        options = pxe_options(7, "003016")
        for mac, xid in ((first, 1), (second, 2), (first, 3)):
            bench.client.sendto(build(1, mac, xid, options, giaddr="127.0.0.1"), bench.address)
        bench.client.sendto(build(3, second, 2, [*options, (50, bytes((127, 0, 0, 1)))]), bench.address)
        await bench.until(EventKind.ADDRESS_REQUESTED)

    steps = [(event.mac, event.kind) for event in run(67, scenario).journal.events()]
    seen, offered = EventKind.CLIENT_SEEN, EventKind.OFFERED
    assert [kind for mac, kind in steps if mac == first] == [seen, offered, seen, offered]
    assert [kind for mac, kind in steps if mac == second] == [seen, offered, EventKind.ADDRESS_REQUESTED]

"""The driver of ports 67 and 4011: datagrams in, the machine's actions out, every step into the journal."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.net.bursts import BurstReader, Envelope, Sender
from bootbeam.net.interfaces import Interface
from bootbeam.net.udp import Datagram, envelope, receive_burst
from bootbeam.pxe.actions import Action, AddressAsked, Destination, Ignore, Lease, Send
from bootbeam.pxe.proxydhcp import Arrival, ProxyDhcp
from bootbeam.pxe.reply import BOOT_SERVER_PORT
from bootbeam.servers.dhcp_notes import DhcpNotes
from bootbeam.servers.packet_keeping import PacketKeeping
from bootbeam.wire.dhcp4 import MAX_DATAGRAM_BYTES

MAX_REMEMBERED_SENDERS = 1000
"""Senders, of each socket. Machines that boot have no address yet, so that they are one."""
NO_ADDRESS = IPv4Address(0)
"""What a computer without IPv4 sends from."""


@dataclass(frozen=True, slots=True)
class DhcpSocket:
    """One bound socket of this server."""

    sock: socket.socket
    port: int
    """67 or 4011 as the client knows it; tests bind others."""
    interface: Interface
    known: dict[tuple[tuple[str, int], str], "_WayBack"] = field(default_factory=dict)
    """What came before from the same sender to the same address."""


@dataclass(slots=True)
class _WayBack:
    """What the answers to one sender have in common."""

    arrival: Arrival
    siaddr: str
    """Our address, in words."""
    source: Destination
    """Our address and port."""
    destination: Destination | None = None
    """Where the last answer went."""
    envelope: Envelope | None = None
    """Of that answer."""


class DhcpServer:
    """Answers on all its sockets until stopped. Runs in the asyncio loop that calls ``start``.

    Args:
        sockets: bound by the caller, closed by ``stop``.
        proxy: decides.
        record: the journal.
        clock: monotonic seconds.
        learn: told which MAC has, or will have, which IP address.
        has_loaded: whether the machine with this MAC has loaded something from here.
        packets: keeps what is sent.
    """

    def __init__(
        self,
        sockets: Sequence[DhcpSocket],
        proxy: ProxyDhcp,
        record: Record,
        clock: Callable[[], float],
        learn: Callable[[str, str], None],
        has_loaded: Callable[[str], bool] = lambda mac: False,
        packets: PacketKeeping | None = None,
    ) -> None:
        self._sockets = list(sockets)
        self._proxy = proxy
        self._record = record
        self._clock = clock
        self._learn = learn
        self._packets = packets
        self._reader = BurstReader(MAX_DATAGRAM_BYTES + 1)
        self._sender = Sender()
        self._unsent: dict[str, tuple[_WayBack, Envelope, Send]] = {}
        """Answers to the burst that is at hand, by MAC."""
        self._notes = DhcpNotes(record, has_loaded)

    @property
    def malformed_datagrams(self) -> int:
        """How many datagrams could not be decoded since the start."""
        return self._notes.malformed_datagrams

    def start(self) -> None:
        """Begin to answer."""
        loop = asyncio.get_running_loop()
        for listener in self._sockets:
            loop.add_reader(listener.sock, self._on_readable, listener)

    def stop(self) -> None:
        """Stop answering and close the sockets."""
        loop = asyncio.get_running_loop()
        for listener in self._sockets:
            loop.remove_reader(listener.sock)
            listener.sock.close()

    def _on_readable(self, listener: DhcpSocket) -> None:
        try:
            datagrams = receive_burst(self._reader, listener.sock)
        except OSError as error:
            self._notes.problem(f"cannot read from port {listener.port}", error, listener.interface.name)
            return
        for datagram in datagrams:
            self._handle(listener, datagram)
        self._send_all(listener)

    def _handle(self, listener: DhcpSocket, datagram: Datagram) -> None:
        way_back = self._way_back(listener, datagram)
        try:
            actions = self._proxy.handle_datagram(datagram.data, way_back.arrival, self._clock())
        except DecodeError as error:
            self._notes.malformed(datagram.source[0], listener.port, listener.interface.name, str(error))
            return
        # What is told of one machine is told in the order it happened; only machines are mixed.
        if len(actions) != 1 or not isinstance(actions[0], Send) or actions[0].client.mac in self._unsent:
            self._send_all(listener)
        for action in actions:
            if listener.port == BOOT_SERVER_PORT and isinstance(action, Send | Ignore) and action.client is not None:
                self._notes.boot_server_asked(action.client, listener.interface.name, datagram.source[1])
            self._perform(listener, way_back, action)

    def _way_back(self, listener: DhcpSocket, datagram: Datagram) -> _WayBack:
        key = (datagram.source, datagram.local_address)
        way_back = listener.known.get(key)
        if way_back is None:
            sender = Destination(IPv4Address(datagram.source[0]), datagram.source[1])
            interface = listener.interface
            link_local = next((address.ip for address in interface.addresses6 if address.is_link_local), None)
            server = self._server_address(interface, datagram)
            arrival = Arrival(listener.port, sender, server, interface.name, link_local)
            own = server or NO_ADDRESS
            way_back = _WayBack(arrival, str(own), Destination(own, listener.port))
            if len(listener.known) >= MAX_REMEMBERED_SENDERS:
                listener.known.clear()
            listener.known[key] = way_back
        return way_back

    @staticmethod
    def _server_address(interface: Interface, datagram: Datagram) -> IPv4Address | None:
        """Our address for this client: the one it wrote to, else the one on its network, else the interface's first.
        None when it has IPv6 only."""
        if not interface.addresses:
            return None
        own = {str(address.ip) for address in interface.addresses}
        if datagram.local_address in own:
            return IPv4Address(datagram.local_address)
        return IPv4Address(interface.address_for(datagram.source[0]))

    def _perform(self, listener: DhcpSocket, way_back: _WayBack, action: Action) -> None:
        match action:
            case Send():
                self._prepare(listener, way_back, action)
            case Lease():
                self._learn(str(action.address), action.mac)
            case AddressAsked():
                self._notes.address_asked(action, listener.interface.name)
            case Ignore():
                is_boot_server = listener.port == BOOT_SERVER_PORT
                self._notes.ignored(action, listener.interface.name, is_boot_server=is_boot_server)

    def _prepare(self, listener: DhcpSocket, way_back: _WayBack, action: Send) -> None:
        client = action.client
        if client.address is not None:
            self._learn(str(client.address), client.mac)
        if listener.port != BOOT_SERVER_PORT:
            self._notes.seen(client, listener.interface.name)
        if way_back.envelope is None or way_back.destination is not action.destination:
            to, own = action.destination, way_back.source.address
            way_back.envelope = envelope(to.address.packed, to.port, own.packed, listener.interface.index)
            way_back.destination = to
        self._unsent[client.mac] = way_back, way_back.envelope, action

    def _send_all(self, listener: DhcpSocket) -> None:
        """Send what was prepared, all at once: each by itself would wake somebody on the other side."""
        unsent, self._unsent = self._unsent, {}
        if not unsent:
            return
        said = self._sender.send(listener.sock, [(action.datagram, to) for _, to, action in unsent.values()])
        for (way_back, _, action), error in zip(unsent.values(), said, strict=True):
            if error is not None:
                self._notes.not_sent(action.client.mac, listener.port, error, listener.interface.name)
            else:
                self._note_sent(listener, way_back, action)

    def _note_sent(self, listener: DhcpSocket, way_back: _WayBack, action: Send) -> None:
        client = action.client
        if self._packets is not None:
            self._packets.sent(client.mac, listener.interface, way_back.source, action.destination, action.datagram)
        self._record(
            EventKind.BOOT_SERVER_ACKNOWLEDGED if listener.port == BOOT_SERVER_PORT else EventKind.OFFERED,
            mac=client.mac,
            address=str(client.address) if client.address is not None else None,
            interface=listener.interface.name,
            what=action.boot_file.kind.value,
            file=action.boot_file.file,
            siaddr=way_back.siaddr,
            address_offered=str(action.address_offered) if action.address_offered else None,
        )

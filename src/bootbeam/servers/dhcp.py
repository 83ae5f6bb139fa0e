"""The driver of ports 67 and 4011: datagrams in, the machine's actions out, every step into the journal."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.net.bursts import BurstReader, Sender
from bootbeam.net.interfaces import Interface
from bootbeam.net.udp import Datagram, receive_burst, send_in_burst
from bootbeam.pxe.actions import Action, AddressAsked, Destination, Ignore, Lease, Send
from bootbeam.pxe.proxydhcp import Arrival, ProxyDhcp
from bootbeam.pxe.reply import BOOT_SERVER_PORT
from bootbeam.servers.dhcp_notes import DhcpNotes
from bootbeam.servers.packet_keeping import PacketKeeping
from bootbeam.wire.dhcp4 import MAX_DATAGRAM_BYTES

MAX_REMEMBERED_ARRIVALS = 1000
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
    arrivals: dict[tuple[tuple[str, int], str], Arrival] = field(default_factory=dict)
    """Of what came before from the same sender to the same address."""


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

    def _handle(self, listener: DhcpSocket, datagram: Datagram) -> None:
        source_address, source_port = datagram.source
        interface = listener.interface
        arrival = self._arrival(listener, datagram)
        try:
            actions = self._proxy.handle_datagram(datagram.data, arrival, self._clock())
        except DecodeError as error:
            self._notes.malformed(source_address, listener.port, interface.name, str(error))
            return
        for action in actions:
            client = action.client if isinstance(action, Send | Ignore) else None
            if client is not None and listener.port == BOOT_SERVER_PORT:
                self._notes.boot_server_asked(client, interface.name, source_port)
            self._perform(listener, arrival, action)

    def _arrival(self, listener: DhcpSocket, datagram: Datagram) -> Arrival:
        key = (datagram.source, datagram.local_address)
        arrival = listener.arrivals.get(key)
        if arrival is None:
            source = Destination(IPv4Address(datagram.source[0]), datagram.source[1])
            interface = listener.interface
            link_local = next((address.ip for address in interface.addresses6 if address.is_link_local), None)
            server = self._server_address(interface, datagram)
            arrival = Arrival(listener.port, source, server, interface.name, link_local)
            if len(listener.arrivals) >= MAX_REMEMBERED_ARRIVALS:
                listener.arrivals.clear()
            listener.arrivals[key] = arrival
        return arrival

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

    def _perform(self, listener: DhcpSocket, arrival: Arrival, action: Action) -> None:
        match action:
            case Send():
                self._send(listener, arrival, action)
            case Lease():
                self._learn(str(action.address), action.mac)
            case AddressAsked():
                self._notes.address_asked(action, listener.interface.name)
            case Ignore():
                is_boot_server = listener.port == BOOT_SERVER_PORT
                self._notes.ignored(action, listener.interface.name, is_boot_server=is_boot_server)

    def _send(self, listener: DhcpSocket, arrival: Arrival, action: Send) -> None:
        client = action.client
        if client.address is not None:
            self._learn(str(client.address), client.mac)
        is_boot_server = listener.port == BOOT_SERVER_PORT
        if not is_boot_server:
            self._notes.seen(client, listener.interface.name)
        source, destination = arrival.server or NO_ADDRESS, action.destination
        try:
            send_in_burst(
                self._sender,
                listener.sock,
                action.datagram,
                (destination.address.packed, destination.port),
                source.packed,
                listener.interface.index,
            )
        except OSError as error:
            self._notes.not_sent(client.mac, listener.port, error, listener.interface.name)
            return
        if self._packets is not None:
            came_from = Destination(source, listener.port)
            self._packets.sent(client.mac, listener.interface, came_from, destination, action.datagram)
        self._record(
            EventKind.BOOT_SERVER_ACKNOWLEDGED if is_boot_server else EventKind.OFFERED,
            mac=client.mac,
            address=str(client.address) if client.address else None,
            interface=listener.interface.name,
            what=action.boot_file.kind,
            file=action.boot_file.file,
            siaddr=str(source),
            address_offered=str(action.address_offered) if action.address_offered else None,
        )

"""The driver of ports 547 and 4011 over IPv6: datagrams in, the machine's actions out, every step into the journal."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Interface

from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.net.interfaces import Interface, address6_for
from bootbeam.net.udp import Datagram, receive, send_from6
from bootbeam.pxe.actions import Action6, AddressAsked, Destination, GiveAddress, Ignore, Lease, Send, SendPlain
from bootbeam.pxe.dhcp6 import PROBE_INTERVAL_S, Arrival6, Dhcp6Boot
from bootbeam.pxe.reply import BOOT_SERVER_PORT
from bootbeam.servers.dhcp_notes import DhcpNotes
from bootbeam.servers.packet_keeping import PacketKeeping
from bootbeam.wire.interface_identifier import PREFIX_BITS, mac_of_address

MAX_DATAGRAMS_PER_TURN = 64
"""After so many the other servers of the loop get their turn."""
PROBE_RETRY_S = 20.0
"""When our own question is tried again after it could not be sent."""
ADDRESSES_KEPT_S = 2.0
"""How long our own addresses are taken for unchanged; routers announce new prefixes at any time."""

OwnAddresses = Callable[[], Mapping[str, Sequence[IPv6Interface]]]
"""Our IPv6 addresses by interface name, the best first."""


@dataclass(frozen=True, slots=True)
class Dhcp6Socket:
    """One bound socket of this server."""

    sock: socket.socket
    port: int
    """547 or 4011 as the client knows it; tests bind others."""
    interface: Interface


class Dhcp6Server:
    """Answers on all its sockets until stopped. Runs in the asyncio loop that calls ``start``.

    Args:
        sockets: bound by the caller, closed by ``stop``.
        machine: decides.
        record: the journal.
        clock: monotonic seconds.
        own_addresses: asked now and then.
        learn: told which MAC has, or will have, which IP address.
        mac_of: the MAC behind an address as far as is known, or None.
        packets: keeps what is sent.
    """

    def __init__(
        self,
        sockets: Sequence[Dhcp6Socket],
        machine: Dhcp6Boot,
        record: Record,
        clock: Callable[[], float],
        own_addresses: OwnAddresses,
        learn: Callable[[str, str], None],
        mac_of: Callable[[str], str | None],
        packets: PacketKeeping | None = None,
    ) -> None:
        self._sockets = list(sockets)
        self._machine = machine
        self._record = record
        self._clock = clock
        self._own_addresses = own_addresses
        self._learn = learn
        self._mac_of = mac_of
        self._packets = packets
        self._notes = DhcpNotes(record, ip_version=6)
        self._addresses: Mapping[str, Sequence[IPv6Interface]] = {}
        self._addresses_until_s = float("-inf")
        self._probe_timer: asyncio.TimerHandle | None = None

    @property
    def malformed_datagrams(self) -> int:
        """How many datagrams could not be decoded since the start."""
        return self._notes.malformed_datagrams

    def start(self) -> None:
        """Begin to answer, and ask who else gives addresses."""
        loop = asyncio.get_running_loop()
        for listener in self._sockets:
            loop.add_reader(listener.sock, self._on_readable, listener)
        self._probe()

    def stop(self) -> None:
        """Stop answering and close the sockets."""
        if self._probe_timer is not None:
            self._probe_timer.cancel()
        loop = asyncio.get_running_loop()
        for listener in self._sockets:
            loop.remove_reader(listener.sock)
            listener.sock.close()

    def _probe(self) -> None:
        """Ask on each link, and again later; soon where it cannot be asked yet, as when the cable is not in."""
        again_s = PROBE_INTERVAL_S
        for listener in self._sockets:
            own = [address.ip for address in self._addresses_of(listener)]
            if listener.port == BOOT_SERVER_PORT or not own or own[0].is_link_local:
                continue
            question = self._machine.probe(own[0], own[-1])
            destination = (str(question.destination.address), question.destination.port)
            try:
                send_from6(listener.sock, question.datagram, destination, listener.interface.name)
            except OSError:
                again_s = PROBE_RETRY_S
        self._probe_timer = asyncio.get_running_loop().call_later(again_s, self._probe)

    def _on_readable(self, listener: Dhcp6Socket) -> None:
        for _ in range(MAX_DATAGRAMS_PER_TURN):
            try:
                datagram = receive(listener.sock)
            except OSError as error:
                self._notes.problem(f"cannot read from port {listener.port}", error, listener.interface.name)
                return
            if datagram is None:
                return
            self._handle(listener, datagram)

    def _handle(self, listener: Dhcp6Socket, datagram: Datagram) -> None:
        arrival = self._arrival(listener, datagram)
        if arrival is None:
            return
        try:
            actions = self._machine.handle_datagram(datagram.data, arrival, self._clock())
        except DecodeError as error:
            self._notes.malformed(datagram.source[0], listener.port, listener.interface.name, str(error))
            return
        for action in actions:
            client = action.client if isinstance(action, Send | Ignore) else None
            if client is not None and listener.port == BOOT_SERVER_PORT:
                self._notes.boot_server_asked(client, listener.interface.name, arrival.source.port)
            self._perform(listener, arrival, action)

    def _arrival(self, listener: Dhcp6Socket, datagram: Datagram) -> Arrival6 | None:
        """None when this interface has no IPv6 address just now, and so nothing to answer with."""
        address, port = datagram.source
        source = IPv6Address(address)
        own = address6_for(source, self._addresses_of(listener))
        if own is None:
            return None
        is_shared = own.network.prefixlen == PREFIX_BITS and not own.is_link_local
        return Arrival6(
            port=listener.port,
            source=Destination(source, port),
            link=listener.interface.name,
            server=own.ip,
            prefix=own.network if is_shared else None,
            neighbour_mac=None if mac_of_address(source) else self._mac_of(address),
        )

    def _addresses_of(self, listener: Dhcp6Socket) -> Sequence[IPv6Interface]:
        now = self._clock()
        if now >= self._addresses_until_s:
            self._addresses = self._own_addresses()
            self._addresses_until_s = now + ADDRESSES_KEPT_S
        return self._addresses.get(listener.interface.name, ())

    def _perform(self, listener: Dhcp6Socket, arrival: Arrival6, action: Action6) -> None:
        match action:
            # Sent before anything is written down: iPXE takes whichever server answers first.
            case Send():
                if self._transmit(listener, action, action.client.mac):
                    self._note_send(listener, arrival, action)
                    self._keep(listener, arrival, action)
            case GiveAddress():
                if self._transmit(listener, action, action.client.mac):
                    self._note_address(listener, action)
                    self._keep(listener, arrival, action)
            case SendPlain():
                self._transmit(listener, action, str(arrival.source.address))
            case Lease():
                self._learn(str(action.address), action.mac)
            case AddressAsked():
                self._notes.address_asked(action, listener.interface.name)
            case Ignore():
                is_boot_server = listener.port == BOOT_SERVER_PORT
                self._notes.ignored(action, listener.interface.name, is_boot_server=is_boot_server)

    def _transmit(self, listener: Dhcp6Socket, action: Send | GiveAddress | SendPlain, who: str) -> bool:
        destination = (str(action.destination.address), action.destination.port)
        try:
            send_from6(listener.sock, action.datagram, destination, listener.interface.name)
        except OSError as error:
            self._notes.problem(f"the answer to {who} could not be sent", error, listener.interface.name)
            return False
        return True

    def _keep(self, listener: Dhcp6Socket, arrival: Arrival6, action: Send | GiveAddress) -> None:
        if self._packets is not None and action.client.mac:
            source = Destination(arrival.server, listener.port)
            self._packets.sent(action.client.mac, listener.interface, source, action.destination, action.datagram)

    def _note_send(self, listener: Dhcp6Socket, arrival: Arrival6, action: Send) -> None:
        is_boot_server = listener.port == BOOT_SERVER_PORT
        if not is_boot_server:
            self._notes.seen(action.client, listener.interface.name)
        self._record(
            EventKind.BOOT_SERVER_ACKNOWLEDGED if is_boot_server else EventKind.OFFERED,
            mac=action.client.mac or None,
            interface=listener.interface.name,
            what=action.boot_file.kind.value,
            file=action.boot_file.file,
            siaddr=str(arrival.server),
            address_offered=str(action.address_offered) if action.address_offered else None,
            has_address_server=action.has_address_server,
        )

    def _note_address(self, listener: Dhcp6Socket, action: GiveAddress) -> None:
        if action.client.mac:
            self._learn(str(action.address), action.client.mac)
        self._record(
            EventKind.ADDRESS_GIVEN,
            mac=action.client.mac or None,
            address=str(action.address),
            interface=listener.interface.name,
            address_given=str(action.address),
        )

"""The DHCPv6 machine: a datagram to port 547 or 4011 in, actions out (RFC 8415, RFC 5970).

It tells network boot clients what to load. An address it gives only where no other server does, and then the one that
the machine would make for itself: our own prefix and the machine's own interface identifier, so that there is nothing
to remember and nothing to collide with. What it keeps is which networks have a server that gives addresses, and who
was told what, both bounded (``pxe.address_source``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from bootbeam.pxe.actions import (
    Action6,
    AddressAsked,
    BootFile,
    Destination,
    GiveAddress,
    Ignore,
    Lease,
    Send,
    SendPlain,
)
from bootbeam.pxe.address_source import AddressSource, AddressSources
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.client6 import classify6, client_address
from bootbeam.pxe.dhcp6_reply import address_options, boot_options, build_answer, requested_addresses, status_options
from bootbeam.pxe.reply import BOOT_SERVER_PORT
from bootbeam.wire.dhcp6 import (
    Dhcp6Message,
    MessageType,
    OptionCode,
    Options,
    Relay,
    decode_dhcp6,
    encode_dhcp6,
    encode_relayed,
)
from bootbeam.wire.dhcp6_options import IaNa, StatusCode, decode_duid, decode_ia_na, encode_ia_na
from bootbeam.wire.interface_identifier import address_in, mac_of_address

DHCP6_SERVER_PORT = 547
ALL_SERVERS = IPv6Address("ff02::1:2")
"""All_DHCP_Relay_Agents_and_Servers (RFC 8415 §7.1)."""
PROBE_INTERVAL_S = 600.0
"""How often the driver has ``probe`` ask whether another server gives addresses."""
PROBE_XID = 0x62_62_36
"""Of our own question; nobody else's answer comes to our port 547."""

ChooseBootFile6 = Callable[[ClientInfo, IPv6Address], BootFile | Ignore]
"""The boot decision, handed in: what this client loads from the station's address."""


@dataclass(frozen=True, slots=True)
class Arrival6:
    """How a datagram reached the station."""

    port: int
    """The station's port: 547 or 4011."""
    source: Destination
    """The sender's address and port."""
    link: str
    """The interface it came in on."""
    server: IPv6Address
    """The station's own address for clients on that interface; goes into URLs."""
    prefix: IPv6Network | None = None
    """The prefix of 64 bits that machines on that interface may have addresses in; None where there is none."""
    neighbour_mac: str | None = None
    """The MAC behind ``source`` as the kernel knows it."""


class Dhcp6Boot:
    """Answers network boot clients over IPv6, beside somebody else's DHCPv6 server or without one.

    Args:
        choose_boot_file: the boot decision.
        server_duid: what this station is known by.
        probe_duid: what it is known by when it asks for itself.
        note_booting: told the MAC of each client that is told what to load, and when.
    """

    def __init__(
        self,
        choose_boot_file: ChooseBootFile6,
        server_duid: bytes,
        probe_duid: bytes,
        note_booting: Callable[[str, float], None] = lambda mac, now: None,
    ) -> None:
        self._choose_boot_file = choose_boot_file
        self._note_booting = note_booting
        self._server_duid = server_duid
        self._probe_duid = probe_duid
        self._sources = AddressSources()

    def handle_datagram(self, data: bytes, arrival: Arrival6, now: float) -> list[Action6]:
        """What to do about one datagram.

        Args:
            data: the UDP payload.
            arrival: where it came in.
            now: monotonic seconds.

        Raises:
            DecodeError: the datagram is malformed.
        """
        message = decode_dhcp6(data)
        if arrival.port == BOOT_SERVER_PORT:
            return self._answer_boot_server_request(message, arrival)
        match message.message_type:
            case MessageType.SOLICIT:
                return self._advertise(message, arrival, now)
            case MessageType.REQUEST | MessageType.RENEW | MessageType.REBIND:
                return self._answer_request(message, arrival, now)
            case MessageType.INFORMATION_REQUEST:
                return self._answer_information_request(message, arrival)
            case MessageType.RELEASE | MessageType.DECLINE | MessageType.CONFIRM:
                return self._answer_status(message, arrival)
            case MessageType.ADVERTISE:
                return [self._note_advertise(message, arrival, now)]
        return [Ignore(f"message type {message.message_type} is not for a server")]

    def probe(self, link_address: IPv6Address, own_address: IPv6Address) -> SendPlain:
        """A question of our own: does another server give addresses on this link?

        It is put in a relay's words, as a relay may, so that the answer comes to port 547: port 546 belongs to this
        computer's own DHCP client. Nobody commits anything by answering a SOLICIT.

        Args:
            link_address: an address of ours that says which network is meant.
            own_address: our link-local address.
        """
        options: Options = (
            (OptionCode.CLIENT_IDENTIFIER, self._probe_duid),
            (OptionCode.ELAPSED_TIME, b"\0\0"),
            (OptionCode.IA_NA, encode_ia_na(IaNa(iaid=1))),
        )
        relays = (Relay(0, link_address, own_address),)
        question = Dhcp6Message(MessageType.SOLICIT, PROBE_XID, options, relays)
        return SendPlain(encode_relayed(question), Destination(ALL_SERVERS, DHCP6_SERVER_PORT))

    def _advertise(self, message: Dhcp6Message, arrival: Arrival6, now: float) -> list[Action6]:
        decided = self._decide(message, arrival)
        if isinstance(decided, Ignore):
            return [decided]
        client, boot_file = decided
        self._note_booting(client.mac, now)
        address = self._address_to_offer(message, client, arrival, now)
        options = boot_options(client, boot_file, arrival.server, is_proxy=address is None)
        if address is not None:
            options += address_options(message, address)
        answer = build_answer(message, self._server_duid, MessageType.ADVERTISE, options)
        has_server = self._sources.has_server(arrival.link, now)
        return [Send(encode_dhcp6(answer), _destination(message, arrival), client, boot_file, address, has_server)]

    def _address_to_offer(
        self, message: Dhcp6Message, client: ClientInfo, arrival: Arrival6, now: float
    ) -> IPv6Address | None:
        """The address for this client; None when it is to get one from another server, or there is none to give."""
        address = _own_address(message, arrival)
        if address is None or client.kind is ClientKind.IPXE:
            # Quirk: iPXE: takes boot file and address from one server only, so a proxy could not tell it anything.
            return address
        # Not by the DUID: makers exist that give all their boards one UUID.
        source = self._sources.source_for(client.mac, client.kind, message.transaction_id, arrival.link, now)
        return address if source is AddressSource.STATION else None

    def _answer_request(self, message: Dhcp6Message, arrival: Arrival6, now: float) -> list[Action6]:
        """REQUEST and RENEW name their server; REBIND asks whoever knows the address."""
        address = _own_address(message, arrival)
        if message.message_type == MessageType.REBIND:
            if address not in requested_addresses(message):
                return [Ignore("a rebinding of an address that is not from here")]
        elif message.option(OptionCode.SERVER_IDENTIFIER) != self._server_duid:
            return self._note_other_server(message, arrival, now)
        decided = self._decide(message, arrival)
        if isinstance(decided, Ignore):
            return [decided]
        client, boot_file = decided
        options = boot_options(client, boot_file, arrival.server, is_proxy=False)
        options += address_options(message, address)
        answer = build_answer(message, self._server_duid, MessageType.REPLY, options)
        reply, destination = encode_dhcp6(answer), _destination(message, arrival)
        return [SendPlain(reply, destination) if address is None else GiveAddress(reply, destination, client, address)]

    def _answer_information_request(self, message: Dhcp6Message, arrival: Arrival6) -> list[Action6]:
        """From a client that has its address by its router's announcements and asks for the rest, as iPXE does."""
        if message.option(OptionCode.SERVER_IDENTIFIER) not in (None, self._server_duid):
            return [Ignore("a question to another DHCPv6 server")]
        return self._send_boot_file(message, arrival)

    def _answer_boot_server_request(self, message: Dhcp6Message, arrival: Arrival6) -> list[Action6]:
        """Port 4011: what UEFI PXE asks after a proxy's offer. Answered to where it came from."""
        if message.message_type not in (MessageType.REQUEST, MessageType.INFORMATION_REQUEST):
            return [Ignore(f"message type {message.message_type} on port {BOOT_SERVER_PORT}")]
        return self._send_boot_file(message, arrival)

    def _send_boot_file(self, message: Dhcp6Message, arrival: Arrival6) -> list[Action6]:
        decided = self._decide(message, arrival)
        if isinstance(decided, Ignore):
            return [decided]
        client, boot_file = decided
        options = boot_options(client, boot_file, arrival.server, is_proxy=True)
        answer = build_answer(message, self._server_duid, MessageType.REPLY, options)
        return [Send(encode_dhcp6(answer), _destination(message, arrival), client, boot_file)]

    def _answer_status(self, message: Dhcp6Message, arrival: Arrival6) -> list[Action6]:
        """RELEASE and DECLINE: nothing to do, as nothing was kept. CONFIRM: right only for what we would give."""
        if message.message_type == MessageType.CONFIRM:
            if requested_addresses(message) != (_own_address(message, arrival),):
                return [Ignore("a confirmation of addresses that are not from here")]
        elif message.option(OptionCode.SERVER_IDENTIFIER) != self._server_duid:
            return [Ignore("a message to another DHCPv6 server")]
        answer = build_answer(message, self._server_duid, MessageType.REPLY, status_options(StatusCode.SUCCESS))
        return [SendPlain(encode_dhcp6(answer), _destination(message, arrival))]

    def _note_other_server(self, message: Dhcp6Message, arrival: Arrival6, now: float) -> list[Action6]:
        """A REQUEST to another server tells that there is one, and which address the client is going to have."""
        addresses = requested_addresses(message)
        if not addresses:
            return [Ignore("a request to another DHCPv6 server")]
        if not message.relays:
            self._sources.note_server(arrival.link, now)
        mac = _mac_of(message, arrival)
        told: list[Action6] = [Lease(mac, address, None) for address in addresses] if mac else []
        client = classify6(message, _source(arrival), arrival.neighbour_mac)
        if mac and not isinstance(client, Ignore):
            told.append(AddressAsked(mac, True, client.xid, addresses[0], None, client.vendor_class, ""))
        return [*told, Ignore("a request to another DHCPv6 server")]

    def _note_advertise(self, message: Dhcp6Message, arrival: Arrival6, now: float) -> Ignore:
        """The answer to ``probe``, if it is one."""
        if message.option(OptionCode.CLIENT_IDENTIFIER) != self._probe_duid or message.transaction_id != PROBE_XID:
            return Ignore("an answer to somebody else")
        associations = [decode_ia_na(value) for code, value in message.options if code == OptionCode.IA_NA]
        if any(association.addresses for association in associations):
            self._sources.note_server(arrival.link, now)
            return Ignore("another DHCPv6 server gives addresses here")
        return Ignore("another DHCPv6 server is here, which gives no addresses")

    def _decide(self, message: Dhcp6Message, arrival: Arrival6) -> tuple[ClientInfo, BootFile] | Ignore:
        client = classify6(message, _source(arrival), arrival.neighbour_mac)
        if isinstance(client, Ignore):
            return client
        boot_file = self._choose_boot_file(client, arrival.server)
        if isinstance(boot_file, Ignore):
            return Ignore(boot_file.reason, boot_file.fix, client)
        return client, boot_file


def _source(arrival: Arrival6) -> IPv6Address:
    return IPv6Address(int(arrival.source.address))


def _own_address(message: Dhcp6Message, arrival: Arrival6) -> IPv6Address | None:
    """The address the client would make for itself in our prefix; None when it is not on our link."""
    source = _source(arrival)
    if message.relays or not source.is_link_local or arrival.prefix is None:
        return None
    return address_in(arrival.prefix, source)


def _mac_of(message: Dhcp6Message, arrival: Arrival6) -> str | None:
    identifier = message.option(OptionCode.CLIENT_IDENTIFIER)
    return (
        mac_of_address(client_address(message, _source(arrival)))
        or arrival.neighbour_mac
        or (decode_duid(identifier).mac if identifier else None)
    )


def _destination(message: Dhcp6Message, arrival: Arrival6) -> Destination:
    """Back to the client itself; to a relay at its own port."""
    return Destination(arrival.source.address, DHCP6_SERVER_PORT) if message.relays else arrival.source

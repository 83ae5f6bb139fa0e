"""The proxyDHCP machine: a datagram to port 67 or 4011 in, actions out.

It hands out boot files and never addresses (PXE 2.1 §2.2), but for the dummy of ``pxe.ipv4_stand_in``. It remembers
nothing; that room and ``pxe.reply_variants``, behind ``choose_variant``, do. It has no timers: a client that hears
nothing asks again by itself, and any station on the LAN can answer any of its questions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from bootbeam.pxe.actions import Action, AddressAsked, BootFile, Destination, Ignore, Lease, Send
from bootbeam.pxe.client import RASPBERRY_PI_OUIS, ClientInfo, classify, is_network_boot
from bootbeam.pxe.ipv4_stand_in import Ipv4StandIn
from bootbeam.pxe.question_kind import QuestionKind
from bootbeam.pxe.reply import BOOT_SERVER_PORT
from bootbeam.pxe.reply_variant import ReplyVariant, default_variant
from bootbeam.wire.dhcp4 import BOOTREQUEST, DhcpMessage, MessageType, OptionCode, decode_dhcp
from bootbeam.wire.dhcp4_alike import OUI, AlikeQuestions, find_layout

BOOT_SERVER_QUESTIONS = (MessageType.REQUEST, MessageType.INFORM)
"""What is answered on port 4011."""

ChooseBootFile = Callable[[ClientInfo, IPv4Address], BootFile | Ignore]
"""The boot decision, handed in: what this client loads from the station's address."""

ChooseVariant = Callable[[ClientInfo, MessageType, float], ReplyVariant]
"""The form of the answer, handed in: for this client, in an OFFER or an ACK, now (monotonic seconds)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a datagram reached the station."""

    port: int
    """The station's port: 67 or 4011."""
    source: Destination
    """The sender's address and port."""
    server: IPv4Address | None
    """The station's own address on the interface it came in on; goes into siaddr and option 54. None where the
    interface has IPv6 only."""
    link: str = ""
    """The interface it came in on."""
    link_local: IPv6Address | None = None
    """The station's link-local IPv6 address there, if it has one."""


class ProxyDhcp:
    """Answers network boot clients beside somebody else's DHCP server.

    Args:
        choose_boot_file: the boot decision.
        stand_in: answers where there is no IPv4; None for a station without IPv6.
        choose_variant: the form of each answer; asked for every datagram that is answered.
    """

    def __init__(
        self,
        choose_boot_file: ChooseBootFile,
        stand_in: Ipv4StandIn | None = None,
        choose_variant: ChooseVariant = lambda client, *_: default_variant(client.kind),
    ) -> None:
        self._choose_boot_file = choose_boot_file
        self._stand_in = stand_in
        self._choose_variant = choose_variant
        self._alike: AlikeQuestions[QuestionKind] = AlikeQuestions()

    def handle_datagram(self, data: bytes, arrival: Arrival, now: float) -> list[Action]:
        """What to do about one datagram.

        Args:
            data: the UDP payload.
            arrival: where it came in.
            now: monotonic seconds.

        Raises:
            DecodeError: the datagram is malformed.
        """
        kind = self._alike.find(data)
        if kind is not None and data[OUI] not in RASPBERRY_PI_OUIS:
            client = kind.client_of(data)
            if self._is_answered(kind, client, arrival, now):
                return self._answer(kind, data, client, arrival, now)
        message = decode_dhcp(data)
        if message.op != BOOTREQUEST:
            return [Ignore("a reply, not a request")]
        if arrival.port == BOOT_SERVER_PORT:
            # REQUEST, or INFORM from some ROMs, from port 68 or 4011.
            if message.message_type not in BOOT_SERVER_QUESTIONS:
                return [Ignore(f"message type {message.message_type} on port {BOOT_SERVER_PORT}")]
            return self._answer_new(message, data, arrival, now)
        if self._stand_in is not None:
            answer = self._stand_in.answer(message, arrival.link, arrival.server, arrival.link_local, now)
            if answer is not None:
                return [answer]
        if message.message_type == MessageType.REQUEST:
            return self._note_request(message)
        if message.message_type != MessageType.DISCOVER:
            return [Ignore(f"message type {message.message_type} is not for a proxy")]
        return self._answer_new(message, data, arrival, now)

    def _is_answered(self, kind: QuestionKind, client: ClientInfo, arrival: Arrival, now: float) -> bool:
        """Whether the proxy has an answer to such a question on this port, and nobody stands in for it."""
        if arrival.port == BOOT_SERVER_PORT:
            return kind.message_type in BOOT_SERVER_QUESTIONS
        if kind.message_type != MessageType.DISCOVER:
            return False
        stand_in = self._stand_in
        return stand_in is None or not stand_in.is_wanted(client.mac, client.xid, kind.is_relayed, arrival.link, now)

    def _answer_new(self, message: DhcpMessage, data: bytes, arrival: Arrival, now: float) -> list[Action]:
        """A question unlike those that came before, or one that is not remembered."""
        client = classify(message)
        if isinstance(client, Ignore):
            # A running system's first question; its REQUEST is heard too, unless it is renewing.
            is_systems = message.message_type == MessageType.DISCOVER and not is_network_boot(message)
            return [_address_asked(message), client] if is_systems else [client]
        layout = find_layout(data)
        kind = QuestionKind(message, client, layout)
        # Of the Raspberry Pi's ROM the hardware address tells, which is no part of what is alike.
        if layout is not None and message.chaddr[:3] not in RASPBERRY_PI_OUIS:
            self._alike.keep(data, layout, kind)
        return self._answer(kind, data, client, arrival, now)

    def _answer(
        self, kind: QuestionKind, data: bytes, client: ClientInfo, arrival: Arrival, now: float
    ) -> list[Action]:
        if arrival.server is None:
            return [Ignore("this computer has no IPv4 address on that network")]
        boot_file = self._choose_boot_file(client, arrival.server)
        if isinstance(boot_file, Ignore):
            return [Ignore(boot_file.reason, boot_file.fix, client)]
        is_offer = arrival.port != BOOT_SERVER_PORT
        message_type = MessageType.OFFER if is_offer else MessageType.ACK
        variant = self._choose_variant(client, message_type, now)
        datagram = kind.answer(data, client, (boot_file, arrival.server, message_type, variant))
        # On port 4011 to where it came from; who has no address (some ROMs broadcast here too) is reached by broadcast.
        destination = kind.destination if is_offer or not int(arrival.source.address) else arrival.source
        return [Send(datagram, destination, client, boot_file)]

    @staticmethod
    def _note_request(message: DhcpMessage) -> list[Action]:
        """A REQUEST on port 67 is for the DHCP server it names; answering it could be taken for a lease
        (RFC 2131 §4.3.2). It tells which address the client is going to have."""
        address = message.address_option(OptionCode.REQUESTED_IP_ADDRESS)
        if address is None and int(message.ciaddr):
            address = message.ciaddr
        server = message.address_option(OptionCode.SERVER_IDENTIFIER)
        ignore = Ignore(f"a request to the DHCP server {server}" if server else "a request to a DHCP server")
        leases = [] if address is None else [Lease(message.mac, address, server)]
        return [*leases, _address_asked(message, address), ignore]


def _address_asked(message: DhcpMessage, address: IPv4Address | None = None) -> AddressAsked:
    return AddressAsked(
        message.mac,
        is_network_boot(message),
        message.xid,
        address,
        message.address_option(OptionCode.SERVER_IDENTIFIER),
        message.options.get(OptionCode.VENDOR_CLASS_IDENTIFIER, b"").decode("ascii", "replace"),
        message.options.get(OptionCode.HOST_NAME, b"").decode("ascii", "replace"),
        message.secs,
        OptionCode.IPXE_ENCAPSULATED in message.options or b"iPXE" in message.options.get(OptionCode.USER_CLASS, b""),
    )

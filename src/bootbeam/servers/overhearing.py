"""What others on the LAN say to the machines that boot: other DHCP servers' answers, second proxies, ARP questions.

Only heard, never answered. An answer sent to everybody is always heard; one addressed to a single machine only where
it passes this computer, which on a switched LAN it does not.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind, Fact
from bootbeam.journal.journal import Record
from bootbeam.net.bursts import BurstReader
from bootbeam.net.interfaces import Interface, list_interfaces
from bootbeam.net.packet_socket import MAX_FRAME_BYTES, Frame, receive_frames
from bootbeam.pxe.dhcp6 import DHCP6_SERVER_PORT
from bootbeam.pxe.reply import BOOT_SERVER_PORT, DHCP_SERVER_PORT
from bootbeam.wire import dhcp4, dhcp4_alike, dhcp6
from bootbeam.wire.arp import decode_arp_reply, encode_arp_probe
from bootbeam.wire.dhcp6_options import decode_duid, decode_ia_na
from bootbeam.wire.frame import ArpQuestion, IpAddress, UdpFrame, decode_frame
from bootbeam.wire.tftp import TFTP_PORT

MAX_EVENTS_PER_S = 50
"""More is a flood; the rest is not journaled."""
STRANGERS_EVERY_S = 60.0
"""How often an answer to a machine that does not boot from the network is told of, per server and kind of answer: it
shows that there is a DHCP server."""
ARP_EVERY_S = 10.0
"""How often it is told that a machine looks for the same address; it asks each second."""
PROBE_EVERY_S = 10.0
"""How often this computer looks for others with its own address, while machines look for it."""
MAX_REMEMBERED = 10_000
MAX_SHOWN_CHARACTERS = 200

BOOT_CLIENTS = (b"PXEClient", b"HTTPClient")
"""How option 60 of a machine that boots from the network begins."""

_ANSWERS = {dhcp4.MessageType.OFFER: "offer", dhcp4.MessageType.ACK: "ack", dhcp4.MessageType.NAK: "nak"}
_ANSWERS6 = {dhcp6.MessageType.ADVERTISE: "advertise", dhcp6.MessageType.REPLY: "reply"}


class KeepPacket(Protocol):
    """Takes a frame that a machine sent or got, for the record of its boot."""

    def __call__(self, mac: str, interface: str, at_s: float, frame: bytes) -> None:
        """Keep ``frame``, which came in on ``interface`` at ``at_s``, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Ear:
    """One packet socket, made by ``net.packet_socket``."""

    sock: socket.socket
    interface: Interface


@dataclass(frozen=True, slots=True)
class _Question:
    """What counts of questions that are alike."""

    kind: int | None
    """The message type; None where nobody would answer it: what asks does not boot, or does not tell what it is."""
    is_relayed: bool


class Overhearing:
    """Listens on all its sockets until stopped. Runs in the asyncio loop that calls ``start``.

    Args:
        ears: opened by the caller, closed by ``stop``.
        record: the journal.
        clock: monotonic seconds.
        is_booting: whether the machine with this MAC boots from the network.
        keep: gets the packets of such machines.
        arrived: told of each question for this station: the machine's MAC, its address, the port, the interface's name.
    """

    def __init__(
        self,
        ears: Sequence[Ear],
        record: Record,
        clock: Callable[[], float],
        is_booting: Callable[[str], bool],
        keep: KeepPacket = lambda mac, interface, at_s, frame: None,
        arrived: Callable[[str, str, int, str], None] = lambda mac, address, port, interface: None,
    ) -> None:
        self._ears = list(ears)
        self._record = record
        self._clock = clock
        self._is_booting = is_booting
        self._keep = keep
        self._arrived = arrived
        self._reader = BurstReader(MAX_FRAME_BYTES)
        self._noted: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._second = 0
        self._events_this_second = 0
        self._own: tuple[Interface | None, Sequence[IpAddress]] = (None, ())
        """The addresses of the interface that was heard last."""
        self._alike: dhcp4_alike.AlikeQuestions[_Question] = dhcp4_alike.AlikeQuestions()

    def start(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        for ear in self._ears:
            loop.add_reader(ear.sock, self._on_readable, ear)

    def stop(self) -> None:
        """Stop listening and close the sockets."""
        loop = asyncio.get_running_loop()
        for ear in self._ears:
            loop.remove_reader(ear.sock)
            ear.sock.close()

    def _on_readable(self, ear: Ear) -> None:
        try:
            frames = [frame for frame in receive_frames(self._reader, ear.sock) if not frame.is_own]
        except OSError:  # the interface is down for now; the DHCP driver tells of that
            return
        # Two turns later: by then the DHCP driver has told of the question that this may be the answer to.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._hear_all, ear, frames)

    def _hear_all(self, ear: Ear, frames: list[Frame]) -> None:
        for frame in frames:
            self.hear(ear.interface, frame)

    def hear(self, interface: Interface, frame: Frame) -> None:
        """One frame that came in on ``interface``."""
        try:
            heard = decode_frame(frame.data)
            if isinstance(heard, ArpQuestion):
                self._note_claim(interface, heard.asker_mac, heard.asker)
                self._hear_arp(interface, heard)
            elif heard is None and (answer := decode_arp_reply(frame.data)) is not None:
                self._note_claim(interface, answer.mac, answer.address)
            elif heard is None or self._is_own(heard, interface):
                return
            elif heard.destination_port == TFTP_PORT:
                if self._is_booting(heard.source_mac):
                    self._keep(heard.source_mac, interface.name, frame.at_s, frame.data)
                    self._note_arrival(interface, heard)
            elif heard.source.version == 4:
                self._hear_dhcp(interface, heard, frame)
            else:
                self._hear_dhcp6(interface, heard, frame)
        except DecodeError:
            return  # what was meant for us the DHCP driver complains about; the rest is others' business

    def _hear_dhcp(self, interface: Interface, heard: UdpFrame, frame: Frame) -> None:
        known = self._alike.find(heard.payload)
        if known is not None:
            self._hear_question(interface, heard, frame, known)
            return
        message = dhcp4.decode_dhcp(heard.payload)
        vendor_class = message.options.get(dhcp4.OptionCode.VENDOR_CLASS_IDENTIFIER, b"")
        if message.op == dhcp4.BOOTREQUEST and len(message.chaddr) == dhcp4_alike.ETHERNET_BYTES:
            is_boot_client = vendor_class.startswith(BOOT_CLIENTS)
            has_architecture = dhcp4.OptionCode.CLIENT_SYSTEM_ARCHITECTURE in message.options
            is_complete = is_boot_client and has_architecture
            question = _Question(message.message_type if is_complete else None, is_relayed=int(message.giaddr) != 0)
            layout = dhcp4_alike.find_layout(heard.payload)
            if layout is not None:
                self._alike.keep(heard.payload, layout, question)
            self._hear_question(interface, heard, frame, question)
            return
        if self._is_booting(message.mac):
            self._keep(message.mac, interface.name, frame.at_s, frame.data)
        answer = next((words for kind, words in _ANSWERS.items() if kind == message.message_type), None)
        is_server = heard.source_port in (DHCP_SERVER_PORT, BOOT_SERVER_PORT)
        if message.op != dhcp4.BOOTREPLY or answer is None or not is_server:
            return
        option = message.options.get
        server = message.address_option(dhcp4.OptionCode.SERVER_IDENTIFIER) or heard.source
        file = message.file or _shown(option(dhcp4.OptionCode.BOOTFILE_NAME, b"").rstrip(b"\0"))
        vendor_specific = option(dhcp4.OptionCode.VENDOR_SPECIFIC)
        netmask = message.address_option(dhcp4.OptionCode.SUBNET_MASK)
        self._note_answer(
            interface,
            message.mac,
            message=answer,
            server=str(server),
            server_mac=heard.source_mac,
            address_given=str(message.yiaddr) if int(message.yiaddr) else None,
            netmask=str(netmask) if netmask is not None else None,
            vendor_class=_shown(vendor_class),
            siaddr=str(message.siaddr) if int(message.siaddr) else None,
            file=_shown(file.encode("utf-8", "replace")) or None,
            server_name=_shown(option(dhcp4.OptionCode.TFTP_SERVER_NAME, b"").rstrip(b"\0")) or None,
            vendor_specific=vendor_specific.hex() if vendor_specific is not None else None,
            port=heard.source_port,
            xid=f"{message.xid:08x}",
        )

    def _hear_question(self, interface: Interface, heard: UdpFrame, frame: Frame, question: "_Question") -> None:
        """A machine asks; what the station would not journal anyway is only kept."""
        mac = heard.payload[dhcp4_alike.CHADDR].hex(":")
        if self._is_booting(mac):
            self._keep(mac, interface.name, frame.at_s, frame.data)
        kind, port = question.kind, heard.destination_port
        if kind is None or not interface.addresses:
            return
        if port == BOOT_SERVER_PORT and kind in (dhcp4.MessageType.REQUEST, dhcp4.MessageType.INFORM):
            self._note_arrival(interface, heard)
        elif port == DHCP_SERVER_PORT and kind == dhcp4.MessageType.DISCOVER and not question.is_relayed:
            self._arrived(mac, "", port, interface.name)

    def _note_arrival(self, interface: Interface, heard: UdpFrame) -> None:
        """A question to this computer's own address."""
        own = {str(address.ip) for address in interface.addresses} | {str(each.ip) for each in interface.addresses6}
        if str(heard.destination) in own:
            self._arrived(heard.source_mac, str(heard.source), heard.destination_port, interface.name)

    def _hear_dhcp6(self, interface: Interface, heard: UdpFrame, frame: Frame) -> None:
        message = dhcp6.decode_dhcp6(heard.payload)
        identifier = message.option(dhcp6.OptionCode.CLIENT_IDENTIFIER)
        is_answer = heard.source_port in (DHCP6_SERVER_PORT, BOOT_SERVER_PORT)
        neighbour = heard.destination_mac if is_answer else heard.source_mac
        mac = neighbour if not message.relays and neighbour != interface.mac else None
        if mac is None or mac.startswith("33:33:"):  # the MAC of an IPv6 multicast address (RFC 2464 §7)
            mac = decode_duid(identifier).mac if identifier else None
        if mac and self._is_booting(mac):
            self._keep(mac, interface.name, frame.at_s, frame.data)
        answer = next((words for kind, words in _ANSWERS6.items() if kind == message.message_type), None)
        if answer is None or not is_answer:
            return
        given = [decode_ia_na(value) for code, value in message.options if code == dhcp6.OptionCode.IA_NA]
        addresses = [address for association in given for address in association.addresses]
        url = message.option(dhcp6.OptionCode.BOOTFILE_URL)
        vendor_class = message.option(dhcp6.OptionCode.VENDOR_CLASS)
        self._note_answer(
            interface,
            mac,
            message=answer,
            server=str(heard.source),
            server_mac=heard.source_mac,
            address_given=str(addresses[0].address) if addresses else None,
            vendor_class=_shown(vendor_class[6:]) if vendor_class else "",
            siaddr=None,
            file=_shown(url) if url else None,
            vendor_specific=None,
            port=heard.source_port,
            xid=f"{message.transaction_id:08x}",
        )

    def _note_answer(self, interface: Interface, mac: str | None, **facts: Fact) -> None:
        if mac is None or not self._is_booting(mac):
            key = ("answer", interface.name, str(facts["server"]), str(facts["message"]))
            if not self._is_due(key, STRANGERS_EVERY_S):
                return
        if self._has_room():
            self._record(EventKind.OTHER_SERVER_ANSWERED, mac=mac, address=None, interface=interface.name, **facts)

    def _hear_arp(self, interface: Interface, question: ArpQuestion) -> None:
        mac = question.asker_mac
        if not self._is_booting(mac) or not self._is_due(("arp", mac, str(question.wanted)), ARP_EVERY_S):
            return
        if self._has_room():
            own = {address.ip for address in interface.addresses}
            self._record(
                EventKind.ADDRESS_SOUGHT,
                mac=mac,
                interface=interface.name,
                address_sought=str(question.wanted),
                asker=str(question.asker) if int(question.asker) else None,
                is_ours=question.wanted in own,
            )

            if question.wanted in own:
                self._probe(interface, question.wanted)

    def _probe(self, interface: Interface, address: IPv4Address) -> None:
        """Ask who else has the address that a machine looks for: its answer goes to us then (RFC 5227 §2.1.1)."""
        ear = next((ear for ear in self._ears if ear.interface is interface), None)
        if ear is None or not self._is_due(("probe", interface.name, str(address)), PROBE_EVERY_S):
            return
        try:
            ear.sock.send(encode_arp_probe(interface.mac, address))
        except (OSError, ValueError):
            return  # the interface is down for now, or is none of Ethernet

    def _note_claim(self, interface: Interface, mac: str, address: IPv4Address) -> None:
        """Somebody else says that an address of ours is its own."""
        if mac == interface.mac or not any(own.ip == address for own in interface.addresses):
            return
        if not self._is_due(("claim", mac, str(address)), STRANGERS_EVERY_S) or not self._has_room():
            return
        # Linux answers for all its addresses by each of its network cards: two in one network are no two computers.
        if all(own.mac != mac for own in list_interfaces()):
            self._record(EventKind.ADDRESS_CLAIMED, interface=interface.name, address_claimed=str(address), claimer=mac)

    def _is_own(self, heard: UdpFrame, interface: Interface) -> bool:
        known, own = self._own
        if known is not interface:
            own = [*(each.ip for each in interface.addresses), *(each.ip for each in interface.addresses6)]
            self._own = interface, own
        return heard.source_mac == interface.mac or heard.source in own

    def _is_due(self, key: tuple[str, ...], every_s: float) -> bool:
        now = self._clock()
        noted_at_s = self._noted.get(key)
        if noted_at_s is not None and now - noted_at_s < every_s:
            return False
        self._noted[key] = now
        self._noted.move_to_end(key)
        if len(self._noted) > MAX_REMEMBERED:
            self._noted.popitem(last=False)
        return True

    def _has_room(self) -> bool:
        second = int(self._clock())
        if second != self._second:
            self._second, self._events_this_second = second, 0
        self._events_this_second += 1
        return self._events_this_second <= MAX_EVENTS_PER_S


def _shown(raw: bytes) -> str:
    """A stranger's bytes, fit for an event: printable ASCII, the rest as hex."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in raw[:MAX_SHOWN_CHARACTERS])

"""Asks the servers on each link at once, and listens for a few seconds. Needs CAP_NET_RAW."""

import errno
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv6Interface

from bootbeam.doctor.questions import Asker, Question, dhcp6_question, dhcp_questions
from bootbeam.errors import DecodeError
from bootbeam.net.arp import open_arp, receive_arp
from bootbeam.net.cards import own_macs
from bootbeam.net.icmpv6 import open_icmpv6, receive_icmpv6, send_icmpv6
from bootbeam.net.interfaces import Interface
from bootbeam.net.packet_socket import open_packet_socket, receive_frame
from bootbeam.wire import dhcp4, dhcp6
from bootbeam.wire.arp import decode_arp_reply, encode_arp_probe
from bootbeam.wire.frame import UdpFrame, decode_frame
from bootbeam.wire.router_discovery import (
    ALL_ROUTERS,
    ROUTER_ADVERTISEMENT,
    RouterAdvertisement,
    decode_router_advertisement,
    encode_router_solicitation,
)

LISTEN_S = 3.6
"""dnsmasq sends three seconds of pings after an address before it offers it; ISC's server one."""
ASK_AGAIN_S = 1.5
"""A question may get lost."""
MAX_ANSWERS = 64
"""Of one kind on one link; a network has two or three."""

_PACKET_ADD_MEMBERSHIP, _PACKET_MR_UNICAST, _SOL_PACKET = 1, 3, 263
"""Linux <linux/if_packet.h>."""
_MREQ = struct.Struct("@iHH8s")


@dataclass(frozen=True, slots=True)
class Answer:
    """One server's answer to one question."""

    question: Question
    source: str
    """The address it came from."""
    source_mac: str
    message: dhcp4.DhcpMessage


@dataclass(frozen=True, slots=True)
class Answer6:
    """One DHCPv6 server's answer."""

    source: str
    source_mac: str
    message: dhcp6.Dhcp6Message


@dataclass(slots=True)
class Link:
    """What was heard on one interface."""

    interface: Interface
    answers: list[Answer] = field(default_factory=list)
    answers6: list[Answer6] = field(default_factory=list)
    routers: dict[str, RouterAdvertisement] = field(default_factory=dict)
    """By their addresses."""
    same_address: dict[str, str] = field(default_factory=dict)
    """Addresses of this computer that another machine says are its own -> that machine's MAC."""
    trouble: str = ""
    """Why nothing could be asked."""
    is_forbidden: bool = False
    """Because only root may."""


def ask(interfaces: Sequence[Interface], listen_s: float = LISTEN_S, *, ipv6: bool = True) -> list[Link]:
    """Ask on all these interfaces, and hear the answers of ``listen_s`` seconds; over IPv6 too unless told not to."""
    links = [Link(interface) for interface in interfaces]
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        askers = [_Asking(link, stack, selector, ipv6=ipv6) for link in links]
        for asking in askers:
            asking.ask(0)
        started_s = time.monotonic()
        again_s: float | None = ASK_AGAIN_S
        if all(link.trouble for link in links):
            return links
        while (passed_s := time.monotonic() - started_s) < listen_s:
            if again_s is not None and passed_s >= again_s:
                again_s = None
                for asking in askers:
                    if not asking.is_answered:
                        asking.ask(int(passed_s))
            until_s = listen_s if again_s is None else min(again_s, listen_s)
            for key, _ in selector.select(max(until_s - passed_s, 0)):
                hear: Callable[[], None] = key.data
                hear()
    return links


class _Asking:
    """The sockets of one link."""

    def __init__(self, link: Link, stack: ExitStack, selector: selectors.BaseSelector, *, ipv6: bool) -> None:
        self._link = link
        self._packets: socket.socket | None = None
        self._arp: socket.socket | None = None
        self._icmp: socket.socket | None = None
        self._selector = selector
        self._own_macs = own_macs()
        self._asker = _asker(link.interface, ipv6=ipv6)
        name = link.interface.name
        try:
            self._packets = stack.enter_context(open_packet_socket(name))
            _hear_for(self._packets, link.interface.index, self._asker.mac)
        except OSError as error:
            link.is_forbidden = error.errno in (errno.EPERM, errno.EACCES)
            link.trouble = error.strerror or str(error)
            return
        selector.register(self._packets, selectors.EVENT_READ, partial(self._hear_frame, self._packets))
        with suppress(OSError):  # the interface went down just now, which is told elsewhere
            self._arp = stack.enter_context(open_arp(name))
            selector.register(self._arp, selectors.EVENT_READ, partial(self._hear_arp, self._arp))
        if not ipv6:
            return
        with suppress(OSError):  # a computer without IPv6
            self._icmp = stack.enter_context(open_icmpv6(name, ROUTER_ADVERTISEMENT))
            selector.register(self._icmp, selectors.EVENT_READ, partial(self._hear_router, self._icmp))

    @property
    def is_answered(self) -> bool:
        """Every kind of machine was offered an address."""
        offered = {answer.question for answer in self._link.answers if int(answer.message.yiaddr)}
        return {Question.PLAIN, Question.BIOS, Question.UEFI} <= offered

    def ask(self, secs: int) -> None:
        if self._packets is None:
            return
        question6 = dhcp6_question(self._asker)
        try:
            for frame in (*dhcp_questions(self._asker, secs), *([question6] if question6 else [])):
                self._packets.send(frame)
            if self._arp is not None:
                for address in self._link.interface.addresses:
                    self._arp.send(encode_arp_probe(self._asker.own_mac, address.ip))
        except OSError as error:
            self._link.trouble = error.strerror or str(error)
            return
        if self._icmp is not None:
            with suppress(OSError):  # no IPv6 address at all on the interface
                send_icmpv6(self._icmp, encode_router_solicitation(), str(ALL_ROUTERS), self._link.interface.name)

    def _hear_frame(self, sock: socket.socket) -> None:
        try:
            frame = receive_frame(sock)
        except OSError as error:
            self._link.trouble = error.strerror or str(error)
            self._selector.unregister(sock)
            return
        if frame is not None and not frame.is_own:
            with suppress(DecodeError):
                self._take(decode_frame(frame.data))

    def _take(self, frame: object) -> None:
        """Keep a frame that answers one of our questions. Raises DecodeError."""
        if not isinstance(frame, UdpFrame):
            return
        source, mac = str(frame.source), frame.source_mac
        if frame.source.version == 6:
            answer6 = dhcp6.decode_dhcp6(frame.payload)
            if answer6.transaction_id == self._asker.transaction_id6 and len(self._link.answers6) < MAX_ANSWERS:
                self._link.answers6.append(Answer6(source, mac, answer6))
            return
        message = dhcp4.decode_dhcp(frame.payload)
        question = self._asker.question_of(message.xid)
        if message.op == dhcp4.BOOTREPLY and question is not None and len(self._link.answers) < MAX_ANSWERS:
            self._link.answers.append(Answer(question, source, mac, message))

    def _hear_arp(self, sock: socket.socket) -> None:
        try:
            frame = receive_arp(sock)
        except OSError:
            self._selector.unregister(sock)
            return
        with suppress(DecodeError):
            reply = decode_arp_reply(frame) if frame else None
            own = {address.ip for address in self._link.interface.addresses}
            # Linux answers on each of its cards for the addresses of all of them.
            if reply is not None and reply.address in own and reply.mac not in self._own_macs:
                self._link.same_address[str(reply.address)] = reply.mac

    def _hear_router(self, sock: socket.socket) -> None:
        try:
            heard = receive_icmpv6(sock)
        except OSError:
            self._selector.unregister(sock)
            return
        if heard is not None and len(self._link.routers) < MAX_ANSWERS:
            with suppress(DecodeError):
                self._link.routers[heard[1]] = decode_router_advertisement(heard[0])


def _asker(interface: Interface, *, ipv6: bool) -> Asker:
    noise = os.urandom(6)
    mac = bytes([noise[0] & 0xFC | 0x02]) + noise[1:]
    link_local: list[IPv6Interface] = [address for address in interface.addresses6 if address.is_link_local]
    return Asker(
        mac=mac.hex(":"),
        guid=os.urandom(16),
        xids={question: int.from_bytes(os.urandom(4), "big") for question in Question},
        transaction_id6=int.from_bytes(os.urandom(3), "big"),
        own_mac=interface.mac.lower(),
        own_address=interface.addresses[0].ip if interface.addresses else None,
        own_address6=link_local[0].ip if link_local and ipv6 else None,
    )


def _hear_for(sock: socket.socket, interface_index: int, mac: str) -> None:
    """Have the card let through what is sent to ``mac``: servers exist that ignore the wish for a broadcast."""
    request = _MREQ.pack(interface_index, _PACKET_MR_UNICAST, 6, bytes.fromhex(mac.replace(":", "")))
    with suppress(OSError):  # most answers are broadcast
        sock.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, request)

"""The packets of a boot, on their way to its record: those heard, and those that the station itself sent."""

from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address

from bootbeam.journal.packets import Packet
from bootbeam.net.interfaces import Interface
from bootbeam.pxe.actions import Destination
from bootbeam.wire.frame import BROADCAST_MAC, Ipv4Conversation, UdpFrame, encode_frame

TO_ALL = IPv4Address("255.255.255.255")

_Ends = tuple[Interface | None, Destination | None, Destination | None]
"""Interface, our end, the other end."""


class PacketKeeping:
    """Gives each packet the attempt it belongs to.

    Args:
        attempt_of: a machine's newest attempt.
        keep: the store.
        clock: seconds since the epoch.
    """

    def __init__(
        self, attempt_of: Callable[[str], str | None], keep: Callable[[Packet], None], clock: Callable[[], float]
    ) -> None:
        self._attempt_of = attempt_of
        self._keep = keep
        self._clock = clock
        self._last: tuple[_Ends, Ipv4Conversation | None] = ((None, None, None), None)
        """What was sent last; the answers to a burst go the same way."""

    def heard(self, mac: str, interface: str, at_s: float, frame: bytes) -> None:
        """A frame that came in."""
        attempt = self._attempt_of(mac)
        if attempt is not None:
            self._keep(Packet(attempt, at_s, interface, frame))

    def sent(self, mac: str, interface: Interface, source: Destination, target: Destination, datagram: bytes) -> None:
        """A datagram that was handed to the kernel: kept in a frame as the kernel makes one of it."""
        attempt = self._attempt_of(mac)
        if attempt is None:
            return
        destination_mac = BROADCAST_MAC if target.address == TO_ALL else mac
        with suppress(ValueError):  # an interface without a MAC, as the loopback: nothing to show in a frame
            frame = self._frame(destination_mac, interface, source, target, datagram)
            self._keep(Packet(attempt, self._clock(), interface.name, frame))

    def _frame(
        self, destination_mac: str, interface: Interface, source: Destination, target: Destination, datagram: bytes
    ) -> bytes:
        known, conversation = self._last
        if known[0] is interface and known[1] is source and known[2] is target and conversation is not None:
            return conversation.frame(destination_mac, datagram)
        if isinstance(source.address, IPv4Address) and isinstance(target.address, IPv4Address):
            conversation = Ipv4Conversation(interface.mac, source.address, source.port, target.address, target.port)
            self._last = (interface, source, target), conversation
            return conversation.frame(destination_mac, datagram)
        frame = UdpFrame(
            source_mac=interface.mac,
            destination_mac=destination_mac,
            source=source.address,
            source_port=source.port,
            destination=target.address,
            destination_port=target.port,
            payload=datagram,
        )
        return encode_frame(frame)

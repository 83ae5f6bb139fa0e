"""A TFTP client for tests, without a socket: RFC 1350 and RFC 7440 from the receiver's side, written from the RFCs."""

import struct
from dataclasses import dataclass, field

from tests import tftp_packets

MAX_TRIES = 6


@dataclass
class Reader:
    """Reads one file. Feed it packets and time; it returns what it sends.

    ``acks_every_unexpected_block``: what edk2 does; otherwise one ACK per gap, as U-Boot does. Either begins to count
    the window anew with each ACK it sends.
    """

    filename: str = "file"
    options: dict[str, int] = field(default_factory=dict)
    acks_every_unexpected_block: bool = True
    timeout_s: float = 4.0

    content: bytes = b""
    is_complete: bool = False
    has_given_up: bool = False
    error: tuple[int, str] | None = None
    told: dict[str, int] = field(default_factory=dict)
    next_timeout_at: float = 0.0

    _blocks: int = 0
    _since_ack: int = 0
    _complained_at: int = -1
    _tries: int = 0
    _last_sent: bytes = b""

    def start(self, now: float) -> list[bytes]:
        request = tftp_packets.rrq(self.filename, *((name, str(value)) for name, value in self.options.items()))
        return self._send(request, now)

    def handle_packet(self, packet: bytes, now: float) -> list[bytes]:
        opcode, number = struct.unpack("!HH", packet[:4])
        if self.error is not None or self.has_given_up:
            return []
        if opcode == 5:
            self.error = (number, packet[4:-1].decode("ascii"))
            return []
        if opcode == 6:
            return self._handle_oack(packet, now)
        assert opcode == 3, packet[:20]
        return self._handle_data(number, packet[4:], now)

    def handle_timer(self, now: float) -> list[bytes]:
        if now < self.next_timeout_at or self.is_complete or self.has_given_up or self.error is not None:
            return []
        self._tries += 1
        if self._tries >= MAX_TRIES:
            self.has_given_up = True
            return []
        self.next_timeout_at = now + self.timeout_s
        return [self._last_sent]

    @property
    def blksize(self) -> int:
        return self.told.get("blksize", 512)

    @property
    def windowsize(self) -> int:
        return self.told.get("windowsize", 1)

    def _handle_oack(self, packet: bytes, now: float) -> list[bytes]:
        if self._blocks:
            return []
        told = {name: int(value) for name, value in tftp_packets.read_oack(packet)}
        assert set(told) <= set(self.options), "an option that was not asked for"
        assert told.get("blksize", 0) <= self.options.get("blksize", 0)
        assert told.get("windowsize", 0) <= self.options.get("windowsize", 0)
        if "timeout" in told:
            assert told["timeout"] == self.options["timeout"]
        assert not self.told or told == self.told, "the terms changed"
        self.told = told
        return self._send(tftp_packets.ack(0), now)

    def _handle_data(self, number: int, payload: bytes, now: float) -> list[bytes]:
        if self.is_complete or number != (self._blocks + 1) & 0xFFFF:
            return self._handle_unexpected(now)
        assert len(payload) <= self.blksize
        self._blocks += 1
        self._since_ack += 1
        self._tries = 0
        self.content += payload
        self.next_timeout_at = now + self.timeout_s
        self.is_complete = len(payload) < self.blksize
        if self.is_complete or self._since_ack == self.windowsize:
            return self._acknowledge(now)
        return []

    def _handle_unexpected(self, now: float) -> list[bytes]:
        if not self.acks_every_unexpected_block and self._complained_at == self._blocks and not self.is_complete:
            return []
        self._complained_at = self._blocks
        return self._acknowledge(now)

    def _acknowledge(self, now: float) -> list[bytes]:
        self._since_ack = 0
        return self._send(tftp_packets.ack(self._blocks), now)

    def _send(self, packet: bytes, now: float) -> list[bytes]:
        self._last_sent = packet
        self.next_timeout_at = now + self.timeout_s
        return [packet]

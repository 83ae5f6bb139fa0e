"""One file on its way to one client: RFC 1350 with options (RFC 2347) and windows (RFC 7440), without a socket.

The request starts it: the driver hands the RRQ to ``handle_datagram``, and every later datagram of that client.
"""

from enum import Enum, auto

from bootbeam.errors import DecodeError
from bootbeam.tftp.actions import Action, Failed, Finished, Ignore, Send, SendWindow, SizeProbed, TransferStats
from bootbeam.tftp.negotiation import Caps, negotiate
from bootbeam.wire.tftp import Error, ErrorCode, Opcode, Rrq, decode_ack_block, decode_packet, encode_ack, encode_oack

FIRST_RETRANSMISSION_S = 1.0
"""Clients' own timers are 1 to 5 s (edk2: 4 s), so the first must not wait longer."""
LONGEST_WAIT_S = 8.0
"""The wait doubles with each retransmission up to this one."""
MAX_RETRANSMISSIONS = 5
"""In a row without an answer: after 1, 3, 7, 15 and 23 s, and given up after 31 s."""
FRESH_REQUEST_AFTER_S = 1.0
"""A request repeated in mid-transfer is a late copy when the client was heard so shortly before, else it began anew."""
PROBE_ERRORS = (ErrorCode.UNDEFINED, ErrorCode.ILLEGAL_OPERATION, ErrorCode.OPTION_REFUSED)
"""How a size probe ends: BIOS ROMs send 0 "TFTP Aborted", edk2 8 "User aborted the transfer", others 4."""
_ACK_OPCODE = Opcode.ACK.to_bytes(2, "big")
_ACK_OF_OACK = encode_ack(0)


class _Phase(Enum):
    NEW = auto()
    OFFERED = auto()
    """The OACK is out, ACK 0 is awaited."""
    SENDING = auto()
    OVER = auto()


class ReadTransfer:
    """Serves one read request.

    A window goes out when the one before it is acknowledged, when an ACK inside it tells of a gap, or when the timer
    runs out. A duplicate ACK never sends anything (RFC 1123 §4.2.3.1, the Sorcerer's Apprentice).

    With windows there is a second apprentice. The window restarted after an ACK inside it (RFC 7440 §4) has blocks that
    the client may receive twice, and clients (edk2 for one) answer a block they have already with an ACK of their
    newest, which may again lie inside the window: were each of these to restart it, one packet doubled by the network
    would have the rest of the file sent twice. So until the client acknowledges a block first sent by the restart, such
    ACKs move the window on without sending anything again.

    Args:
        request: what the client asked for.
        size_bytes: of the file, fixed for the whole transfer.
        caps: the most that is granted.
    """

    def __init__(self, request: Rrq, size_bytes: int, caps: Caps) -> None:
        self.request = request
        self.size_bytes = size_bytes
        self.terms = negotiate(request, size_bytes, caps)
        self._last_block = size_bytes // self.terms.blksize + 1
        self._phase = _Phase.NEW
        self._acked = 0
        self._sent = 0
        self.first_sent = 1
        """Where the window begins that ``take_expected_ack`` asked for; absolute."""
        self._restarted_up_to = 0
        """The last block that the newest restart may have sent for a second time."""
        self._tries = 0
        self._first_wait_s = float(self.terms.timeout_s or FIRST_RETRANSMISSION_S)
        self._wait_s = self._first_wait_s
        self._retransmissions = 0
        self._started_at = 0.0
        self._heard_at = 0.0
        self._deadline: float | None = None
        self._expected_ack = b""
        """The ACK of all that is on its way, the OACK or a window, when there is more to come after it; empty at any
        other time."""

    @property
    def is_over(self) -> bool:
        """Whether it finished, failed or was only a probe: nothing more will come of it."""
        return self._phase is _Phase.OVER

    @property
    def acknowledged_bytes(self) -> int:
        """How much of the file the client has for certain."""
        return min(self._acked * self.terms.blksize, self.size_bytes)

    @property
    def retransmissions(self) -> int:
        """DATA packets and OACKs sent again so far."""
        return self._retransmissions

    def next_deadline(self) -> float | None:
        """When ``handle_timer`` wants to be called; None when the transfer is over or not begun."""
        return self._deadline

    def handle_datagram(self, data: bytes, now: float) -> list[Action]:
        """What a datagram from this client leads to. ``now`` is any clock's seconds that never run backwards."""
        block = decode_ack_block(data)
        if block is not None:
            return self._handle_ack(block, now)
        try:
            packet = decode_packet(data)
        except DecodeError as error:
            return [Ignore(str(error), malformed=True)]
        if self.is_over:
            return [Ignore("the transfer is over")]
        match packet:
            case Rrq():
                return self._handle_request(packet, now)
            case Error():
                return [self._handle_error(packet)]
            case _:
                return [Ignore(f"a reader does not send {type(packet).__name__.upper()}")]

    def take_expected_ack(self, data: bytes, now: float) -> int:
        """The quick way for what nearly every datagram is: the ACK of the whole window, with more of the file to come.

        The same as ``handle_datagram``, which makes a list with one action for it; this makes nothing.

        Returns:
            How many blocks are to be sent now, from ``first_sent`` on; 0: it was something else, nothing was done, and
            it is for ``handle_datagram``.
        """
        if data != self._expected_ack:
            return 0
        self._phase = _Phase.SENDING
        acked = self._acked = self._sent
        self.first_sent = acked + 1
        self._heard_at = now
        self._tries = 0
        self._wait_s = self._first_wait_s
        sent = acked + self.terms.windowsize
        if sent < self._last_block:
            self._expected_ack = _ACK_OPCODE + (sent & 0xFFFF).to_bytes(2, "big")
        else:
            sent = self._last_block
            self._expected_ack = b""
        self._sent = sent
        self._deadline = now + self._first_wait_s
        return sent - acked

    @property
    def sent_block(self) -> int:
        """The last block on its way, absolute."""
        return self._sent

    @property
    def expects_window_ack(self) -> bool:
        """Whether the ACK of ``sent_block``, 0 for the OACK's, asks for nothing but the next window."""
        return bool(self._expected_ack)

    def catch_up(self, sent_block: int, heard_at: float) -> None:
        """Windows up to ``sent_block`` went out without this machine, each on the ACK of the one before, the newest of
        which came at ``heard_at``: the state is as if ``take_expected_ack`` had been called for each."""
        if sent_block == self._sent:
            return
        self._phase = _Phase.SENDING
        windows_before = (sent_block - self._sent - 1) // self.terms.windowsize
        self._acked = self._sent + windows_before * self.terms.windowsize
        self._heard_at = heard_at
        self._tries = 0
        self._wait_s = self._first_wait_s
        self._move_window(heard_at)

    def handle_timer(self, now: float) -> list[Action]:
        """Send again what has not been answered in time, or give up."""
        if self._deadline is None or now < self._deadline:
            return []
        if self._tries >= MAX_RETRANSMISSIONS:
            return [self._fail(self._why_silent())]
        self._tries += 1
        if self.terms.timeout_s is None:
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        self._restarted_up_to = 0
        return [self._answer_request(now) if self._phase is _Phase.OFFERED else self._next_window(now)]

    def handle_port_closed(self) -> Failed | Ignore:
        """The client's computer says, by ICMP, that nobody listens where the last datagram was sent."""
        if self.is_over:
            return Ignore("the transfer is over")
        if self._sent == self._last_block:
            return self._fail("the client closed its port without acknowledging the last block, it may well have it")
        return self._fail("the client closed its port, or a firewall on it rejects what is sent there")

    def _handle_ack(self, block: int, now: float) -> list[Action]:
        if self._phase is _Phase.OFFERED:
            if block != 0:
                return [Ignore("ACK of a block before the OACK is acknowledged")]
            self._phase = _Phase.SENDING
        elif self._phase is _Phase.SENDING:
            advance = (block - self._acked) & 0xFFFF
            if advance == 0:
                return [Ignore("duplicate ACK")]
            if advance > self._sent - self._acked:
                return [Ignore("ACK of a block that is not on its way")]
            self._acked += advance
        else:
            return [Ignore("no transfer under way")]
        self._heard_at = now
        self._tries = 0
        self._wait_s = self._first_wait_s
        if self._acked == self._last_block:
            return [self._finish(now)]
        if self._acked < self._sent:
            return self._handle_ack_inside_window(now)
        return [self._next_window(now)]

    def _handle_ack_inside_window(self, now: float) -> list[Action]:
        if self._acked > self._restarted_up_to:
            self._restarted_up_to = self._sent
            return [self._next_window(now)]
        first_block = self._sent + 1
        self._move_window(now)
        if self._sent < first_block:
            return [Ignore("all that is left is on its way")]
        return [SendWindow(first_block, self._sent - first_block + 1)]

    def _handle_request(self, request: Rrq, now: float) -> list[Action]:
        """The request itself, a repeated one because our answer was lost, or a client that begins anew."""
        if request != self.request:
            return [self._leave()]
        if self._phase is _Phase.NEW:
            self._started_at = now
        elif self._phase is _Phase.SENDING and (self._acked > 0 or self.terms.oack):
            if now - self._heard_at < FRESH_REQUEST_AFTER_S:
                return [Ignore("late copy of the request")]
            return [self._fail("the client began anew")]
        self._heard_at = now
        return [self._answer_request(now)]

    def _answer_request(self, now: float) -> Action:
        if not self.terms.oack:
            self._phase = _Phase.SENDING
            return self._next_window(now)
        if self._phase is _Phase.OFFERED:
            self._retransmissions += 1
        self._phase = _Phase.OFFERED
        self._expected_ack = _ACK_OF_OACK
        self._deadline = now + self._wait_s
        return Send(encode_oack(self.terms.oack))

    def _next_window(self, now: float) -> SendWindow:
        """The window after the last acknowledged block. What of it was sent before is sent again (RFC 7440 §4)."""
        self._retransmissions += self._sent - self._acked
        self._move_window(now)
        return SendWindow(self._acked + 1, self._sent - self._acked)

    def _move_window(self, now: float) -> None:
        self._sent = min(self._acked + self.terms.windowsize, self._last_block)
        self._deadline = now + self._wait_s
        self._expected_ack = encode_ack(self._sent & 0xFFFF) if self._sent < self._last_block else b""

    def _handle_error(self, error: Error) -> Action:
        said = f"ERROR {error.code}" + (f" {error.message!r}" if error.message else "")
        if self._acked == 0 and self.terms.tells_size and error.code in PROBE_ERRORS:
            self._end()
            return SizeProbed()
        if self._phase is _Phase.OFFERED:
            granted = ", ".join(f"{name} {value}" for name, value in self.terms.oack)
            return self._fail(f"the client refused the OACK ({granted}) with {said}", error)
        return self._fail(f"the client ended it after block {self._acked} of {self._last_block} with {said}", error)

    def _leave(self) -> Action:
        """The client asks for something else from the same port: the ERROR that ended this one was lost."""
        if self._phase is _Phase.OFFERED and self.terms.tells_size:
            self._end()
            return SizeProbed()
        return self._fail("the client asked for something else from the same port")

    def _why_silent(self) -> str:
        if self._phase is _Phase.OFFERED:
            return "the client never acknowledged the OACK: maybe a firewall between, or an address it cannot reach"
        if self._acked == 0:
            return (
                f"block 1 was never acknowledged: packets of {self.terms.blksize} bytes may not get through, "
                "a smaller block size may help"
            )
        if self._sent == self._last_block:
            return "the last block was never acknowledged, though the client may well have it"
        return f"the client fell silent after block {self._acked} of {self._last_block}"

    def _finish(self, now: float) -> Finished:
        self._end()
        duration_s = now - self._started_at
        terms = self.terms
        return Finished(
            TransferStats(self.size_bytes, duration_s, self._retransmissions, terms.blksize, terms.windowsize)
        )

    def _fail(self, reason: str, error: Error | None = None) -> Failed:
        self._end()
        return Failed(reason) if error is None else Failed(reason, error.code, error.message)

    def _end(self) -> None:
        self._phase = _Phase.OVER
        self._deadline = None
        self._expected_ack = b""

"""One transfer at work: the pure machine, its socket, its file, and what the journal hears of it."""

import errno
import functools
import os
import socket
from dataclasses import dataclass

from bootbeam.journal.events import EventKind, Fact
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, ContentChanged, Peer
from bootbeam.net import brief_calls
from bootbeam.servers.tftp_blocks import BlockSender, SharedReads
from bootbeam.servers.tftp_notes import DroppedDatagrams
from bootbeam.servers.tftp_socket import largest_blksize
from bootbeam.servers.tftp_turn import MAX_REPLY_BYTES, Handed, SharedTransfer
from bootbeam.tftp.actions import Action, Failed, Finished, Ignore, Send, SendWindow, SizeProbed, TransferStats
from bootbeam.tftp.transfer import ReadTransfer
from bootbeam.wire.tftp import ErrorCode, encode_error

PROGRESS_EVERY_S = 0.25
PROGRESS_AFTER_S = 0.5
"""Shorter transfers show no progress."""
MAX_KNOWN_WORDS = 256
"""Many machines ask for the same."""
MAX_WAITING_DATAGRAMS = 16
"""Of a transfer that are looked at before a further request of its client."""

_DESCRIBED_ERRORS = {
    errno.EPERM: "a firewall on this computer forbids sending to the client (see: nft list ruleset)",
    errno.ENETUNREACH: "there is no route to the client (see: ip route)",
    errno.EHOSTUNREACH: "the client does not answer ARP",
    errno.ENETDOWN: "the interface is down (see: ip link)",
}


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """What the journal and the server know a transfer by."""

    transfer_id: str
    client: tuple[str, int]
    """Address and port."""
    peer: Peer


class TransferSession:
    """Drives one ``ReadTransfer``. Owns ``sock`` and ``content``; ``close`` gives both back.

    Every ``on_`` method may end the transfer, or leave it waiting for room: ``is_over`` and ``is_blocked`` say so. A
    network error never leaves them; any other exception that does is a bug.
    """

    def __init__(
        self,
        identity: SessionIdentity,
        sock: socket.socket,
        content: Content,
        machine: ReadTransfer,
        record: Record,
        dropped: DroppedDatagrams,
        reads: SharedReads,
    ) -> None:
        self._reads = reads
        reads.join(content)
        self.identity = identity
        self.is_over = False
        """Nothing more will come of it: to be closed."""
        self.is_blocked = False
        """The socket took only a part of the window: to be told by ``on_writable`` when there is room again."""
        self._sock = sock
        self._receive = sock.recv
        self._content = content
        self._machine = machine
        self._record_event = record
        self._dropped = dropped
        self.shared: SharedTransfer | None = None
        """What ``tftp_turn.c`` knows of it, when that has a part in it."""
        self._blocks = BlockSender(sock, content, machine.terms.blksize, reads)
        self._request_data = b""
        self._requests = 0
        self._is_started = False
        self._send_trouble = ""
        self._next_progress_at = float("inf")
        self._shown_bytes = 0

    def fileno(self) -> int:
        """The socket's descriptor, to wait for."""
        return self._sock.fileno()

    @property
    def windowsize(self) -> int:
        """Blocks of a window."""
        return self._machine.terms.windowsize

    def close(self) -> None:
        """Give back the socket and the file."""
        if self.shared is not None:
            self.shared.end()
            self.shared = None
        brief_calls.close(self._sock)
        self._reads.leave(self._content)
        self._content.close()

    def share(self, shared: SharedTransfer, read_ahead_bytes: int) -> None:
        """Have the ACKs of whole windows taken by ``tftp_turn.c``.

        From now on ``collect`` has to come before any other step, and ``publish`` after it.
        """
        self.shared = shared
        self._blocks.share(shared, read_ahead_bytes)
        row = shared.row
        row.last_block = self._blocks.last_block
        row.windowsize, row.blksize = self._machine.terms.windowsize, self._machine.terms.blksize

    def collect(self) -> None:
        """Learn what was sent without this object."""
        if self.shared is not None and self.shared.row.is_awaiting:
            row = self.shared.row
            self._machine.catch_up(row.sent, row.heard_at)
            if row.sent and not self._is_started:
                self._start(row.heard_at)

    def publish(self) -> None:
        """Say which ACK may be taken without this object."""
        if self.shared is None:
            return
        row = self.shared.row
        row.is_awaiting = self._machine.expects_window_ack and not self.is_blocked
        row.sent = self._machine.sent_block

    def on_request(self, data: bytes, now: float) -> None:
        """The request that starts it, a copy of it that came to the server's port, or another from the same port."""
        if self._requests:
            self._take_waiting(now)
        if self.is_over:
            return
        self._perform_all(self._machine.handle_datagram(data, now), now)
        if self._request_data in (b"", data):
            self._request_data = data
            self._note_request()

    def advance(self, now: float) -> bool:
        """A datagram, or an ICMP error, has come for this transfer.

        Returns:
            Whether all is as before, as after nearly every ACK: it is not over, and blocked only if it was.
        """
        try:
            data = self._receive(MAX_REPLY_BYTES)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError as error:
            self._on_network_error(error)
            return False
        return self._take(data, now)

    def advance_handed(self, handed: Handed, now: float) -> bool:
        """``advance`` with what ``tftp_turn.c`` has received."""
        if handed.errno:
            self._on_network_error(OSError(handed.errno, os.strerror(handed.errno)))
            return False
        return self._take(handed.datagram, now, handed.blocks_sent)

    def _take_waiting(self, now: float) -> None:
        """What came before a further request, the last ACK for one: another socket has told of the request first."""
        for _ in range(MAX_WAITING_DATAGRAMS):
            if self.is_over:
                return
            try:
                data = self._receive(MAX_REPLY_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                self._on_network_error(error)
                return
            self._take(data, now)

    def _take(self, data: bytes, now: float, already_sent: int = 0) -> bool:
        self._send_trouble = ""
        count = self._machine.take_expected_ack(data, now)
        if not count:
            self._perform_all(self._machine.handle_datagram(data, now), now)
            return False
        if not self._is_started:
            self._start(now)
        try:
            is_blocked = not self._blocks.send(self._machine.first_sent, count, already_sent)
        except OSError as error:
            self._on_network_error(error)
        except ContentChanged as error:
            self._abandon(str(error))
        else:
            was_blocked, self.is_blocked = self.is_blocked, is_blocked
            return is_blocked == was_blocked
        return False

    def on_writable(self) -> None:
        """The socket takes more of the window that did not fit."""
        try:
            self.is_blocked = not self._blocks.resume()
        except OSError as error:
            self._on_network_error(error)
        except ContentChanged as error:
            self._abandon(str(error))

    def on_tick(self, now: float) -> None:
        """Time has passed: retransmit when it is due, tell how far it is."""
        deadline = self._machine.next_deadline()
        if deadline is not None and now >= deadline:
            self._perform_all(self._machine.handle_timer(now), now)
        sent_bytes = self._machine.acknowledged_bytes
        if now >= self._next_progress_at and sent_bytes != self._shown_bytes and not self.is_over:
            self._next_progress_at = now + PROGRESS_EVERY_S
            self._shown_bytes = sent_bytes
            self._record(EventKind.TRANSFER_PROGRESS, sent_bytes=sent_bytes, size_bytes=self._content.size_bytes)

    def cancel(self, reason: str) -> None:
        """End it from this side: the client is told, the journal too."""
        if not self.is_over:
            self._abandon(reason)

    def _perform_all(self, actions: list[Action], now: float) -> None:
        for action in actions:
            if self.is_over:
                return
            try:
                self._perform(action, now)
            except OSError as error:
                self._on_network_error(error)
            except ContentChanged as error:
                self._abandon(str(error))

    def _perform(self, action: Action, now: float) -> None:
        match action:
            case SendWindow():
                if not self._is_started:
                    self._start(now)
                self.is_blocked = not self._blocks.send(action.first_block_index, action.count)
            case Send():
                brief_calls.send(self._sock, action.data)
            case Finished():
                self._blocks.check_content()
                self._finish(action.stats)
            case Failed():
                reason = f"{action.reason}; {self._send_trouble}" if self._send_trouble else action.reason
                self._fail(reason, action.error_code, action.error_text)
            case SizeProbed():
                self.is_over = True
                self._record(
                    EventKind.SIZE_PROBED,
                    protocol="tftp",
                    file=self._content.name,
                    size_bytes=self._content.size_bytes,
                )
            case Ignore(malformed=True):
                peer = self.identity.peer
                self._dropped.add(peer.address, peer.interface, self._sock.getsockname()[1], action.reason)
            case Ignore():
                pass

    def _start(self, now: float) -> None:
        """Only now: a size probe ends before the first block and is no transfer to a person."""
        self._is_started = True
        self._next_progress_at = now + PROGRESS_AFTER_S
        self._record(
            EventKind.TRANSFER_STARTED,
            protocol="tftp",
            file=self._content.name,
            size_bytes=self._content.size_bytes,
            offset=0,
            blksize=self._machine.terms.blksize,
            windowsize=self._machine.terms.windowsize,
        )

    def _finish(self, stats: TransferStats) -> None:
        self.is_over = True
        version = self._content.version
        sha256 = version.sha256() if version is not None else None
        self._record(
            EventKind.TRANSFER_FINISHED,
            protocol="tftp",
            file=self._content.name,
            size_bytes=stats.size_bytes,
            duration_s=stats.duration_s,
            retransmissions=stats.retransmissions,
            blksize=stats.blksize,
            windowsize=stats.windowsize,
            version_sha256=sha256[:12] if sha256 is not None else None,
            version_mtime_s=version.mtime_s if version is not None else None,
            role=self._content.role,
        )

    def _note_request(self) -> None:
        self._requests += 1
        self._record(
            EventKind.READ_REQUESTED,
            file=self._content.name,
            source_port=self.identity.client[1],
            asked=_words_of(tuple((option.name, option.number()) for option in self._machine.request.options)),
            granted=_words_of(self._machine.terms.oack),
            times=self._requests,
        )

    def _fail(self, reason: str, error_code: int | None = None, error_text: str = "") -> None:
        self.is_over = True
        machine = self._machine
        is_first = machine.acknowledged_bytes == 0
        self._record(
            EventKind.TRANSFER_FAILED,
            protocol="tftp",
            file=self._content.name,
            sent_bytes=machine.acknowledged_bytes,
            size_bytes=self._content.size_bytes,
            reason=reason,
            acked_bytes=machine.acknowledged_bytes,
            retransmissions=machine.retransmissions,
            blksize=machine.terms.blksize,
            windowsize=machine.terms.windowsize,
            stage="options" if not self._is_started else "first-block" if is_first else "blocks",
            error_code=error_code,
            error_text=error_text or None,
        )

    def _abandon(self, reason: str) -> None:
        try:
            self._sock.send(encode_error(ErrorCode.UNDEFINED, reason))
        except OSError as error:  # the client cannot be told; the journal still is
            self._send_trouble = str(error)
        self._fail(reason)

    def _on_network_error(self, error: OSError) -> None:
        """A refused port and a shrunk path end the transfer; the rest is like a lost packet: the timer sees to it."""
        if self.is_over:
            return
        if error.errno == errno.ECONNREFUSED:
            self._fail(self._machine.handle_port_closed().reason)
        elif error.errno == errno.EMSGSIZE:
            # The agreed blksize cannot change any more. The kernel now knows the path's MTU, so that the client's next
            # request is granted a block that fits.
            self._abandon(f"the way to the client takes blocks of {largest_blksize(self._sock)} bytes only, ask again")
        elif error.errno == errno.EFAULT:  # sent from the pages of a file, one of which the disk does not give
            self._abandon(f"{self._content.name} can no longer be read")
        else:
            self._send_trouble = _DESCRIBED_ERRORS.get(error.errno or 0, error.strerror or str(error))

    def _record(self, kind: EventKind, **facts: Fact) -> None:
        peer = self.identity.peer
        self._record_event(
            kind,
            mac=None,
            address=peer.address,
            interface=peer.interface,
            transfer=self.identity.transfer_id,
            **facts,
        )


@functools.lru_cache(MAX_KNOWN_WORDS)
def _words_of(options: tuple[tuple[str, int | None], ...]) -> str:
    """Options for people. A name is printable ASCII, or the decoder has dropped it; a value may be anything."""
    return " ".join(f"{name}={'?' if number is None else number}" for name, number in options)

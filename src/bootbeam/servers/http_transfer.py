"""One download as the journal tells it: started, under way, finished or failed."""

from collections.abc import Callable
from functools import partial
from itertools import count

from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, Peer
from bootbeam.servers.block_reads import BlockReads
from bootbeam.servers.http_body import STALL_TOLD_AFTER_S

PROGRESS_AFTER_S = 0.5
"""A transfer that is over sooner is not worth a progress bar."""
PROGRESS_EVERY_S = 0.25
SHA256_DIGITS = 12
"""How much of a version's digest the journal names."""

_numbers = count(1)


class Transfer:
    """Records the events of one download.

    Args:
        record: the journal.
        peer: who downloads.
        content: what.
        offset: where the part sent begins; 0 for a whole file.
        size_bytes: how long that part is.
        clock: seconds, never going back.
        status: of the answer.
    """

    def __init__(
        self,
        record: Record,
        peer: Peer,
        content: Content,
        offset: int,
        size_bytes: int,
        clock: Callable[[], float],
        status: int = 200,
    ) -> None:
        self._content = content
        self._answer = {"status": status, "user_agent": peer.user_agent}
        self._clock = clock
        self._started_s = clock()
        self._shown_s = self._started_s + PROGRESS_AFTER_S - PROGRESS_EVERY_S
        self.sent_bytes = 0
        self._write = partial(
            record,
            address=peer.address,
            interface=peer.interface,
            transfer=f"http-{next(_numbers)}",
            size_bytes=size_bytes,
        )
        self._write_named = partial(self._write, protocol=peer.protocol, file=content.name, offset=offset)

    def started(self) -> None:
        """The headers are about to go out."""
        self._write_named(EventKind.TRANSFER_STARTED, **self._answer)

    def progress(self, sent_bytes: int) -> None:
        """``sent_bytes`` have gone out so far; recorded now and then."""
        self.sent_bytes = sent_bytes
        now_s = self._clock()
        if now_s - self._shown_s < PROGRESS_EVERY_S:
            return
        self._shown_s = now_s
        self._write(EventKind.TRANSFER_PROGRESS, sent_bytes=sent_bytes)

    def stalled(self, sent_bytes: int) -> None:
        """The client takes nothing at present; ``sent_bytes`` have reached it."""
        self._write_named(
            EventKind.TRANSFER_STALLED,
            role=self._content.role,
            sent_bytes=sent_bytes,
            stalled_s=STALL_TOLD_AFTER_S,
        )

    def resumed(self, sent_bytes: int, stalled_s: float) -> None:
        """The client takes bytes again, after it took none for ``stalled_s``; ``sent_bytes`` have reached it."""
        self._write_named(
            EventKind.TRANSFER_RESUMED, role=self._content.role, sent_bytes=sent_bytes, stalled_s=round(stalled_s, 1)
        )

    def finished(self) -> None:
        """The client has it all."""
        version = self._content.version
        sha256 = version.sha256() if version else None
        self._write_named(
            EventKind.TRANSFER_FINISHED,
            duration_s=self._clock() - self._started_s,
            version_sha256=sha256[:SHA256_DIGITS] if sha256 is not None else None,
            version_mtime_s=version.mtime_s if version else None,
            role=self._content.role,
        )

    def failed(self, reason: str) -> None:
        """The client did not get it all."""
        self._write_named(EventKind.TRANSFER_FAILED, role=self._content.role, sent_bytes=self.sent_bytes, reason=reason)


class PieceTransfer(Transfer):
    """One of thousands that read one file piece by piece: those that go well are only counted.

    Args:
        reads: counts them.
        peer: who downloads.
        content: of what.
        offset: where the piece begins.
        size_bytes: how long it is.
        clock: seconds, never going back.
    """

    def __init__(
        self, reads: BlockReads, peer: Peer, content: Content, offset: int, size_bytes: int, clock: Callable[[], float]
    ) -> None:
        self._reads = reads
        self._what = (peer, content, offset, size_bytes, clock)
        self.sent_bytes = 0

    def started(self) -> None:
        """Not told."""

    def progress(self, sent_bytes: int) -> None:
        """Not told."""
        self.sent_bytes = sent_bytes

    def stalled(self, sent_bytes: int) -> None:
        """Not told."""

    def resumed(self, sent_bytes: int, stalled_s: float) -> None:
        """Not told."""

    def finished(self) -> None:
        """Counted."""
        peer, content, _, size_bytes, _ = self._what
        self._reads.finished(peer.address, peer.interface, peer.protocol, content.name, size_bytes)

    def failed(self, reason: str) -> None:
        """Told like that of any other."""
        transfer = Transfer(self._reads, *self._what, status=206)
        transfer.sent_bytes = self.sent_bytes
        transfer.failed(reason)

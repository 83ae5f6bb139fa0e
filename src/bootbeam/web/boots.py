"""Past boots as the page shows them: those on disk, and those in memory where none are kept or they are newer.

Everything here reads a disk, so it is called in a thread of its own. Secrets are left out, as in an export.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bootbeam.journal.events import Event
from bootbeam.journal.export import BootReport
from bootbeam.journal.redaction import redact_event, redact_summary
from bootbeam.journal.summary import Summary

if TYPE_CHECKING:
    from bootbeam.journal.boot_database import BootRecords


Found = TypeVar("Found")


class Boots:
    """Reads boots.

    Args:
        path: the database of the station; None, or nothing there: only what is in memory counts.
        recent_events: the newest events, oldest first.
        recent: boots in memory.
    """

    def __init__(
        self, path: Path | None, recent_events: Callable[[], Sequence[Event]], recent: Sequence[Summary]
    ) -> None:
        self._path = path
        self._recent_events = recent_events
        self._recent = {summary.attempt: summary for summary in recent}

    def newest(self, limit: int, mac: str | None = None, before: str | None = None) -> list[Summary]:
        """The newest boots, newest first; of one machine only, and older ones than the boot ``before`` only."""
        before_s = None
        if before is not None:
            oldest = self.find(before)
            before_s = oldest.began_at_s if oldest else None
        none: list[Summary] = []
        kept = self._kept(lambda records: records.newest(limit, mac, before_s), none)
        found = {each.attempt: each for each in kept}
        for each in self._recent.values():
            is_asked_for = mac in (None, each.mac) and (before_s is None or each.began_at_s < before_s)
            if is_asked_for and (each.attempt not in found or each.last_at_s >= found[each.attempt].last_at_s):
                found[each.attempt] = each
        newest = sorted(found.values(), key=lambda each: each.began_at_s, reverse=True)[:limit]
        return [redact_summary(each) for each in newest]

    def find(self, attempt: str) -> Summary | None:
        """One boot; None when there is none of that id."""
        kept = self._summary(attempt)
        recent = self._recent.get(attempt)
        newer = recent if recent and (kept is None or recent.last_at_s >= kept.last_at_s) else kept
        return redact_summary(newer) if newer else None

    def events(self, attempt: str) -> list[Event]:
        """Its events, oldest first; those that are not written yet among them."""
        written = self._summary(attempt)
        none: list[Event] = []
        kept = self._kept(lambda records: records.events(attempt), none) if written else none
        # More may have been written between the two readings, and of very long boots not every event is.
        until_s = max([written.last_at_s, *(each.at_s for each in kept[-1:])]) if written else 0.0
        waiting = [each for each in self._of(attempt) if each.at_s > until_s]
        return [redact_event(event) for event in (*kept, *waiting)]

    def report(self, summary: Summary) -> BootReport:
        """What an export of it holds."""
        from bootbeam.journal.export import gather_report

        def gather(records: "BootRecords") -> BootReport | None:
            return gather_report(records, summary) if records.summary(summary.attempt) else None

        return self._kept(gather, None) or BootReport(summary, self._of(summary.attempt), [], [], "", "")

    def _kept(self, read: Callable[["BootRecords"], Found], otherwise: Found) -> Found:
        """What is on disk; a database that is not there, broken or locked counts as an empty one."""
        if self._path is None or not self._path.exists():
            return otherwise
        # Imported here: the database's library takes a tenth of a second.
        from sqlalchemy.exc import SQLAlchemyError

        from bootbeam.journal.boot_database import BootRecords

        try:
            with BootRecords(self._path) as records:
                return read(records)
        except (SQLAlchemyError, OSError):
            return otherwise

    def _summary(self, attempt: str) -> Summary | None:
        return self._kept(lambda records: records.summary(attempt), None)

    def _of(self, attempt: str) -> list[Event]:
        return [event for event in self._recent_events() if event.attempt == attempt]

"""Events and packets on their way into the database: batches of them, and what is done when that cannot be written."""

import sqlite3
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from bootbeam.journal.attempts import is_older
from bootbeam.journal.boot_database import Batch, BootDatabase, Limits
from bootbeam.journal.boot_store import Complain, Keeping, tell_left_out
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.packets import Packet
from bootbeam.journal.summary import Summary

MAX_WAITING = 20_000
"""Events and packets that wait for a database that cannot be written; the oldest go."""
MAX_BATCH = 5_000
MAX_EVENTS_PER_ATTEMPT = 2_000
"""A live system fetches files by the thousand; past this only what says how far it is is kept, up to the next limit."""
MAX_TELLING_EVENTS_PER_ATTEMPT = 2_500
MAX_ATTEMPTS_UNDER_WAY = 5_000
RETRY_S = 30.0
"""How long a database that cannot be opened is left alone."""
NOT_TELLING = frozenset(
    {
        EventKind.READ_REQUESTED,
        EventKind.TRANSFER_STARTED,
        EventKind.TRANSFER_FINISHED,
        EventKind.SIZE_PROBED,
        EventKind.FILE_REFUSED,
        EventKind.ADDRESS_SOUGHT,
        EventKind.CLIENT_SEEN,
        EventKind.OFFERED,
    }
)


@dataclass(slots=True)
class _UnderWay:
    summary: Summary
    events: int = 0


class BootWriter:
    """Writes what it takes.

    Args:
        keeping: where and how much.
        complain: told what goes wrong.
        clock: seconds since the epoch.
    """

    def __init__(self, keeping: Keeping, complain: Complain, clock: Callable[[], float]) -> None:
        self._keeping = keeping
        self._complain = complain
        self._clock = clock
        self._waiting: deque[Event | Packet] = deque(maxlen=MAX_WAITING)
        self._left_out = 0
        self._under_way: OrderedDict[str, _UnderWay] = OrderedDict()
        self._newest = ""
        """The attempt that began last."""
        self._has_let_go = False
        self._database: BootDatabase | None = None
        self._retry_at_s = 0.0
        self._has_complained = False

    def take(self, items: Sequence[Event | Packet]) -> None:
        """They wait for the next ``write``."""
        self._left_out += max(0, len(self._waiting) + len(items) - MAX_WAITING)
        self._waiting.extend(items)

    def write(self, *, is_last: bool = False) -> None:
        """Write what waits, in as few transactions as it takes.

        Args:
            is_last: a database that could not be opened is tried again whatever the time.
        """
        if not self._waiting or not self._is_open(is_last):
            return
        while self._waiting and self._database is not None:
            try:
                self._write_batch(self._database)
            except Exception as error:  # whatever a disk or a database can do, it stops no boot
                if self._fail(error):
                    self._database.close()
                    self._database = None
                return
        self._has_complained = False
        left_out, self._left_out = self._left_out, 0
        tell_left_out(left_out, self._keeping, self._complain)

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            self._database.close()

    def _write_batch(self, database: BootDatabase) -> None:
        batch = Batch()
        changed: dict[str, Summary] = {}
        with suppress(IndexError):
            for _ in range(MAX_BATCH):
                item = self._waiting.popleft()
                if isinstance(item, Packet):
                    batch.packets.append(item)
                elif item.attempt is None:
                    batch.events.append(item)
                else:
                    self._add(item, item.attempt, batch.events, changed)
        batch.summaries = list(changed.values())
        database.write(batch)

    def _add(self, event: Event, attempt: str, kept: list[Event], changed: dict[str, Summary]) -> None:
        under_way = self._under_way.get(attempt)
        if under_way is None:
            who = event.mac or event.address or ""
            # Asked only where it may be one that was let go of: of a machine that was silent for long among many.
            is_new = is_older(self._newest, attempt)
            known = self._database.summary(attempt) if self._database and self._has_let_go and not is_new else None
            self._newest = attempt if is_new else self._newest
            summary = known or Summary(attempt, who, event.at_s, event.at_s)
            under_way = self._under_way[attempt] = _UnderWay(summary)
            while len(self._under_way) > MAX_ATTEMPTS_UNDER_WAY:
                self._under_way.popitem(last=False)
                self._has_let_go = True
        self._under_way.move_to_end(attempt)
        under_way.summary.add(event)
        changed[attempt] = under_way.summary
        under_way.events += 1
        is_telling = event.kind not in NOT_TELLING
        if under_way.events <= (MAX_TELLING_EVENTS_PER_ATTEMPT if is_telling else MAX_EVENTS_PER_ATTEMPT):
            kept.append(event)

    def _is_open(self, is_last: bool) -> bool:
        if self._database is not None:
            return True
        now = self._clock()
        if now < self._retry_at_s and not is_last:
            return False
        self._retry_at_s = now + RETRY_S
        keeping = self._keeping
        try:
            database = BootDatabase(keeping.path, Limits(keeping.max_attempts, keeping.max_bytes))
            database.begin_run(now, keeping.version, keeping.settings)
        except Exception as error:  # see above
            self._fail(error)
            return False
        self._database = database
        return True

    def _set_aside_if_broken(self, error: Exception) -> bool:
        """A file that is no database, or no whole one any more, makes room for a new one."""
        # "file is not a database" and "database disk image is malformed"; all other errors have classes of their own.
        if type(error.__cause__ or error) is not sqlite3.DatabaseError:
            return False
        path = self._keeping.path
        with suppress(OSError):
            path.replace(self._broken_path)
            for beside in ("-wal", "-shm"):
                path.with_name(path.name + beside).unlink(missing_ok=True)
            self._retry_at_s = 0.0
        return True

    @property
    def _broken_path(self) -> Path:
        return self._keeping.path.with_suffix(".broken")

    def _fail(self, error: Exception) -> bool:
        """Tell of it, once; true when the file was put aside, and the next try begins a new one."""
        is_aside = self._set_aside_if_broken(error)
        if self._has_complained:
            return is_aside
        self._has_complained = True
        why = error.strerror if isinstance(error, OSError) else str(getattr(error, "orig", None) or error)
        path = self._keeping.path
        what = "boots are not being kept"
        fix = f"make room or set the rights: df {path.parent}; ls -l {path}. Machines boot all the same."
        if is_aside:
            what = "the record of earlier boots is damaged, and a new one was begun"
            fix = f"read what is left of it: sqlite3 {quote(str(self._broken_path))} .recover"
        self._complain(what, f"{path}: {why}", fix)
        return is_aside

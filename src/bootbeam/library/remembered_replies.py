"""Which form of answer worked with which machine, kept from one run to the next beside what is installed where.

Only what is not the usual is written. The database's library takes a tenth of a second to load: a station where nobody
ever needed anything unusual never loads it, and others do while they already serve.
"""

import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from bootbeam.errors import UserError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.pxe.client import ClientKind
from bootbeam.pxe.reply_variant import ReplyVariant

if TYPE_CHECKING:
    from bootbeam.library.machines import Machines

Reply = tuple[ClientKind, ReplyVariant]
"""What asked, and what worked: one machine may have a BIOS and a UEFI side."""

MAX_PENDING = 10_000
SAVE_INTERVAL_S = 5.0
"""How often somebody should call ``save``."""


class RememberedReplies:
    """Safe to use from several threads.

    Args:
        path: the database file; it need not exist.
        record: the journal, which is told once when the file cannot be used.
    """

    def __init__(self, path: Path, record: Record) -> None:
        self._path = path
        self._record = record
        self._known: dict[str, Reply] | None = None
        self._pending: OrderedDict[str, Reply | None] = OrderedDict()
        self._is_told = False
        self._lock = threading.Lock()
        self._file_lock = threading.Lock()

    def load(self) -> None:
        """Read what is remembered, unless that was done before."""
        if self._known is not None:
            return  # without waiting for what may be written just now
        with self._file_lock:
            if self._known is not None:
                return
            known: dict[str, Reply] = {}
            if self._path.exists():
                try:
                    machines = self._open()
                    known = machines.all_replies()
                    machines.close()
                except UserError as error:
                    self._tell(error)
            self._known = known

    def get(self, mac: str, kind: ClientKind) -> ReplyVariant | None:
        """What worked with this machine's ``kind`` of firmware; None when that is the usual, or nothing is known."""
        self.load()
        with self._lock:
            known = self._known or {}
            reply = self._pending[mac] if mac in self._pending else known.get(mac)
        return reply[1] if reply is not None and reply[0] is kind else None

    def set(self, mac: str, kind: ClientKind, variant: ReplyVariant | None) -> None:
        """``variant`` works with this machine, or the usual does; ``save`` writes it."""
        with self._lock:
            self._pending[mac] = None if variant is None else (kind, variant)
            self._pending.move_to_end(mac)
            while len(self._pending) > MAX_PENDING:
                self._pending.popitem(last=False)

    def save(self) -> None:
        """Write what is new, if there is anything."""
        with self._lock:
            pending = dict(self._pending)
        if not pending:
            return
        with self._file_lock:
            try:
                machines = self._open()
                machines.set_replies(pending, time.time())
                machines.close()
            except UserError as error:
                self._tell(error)
                return  # it is tried again, and holds meanwhile
        with self._lock:
            for mac, reply in pending.items():
                if self._known is not None:
                    self._known.pop(mac, None)
                    if reply is not None:
                        self._known[mac] = reply
                if self._pending.get(mac) == reply:
                    self._pending.pop(mac, None)

    def _open(self) -> "Machines":
        from bootbeam.library.machines import Machines

        return Machines(self._path)

    def _tell(self, error: UserError) -> None:
        if not self._is_told:
            self._is_told = True
            self._record(EventKind.PROBLEM, what=error.what, why=error.why, fix=error.fix)

"""What goes wrong inside the HTTP server, as events."""

import logging

from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record


class Faults(logging.Handler):
    """Makes an event of each warning and error that is logged.

    Args:
        record: the journal.
    """

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._journal = record

    def emit(self, record: logging.LogRecord) -> None:
        """Tell the journal; the message's first argument is the client's address."""
        if record.levelno < logging.WARNING:
            return
        error = record.exc_info[1] if record.exc_info else None
        source = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        self._journal(
            EventKind.PROBLEM,
            address=source or None,
            what=record.getMessage(),
            why=repr(error) if error else "",
            fix="please report it, with what the client asked for",
        )

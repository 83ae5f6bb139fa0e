"""Requests that came together see each file as it was at one moment: it is looked at once for all of them.

A hundred machines that are switched on together ask for the same file, and each look gives up Python's lock, which
comes back half a millisecond later where other threads are at work.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootbeam.library.settling import Stamp

_moment = threading.local()


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything inside the ``with`` block, in this thread, answers requests that had all come before it began."""
    _moment.seen = {}
    try:
        yield
    finally:
        _moment.seen = None


def stamp_of(path: Path) -> Stamp:
    """The file as it is now, or since this moment began. Raises OSError, as from stat(2)."""
    seen: dict[Path, Stamp] | None = getattr(_moment, "seen", None)
    if seen is None:
        return Stamp.of(path.stat())
    stamp = seen.get(path)
    if stamp is None:
        stamp = seen[path] = Stamp.of(path.stat())
    return stamp

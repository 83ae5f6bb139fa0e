"""How much memory a station takes."""

import threading
from contextlib import suppress

import psutil

from bootbeam.bench.place import LoadFailed

LOOK_EVERY_S = 0.25


class MemoryWatch:
    """Looks, as long as the ``with`` block lasts, how much memory a process and all it has started take."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.most_bytes = 0

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if not self.most_bytes:
            raise LoadFailed("the station has ended")

    def _watch(self) -> None:
        while True:
            with suppress(psutil.Error):  # it has ended
                self.most_bytes = max(self.most_bytes, used_bytes(self._pid))
            if self._ended.wait(LOOK_EVERY_S):
                return


def used_bytes(pid: int) -> int:
    """Memory of a process and all it has started (PSS: what is shared with others counts in part).

    Raises:
        psutil.Error: it has ended.
    """
    process = psutil.Process(pid)
    return sum(each.memory_full_info().pss for each in (process, *process.children(recursive=True)))

"""When a station says what."""

import json
import os
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bootbeam.bench.place import START_TIMEOUT_S, LoadFailed


class LineClock:
    """Reads the station's lines as they come, and keeps how old the event of each is. Use as a context manager.

    The lines come through a pipe in the file system, read by a real-time thread: what is measured is the station.
    """

    def __init__(self, pipe: Path) -> None:
        self.pipe = pipe
        self.ages_ms: list[float] = []
        self.is_ready = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "LineClock":
        self.pipe.unlink(missing_ok=True)
        os.mkfifo(self.pipe)
        self._fd = os.open(self.pipe, os.O_RDWR)  # to write, too: it is never at its end
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._fd, b"end\n")
        self._thread.join()
        os.close(self._fd)
        self.pipe.unlink()

    def wait_ready(self) -> float:
        """When the station said that it is ready, by ``time.monotonic``.

        Raises:
            LoadFailed: it does not.
        """
        if not self.is_ready.wait(START_TIMEOUT_S):
            raise LoadFailed("the station did not start")
        return self._ready_at

    def _read(self) -> None:
        with suppress(PermissionError):
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_RR, os.sched_param(1))
        with os.fdopen(os.dup(self._fd), "rb") as lines:
            for line in lines:
                read_at, now = time.time(), time.monotonic()
                if line == b"end\n":
                    return
                event = json.loads(line)
                if event["kind"] == "station-ready":
                    self._ready_at = now
                    self.is_ready.set()
                self.ages_ms.append((read_at - datetime.fromisoformat(event["at"]).timestamp()) * 1000)

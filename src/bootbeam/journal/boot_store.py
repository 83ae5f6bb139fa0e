"""Keeps the boots: takes events and packets from any thread, and a process of its own writes them to disk.

No boot waits for the disk, and no boot fails for it: what cannot be written is told once, and the station goes on. It
is a process because a thread that makes rows of events has Python's lock meanwhile, and machines wait for answers.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import IO, cast

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.packets import Packet

BOOTS_FILE = "boots.db"
"""In the state directory."""
WRITER_MODULE = "bootbeam.journal.boot_process"
COMMIT_EVERY_S = 0.5
"""Longer would be lost by the death of the whole computer only; sooner costs more than it tells."""
MAX_WAITING = 20_000
"""Events and packets that wait for a slow disk; the oldest go."""
HANDED_AT_ONCE = 64
"""As many are packed with Python's lock held throughout: 0.1 ms."""
REMIND_EVERY_S = 30.0
"""The process is woken so often even if there is nothing for it: a disk may have room again."""
NOT_KEPT = frozenset({EventKind.TRANSFER_PROGRESS})

Complain = Callable[[str, str, str], None]
"""Told what is wrong, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where boots are kept, and how many."""

    path: Path
    max_attempts: int
    max_bytes: int
    version: str
    """The station's."""
    settings: str
    """The station's, as JSON."""


class BootStore:
    """Hands what the journal hears to the process that writes it.

    Args:
        keeping: where and how much.
        complain: called in a thread of the store's.
    """

    def __init__(self, keeping: Keeping, complain: Complain) -> None:
        self._keeping = keeping
        self._is_keeping = keeping.max_attempts > 0
        self._complain = complain
        self._waiting: deque[Event | Packet] = deque(maxlen=MAX_WAITING)
        self._wake = threading.Event()
        self._is_stopping = False
        self._left_out = 0
        self._process: WriterProcess | None = None
        self._retry_at_s = 0.0
        self._remind_at_s = 0.0
        self._told_end = ""
        self._thread = threading.Thread(target=self._run, name="boots", daemon=True)

    def watch(self, event: Event) -> None:
        """Keep one event; may be called from any thread, and never waits."""
        if event.kind not in NOT_KEPT:
            self._keep(event)

    def keep_packet(self, packet: Packet) -> None:
        """Keep one packet, likewise."""
        self._keep(packet)

    def _keep(self, item: Event | Packet) -> None:
        if not self._is_keeping:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._left_out += 1
        self._waiting.append(item)

    def start(self) -> None:
        """Begin to write. What was handed in before is written too."""
        if self._is_keeping:
            self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Write what waits, and close. Nothing happens when it was never started.

        What a slow disk has not taken by then is still being written afterwards.
        """
        self._is_stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._is_stopping:
            # At the beginning, too: who waits for the station to be ready shall not wait for a process to start.
            self._wake.wait(COMMIT_EVERY_S)
            self._hand_over()
        self._hand_over()
        if self._process is not None:
            self._process.close()

    def _hand_over(self) -> None:
        now = time.monotonic()
        if self._process is not None and self._process.has_ended:
            self._give_up(self._process)
        if not self._waiting and (self._process is None or now < self._remind_at_s):
            return
        self._process = process = self._process or self._begin(now)
        if process is None:
            return
        try:
            while self._waiting:
                process.hand(self._take())
            process.commit()
            self._remind_at_s = now + REMIND_EVERY_S
            if now >= self._retry_at_s:
                self._told_end = ""  # it has lived for a while: the next end is news
        except OSError:
            self._give_up(process)
        left_out, self._left_out = self._left_out, 0
        tell_left_out(left_out, self._keeping, self._complain)

    def _take(self) -> list[Event | Packet]:
        taken: list[Event | Packet] = []
        with suppress(IndexError):  # it loses its oldest while others add to it
            while len(taken) < HANDED_AT_ONCE:
                taken.append(self._waiting.popleft())
        return taken

    def _begin(self, now: float) -> "WriterProcess | None":
        if now < self._retry_at_s and not self._is_stopping:
            return None
        self._retry_at_s = now + REMIND_EVERY_S
        try:
            return WriterProcess(self._keeping, self._complain)
        except OSError as error:
            self._tell_end(
                "boots are not being kept",
                f"the process that keeps them cannot be started: {error}",
                f"see who may execute this program: ls -l {quote(sys.executable)}",
            )
            return None

    def _give_up(self, process: "WriterProcess") -> None:
        self._process = None
        self._tell_end(
            "the process that keeps boots has ended",
            f"{process.end()}; what it had not written is lost",
            "if that goes on, see how much memory is left: free -m; dmesg | tail",
        )

    def _tell_end(self, what: str, why: str, fix: str) -> None:
        """Once for each reason: it is tried again twice a minute."""
        if why != self._told_end:
            self._told_end = why
            self._complain(what, why, f"{fix}. It is begun again, and machines boot all the same.")


def tell_left_out(number: int, keeping: Keeping, complain: Complain) -> None:
    """Say that so many events and packets had no room; nothing of none."""
    if number:
        complain(
            f"{number} events and packets of boots were not kept",
            f"they came faster than {keeping.path.parent} took them, or while it took none",
            "see whether the disk is busy: vmstat 1 5, in column wa; or keep boots elsewhere: --state DIRECTORY",
        )


class WriterProcess:
    """The process that writes, seen from the station.

    It gets pickles through a pipe: ``Keeping`` first, then lists of events and packets, and None where they are to be
    written. What it complains of comes back as a line of JSON each. It ends with the pipe, whatever becomes of the
    station: nothing that was handed over is lost by a ``kill -9``.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, keeping: Keeping, complain: Complain) -> None:
        # What this process has found, that one finds too; and nothing in the directory it was started in (-P).
        modules = os.pathsep.join(str(Path(each).resolve()) for each in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", WRITER_MODULE, str(keeping.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": modules},
            process_group=0,  # Ctrl-C is not for it, not even before it can say so itself
        )
        self._complain = complain
        self._last_words = ""
        self._listener = threading.Thread(target=self._listen, name="boots-complaints", daemon=True)
        self._listener.start()
        with suppress(OSError):  # the first that is handed over will tell
            self._send(keeping)

    def hand(self, items: list[Event | Packet]) -> None:
        """Give it these. Waits while it does not keep up.

        Raises:
            OSError: it has ended.
        """
        self._send(items)

    def commit(self) -> None:
        """Have it write what it was given.

        Raises:
            OSError: it has ended.
        """
        self._send(None)
        self._pipe.flush()

    def close(self) -> None:
        """Nothing more comes: wait until all is written."""
        with suppress(OSError):
            self._pipe.close()
        self._process.wait()
        self._listener.join()

    @property
    def has_ended(self) -> bool:
        """What it was given in its last moments is in the pipe, and nobody reads it."""
        return self._process.poll() is not None

    def end(self) -> str:
        """Why it has ended, in words."""
        self.close()
        code = self._process.returncode
        how = f"it was killed ({signal.Signals(-code).name})" if code < 0 else f"it ended with exit code {code}"
        return f"{how}: {self._last_words}" if self._last_words else how

    @property
    def _pipe(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdin)

    def _send(self, message: object) -> None:
        pickle.dump(message, self._pipe, pickle.HIGHEST_PROTOCOL)

    def _listen(self) -> None:
        with cast("IO[bytes]", self._process.stdout) as lines:
            for line in lines:
                if line.startswith(b"["):
                    self._complain(*json.loads(line))
                else:
                    self._last_words = line.decode("utf-8", "backslashreplace").strip() or self._last_words

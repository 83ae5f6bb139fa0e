"""The real ``bootbeam`` command, running on the lab's LAN at the station's place, and the events it tells."""

import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from bootbeam.errors import BootbeamError
from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.lan import INTERFACE, Lan
from bootbeam.lab.serial import last_lines, read_transcript

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.05
QUIET_S = 1.0
QUIET_TIMEOUT_S = 8.0
TAIL_LINES = 30


class StationFailed(BootbeamError):
    """The station did not start, or ended too early; the message ends with what it said last."""


class StationProcess:
    """``bootbeam serve ...`` as a context manager: serving inside the ``with`` block, ended as by Ctrl-C after it.

    Args:
        lan: where it runs.
        arguments: after ``bootbeam serve``, e.g. ``"image.elf"`` or ``"--kernel", "linux"``.
        name: names its files in the LAN's directory of logs: ``NAME.jsonl`` and ``NAME.err``.
        environment: variables that are otherwise than in this process.
    """

    def __init__(
        self,
        lan: Lan,
        *arguments: str | Path,
        name: str = "station",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.lan = lan
        self.arguments = tuple(str(argument) for argument in arguments)
        self._environment = dict(environment or {})
        self.log = lan.log_dir / f"{name}.jsonl"
        self.error_log = lan.log_dir / f"{name}.err"
        self.state_directory = lan.log_dir / f"{name}.state"
        """What it remembers of machines; it stays for the next station of that name."""

    def __enter__(self) -> Self:
        self.log.unlink(missing_ok=True)
        self.error_log.unlink(missing_ok=True)
        self._process = self.lan.station.start(
            *("env", *(f"{name}={value}" for name, value in self._environment.items())),
            *(sys.executable, "-m", "bootbeam", "serve", *self.arguments),
            *("--interface", INTERFACE, "--log-format", "json", "--state", str(self.state_directory)),
            output=self.log,
            errors=self.error_log,
        )
        try:
            self.wait_for(EventKind.STATION_READY, READY_TIMEOUT_S)
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except TimeoutError:
            self._process.kill()
            if error is None:
                raise

    def stop(self) -> int:
        """End it as Ctrl-C does, and return its exit code. Safe to call twice.

        Raises:
            TimeoutError: it still runs after ``STOP_TIMEOUT_S``.
        """
        self._process.signal(signal.SIGINT)
        return self._process.wait(STOP_TIMEOUT_S)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def complaints(self) -> str:
        """What it wrote to its standard error."""
        return read_transcript(self.error_log)

    def events(self, mac: str | None = None) -> list[Event]:
        """All events once the station has nothing more to tell, oldest first; with ``mac``, those of one client.

        A machine's screen may be read before the station has written of the file that the machine now runs: it waits
        until nothing was told for ``QUIET_S``, at most ``QUIET_TIMEOUT_S``.
        """
        deadline = time.monotonic() + QUIET_TIMEOUT_S
        size, quiet_since = -1, 0.0
        while self._process.exit_code is None and (now := time.monotonic()) < deadline:
            if (told := self.log.stat().st_size) != size:
                size, quiet_since = told, now
            elif now - quiet_since >= QUIET_S:
                break
            time.sleep(POLL_S)
        return self.events_so_far(mac)

    def events_so_far(self, mac: str | None = None) -> list[Event]:
        """The events written by now, oldest first; with ``mac``, those of one client."""
        whole_lines = self.log.read_text("utf-8").split("\n")[:-1]
        events = [parse_event(line) for line in whole_lines]
        return [event for event in events if mac is None or event.mac == mac]

    def wait_for(
        self,
        kind: EventKind,
        timeout_s: float,
        *,
        mac: str | None = None,
        where: Callable[[Event], bool] = lambda _: True,
    ) -> Event:
        """Wait for the first event of ``kind``, of the client ``mac`` if given, for which ``where`` is true.

        Raises:
            StationFailed: none came within ``timeout_s``, or the station has ended without one.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            exit_code = self._process.exit_code  # asked first: what it wrote last is in the log once it has ended
            for event in self.events_so_far(mac):
                if event.kind is kind and where(event):
                    return event
            if exit_code is not None:
                raise StationFailed(self.account(f"ended with exit code {exit_code} before it told of {kind}"))
            if time.monotonic() > deadline:
                raise StationFailed(self.account(f"told of no {kind} within {timeout_s:.0f} s"))
            time.sleep(POLL_S)

    def account(self, what: str) -> str:
        """``what``, and the last lines of the station's logs."""
        return "\n".join(
            (
                f"the station `bootbeam serve {' '.join(self.arguments)}` {what}",
                f"its last events ({self.log}):",
                last_lines(read_transcript(self.log), TAIL_LINES),
                last_lines(self.complaints, TAIL_LINES),
            )
        )


def parse_event(line: str) -> Event:
    """An event from a line of ``--log-format json``."""
    told = json.loads(line)
    return Event(
        EventKind(told["kind"]),
        datetime.fromisoformat(told["at"]).timestamp(),
        told["mac"],
        told["address"],
        told["interface"],
        told["facts"],
        told["attempt"],
    )

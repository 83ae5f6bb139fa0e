"""The control socket of a virtual PC: QEMU's Machine Protocol (qemu.org, "QEMU Machine Protocol Specification").

One command, one answer, events in between thrown away. Enough for reset, screenshots, keys and switching off.
"""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bootbeam.errors import BootbeamError

CONNECT_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 1 << 20
MAX_EVENTS_BEFORE_ANSWER = 1000


class QmpError(BootbeamError):
    """The virtual PC's control socket is not there, or refused a command."""


class Qmp:
    """A connection to the control socket at ``path``.

    Args:
        is_alive: tells whether the emulator still runs; waiting for its socket ends when it does not.
    """

    def __init__(self, path: Path, is_alive: Callable[[], bool] = lambda: True) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(path, is_alive)
            self._socket.settimeout(COMMAND_TIMEOUT_S)
            self._lines = self._socket.makefile("rb")
            self._read_message()  # the greeting
            self.execute("qmp_capabilities")
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()

    def execute(self, command: str, **arguments: object) -> Any:
        """Run ``command`` and return what it returns.

        Raises:
            QmpError: it is refused, or no answer comes within ``COMMAND_TIMEOUT_S``.
        """
        message = json.dumps({"execute": command, "arguments": arguments})
        try:
            self._socket.sendall(message.encode() + b"\n")
            for _ in range(MAX_EVENTS_BEFORE_ANSWER):
                answer = self._read_message()
                if "error" in answer:
                    raise QmpError(f"{command}: {answer['error'].get('desc', answer['error'])}")
                if "return" in answer:
                    return answer["return"]
        except OSError as error:
            raise QmpError(f"{command}: {error}") from error
        raise QmpError(f"{command}: no answer among {MAX_EVENTS_BEFORE_ANSWER} events")

    def _connect(self, path: Path, is_alive: Callable[[], bool]) -> None:
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while True:
            try:
                self._socket.connect(str(path))
                return
            except (FileNotFoundError, ConnectionRefusedError) as error:
                if not is_alive() or time.monotonic() > deadline:
                    raise QmpError(f"no control socket at {path}") from error
            time.sleep(0.02)

    def _read_message(self) -> dict[str, Any]:
        line = self._lines.readline(MAX_ANSWER_BYTES)
        if not line.endswith(b"\n"):
            raise QmpError("the emulator closed its control socket")
        try:
            message = json.loads(line)
        except ValueError as error:
            raise QmpError(f"not JSON: {line[:80]!r}") from error
        if not isinstance(message, dict):
            raise QmpError(f"not an object: {line[:80]!r}")
        return message

import json
import socket
import threading
from pathlib import Path

import pytest

from bootbeam.lab import qmp as qmp_module
from bootbeam.lab.qmp import Qmp, QmpError


class Emulator:
    """The other end of a control socket: greets, then answers each command with the next prepared lines."""

    def __init__(self, path: Path, answers: list[list[bytes]]) -> None:
        self.path = path
        self.heard: list[dict[str, object]] = []
        self._answers = answers
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(b'{"QMP": {"version": {}, "capabilities": []}}\r\n')
            stream.flush()
            for answer in [[b'{"return": {}}'], *self._answers]:
                line = stream.readline()
                if not line:
                    return
                self.heard.append(json.loads(line))
                stream.write(b"".join(part + b"\r\n" for part in answer))
                stream.flush()

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "qmp"


def test_a_command_returns_what_it_returns_whatever_happens_in_between(socket_path: Path) -> None:
    event = b'{"event": "RESET", "data": {}, "timestamp": {}}'
    emulator = Emulator(socket_path, [[event, event, b'{"return": {"status": "running"}}']])
    with Qmp(socket_path) as qmp:
        assert qmp.execute("query-status", x=1) == {"status": "running"}
    emulator.close()
    assert [heard["execute"] for heard in emulator.heard] == ["qmp_capabilities", "query-status"]
    assert emulator.heard[1]["arguments"] == {"x": 1}


def test_a_refusal_is_told_in_the_emulators_words(socket_path: Path) -> None:
    emulator = Emulator(socket_path, [[b'{"error": {"class": "GenericError", "desc": "no such screen"}}']])
    with Qmp(socket_path) as qmp, pytest.raises(QmpError, match="screendump: no such screen"):
        qmp.execute("screendump")
    emulator.close()


@pytest.mark.parametrize("answer", [[], [b"not json"], [b"[1]"]])
def test_nonsense_or_an_early_end_is_an_error(socket_path: Path, answer: list[bytes]) -> None:
    emulator = Emulator(socket_path, [answer])
    with Qmp(socket_path) as qmp, pytest.raises(QmpError):
        qmp.execute("query-status")
    emulator.close()


def test_no_socket_at_all_ends_soon(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qmp_module, "CONNECT_TIMEOUT_S", 0.1)
    with pytest.raises(QmpError, match="no control socket"):
        Qmp(socket_path)
    with pytest.raises(QmpError, match="no control socket"):
        Qmp(socket_path, is_alive=lambda: False)

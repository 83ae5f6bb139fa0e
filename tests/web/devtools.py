"""A real browser, driven over its DevTools protocol through a pipe: no port of it is open to anybody."""

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

BROWSER = "chromium-headless-shell"
ANSWER_TIMEOUT_S = 20.0
POLL_S = 0.05
FREE_DESCRIPTORS_FROM = 200
"""Higher than any that the tests have open, and than those at which the browser expects its pipe."""


class Browser:
    """One browser with one page, as a context manager.

    Args:
        profile: a directory for what it keeps.
        prefix: words before its command, ``ip netns exec NAME``.
    """

    def __init__(self, profile: Path, prefix: Sequence[str] = ()) -> None:
        self._profile = profile
        self._prefix = prefix
        self._number = 0
        self._buffer = b""
        self._session: str | None = None
        self.complaints: list[str] = []
        """What pages wrote to the console as errors and warnings, exceptions, and what could not be loaded."""

    def __enter__(self) -> Self:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        to_browser, from_browser = _out_of_the_way(to_browser), _out_of_the_way(from_browser)
        # The protocol's pipe is at the descriptors 3 and 4.
        command = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        options = ["--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
        self._process = subprocess.Popen(
            [*self._prefix, "bash", "-c", command, "bash", BROWSER, *options, f"--user-data-dir={self._profile}"],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            self._attach()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def _attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of some JavaScript."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = 15.0) -> None:
        """Until it is true."""
        deadline = time.monotonic() + timeout_s
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never: {expression}\n{self.evaluate('document.body.innerText')}"
            time.sleep(POLL_S)

    def look(self, *, width: int = 1280, height: int = 900, is_dark: bool = False, is_phone: bool = False) -> None:
        """Which window and colours it has from now on."""
        scale = 2 if is_phone else 1
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=is_phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def press(self, key: str, **facts: Any) -> None:
        """One key, down and up."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **facts)

    def screenshot(self, path: Path) -> None:
        """The whole page as a picture."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left_s = deadline - time.monotonic()
            ready, _, _ = select.select([self._read], [], [], max(left_s, 0))
            assert ready, "the browser does not answer"
            piece = os.read(self._read, 1 << 20)
            assert piece, "the browser has ended"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        return told

    def _note(self, message: Mapping[str, Any]) -> None:
        facts = message.get("params", {})
        match message.get("method"):
            case "Runtime.consoleAPICalled" if facts["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(facts["args"]))
            case "Runtime.exceptionThrown":
                self.complaints.append(str(facts["exceptionDetails"]))
            case "Log.entryAdded" if facts["entry"]["level"] in ("error", "warning"):
                self.complaints.append(str(facts["entry"]))
            case "Network.loadingFailed" if not facts.get("canceled"):
                self.complaints.append(str(facts))


def _out_of_the_way(descriptor: int) -> int:
    """The same under a high number."""
    high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FREE_DESCRIPTORS_FROM)
    os.close(descriptor)
    return high

"""Where a contender runs: a network namespace of its own, with nothing in it but a loopback and an address on it."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bootbeam.errors import UserError
from bootbeam.lab.claim import Claim, reap_dead_runs
from bootbeam.lab.netns import Namespace, Process

ADDRESS = "10.77.0.1"
FIRST_CLIENT = "10.77.1.1"
"""The clients' addresses go on from here; all of 10.77.0.0/16 is this computer's."""
START_TIMEOUT_S = 20.0
REAL_TIME = ("chrt", "--rr", "1")
"""Contenders and load alike are real-time processes while they are measured: whatever else this computer does then
takes a twentieth of the time at most."""
PREFERRED = ("nice", "-n", "-15")
"""For what lasts longer, and where several threads of a contender have to share the cores as they would anywhere."""


class LoadFailed(UserError):
    """A load generator could not do its work; what the contender did was not measured."""


class Place:
    """A namespace, and what was started in it. Gone with everything in it at the end of the ``with`` block."""

    def __init__(self, claim: Claim, role: str, logs: Path) -> None:
        self.namespace = Namespace(claim.run_id, role)
        self.logs = logs
        self.role = role
        self._claim = claim
        self._client: Namespace | None = None
        self.processes: list[Process] = []
        """What was started here, the newest last."""
        self.priority: tuple[str, ...] = REAL_TIME
        self.load_priority: tuple[str, ...] | None = None
        """None: the same."""

    def __enter__(self) -> Self:
        self.namespace.__enter__()
        self.namespace.ip("address", "add", f"{ADDRESS}/24", "dev", "lo")
        self.namespace.ip("route", "add", "local", "10.77.0.0/16", "dev", "lo")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.__exit__(kind, error, trace)
        self.namespace.__exit__(kind, error, trace)

    def plug_in(self, server: str, client: str) -> Namespace:
        """Lay a wire from ``eth0`` here to ``eth0`` in a namespace of the clients, with these addresses (and prefix
        lengths) at its ends. The load runs there from now on."""
        self._client = Namespace(self._claim.run_id, f"{self.role}-clients")
        self._client.__enter__()
        self.namespace.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self._client.name)
        for namespace, address in ((self.namespace, server), (self._client, client)):
            namespace.ip("address", "add", address, "dev", "eth0")
            namespace.ip("link", "set", "eth0", "up")
        return self._client

    def start(self, *argv: str, env: Mapping[str, str] | None = None, output: Path | None = None) -> Process:
        """Start a contender here. What it prints goes to ``output``, by default to a log."""
        log = self.logs / f"{self.role}.log"
        errors = self.logs / f"{self.role}.err"
        process = self.namespace.start(*self.priority, *argv, output=output or log, errors=errors, env=env)
        self.processes.append(process)
        return process

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Wait for a contender to serve.

        Raises:
            UserError: it ended, or does not.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_ready():
            ended = [process for process in self.processes if process.exit_code is not None]
            if ended or time.monotonic() > deadline:
                said = (self.logs / f"{self.role}.err").read_text("utf-8", "replace")[-2000:]
                raise UserError(f"{self.role} did not start", said)
            time.sleep(0.02)

    def run_load(self, *argv: str, timeout_s: float, env: Mapping[str, str] | None = None) -> str:
        """Run a load generator here to its end, and return what it prints.

        Raises:
            LoadFailed: with what it said.
        """
        namespace = self._client or self.namespace
        wrapped = ("ip", "netns", "exec", namespace.name, *(self.load_priority or self.priority), *argv)
        try:
            done = subprocess.run(
                wrapped, capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL, env=env
            )
        except subprocess.TimeoutExpired as error:
            raise LoadFailed(f"{self.role}: not done after {timeout_s:.0f} s") from error
        if done.returncode:
            raise LoadFailed(f"{self.role}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def load_result(self, *argv: str, timeout_s: float) -> dict[str, Any]:
        """The JSON that one of our own generators prints. Raises ``LoadFailed``."""
        result: dict[str, Any] = json.loads(self.run_load(*argv, timeout_s=timeout_s))
        return result


class Places:
    """Makes places that live as long as the ``with`` block."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        reap_dead_runs()
        self._claim = Claim()
        self._stack.callback(self._claim.release)
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, role: str) -> Place:
        """A place for the contender of that name."""
        for suffix in ("log", "err"):
            (self._logs / f"{role}.{suffix}").unlink(missing_ok=True)
        return self._stack.enter_context(Place(self._claim, role, self._logs))

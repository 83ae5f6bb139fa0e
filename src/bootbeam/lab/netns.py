"""A network namespace: a network stack of its own, where a router, a station or a virtual PC can live."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bootbeam.errors import UserError
from bootbeam.lab.claim import namespace_name, remove_namespace, run_tool

STOP_TIMEOUT_S = 5.0


class Process:
    """A long-running program inside a namespace, its output in a file. It dies with the process that started it.

    It is tied to the *thread* that starts it (PR_SET_PDEATHSIG): start it from one that lives as long as it should.
    """

    def __init__(self, argv: Sequence[str], output: Path, env: Mapping[str, str] | None, errors: Path | None) -> None:
        self.argv = tuple(argv)
        self.output = output
        with output.open("ab") as stdout:
            if errors is None:
                self._popen = self._start(stdout, stdout, env)
            else:
                with errors.open("ab") as stderr:
                    self._popen = self._start(stdout, stderr, env)

    def _start(self, stdout: IO[bytes], stderr: IO[bytes], env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches the run only, which then ends everything in order.
        return subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env, start_new_session=True
        )

    @property
    def pid(self) -> int:
        """The process id, of the program itself: every wrapper before it has made place for it."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._popen.poll()

    def wait(self, timeout_s: float) -> int:
        """Wait for it to end by itself.

        Raises:
            TimeoutError: it is still running after ``timeout_s``.
        """
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self.argv} still runs after {timeout_s:.0f} s") from error

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens when it has ended."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """End it at once and wait until it is gone. Safe to call twice."""
        self._popen.kill()
        self._popen.wait(STOP_TIMEOUT_S)


class Namespace:
    """A network namespace of one run, removed with everything in it when the ``with`` block ends."""

    def __init__(self, run_id: str, role: str) -> None:
        self.name = namespace_name(run_id, role)
        self._started: list[Process] = []

    def __enter__(self) -> Self:
        try:
            run_tool("ip", "netns", "add", self.name)
        except UserError as error:
            raise UserError(
                "a network namespace could not be made",
                error.why or error.what,
                "as root on a machine of its own this works; a container has to be started with --privileged",
            ) from error
        self.ip("link", "set", "lo", "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for process in reversed(self._started):
                process.kill()
        finally:
            remove_namespace(self.name)

    def ip(self, *arguments: str) -> str:
        """Run ``ip`` on this namespace's network."""
        return run_tool("ip", "-n", self.name, *arguments)

    def run(self, *argv: str) -> str:
        """Run one short command inside, and return what it prints.

        Raises:
            UserError: it is missing, fails or takes too long.
        """
        return run_tool("ip", "netns", "exec", self.name, *argv)

    def start(
        self, *argv: str, output: Path, env: Mapping[str, str] | None = None, errors: Path | None = None
    ) -> Process:
        """Start a long-running program inside; ``errors`` takes its standard error apart from ``output``."""
        wrapped = ("ip", "netns", "exec", self.name, "setpriv", "--pdeathsig", "KILL", "--", *argv)
        try:
            process = Process(wrapped, output, env, errors)
        except FileNotFoundError as error:
            raise UserError("the lab needs the program ip", "it is not installed", "make setup") from error
        self._started.append(process)
        return process

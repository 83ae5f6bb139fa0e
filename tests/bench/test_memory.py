"""The memory of a process and of what its threads have started."""

import subprocess
import sys

import psutil
import pytest

from bootbeam.bench.memory import MemoryWatch, used_bytes
from bootbeam.bench.place import LoadFailed

HOLDER = "held = bytearray(b'x' * 30_000_000); print(flush=True); input()"
STARTER = f"""
import subprocess, sys, threading
command = [sys.executable, "-c", {HOLDER!r}]
threading.Thread(target=subprocess.run, args=(command,)).start()
"""


def test_what_a_thread_of_it_has_started_counts_too() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the child holds its memory
        with MemoryWatch(process.pid) as watch:
            used = used_bytes(process.pid)
        assert used > 30_000_000
        assert watch.most_bytes > 30_000_000


def test_a_process_that_has_ended_is_told() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(psutil.Error):
        used_bytes(process.pid)
    with pytest.raises(LoadFailed), MemoryWatch(process.pid):
        pass

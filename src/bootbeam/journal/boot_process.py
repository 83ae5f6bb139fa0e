"""The process that writes boots (``python -m bootbeam.journal.boot_process``), started by ``journal.boot_store``.

Standard input brings pickles, which are trusted because only the station that started it holds the other end; standard
output takes its complaints, a line of JSON each.
"""

import json
import pickle
import signal
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bootbeam.journal.boot_store import Keeping


def run(messages: IO[bytes], complaints: IO[str]) -> None:
    """Write until ``messages`` ends, be it in the midst of one: the station was killed."""

    from bootbeam.journal.boot_writer import BootWriter  # loaded here: see leave_out_openssl

    def complain(*words: str) -> None:
        with suppress(OSError):  # there is no station any more
            print(json.dumps(words), file=complaints, flush=True)

    with suppress(EOFError, pickle.UnpicklingError):
        keeping: Keeping = pickle.load(messages)
        writer = BootWriter(keeping, complain, time.time)
        try:
            while True:
                items = pickle.load(messages)
                if items is None:
                    writer.write()
                else:
                    writer.take(items)
        finally:
            writer.write(is_last=True)
            writer.close()


def leave_out_openssl() -> None:
    """Have OpenSSL never loaded, which SQLAlchemy does by way of asyncio and hashlib, and uses neither: 5 MB.

    Some systems build Python without hashes of its own; there it stays.
    """
    modules: dict[str, Any] = vars(sys)["modules"]
    has_own_hashes = find_spec("_md5") and find_spec("_sha1") and (find_spec("_sha2") or find_spec("_sha512"))
    for name in ("ssl", "_ssl", *(["_hashlib"] if has_own_hashes else [])):
        modules.setdefault(name, None)  # importing it is an ImportError from now on


if __name__ == "__main__":
    leave_out_openssl()
    # The end of a service comes to all processes of a station; this one has yet to write what is said then.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    run(sys.stdin.buffer, sys.stdout)

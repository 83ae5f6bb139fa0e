"""Transfers in several threads: whatever a client does reaches the thread that its transfer is in."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.servers.tftp_turn import SharedTransfer, TurnLibrary
from tests.servers.test_tftp_turn import library_file
from tests.servers.tftp_station import KERNEL, Client, TftpStation
from tests.tftp_packets import ack, error

__all__ = ["library_file"]
CLIENTS = 4
"""With windows they are dealt out in turn: every second one is in the other thread."""


@pytest.fixture
def station(tmp_path: Path, library_file: Path) -> Iterator[TftpStation]:
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, libraries=[TurnLibrary(library_file), TurnLibrary(library_file)]) as running:
        yield running
    assert not running.journal.of(EventKind.PROBLEM)


@pytest.fixture
def clients(station: TftpStation) -> Iterator[list[Client]]:
    """Each in the midst of a transfer, with its first window received and not acknowledged."""
    with ExitStack() as stack:
        all_of_them = [stack.enter_context(station.client()) for _ in range(CLIENTS)]
        for client in all_of_them:
            client.ask("kernel", ("blksize", "512"), ("windowsize", "2"))
            client.oack()
            client.send(ack(0))
            assert [client.data()[0] for _ in range(2)] == [1, 2]
        yield all_of_them


def test_there_is_a_thread_for_each_library(station: TftpStation) -> None:
    assert {"tftp", "tftp-2"} <= {thread.name for thread in threading.enumerate()}


class CountingLibrary(TurnLibrary):
    """Counts the transfers of its thread."""

    taken = 0

    def share(self, fd: int) -> SharedTransfer | None:
        self.taken += 1
        return super().share(fd)


def test_transfers_that_begin_at_once_are_dealt_out_evenly(tmp_path: Path, library_file: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    libraries = [CountingLibrary(library_file), CountingLibrary(library_file)]
    station = TftpStation(tmp_path, libraries=libraries)
    with ExitStack() as stack:
        waiting = [stack.enter_context(station.client()) for _ in range(10)]
        for client in waiting:
            client.ask("kernel", ("windowsize", "4"))
        stack.enter_context(station)  # which finds them all together, before the other thread has seen one of its own
        for client in waiting:
            client.oack()
        assert [library.taken for library in libraries] == [5, 5]


def test_downloads_side_by_side_in_all_threads(station: TftpStation) -> None:
    got: dict[int, bytes] = {}

    def fetch(number: int) -> None:
        with station.client() as client:
            got[number] = b"".join(client.download("kernel", blksize=1432, windowsize=16) for _ in range(3))

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(2 * CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == dict.fromkeys(range(2 * CLIENTS), 3 * KERNEL)
    station.journal.wait_for(EventKind.TRANSFER_FINISHED, 6 * CLIENTS)
    assert station.directory.all_closed()
    assert station.server.transfers_under_way == 0


def test_a_late_copy_of_the_request_changes_nothing(station: TftpStation, clients: list[Client]) -> None:
    for client in clients:
        client.ask("kernel", ("blksize", "512"), ("windowsize", "2"))
        client.send(ack(2))
        assert [client.data()[0] for _ in range(2)] == [3, 4]
    for client in clients:
        assert client.hears_nothing(0.05)
    assert station.server.transfers_under_way == CLIENTS


def test_another_request_from_the_same_port_is_answered(station: TftpStation, clients: list[Client]) -> None:
    (station.directory.root / "initrd").write_bytes(b"another file")
    for client in clients:
        assert client.download("initrd", blksize=1024, windowsize=2) == b"another file"
    failed = station.journal.wait_for(EventKind.TRANSFER_FAILED, CLIENTS)
    assert {event.facts["reason"] for event in failed} == {"the client asked for something else from the same port"}
    station.journal.wait_for(EventKind.TRANSFER_FINISHED, CLIENTS)


def test_an_error_of_a_client_ends_its_transfer_and_no_other(station: TftpStation, clients: list[Client]) -> None:
    for client in clients[:2]:
        client.send(error(3, "disk full"))
    station.journal.wait_for(EventKind.TRANSFER_FAILED, 2)
    for client in clients[2:]:
        client.send(ack(2))
        assert [client.data()[0] for _ in range(2)] == [3, 4]


def test_stopping_tells_the_clients_of_every_thread(station: TftpStation, clients: list[Client]) -> None:
    started = time.monotonic()
    station.server.stop(deadline_s=0.2)
    assert time.monotonic() - started < 5
    for client in clients:
        assert client.error() == (0, "the boot server is stopping")
    assert station.directory.all_closed()


def test_stopping_lets_transfers_of_every_thread_finish(station: TftpStation, clients: list[Client]) -> None:
    stopping = threading.Thread(target=station.server.stop, kwargs={"deadline_s": 20.0})
    stopping.start()
    for client in clients:
        newest, last = 2, len(KERNEL) // 512 + 1
        while newest < last:
            client.send(ack(newest))
            newest = [client.data()[0] for _ in range(min(2, last - newest))][-1]
        client.send(ack(last))
    stopping.join(10)
    assert not stopping.is_alive()
    assert len(station.journal.of(EventKind.TRANSFER_FINISHED)) == CLIENTS

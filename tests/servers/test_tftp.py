"""The TFTP server's thread on the loopback: many clients, limits, defects, the end."""

import errno
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, FileSlice, Peer
from bootbeam.net.udp import bind_udp
from bootbeam.servers import tftp_requests
from bootbeam.servers.tftp import TftpLimits, TftpListener, TftpServer
from bootbeam.servers.tftp_socket import open_transfer_socket
from tests.servers.kept_events import Kept
from tests.servers.tftp_station import KERNEL, LOOPBACK_LIMITS, Client, Directory, TftpStation, running_station
from tests.tftp_packets import ack, error, rrq


@pytest.fixture
def station(tmp_path: Path) -> Iterator[TftpStation]:
    yield from running_station(tmp_path)


@pytest.mark.parametrize("blksize", [8, 512, 1432, 1468, 8192, 65464])
@pytest.mark.parametrize("windowsize", [1, 4, 16, 64])
def test_a_file_arrives_as_it_is(station: TftpStation, blksize: int, windowsize: int) -> None:
    with station.client() as client:
        assert client.download("kernel", blksize=blksize, windowsize=windowsize) == KERNEL
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert finished.facts["retransmissions"] == 0
    assert (finished.facts["blksize"], finished.facts["windowsize"]) == (blksize, windowsize)


def test_malformed_datagrams_are_counted_and_journaled_once_per_source_and_reason(station: TftpStation) -> None:
    with station.client() as client:
        for _ in range(5):
            client.sock.sendto(b"\0\x07junk", client.server)
            client.sock.sendto(b"\0\1no end", client.server)
            client.sock.sendto(ack(7), client.server)
        assert client.download("kernel", blksize=8192) == KERNEL, "and it goes on"
        assert station.server.dropped_datagrams == 15
        client.ask("kernel")
        client.data()
        client.send(b"junk within a transfer")
        client.send(ack(1))
        assert client.data()[0] == 2
        client.send(error(0))
    reasons = [str(event.facts["reason"]) for event in station.journal.of(EventKind.DATAGRAM_DROPPED)]
    assert len(reasons) == 4
    assert "opcode 7" in reasons[0]
    assert station.server.dropped_datagrams == 16


def test_a_defect_in_one_transfer_ends_that_one_only(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)

    def explode() -> None:
        raise ZeroDivisionError("a defect")

    def explode_at_once(peer: Peer) -> Content:
        raise KeyError("another")

    with TftpStation(tmp_path) as station:
        made = station.directory.made
        fd = os.open(tmp_path / "kernel", os.O_RDONLY)
        made["bad"] = lambda peer: Content("bad", 100, slices=(FileSlice(fd, 0, 100),), check=explode)
        made["worse"] = explode_at_once
        made["unclosable"] = lambda peer: Content("unclosable", 3, body=b"abc", on_close=explode)
        with station.client() as client, station.client() as other:
            other.ask("kernel")
            other.data()
            client.ask("bad")
            station.journal.wait_for(EventKind.PROBLEM)
            client.ask("worse")
            assert client.error()[0] == 0
            station.journal.wait_for(EventKind.PROBLEM, 2)
            assert client.download("unclosable") == b"abc"
            station.journal.wait_for(EventKind.PROBLEM, 3)
            other.send(ack(1))
            assert other.data()[0] == 2
        os.close(fd)
        problems = station.journal.of(EventKind.PROBLEM)
        assert "ZeroDivisionError: a defect" in str(problems[0].facts["why"])
        assert all(event.facts["what"] and event.facts["fix"] for event in problems)


def test_a_journal_that_fails_does_not_take_the_server_down(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)

    def broken(kind: EventKind, **facts: object) -> None:
        raise RuntimeError("a watcher's defect")

    sock = bind_udp("127.0.0.1", 0)
    port = int(sock.getsockname()[1])
    server = TftpServer([TftpListener(sock, None)], Directory(tmp_path), broken, LOOPBACK_LIMITS)
    server.start()
    try:
        for _ in range(2):
            with Client(port) as client:
                client.ask("kernel", ("tsize", "0"))
                assert client.oack() == {"tsize": 300_000}
                client.send(ack(0))
    finally:
        server.stop()


def test_the_limits_leave_further_requests_unanswered(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, TftpLimits(max_transfers=3)) as station, ExitStack() as clients:
        for _ in range(3):
            client = clients.enter_context(station.client())
            client.ask("kernel")
            client.data()
        late = clients.enter_context(station.client())
        late.ask("kernel")
        assert late.hears_nothing(0.3)
        client.send(error(0, "enough"))
        station.journal.wait_for(EventKind.TRANSFER_FAILED)
        assert late.download("kernel", blksize=8192) == KERNEL
        assert station.server.refused_for_lack_of_room == 1
        (problem,) = station.journal.of(EventKind.PROBLEM)
        assert "3 TFTP transfers are under way" in str(problem.facts["what"])


def test_one_client_cannot_take_all_the_room(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, TftpLimits(max_transfers_per_address=2)) as station, ExitStack() as clients:
        for _ in range(2):
            client = clients.enter_context(station.client())
            client.ask("kernel")
            client.data()
        late = clients.enter_context(station.client())
        late.ask("kernel")
        assert late.hears_nothing(0.3)
        (problem,) = station.journal.of(EventKind.PROBLEM)
        assert "2 TFTP transfers to 127.0.0.1" in str(problem.facts["what"])


def test_many_clients_at_once(station: TftpStation) -> None:
    results: list[bool] = []

    def read() -> None:
        with station.client() as client:
            results.append(client.download("kernel", blksize=1432, windowsize=4) == KERNEL)

    readers = [threading.Thread(target=read) for _ in range(40)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert results == [True] * 40
    station.journal.wait_for(EventKind.TRANSFER_FINISHED, 40)
    assert station.directory.all_closed()


def open_descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def test_nothing_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    before = len(open_descriptors())
    threads = threading.active_count()
    for _ in range(3):
        station = TftpStation(tmp_path)
        with station, station.client() as client, station.client() as cut_off:
            client.download("kernel", blksize=8192)
            client.ask("nothing")
            client.error()
            client.ask("kernel", ("tsize", "0"))
            client.oack()
            client.send(error(8))
            cut_off.ask("kernel")
            cut_off.data()
            station.server.stop()
            assert cut_off.error() == (0, "the boot server is stopping")
        (failed,) = station.journal.of(EventKind.TRANSFER_FAILED)
        assert failed.facts["reason"] == "the boot server is stopping"
        assert station.directory.all_closed()
    assert len(open_descriptors()) == before
    assert threading.active_count() == threads


def test_stopping_lets_a_transfer_finish(station: TftpStation) -> None:
    with station.client() as client, station.client() as late:
        client.ask("kernel", ("blksize", "10000"))
        client.oack()
        client.send(ack(0))
        stopping = threading.Thread(target=station.server.stop, args=(20.0,))
        stopping.start()
        time.sleep(0.1)
        late.ask("kernel")
        for block in range(1, 32):
            assert client.data() == (block, KERNEL[(block - 1) * 10_000 : block * 10_000])
            client.send(ack(block))
        stopping.join(5)
        assert not stopping.is_alive()
        late.sock.settimeout(0.1)
        with pytest.raises((TimeoutError, ConnectionRefusedError)):
            late.receive()
    assert len(station.journal.of(EventKind.TRANSFER_FINISHED)) == 1


def test_stopping_waits_no_longer_than_it_is_told(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel")
        client.data()
        began = time.monotonic()
        station.server.stop(0.5)
        assert 0.4 < time.monotonic() - began < 5
        assert client.error()[1] == "the boot server is stopping"


def test_a_server_that_was_never_started_still_closes_its_sockets(tmp_path: Path) -> None:
    sock = bind_udp("127.0.0.1", 0)
    server = TftpServer([TftpListener(sock, None)], Directory(tmp_path), Kept())
    server.stop()
    assert sock.fileno() == -1


class StutteringSocket(socket.socket):
    """Has no room at every second attempt, as a slow network card's queue."""

    attempts = 0

    def _stutter(self) -> None:
        self.attempts += 1
        if self.attempts % 2:
            raise BlockingIOError(errno.EAGAIN, "no room")

    def sendmsg(self, *arguments: Any) -> int:
        self._stutter()
        return super().sendmsg(*arguments)


@pytest.mark.parametrize("windowsize", [4, 64])
def test_a_full_send_queue_only_delays(station: TftpStation, monkeypatch: pytest.MonkeyPatch, windowsize: int) -> None:
    def open_stuttering(*arguments: Any) -> socket.socket:
        return StutteringSocket(fileno=open_transfer_socket(*arguments).detach())

    monkeypatch.setattr(tftp_requests, "open_transfer_socket", open_stuttering)
    with station.client() as client:
        assert client.download("kernel", blksize=1432, windowsize=windowsize) == KERNEL
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert finished.facts["retransmissions"] == 0, "the timer had to help"


def test_running_out_of_file_descriptors_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)

    def no_descriptor(*_: Any) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    with TftpStation(tmp_path) as station, station.client() as client:
        with monkeypatch.context() as exhausted:
            exhausted.setattr(tftp_requests, "open_transfer_socket", no_descriptor)
            client.ask("kernel")
            (problem,) = station.journal.wait_for(EventKind.PROBLEM)
            assert "ulimit -n" in str(problem.facts["fix"])
        assert client.download("kernel", blksize=8192) == KERNEL


def test_no_datagram_whatever_is_in_it_troubles_the_server(station: TftpStation) -> None:
    random = Random(9)
    good = [rrq("kernel", ("blksize", "1432"), ("tsize", "0")), rrq("kernel", opcode=2), ack(1), error(8, "no"), b""]

    def damaged() -> bytes:
        packet = bytearray(random.choice(good) + random.randbytes(random.choice([0, 0, 5])))
        for _ in range(random.randrange(4) if packet else 0):
            packet[random.randrange(len(packet))] = random.randrange(256)
        return bytes(packet)

    for _ in range(50):
        with station.client() as client:
            for _ in range(40):
                client.sock.sendto(damaged(), client.server)
        with station.client() as client:
            client.ask("kernel")
            client.data()
            for _ in range(20):
                client.send(damaged())
    with station.client() as client:
        assert client.download("kernel", blksize=8192) == KERNEL

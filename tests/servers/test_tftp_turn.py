"""The library in C beside the server in Python: the same packets for the same ACKs."""

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, Peer
from bootbeam.servers import tftp_turn
from bootbeam.servers.tftp_library import build_command
from bootbeam.servers.tftp_turn import MappedFiles, TurnLibrary
from tests.servers.tftp_station import KERNEL, Client, TftpStation
from tests.tftp_packets import ack, error


@pytest.fixture(scope="module")
def library_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with every warning an error, and with what finds a step outside of an array."""
    built = tmp_path_factory.mktemp("library") / "libbootbeam-tftp.so"
    flags = ("-O1", "-Wall", "-Wextra", "-Werror", "-fstack-protector-all", "-D_FORTIFY_SOURCE=2")
    subprocess.run((*build_command(built), *flags), check=True)
    return built


@pytest.fixture(params=["Python", "C", "C, from the pages of private copies"])
def station(request: pytest.FixtureRequest, tmp_path: Path, library_file: Path) -> Iterator[TftpStation]:
    (tmp_path / "kernel").write_bytes(KERNEL)
    libraries = [] if request.param == "Python" else [TurnLibrary(library_file), TurnLibrary(library_file)]
    with TftpStation(tmp_path, libraries=libraries) as running:
        running.directory.is_unchanging = "private" in request.param
        yield running


@pytest.mark.parametrize("blksize", [8, 512, 1432, 8192, 65464])
@pytest.mark.parametrize("windowsize", [1, 5, 64])
def test_a_file_arrives_as_it_is(station: TftpStation, blksize: int, windowsize: int) -> None:
    with station.client() as client:
        assert client.download("kernel", blksize=blksize, windowsize=windowsize) == KERNEL
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert finished.facts["retransmissions"] == 0


@pytest.mark.parametrize("size_bytes", [0, 1, 511, 512, 513, 65536, 65537, 524288, 524289, 1048576])
def test_files_that_end_at_any_place_of_a_block_or_a_stretch(station: TftpStation, size_bytes: int) -> None:
    content = (KERNEL * 4)[:size_bytes]
    (station.directory.root / "file").write_bytes(content)
    with station.client() as client:
        assert client.download("file") == content
        assert client.download("file", blksize=512, windowsize=7) == content


def test_block_numbers_wrap(station: TftpStation) -> None:
    content = KERNEL[:8] * 66_000
    (station.directory.root / "long").write_bytes(content)
    with station.client() as client:
        assert client.download("long", blksize=8, windowsize=3) == content


ANSWERS = st.lists(
    st.one_of(
        st.just("in order"),
        st.just("in order"),
        st.just("again"),
        st.tuples(st.just("inside"), st.integers(1, 8)),
        st.tuples(st.just("ahead"), st.integers(1, 70_000)),
        st.tuples(st.just("junk"), st.binary(max_size=8).filter(lambda junk: junk[:2] != b"\0\5")),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=ANSWERS, windowsize=st.integers(1, 8))
def test_a_client_sees_the_same_from_both(
    tmp_path: Path, library_file: Path, answers: list[str | tuple[str, int | bytes]], windowsize: int
) -> None:
    """Each answer is sent to both, and what comes back within a moment is compared."""
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path) as plain, TftpStation(tmp_path, libraries=[TurnLibrary(library_file)]) as quick:
        for patience_s in (0.002, 0.1, 0.4):  # a difference that more patience does away with is this computer's
            by_plain, by_quick = (conversation(station, answers, windowsize, patience_s) for station in (plain, quick))
            if by_plain == by_quick:
                return
        assert by_plain == by_quick


def conversation(
    station: TftpStation, answers: list[str | tuple[str, int | bytes]], windowsize: int, patience_s: float
) -> list[bytes]:
    seen: list[bytes] = []
    with station.client() as client:
        client.ask("kernel", ("blksize", "512"), ("windowsize", str(windowsize)))
        client.oack()
        newest = 0
        for answer in ("in order", *answers):
            match answer:
                case ("inside", int(blocks)):
                    client.send(ack(max(newest - blocks, 0) & 0xFFFF))
                case ("ahead", int(blocks)):
                    client.send(ack((newest + blocks) & 0xFFFF))
                case ("junk", bytes(junk)):
                    client.send(junk)
                case "again":
                    client.send(ack(max(newest - windowsize, 0)))
                case _:
                    client.send(ack(newest))
            got = received(client, patience_s)
            newest = max([newest, *(int.from_bytes(packet[2:4], "big") for packet in got if packet[1] == 3)])
            seen += got
        client.send(error(0))
    return seen


def received(client: Client, patience_s: float) -> list[bytes]:
    """What comes before nothing has come for so long."""
    packets = []
    client.sock.settimeout(patience_s)
    try:
        while True:
            packets.append(client.sock.recv(1024))
    except TimeoutError:
        return packets


def test_a_client_that_closed_its_port_ends_its_transfer_soon(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel", ("blksize", "512"), ("windowsize", "4"))
        client.oack()
        client.send(ack(0))
        client.data()
        for _ in range(3):
            client.data()
        client.send(ack(4))
    (failed,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert "closed its port" in str(failed.facts["reason"])


def test_a_silent_client_gets_the_window_again_that_the_library_sent(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel", ("blksize", "512"), ("windowsize", "2"), ("timeout", "1"))
        client.oack()
        client.send(ack(0))
        for newest in range(2, 10, 2):
            assert [client.data()[0] for _ in range(2)] == [newest - 1, newest]
            if newest < 8:
                client.send(ack(newest))
        assert [client.data()[0] for _ in range(2)] == [7, 8], "after its timeout"


def test_a_transfer_is_told_of_once_its_first_window_is_out(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel", ("blksize", "512"), ("windowsize", "2"))
        client.oack()
        client.send(ack(0))
        assert [client.data()[0] for _ in range(2)] == [1, 2]
        (started,) = station.journal.wait_for(EventKind.TRANSFER_STARTED)
        assert started.facts["windowsize"] == 2
        (asked,) = station.journal.of(EventKind.READ_REQUESTED)
        client.send(error(0))
        (failed,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert failed.facts["stage"] == "first-block"
    assert asked.facts["transfer"] == started.facts["transfer"] == failed.facts["transfer"]


def test_a_file_of_one_window_is_told_of_from_its_start_to_its_end(station: TftpStation) -> None:
    (station.directory.root / "small").write_bytes(KERNEL[:1000])
    with station.client() as client:
        assert client.download("small", blksize=512, windowsize=16) == KERNEL[:1000]
    station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    kinds = [EventKind.READ_REQUESTED, EventKind.TRANSFER_STARTED, EventKind.TRANSFER_FINISHED]
    assert [event.kind for event in station.journal.events if event.kind in kinds] == kinds


def test_many_clients_at_once(station: TftpStation) -> None:
    with_ends = [station.client() for _ in range(30)]
    for client in with_ends:
        client.ask("kernel", ("blksize", "8192"))
        client.oack()
        client.send(ack(0))
    for block in range(1, len(KERNEL) // 8192 + 2):
        for client in with_ends:
            assert client.data() == (block, KERNEL[(block - 1) * 8192 : block * 8192])
            client.send(ack(block))
    for client in with_ends:
        client.sock.close()
    station.journal.wait_for(EventKind.TRANSFER_FINISHED, 30)


def _made(body: bytes, _peer: Peer) -> Content:
    return Content("script", len(body), body=body)


def test_what_was_made_in_memory(station: TftpStation) -> None:
    for size_bytes in (0, 511, 512, 100_000):
        body = KERNEL[:size_bytes]
        station.directory.made["script"] = partial(_made, body)
        with station.client() as client:
            assert client.download("script") == body
            assert client.download("script", blksize=1432, windowsize=16) == body


def test_a_copy_that_can_no_longer_be_read_ends_its_transfer_and_nothing_else(
    tmp_path: Path, library_file: Path
) -> None:
    """As when a disk is damaged: the page is not there when the kernel wants to send it."""
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, libraries=[TurnLibrary(library_file)]) as running, running.client() as client:
        running.directory.is_unchanging = True
        client.ask("kernel", ("blksize", "8192"), ("timeout", "1"))
        client.oack()
        os.truncate(tmp_path / "kernel", 8192)
        client.send(ack(0))
        assert client.data() == (1, KERNEL[:8192])
        client.send(ack(1))
        (failed,) = running.journal.wait_for(EventKind.TRANSFER_FAILED)
        assert "can no longer be read" in str(failed.facts["reason"])


def test_transfers_of_one_file_share_what_is_in_memory() -> None:
    calls: list[tuple[str, int, int]] = []

    def map_file(fd: int, size_bytes: int) -> int | None:
        calls.append(("map", fd, size_bytes))
        return 0x1000 * fd if fd < 9 else None

    files = MappedFiles(map_file, lambda address, size_bytes: calls.append(("unmap", address, size_bytes)))
    assert [files.join(5, 100), files.join(6, 200), files.join(5, 100)] == [0x5000, 0x6000, 0x5000]
    files.leave(5)
    assert calls == [("map", 5, 100), ("map", 6, 200)]
    files.leave(5)
    assert calls[2:] == [("unmap", 0x5000, 100)]
    assert files.join(9, 300) is None, "a file that cannot be mapped"
    assert files.join(5, 400) == 0x5000, "another file behind the same descriptor"
    assert calls[-1] == ("map", 5, 400)


def test_a_socket_without_room_in_the_table_is_served_in_python(
    tmp_path: Path, library_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tftp_turn, "ROWS", 3)  # descriptors that are taken
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, libraries=[TurnLibrary(library_file)]) as running, running.client() as client:
        assert client.download("kernel", blksize=1432, windowsize=16) == KERNEL

"""One transfer of the running server: what the client sees and what the journal hears."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, ContentChanged, FileSlice
from tests.servers.tftp_station import KERNEL, TftpStation, running_station
from tests.tftp_packets import ack, error


@pytest.fixture
def station(tmp_path: Path) -> Iterator[TftpStation]:
    yield from running_station(tmp_path)


def test_what_is_journaled_of_a_download(station: TftpStation) -> None:
    with station.client() as client:
        client.download("kernel", blksize=1432, tsize=0)
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    (started,) = station.journal.of(EventKind.TRANSFER_STARTED)
    transfer = started.facts["transfer"]
    assert started.address == "127.0.0.1"
    assert started.facts == {
        "transfer": transfer,
        "protocol": "tftp",
        "file": "kernel",
        "size_bytes": 300_000,
        "offset": 0,
        "blksize": 1432,
        "windowsize": 1,
    }
    (requested,) = station.journal.of(EventKind.READ_REQUESTED)
    assert requested.facts.pop("source_port")
    assert requested.facts == {
        "transfer": transfer,
        "file": "kernel",
        "asked": "blksize=1432 tsize=0",
        "granted": "blksize=1432 tsize=300000",
        "times": 1,
    }
    duration_s = finished.facts.pop("duration_s")
    assert isinstance(duration_s, float)
    assert 0 < duration_s < 10
    assert finished.facts == {
        "transfer": transfer,
        "protocol": "tftp",
        "file": "kernel",
        "size_bytes": 300_000,
        "retransmissions": 0,
        "blksize": 1432,
        "windowsize": 1,
        "version_sha256": "0123456789ab",
        "version_mtime_s": (station.directory.root / "kernel").stat().st_mtime,
        "role": "kernel",
    }
    assert not station.journal.of(EventKind.TRANSFER_PROGRESS), "it was short"


def test_a_long_download_shows_progress_but_not_too_often(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel", ("blksize", "1000"))
        client.oack()
        client.send(ack(0))
        for block in range(1, 301):
            client.data()
            time.sleep(0.005)
            client.send(ack(block))
        client.data()
        client.send(ack(301))
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    progress = station.journal.of(EventKind.TRANSFER_PROGRESS)
    sent = [int(event.facts["sent_bytes"] or 0) for event in progress]
    assert sent == sorted(sent)
    assert 0 < sent[0] <= sent[-1] <= 300_000
    assert progress[0].facts["size_bytes"] == 300_000
    duration_s = finished.facts["duration_s"]
    assert isinstance(duration_s, float)
    assert 1 <= len(progress) <= (duration_s - 0.5) / 0.25 + 1


@pytest.mark.parametrize("code", [0, 4, 8])
def test_a_size_probe_is_no_failure(station: TftpStation, code: int) -> None:
    with station.client() as client:
        client.ask("kernel", ("tsize", "0"), ("blksize", "1468"), ("windowsize", "4"))
        assert client.oack()["tsize"] == 300_000
        client.send(error(code, "User aborted the transfer"))
        (probed,) = station.journal.wait_for(EventKind.SIZE_PROBED)
        assert probed.facts["file"] == "kernel"
        assert client.download("kernel", blksize=1468, windowsize=4) == KERNEL, "from the same port"
    assert not station.journal.of(EventKind.TRANSFER_FAILED)
    assert len(station.journal.of(EventKind.TRANSFER_STARTED)) == 1


def test_a_repeated_request_is_answered_from_the_same_port(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel", ("tsize", "0"))
        client.oack()
        first = client.session
        client.ask("kernel", ("tsize", "0"))
        assert client.oack() == {"tsize": 300_000}
        assert client.session == first
        assert len(station.directory.peers) == 1
        client.send(error(0))
    requests = station.journal.wait_for(EventKind.READ_REQUESTED, 2)
    assert [event.facts["times"] for event in requests] == [1, 2], "a copy is a sign that our answer is not heard"


def test_a_client_that_asks_for_something_else_from_its_port_gets_it(station: TftpStation) -> None:
    (station.directory.root / "other").write_bytes(b"other")
    with station.client() as client:
        client.ask("kernel", ("blksize", "1000"))
        client.oack()
        assert client.download("other") == b"other"
    (failed,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert failed.facts["file"] == "kernel"
    assert station.directory.all_closed()


def test_lost_blocks_are_sent_again_by_the_timer(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel")
        first = client.data()
        began = time.monotonic()
        assert client.data() == first
        assert time.monotonic() - began > 0.8
        client.send(error(3, "disk full"))
    (failed,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert "disk full" in str(failed.facts["reason"])
    told = {key: failed.facts[key] for key in ("acked_bytes", "stage", "error_code", "error_text", "blksize")}
    assert told == {
        "acked_bytes": 0,
        "stage": "first-block",
        "error_code": 3,
        "error_text": "disk full",
        "blksize": 512,
    }
    assert failed.facts["retransmissions"] == 1
    assert (failed.facts["sent_bytes"], failed.facts["size_bytes"]) == (0, 300_000)


def test_a_gap_in_a_window_is_filled_at_once(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel", ("blksize", "1000"), ("windowsize", "8"), ("timeout", "20"))
        client.oack()
        client.send(ack(0))
        assert [client.data()[0] for _ in range(8)] == list(range(1, 9))
        client.send(ack(3))
        began = time.monotonic()
        for block in range(4, 12):
            assert client.data() == (block, KERNEL[(block - 1) * 1000 : block * 1000])
        assert time.monotonic() - began < 15, "the timer had to help"
        client.send(error(0, "enough"))


def test_duplicate_acks_send_nothing(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel")
        client.data()
        for _ in range(20):
            client.send(ack(1))
        assert client.data()[0] == 2
        assert client.hears_nothing(0.4)
        client.send(error(0, "enough"))


def test_a_stranger_cannot_disturb_a_transfer(station: TftpStation) -> None:
    with station.client() as client, station.client() as stranger:
        client.ask("kernel")
        client.data()
        assert client.session is not None
        for packet in (ack(1), error(0, "die"), b"junk"):
            stranger.sock.sendto(packet, client.session)
        assert client.hears_nothing(0.3)
        client.send(ack(1))
        assert client.data()[0] == 2
        client.send(error(0, "enough"))


def test_a_client_that_closed_its_port_ends_its_transfer_soon(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel")
        client.data()
    (failed,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert "closed its port" in str(failed.facts["reason"])


def test_a_file_rewritten_under_a_transfer_ends_it_in_words(station: TftpStation) -> None:
    path = station.directory.root / "kernel"
    content = KERNEL * 7  # more than is read at once
    path.write_bytes(content)
    with station.client() as client:
        client.ask("kernel", ("blksize", "1000"), ("windowsize", "16"))
        client.oack()
        client.send(ack(0))
        for _ in range(16):
            client.data()
        time.sleep(0.02)
        path.write_bytes(bytes(len(content)))
        acked, packet = 16, b""
        while packet[:2] != b"\0\5":
            client.send(ack(acked))
            for block in range(acked + 1, acked + 17):
                packet = client.receive()
                if packet[:2] == b"\0\5":
                    break
                assert packet[4:] == content[(block - 1) * 1000 : block * 1000], "a mixture of two versions"
            acked += 16
        assert b"rewritten" in packet
    (failed,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert "rewritten" in str(failed.facts["reason"])
    assert not station.journal.of(EventKind.TRANSFER_FINISHED)


def test_a_file_cut_short_under_a_transfer_ends_it_and_nothing_else(station: TftpStation) -> None:
    size_bytes = 4_000_000
    path = station.directory.root / "big"
    path.write_bytes(bytes(size_bytes))
    with station.client() as client:
        client.ask("big", ("blksize", "1000"))
        client.oack()
        client.send(ack(0))
        client.data()
        os.truncate(path, 10)
        block = 1
        packet = b"\0\3"
        while packet[:2] == b"\0\3":
            client.send(ack(block))
            packet = client.receive()
            block += 1
        assert packet[:4] == b"\0\5\0\0"
        assert block * 1000 < 200_000
    with station.client() as client:
        assert client.download("kernel", blksize=8192) == KERNEL


def test_a_check_that_fails_after_the_last_byte_is_no_success(station: TftpStation) -> None:
    answers = iter([True])

    def check() -> None:
        if not next(answers, False):
            raise ContentChanged("rewritten in the last moment")

    fd = os.open(station.directory.root / "kernel", os.O_RDONLY)
    station.directory.made["short"] = lambda peer: Content(
        "short", 100, slices=(FileSlice(fd, 0, 100),), check=check, on_close=lambda: os.close(fd)
    )
    with station.client() as client:
        client.ask("short")
        client.data()
        client.send(ack(1))
        station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert not station.journal.of(EventKind.TRANSFER_FINISHED)

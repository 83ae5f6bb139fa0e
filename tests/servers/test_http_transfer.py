"""The events of one download, on a clock that stands still until told."""

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, Peer, Version
from bootbeam.servers.block_reads import BlockReads
from bootbeam.servers.http_transfer import PieceTransfer, Transfer
from tests.servers.kept_events import Kept

PEER = Peer("192.168.1.20", "192.168.1.50", "http", "eth0")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def journal() -> Kept:
    return Kept()


def make(journal: Kept, clock: Clock, sha256: str | None = "0123456789abcdef" * 4) -> Transfer:
    content = Content("boot/linux", 5000, role="kernel", version=Version(9000, 1234.5, lambda: sha256))
    return Transfer(journal, PEER, content, 100, 4900, clock)


def test_whole_story(journal: Kept) -> None:
    clock = Clock()
    transfer = make(journal, clock)
    transfer.started()
    transfer.progress(10)
    clock.now_s += 0.4
    transfer.progress(4900)
    transfer.finished()
    started, finished = journal.events
    common = {"protocol": "http", "file": "boot/linux", "size_bytes": 4900, "offset": 100}
    identity = started.facts["transfer"]
    assert started.facts == {**common, "transfer": identity, "status": 200, "user_agent": ""}
    assert finished.kind is EventKind.TRANSFER_FINISHED
    assert finished.address == "192.168.1.20"
    assert finished.facts == {
        **common,
        "transfer": identity,
        "duration_s": pytest.approx(0.4),
        "version_sha256": "0123456789ab",
        "version_mtime_s": 1234.5,
        "role": "kernel",
    }


def test_failure_says_how_far_it_came(journal: Kept) -> None:
    transfer = make(journal, Clock())
    transfer.started()
    transfer.progress(77)
    transfer.failed("the client closed the connection")
    failed = journal.events[-1]
    assert failed.kind is EventKind.TRANSFER_FAILED
    assert failed.facts["sent_bytes"] == 77
    assert failed.facts["reason"] == "the client closed the connection"


def test_progress_begins_after_half_a_second_and_comes_four_times_a_second(journal: Kept) -> None:
    clock = Clock()
    transfer = make(journal, clock)
    shown = []
    for hundredth in range(200):
        clock.now_s = 1000 + hundredth / 100
        transfer.progress(hundredth)
        if journal.events:
            shown.append((hundredth, journal.events.pop().facts))
    assert [hundredth for hundredth, _ in shown] == [50, 75, 100, 125, 150, 175]
    assert shown[0][1]["sent_bytes"] == 50
    assert set(shown[0][1]) == {"transfer", "sent_bytes", "size_bytes"}


def test_digest_still_being_computed_is_left_open(journal: Kept) -> None:
    make(journal, Clock(), sha256=None).finished()
    assert journal.events[0].facts["version_sha256"] is None


def test_each_transfer_has_its_own_name(journal: Kept) -> None:
    for _ in range(3):
        make(journal, Clock()).started()
    assert len({event.facts["transfer"] for event in journal.events}) == 3


def test_a_piece_that_goes_well_is_counted_and_one_that_does_not_is_told(journal: Kept) -> None:
    clock = Clock()
    content = Content("disk.img", 5000, role="disk")
    piece = PieceTransfer(BlockReads(journal, clock), PEER, content, 100, 512, clock)
    piece.started()
    piece.progress(10)
    piece.stalled(10)
    piece.resumed(10, 20.0)
    assert not journal.events
    piece.finished()
    piece.failed("the client closed the connection")
    read, failed = journal.events
    assert (read.kind, failed.kind) == (EventKind.BLOCKS_READ, EventKind.TRANSFER_FAILED)
    assert (read.address, read.interface, read.facts) == (
        *("192.168.1.20", "eth0"),
        {"protocol": "http", "file": "disk.img", "requests": 1, "read_bytes": 512},
    )
    assert failed.facts.items() >= {"file": "disk.img", "offset": 100, "size_bytes": 512, "sent_bytes": 10}.items()
    assert failed.facts["reason"] == "the client closed the connection"

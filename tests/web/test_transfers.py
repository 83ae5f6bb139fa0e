"""Transfers under way, from their events."""

from bootbeam.journal.events import EventKind
from bootbeam.web.transfers import MAX_TRANSFERS, Transfers
from tests.boot_events import event, transfer


def test_one_begins_goes_on_and_ends() -> None:
    transfers = Transfers()
    started, finished = transfer(0, 1, 7, "http", "kernel", "vmlinuz")
    transfers.add(started)
    transfers.add(event(0.5, EventKind.TRANSFER_PROGRESS, transfer="http-7", sent_bytes=5, size_bytes=10**6))
    [under_way] = transfers.under_way()
    assert (under_way.file, under_way.sent_bytes, under_way.size_bytes) == ("vmlinuz", 5, 10**6)
    before = transfers.changes
    transfers.add(finished)
    assert transfers.under_way() == []
    assert transfers.changes > before


def test_what_is_no_transfer_of_ours_changes_nothing() -> None:
    transfers = Transfers()
    transfers.add(event(0, EventKind.TRANSFER_PROGRESS, transfer="http-9", sent_bytes=5))
    transfers.add(event(0, EventKind.TRANSFER_FINISHED, transfer="http-9"))
    transfers.add(event(0, EventKind.OFFERED, what="loader"))
    assert (transfers.changes, transfers.under_way()) == (0, [])


def test_those_that_never_end_are_forgotten() -> None:
    transfers = Transfers()
    for number in range(MAX_TRANSFERS + 50):
        transfers.add(transfer(0, 1, number, "tftp", "loader", "x")[0])
    assert len(transfers.under_way()) == MAX_TRANSFERS
    assert transfers.under_way()[0].transfer == "tftp-50"

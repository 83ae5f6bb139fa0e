"""The journal keeps, bounds and hands on."""

import threading

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import MAX_KEPT_EVENTS, Journal


def test_an_event_is_kept_and_handed_to_watchers() -> None:
    journal = Journal(clock=lambda: 12.5)
    seen: list[Event] = []
    journal.watch(seen.append)
    journal.record(EventKind.OFFERED, mac="52:54:00:12:34:56", interface="eth0", file="x64/snponly.efi")
    [event] = journal.events()
    assert seen == [event]
    assert (event.at_s, event.mac, event.interface) == (12.5, "52:54:00:12:34:56", "eth0")
    assert event.facts == {"file": "x64/snponly.efi"}


def test_the_mac_is_found_behind_the_address() -> None:
    journal = Journal(lambda: 0.0, {"192.168.1.7": "52:54:00:12:34:56"}.get)
    journal.record(EventKind.TRANSFER_STARTED, address="192.168.1.7")
    journal.record(EventKind.TRANSFER_STARTED, address="192.168.1.8")
    assert [event.mac for event in journal.events()] == ["52:54:00:12:34:56", None]


def test_progress_is_shown_and_not_kept() -> None:
    journal = Journal(lambda: 0.0)
    seen: list[Event] = []
    journal.watch(seen.append)
    journal.record(EventKind.TRANSFER_PROGRESS, sent_bytes=1)
    assert len(seen) == 1
    assert journal.events() == []


def test_the_oldest_give_way() -> None:
    journal = Journal(lambda: 0.0)
    for number in range(MAX_KEPT_EVENTS + 5):
        journal.record(EventKind.OFFERED, number=number)
    events = journal.events()
    assert len(events) == MAX_KEPT_EVENTS
    assert events[0].facts["number"] == 5


def test_several_threads_lose_nothing() -> None:
    journal = Journal(lambda: 0.0)

    def write() -> None:
        for _ in range(500):
            journal.record(EventKind.OFFERED)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.events()) == 2000


def test_a_watcher_hears_of_the_kinds_it_wants_alone() -> None:
    journal, seen = Journal(lambda: 5.0), list[Event]()
    journal.watch(seen.append, (EventKind.SCRIPT_SENT, EventKind.OFFERED))
    for kind in EventKind:
        journal.record(kind)
    assert {event.kind for event in seen} == {EventKind.SCRIPT_SENT, EventKind.OFFERED}
    assert len(seen) == 2

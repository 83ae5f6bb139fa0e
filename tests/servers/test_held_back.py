"""What was heard on the wire and never taken."""

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Journal
from bootbeam.servers import held_back
from bootbeam.servers.held_back import TOLD_EVERY_S, HeldBack

MAC, ADDRESS = "52:54:00:12:34:56", "192.168.1.7"


class Bench:
    """With a clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 100.0
        self.journal = Journal(clock=lambda: 0.0)
        self.held_back = HeldBack(self.journal.record, lambda: self.now)
        self.journal.watch(self.held_back.watch, held_back.PORT_OF_KIND)

    def arrive(self, port: int, *seconds: float, mac: str = MAC) -> list[int]:
        for second in seconds:
            self.now = 100.0 + second
            self.held_back.arrived(mac, "" if port == 67 else ADDRESS, port, "eth0")
        return [int(str(event.facts["port"])) for event in self.told()]

    def told(self) -> list[Event]:
        return [event for event in self.journal.events() if event.kind is EventKind.QUESTION_HELD_BACK]


@pytest.mark.parametrize("port", [67, 69, 4011])
def test_a_question_that_is_repeated_and_never_taken(port: int) -> None:
    bench = Bench()
    assert bench.arrive(port, 0) == []
    assert bench.arrive(port, 0.1) == [], "the same frame, heard twice"
    assert bench.arrive(port, 1) == [port]
    assert bench.arrive(port, 3, 6) == [port], "told every ten seconds at most"
    assert bench.arrive(port, 2 + TOLD_EVERY_S) == [port, port]
    [first, _] = bench.told()
    assert (first.mac, first.interface) == (MAC, "eth0")
    assert first.address == (None if port == 67 else ADDRESS)


@pytest.mark.parametrize(
    ("port", "kind"),
    [
        (67, EventKind.CLIENT_SEEN),
        (67, EventKind.CLIENT_IGNORED),
        (4011, EventKind.BOOT_SERVER_ASKED),
        (69, EventKind.READ_REQUESTED),
        (69, EventKind.FILE_REFUSED),
    ],
)
def test_what_was_taken_once_is_not_held_back(port: int, kind: EventKind) -> None:
    bench = Bench()
    bench.arrive(port, 0)
    bench.journal.record(kind, mac=MAC)
    assert bench.arrive(port, 4, 12, 28, 1000) == []


def test_a_machine_whose_mac_is_not_known_is_known_by_its_address() -> None:
    bench = Bench()
    bench.journal.record(EventKind.READ_REQUESTED, address=f"{ADDRESS}%eth0")
    assert bench.arrive(69, 0, 4) == []


def test_each_port_counts_for_itself() -> None:
    bench = Bench()
    bench.journal.record(EventKind.CLIENT_SEEN, mac=MAC)
    assert bench.arrive(4011, 0, 1) == [4011]


def test_machines_are_kept_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_back, "MAX_REMEMBERED", 2)
    bench = Bench()
    for number in range(3):
        bench.arrive(67, 0, mac=f"52:54:00:00:00:{number:02x}")
    assert bench.arrive(67, 4, mac="52:54:00:00:00:00") == [], "forgotten"
    assert bench.arrive(67, 8, mac="52:54:00:00:00:00") == [67]

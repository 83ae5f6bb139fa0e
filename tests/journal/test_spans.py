"""Where the time of a boot went."""

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.spans import find_spans, totals
from tests.boot_events import event, good_boot, seen, transfer


def test_a_good_boot_from_the_firmwares_wait_to_the_running_system() -> None:
    assert [(name, round(duration_s, 3)) for name, duration_s in totals(find_spans(good_boot())) if duration_s] == [
        ("firmware waits for offers", 4.0),
        ("firmware takes its address", 0.1),
        ("firmware makes ready to load", 0.1),
        ("firmware loads", 0.1),
        ("TFTP", 1.2),
        ("the boot loader starts, and sets up the network", 2.0),
        ("iPXE gets its address", 1.0),
        ("iPXE looks for an IPv6 router", 16.0),
        ("the script runs", 0.1),
        ("HTTP", 1.0),
        ("the system starts and works", 2.0),
    ]


def test_the_spans_are_the_whole_time() -> None:
    spans = find_spans(good_boot())
    assert sum(span.duration_s for span in spans) == pytest.approx(27.6)
    assert [span.duration_s for span in spans if span.is_transfer] == pytest.approx([1.2, 0.5, 0.5])


def name_between(*events: Event) -> str:
    return find_spans(events)[-1].name


def test_a_firmware_that_hears_nothing() -> None:
    pxe, again, http = seen(0, "uefi-pxe", "1"), seen(4, "uefi-pxe", "1", secs=4), seen(64, "uefi-http", "2")
    assert name_between(pxe, again) == "firmware waits for an address"
    assert name_between(pxe, again, http) == "firmware gives up, and tries the next way"


def test_a_menu() -> None:
    menu = event(0, EventKind.SCRIPT_SENT, entry="the menu of 3")
    assert name_between(menu, *transfer(9, 1, 1, "http", "kernel", "k")[:1]) == "the menu waits for a choice"


def test_what_others_do_is_no_step_of_the_machine() -> None:
    other = event(2, EventKind.OTHER_SERVER_ANSWERED, message="offer")
    [span] = find_spans([seen(0, "uefi-pxe", "1"), other, event(4, EventKind.ADDRESS_REQUESTED)])
    assert span.duration_s == 4


@pytest.mark.parametrize("events", [[], [seen(0, "uefi-pxe", "1")]])
def test_one_event_has_no_length(events: list[Event]) -> None:
    assert find_spans(events) == []
    assert totals([]) == []

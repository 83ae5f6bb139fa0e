"""What the station adds to a machine, and which reports it believes."""

from bootbeam.boot.facts import MachineFacts
from bootbeam.journal.events import Event, EventKind
from bootbeam.library.machine_book import MachineBook
from bootbeam.library.machines import Machines

MAC = "52:54:00:12:34:56"
FACTS = MachineFacts("efi", "x86_64", MAC)


def book() -> MachineBook:
    return MachineBook(Machines(None), lambda mac: mac == MAC, lambda: 5.0)


def test_a_named_machine_may_be_wiped_and_another_may_not() -> None:
    assert book().complete(FACTS).may_be_wiped
    assert not book().complete(MachineFacts("efi", "x86_64", "52:54:00:00:00:01")).may_be_wiped
    assert not book().complete(MachineFacts("efi", "x86_64")).may_be_wiped


def test_a_report_counts_for_what_the_machine_was_given() -> None:
    known = book()
    known.watch(Event(EventKind.SCRIPT_SENT, 1.0, MAC, None, None, {"entry": "Ubuntu 24.04"}))
    assert known.complete(FACTS).installed_from is None
    known.set_installed(MAC)
    assert known.complete(FACTS).installed_from == "Ubuntu 24.04"


def test_a_machine_that_was_given_nothing_is_not_believed() -> None:
    known = book()
    known.set_installed(MAC)
    assert known.complete(FACTS).installed_from is None

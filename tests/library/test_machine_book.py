"""What the station adds to a machine, and which reports it believes."""

from pathlib import Path

import pytest

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
    known.watch(Event(EventKind.ANSWERS_FETCHED, 2.0, MAC, None, None, {"format": "autoinstall"}))
    assert known.expects_report(MAC)
    assert known.complete(FACTS).installed_from is None
    known.set_installed(MAC)
    assert known.complete(FACTS).installed_from == "Ubuntu 24.04"
    assert known.expects_report(MAC), "its first boot is still to be told"


@pytest.mark.parametrize("entry", ["the menu", "its own disk: it was installed from x", "Ubuntu 24.04"])
def test_a_machine_whose_installer_took_no_answers_is_not_believed(entry: str) -> None:
    known = book()
    known.watch(Event(EventKind.SCRIPT_SENT, 1.0, MAC, None, None, {"entry": entry}))
    assert not known.expects_report(MAC)
    known.set_installed(MAC)
    assert known.complete(FACTS).installed_from is None


def test_an_installation_outlasts_a_restart_of_the_station(tmp_path: Path) -> None:
    fetched = Event(EventKind.ANSWERS_FETCHED, 2.0, MAC, None, None, {"format": "preseed"})
    before = Machines(tmp_path / "state.db")
    MachineBook(before, lambda _: True, lambda: 5.0).watch(fetched)
    before.close()
    after = Machines(tmp_path / "state.db")
    known = MachineBook(after, lambda _: True, lambda: 6.0)
    assert known.expects_report(MAC)
    known.set_installed(MAC)
    assert known.complete(FACTS).installed_from == "preseed"
    after.close()


def test_a_station_that_installs_nothing_believes_nobody() -> None:
    known = MachineBook(None, lambda _: True, lambda: 5.0)
    known.watch(Event(EventKind.ANSWERS_FETCHED, 2.0, MAC, None, None, {"format": "preseed"}))
    assert not known.expects_report(MAC)
    known.set_installed(MAC)
    assert known.complete(FACTS).installed_from is None


def test_windows_restarts_before_it_can_report_and_goes_to_its_own_disk_then() -> None:
    known = book()
    known.watch(Event(EventKind.SCRIPT_SENT, 1.0, MAC, None, None, {"entry": "Windows 11"}))
    known.watch(Event(EventKind.ANSWERS_FETCHED, 2.0, MAC, None, None, {"format": "autounattend"}))
    assert known.complete(FACTS).installed_from == "Windows 11"
    assert known.expects_report(MAC)

"""What the station knows of a machine beyond what it says of itself: may it be wiped, is it installed already."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from bootbeam.boot.decision import Machine
from bootbeam.boot.facts import MachineFacts
from bootbeam.journal.events import Event, EventKind

MAX_MACHINES_UNDER_WAY = 10_000
REPORT_AFTER_A_RESTART = ("autounattend",)
"""Formats whose installer restarts the machine before it can report: it would be wiped again at that restart. Its
machine goes to its own disk from the moment it took its answers."""


WATCHED_KINDS = (EventKind.SCRIPT_SENT, EventKind.ANSWERS_FETCHED)
"""What ``MachineBook.watch`` wants to hear of."""


class InstalledMachines(Protocol):
    """Where installations are remembered: ``library.machines.Machines``."""

    def set_under_way(self, mac: str, entry: str, at_s: float) -> None:
        """The machine's installer has its answers."""

    def entry_under_way(self, mac: str) -> str | None:
        """What is being installed on the machine; None when nothing is."""

    def set_installed(self, mac: str, entry: str, at_s: float) -> None:
        """The machine has been installed, and nothing is under way on it."""

    def installed_entry(self, mac: str) -> str | None:
        """What it was installed from; None when it was not."""


class MachineBook:
    """Completes machines for the boot decision.

    Args:
        machines: what is remembered; None where nothing is installed.
        may_be_wiped: whether a MAC was named for unattended installation.
        clock: seconds since the epoch.
    """

    def __init__(
        self, machines: InstalledMachines | None, may_be_wiped: Callable[[str | None], bool], clock: Callable[[], float]
    ) -> None:
        self._machines = machines
        self._may_be_wiped = may_be_wiped
        self._clock = clock
        self._last_entry: OrderedDict[str, str] = OrderedDict()

    def complete(self, facts: MachineFacts) -> Machine:
        """The machine with what the station knows of it."""
        installed_from = self._machines.installed_entry(facts.mac) if self._machines and facts.mac else None
        return replace(facts.machine, may_be_wiped=self._may_be_wiped(facts.mac), installed_from=installed_from)

    def watch(self, event: Event) -> None:
        """Remember what each machine was given last, and whose installer took its answers.

        The second is kept beyond this run: an installation outlasts a restart of the station, and a machine whose
        report were not believed would be installed again.
        """
        if self._machines is None or not event.mac:
            return
        if event.kind is EventKind.SCRIPT_SENT:
            self._last_entry[event.mac] = str(event.facts.get("entry"))
            self._last_entry.move_to_end(event.mac)
            while len(self._last_entry) > MAX_MACHINES_UNDER_WAY:
                self._last_entry.popitem(last=False)
        elif event.kind is EventKind.ANSWERS_FETCHED:
            entry = self._last_entry.get(event.mac, str(event.facts.get("format")))
            if self._machines.entry_under_way(event.mac) != entry:
                self._machines.set_under_way(event.mac, entry, self._clock())
            if event.facts.get("format") in REPORT_AFTER_A_RESTART:
                self._machines.set_installed(event.mac, entry, self._clock())

    def expects_report(self, mac: str) -> bool:
        """Whether an installation on this machine is under way or was done: anybody can send a report."""
        if self._machines is None:
            return False
        return self._machines.entry_under_way(mac) is not None or self._machines.installed_entry(mac) is not None

    def set_installed(self, mac: str) -> None:
        """The machine reported that it is installed. Only one whose installer took its answers is believed."""
        entry = self._machines.entry_under_way(mac) if self._machines else None
        if self._machines and entry is not None:
            self._machines.set_installed(mac, entry, self._clock())

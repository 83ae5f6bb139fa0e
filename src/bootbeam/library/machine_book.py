"""What the station knows of a machine beyond what it says of itself: may it be wiped, is it installed already."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from bootbeam.boot.decision import Machine
from bootbeam.boot.facts import MachineFacts
from bootbeam.journal.events import Event, EventKind

MAX_MACHINES_UNDER_WAY = 10_000


class InstalledMachines(Protocol):
    """Where installations are remembered: ``library.machines.Machines``."""

    def set_installed(self, mac: str, entry: str, at_s: float) -> None:
        """The machine has been installed."""

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
        installed_from = self._machines.installed_entry(facts.mac) if facts.mac and self._machines else None
        return replace(facts.machine, may_be_wiped=self._may_be_wiped(facts.mac), installed_from=installed_from)

    def watch(self, event: Event) -> None:
        """Remember what each machine was given last, so that its report can be told what it is about."""
        if event.kind is EventKind.SCRIPT_SENT and event.mac:
            self._last_entry[event.mac] = str(event.facts.get("entry"))
            self._last_entry.move_to_end(event.mac)
            while len(self._last_entry) > MAX_MACHINES_UNDER_WAY:
                self._last_entry.popitem(last=False)

    def set_installed(self, mac: str) -> None:
        """The machine reported that it is installed. Only one that was given something to install is believed."""
        entry = self._last_entry.get(mac)
        if entry is not None and self._machines is not None:
            self._machines.set_installed(mac, entry, self._clock())

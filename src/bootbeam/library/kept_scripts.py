"""Scripts that were made before, for machines that ask again while nothing has changed.

A machine asks for the same script when it comes back to its menu, when it could not start what it was given, and when
it is switched on again. Making it takes twice as long as all else about the answer.

A kept script is given only if everything is as it was when it was made: what is on offer (the same object; there is a
new one as soon as anything about it changes), what the station knows of the machine, and the versions of the files that
it names, which are asked for each time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bootbeam.boot.decision import BootPlan, Machine, Offering, decide
from bootbeam.library.resolved_boot import ResolvedBoot

MAX_KEPT = 256
"""Those of the machines that asked last."""
MAX_KEPT_BYTES = 32 * 1024
"""The menu of thousands of images is longer, and is made each time."""

Asked = tuple[tuple[str, ...], str]
"""A machine's own words, and the address of ours that it uses: what a script is made of beside all that can change."""


@dataclass(slots=True)
class _Kept:
    machine: Machine
    offering: Offering
    plan: BootPlan
    boot: ResolvedBoot | None = None
    body: bytes | None = None
    """None: it has not been made, or is too long to be kept."""


class KeptScripts:
    """Decisions and the scripts that follow from them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Asked, _Kept] = OrderedDict()
        self._offering: Offering | None = None
        self._lock = threading.Lock()

    def decide(self, asked: Asked, machine: Machine, offering: Offering, chosen: str | None) -> BootPlan:
        """The one boot decision, or what it was for the same machine and the same offering.

        Args:
            asked: under which it is kept.
            machine: as it is known now.
            offering: of now.
            chosen: the entry that a person picked; follows from ``asked``.
        """
        with self._lock:
            if self._offering is not offering:
                # None of them is worth keeping, and each would keep what was on offer before in memory.
                self._kept.clear()
                self._offering = offering
            kept = self._kept.get(asked)
        if kept is not None and kept.offering is offering and kept.machine == machine:
            return kept.plan
        plan = decide(machine, offering, chosen)
        with self._lock:
            self._kept[asked] = _Kept(machine, offering, plan)
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return plan

    def body(self, asked: Asked, plan: BootPlan, boot: ResolvedBoot | None, render: Callable[[], str]) -> bytes:
        """The script, made now if it is not kept.

        Args:
            asked: as for ``decide``.
            plan: what that gave.
            boot: the addresses of the files, asked for now; None when the plan has none.
            render: makes it of the three before, and of nothing else.
        """
        with self._lock:
            kept = self._kept.get(asked)
            if kept is not None and kept.plan is plan and kept.body is not None and kept.boot == boot:
                self._kept.move_to_end(asked)
                return kept.body
        body = render().encode("utf-8")
        with self._lock:
            kept = self._kept.get(asked)
            if kept is not None and kept.plan is plan and len(body) <= MAX_KEPT_BYTES:
                kept.boot, kept.body = boot, body
        return body

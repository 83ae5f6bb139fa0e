"""What becomes of the first program that a machine's firmware loads: a machine without sockets.

Nothing in DHCP tells whether Secure Boot is on. But a firmware that refuses what it has loaded says so by its silence:
the program came to it whole, nothing of it was heard of, and then the firmware itself asks again, for HTTP boot, for
IPv6 or at the next power-on. From then on that machine gets the other chain of programs, until one starts.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

MAX_MACHINES = 10_000
SILENCE_S = 30.0
"""After so long a program that was loaded whole has not started: iPXE is heard of within 5 s, GRUB sooner."""


class Chain(StrEnum):
    """What a UEFI machine begins with."""

    PLAIN = "plain"
    """iPXE, or a GRUB made here: nobody has signed them."""
    SIGNED = "signed"
    """shim, then the signed GRUB."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a machine stands when its firmware asks."""

    chain: Chain = Chain.PLAIN
    """What it is to get, if there is such a thing here."""
    came_back_from: str | None = None
    """The served path of what it loaded last and never started."""


UNKNOWN = Standing()
"""Of a machine that nothing is remembered of."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A machine loaded ``path`` whole, and nothing was heard of that for ``SILENCE_S``."""

    mac: str
    path: str


@dataclass(slots=True)
class _Loaded:
    """A first program under way."""

    chain: Chain
    path: str
    at_s: float
    is_told: bool = False


@dataclass(slots=True)
class _Machine:
    standing: Standing = UNKNOWN
    loaded: _Loaded | None = None


class FirstPrograms:
    """Remembers a bounded number of machines, those heard of last."""

    def __init__(self) -> None:
        self._machines: OrderedDict[str, _Machine] = OrderedDict()

    def ask(self, mac: str) -> Standing:
        """The firmware of ``mac`` asks what to load."""
        machine = self._machines.get(mac)
        if machine is None:
            return UNKNOWN
        if machine.loaded is not None:
            other = Chain.PLAIN if machine.loaded.chain is Chain.SIGNED else Chain.SIGNED
            machine.standing, machine.loaded = Standing(other, machine.loaded.path), None
        return machine.standing

    def send(self, mac: str, chain: Chain, path: str, now: float) -> None:
        """``mac`` has loaded the program ``path`` whole."""
        machine = self._machines.setdefault(mac, _Machine())
        machine.loaded = _Loaded(chain, path, now)
        self._machines.move_to_end(mac)
        while len(self._machines) > MAX_MACHINES:
            self._machines.popitem(last=False)

    def start(self, mac: str) -> None:
        """Something that ``mac`` loaded was heard of: it runs. What it began with is what it gets from now on."""
        machine = self._machines.get(mac)
        if machine is not None and machine.loaded is not None:
            machine.standing, machine.loaded = Standing(machine.loaded.chain), None

    def find_silent(self, now: float) -> list[Silence]:
        """The machines that have not started what they loaded; each is told once."""
        silent = []
        for mac, machine in self._machines.items():
            loaded = machine.loaded
            if loaded is not None and not loaded.is_told and now - loaded.at_s >= SILENCE_S:
                loaded.is_told = True
                silent.append(Silence(mac, loaded.path))
        return silent

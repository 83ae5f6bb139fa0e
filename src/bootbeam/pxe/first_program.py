"""What becomes of the first program that a machine's firmware loads: a machine without sockets.

Nothing in DHCP tells whether Secure Boot is on. But a firmware that refuses what it has loaded says so by its silence:
the program came to it whole, nothing of it was heard of, and then the firmware itself asks again, for HTTP boot, for
IPv6 or at the next power-on. From then on that machine gets the other chain of programs, until one starts.

A person who presses the reset button at the wrong moment looks the same. So a chain that has started on a machine
before is given once more first; and a GRUB that reports Secure Boot off gives iPXE a second try.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum

from bootbeam.machine import Cpu, Firmware

MAX_MACHINES = 10_000
SILENCE_S = 35.0
"""After so long a program that was loaded whole is told of as silent: iPXE is heard of within 5 s, GRUB sooner. Nothing
is concluded from it: a switch that looks for loops first (spanning tree) lets nothing through for up to 50 s."""
PLAIN_TRIES = 2
"""How often iPXE may fail on a machine without Secure Boot before the signed chain stays."""


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
    is_once_more: bool = False
    """It gets what it came back from, because that did start at another time."""


UNKNOWN = Standing()
"""Of a machine that nothing is remembered of."""

MachineKind = tuple[Firmware, Cpu | None]
"""One computer may boot as a BIOS one day and as UEFI the next."""


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
    started: set[Chain] = field(default_factory=set)
    """What has run on it and not been given up since."""
    plain_given_up: int = 0
    """How often iPXE never started, since it last did."""


class FirstPrograms:
    """Remembers a bounded number of machines, those heard of last."""

    def __init__(self) -> None:
        self._machines: OrderedDict[str, dict[MachineKind, _Machine]] = OrderedDict()

    def ask(self, mac: str, kind: MachineKind) -> Standing:
        """The firmware of ``mac`` asks what to load."""
        kinds = self._machines.get(mac)
        if kinds is None:
            return UNKNOWN
        for other, booted in kinds.items():
            if other != kind:
                booted.loaded = None  # switched over to another firmware: no wonder that it did not start
        machine = kinds.get(kind)
        if machine is None:
            return UNKNOWN
        if machine.loaded is not None:
            machine.standing = _after_silence(machine, machine.loaded)
            machine.loaded = None
        return machine.standing

    def send(self, mac: str, kind: MachineKind, chain: Chain, path: str, now: float) -> None:
        """``mac`` has loaded the program ``path`` whole."""
        machine = self._machines.setdefault(mac, {}).setdefault(kind, _Machine())
        machine.loaded = _Loaded(chain, path, now)
        self._machines.move_to_end(mac)
        while len(self._machines) > MAX_MACHINES:
            self._machines.popitem(last=False)

    def start(self, mac: str) -> None:
        """Something that ``mac`` loaded was heard of: it runs. What it began with is what it gets from now on."""
        for machine in self._machines.get(mac, {}).values():
            if machine.loaded is None:
                continue
            chain = machine.loaded.chain
            machine.standing, machine.loaded = Standing(chain), None
            machine.started.add(chain)
            if chain is Chain.PLAIN:
                machine.plain_given_up = 0

    def report_secure_boot_off(self, mac: str) -> None:
        """A GRUB of the signed chain says so: iPXE can run on this machine, which can start more. It gets another try,
        unless it had that already."""
        for machine in self._machines.get(mac, {}).values():
            if machine.standing == Standing(Chain.SIGNED) and machine.plain_given_up < PLAIN_TRIES:
                machine.standing = UNKNOWN

    def find_silent(self, now: float) -> list[Silence]:
        """The machines that have not started what they loaded; each is told once."""
        silent = []
        for mac, kinds in self._machines.items():
            for machine in kinds.values():
                loaded = machine.loaded
                if loaded is not None and not loaded.is_told and now - loaded.at_s >= SILENCE_S:
                    loaded.is_told = True
                    silent.append(Silence(mac, loaded.path))
        return silent


def _after_silence(machine: _Machine, loaded: _Loaded) -> Standing:
    if loaded.chain in machine.started:
        machine.started.discard(loaded.chain)
        return Standing(loaded.chain, loaded.path, is_once_more=True)
    if loaded.chain is Chain.SIGNED:
        return Standing(Chain.PLAIN, loaded.path)
    machine.plain_given_up += 1
    return Standing(Chain.SIGNED, loaded.path)

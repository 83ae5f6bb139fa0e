"""The demonstration: two virtual PCs with real firmware boot a real Linux beside a router that knows nothing of it."""

import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS, Firmware
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.serial import last_lines
from bootbeam.lab.station import StationProcess

BOOT_TIMEOUT_S = 180.0
POLL_S = 0.1
TAIL_LINES = 30

PCS: tuple[tuple[str, Firmware, str], ...] = (
    ("bios", SEABIOS, "BIOS (SeaBIOS, card's PXE ROM)"),
    ("uefi", OVMF, "UEFI (OVMF, PXE over IPv4)"),
)
"""Name, firmware, and the words for it, of each PC that is booted."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a boot."""

    name: str
    at_s: float
    """Seconds after the PC was switched on."""
    detail: str = ""


@dataclass(slots=True)
class Boot:
    """How one PC's boot went."""

    title: str
    pc: VirtualMachine
    steps: list[Step] = field(default_factory=list)
    problem: str = "not finished"
    """Empty when userland was reached."""

    @property
    def reached_userland(self) -> bool:
        """Whether the kernel's own userland proved itself on the console."""
        return not self.problem


Report = Callable[[Boot, Step], None]


def run_demo(log_dir: Path, report: Report = lambda boot, step: None, timeout_s: float = BOOT_TIMEOUT_S) -> list[Boot]:
    """Boot each of ``PCS`` side by side and tell how it went.

    Args:
        log_dir: where the logs go; must exist.
        report: called with every step as it becomes known.
        timeout_s: how long the boots may take.

    Raises:
        UserError: something the lab needs is missing.
        StationFailed: the station did not start.
    """
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(log_dir)
    with ExitStack() as stack:
        lan = stack.enter_context(Lan(log_dir))
        station = stack.enter_context(
            StationProcess(
                lan,
                *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce)),
            )
        )
        boots = [
            Boot(title, stack.enter_context(VirtualMachine(lan, PcSpec(name, firmware))))
            for name, firmware, title in PCS
        ]
        _follow(boots, station, re.compile(expected_marker(nonce), re.MULTILINE), report, timeout_s)
        return boots


def failure_report(boot: Boot, station_log: Path) -> str:
    """What a person needs to see of a boot that failed: the end of its console and of the station's log."""
    station_lines = station_log.read_text("utf-8", "replace") if station_log.exists() else ""
    return "\n".join(
        (
            f"{boot.title}: {boot.problem}",
            f"--- console, {boot.pc.serial_log}",
            last_lines(boot.pc.console, TAIL_LINES),
            f"--- station, {station_log}",
            last_lines(station_lines, TAIL_LINES),
        )
    )


def steps_of(events: Sequence[Event], started_at_s: float) -> list[Step]:
    """The steps of one PC's boot, from its events: each kind of step once, when it happened first."""
    steps: dict[str, Step] = {}
    for event in events:
        named = _name_step(event)
        if named is not None and named[0] not in steps:
            steps[named[0]] = Step(named[0], event.at_s - started_at_s, named[1])
    return list(steps.values())


def _follow(
    boots: Sequence[Boot], station: StationProcess, marker: re.Pattern[str], report: Report, timeout_s: float
) -> None:
    deadline = time.monotonic() + timeout_s
    waiting = list(boots)
    while waiting:
        for boot in list(waiting):
            finished = _look_at(boot, station, marker, report)
            if finished:
                waiting.remove(boot)
        if time.monotonic() > deadline:
            for boot in waiting:
                boot.problem = f"no userland within {timeout_s:.0f} s"
            return
        time.sleep(POLL_S)


def _look_at(boot: Boot, station: StationProcess, marker: re.Pattern[str], report: Report) -> bool:
    """Report what is new of one boot; true when it has come to its end."""
    was_running = boot.pc.is_running
    found = marker.search(boot.pc.console)
    userland = Step("userland", time.time() - boot.pc.started_at_s, f"says {found[0]!r}") if found else None
    known = len(boot.steps)
    boot.steps += steps_of(station.events_so_far(boot.pc.mac), boot.pc.started_at_s)[known:]
    if userland is not None:
        boot.steps.append(userland)
        boot.problem = ""
    elif not was_running:
        boot.problem = "the PC switched itself off before userland"
    for step in boot.steps[known:]:
        report(boot, step)
    return userland is not None or not was_running


_TRANSFER_ROLES = {"loader": "boot loader", "kernel": "kernel", "initrd": "initrd"}


def _name_step(event: Event) -> tuple[str, str] | None:
    """The name and the detail of the step that ``event`` is, None when it is none of the demonstration's."""
    facts = event.facts
    match event.kind:
        case EventKind.CLIENT_SEEN:
            if facts.get("ipxe_version"):
                return "iPXE is up", f"version {facts['ipxe_version']}"
            return "asks for a boot", str(facts.get("firmware", ""))
        case EventKind.OFFERED:
            return f"{facts.get('what')} offered", str(facts.get("file", ""))
        case EventKind.BOOT_SERVER_ACKNOWLEDGED:
            return "asks the boot server", str(facts.get("file", ""))
        case EventKind.SCRIPT_SENT:
            return "script", str(facts.get("entry", ""))
        case EventKind.TRANSFER_FINISHED:
            role = _TRANSFER_ROLES.get(str(facts.get("role")))
            return (f"{role} sent", _transfer_words(event)) if role else None
        case EventKind.MESSAGE_SHOWN:
            return "message", str(facts.get("title", ""))
        case _:
            return None


def _transfer_words(event: Event) -> str:
    size, duration = event.facts.get("size_bytes"), event.facts.get("duration_s")
    words = f"{event.facts.get('file')} by {str(event.facts.get('protocol')).upper()}"
    if isinstance(size, int | float) and isinstance(duration, int | float):
        words += f", {size / 1e6:.1f} MB in {duration:.2f} s"
    return words

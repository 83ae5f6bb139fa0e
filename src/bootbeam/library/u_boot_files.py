"""What a U-Boot fetches: made at the moment it is asked for, by the one boot decision.

boot.scr.uimg                  the script of U-Boot's own boot order: leads here
pxelinux.cfg/01-MAC            what that machine does now
pxelinux.cfg/default-arm...    the same for one that was not heard asking by DHCP
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable

from bootbeam.boot import u_boot
from bootbeam.boot.config_search import is_searched
from bootbeam.boot.decision import (
    U_BOOT_SCRIPT,
    BootLocalDisk,
    ChooseEntry,
    Explain,
    LoadNbp,
    Machine,
    Offering,
    Refuse,
    RunEntry,
    decide,
)
from bootbeam.boot.entry import way_for
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import U_BOOT_PLATFORM, MachineFacts
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, Missing, NotReady, Peer
from bootbeam.library.resolved_boot import ResolveBoot, ResolvedBoot
from bootbeam.library.script_events import ScriptEvents
from bootbeam.machine import Cpu, Firmware
from bootbeam.wire.architecture import ARCHITECTURES

LOADER = "U-Boot"
MAX_MACHINES = 10_000
_MAC_NAME = re.compile(r"01-([0-9a-f]{2}(?:-[0-9a-f]{2}){5})")
_DEFAULT_CPUS = {"default-arm": (Cpu.ARM64, Cpu.ARM32), "default-riscv": (Cpu.RISCV64,)}
"""What U-Boot's name for its processor may stand for: it calls both kinds of ARM by one name."""


class UBootFiles:
    """Finds the content for a path, and watches the journal for U-Boots. Safe to use from several threads.

    Args:
        offering: gives what is on offer now.
        resolve: fills in the addresses of one boot.
        record: the journal.
        complete: adds to a machine what the station knows of it.
    """

    def __init__(
        self,
        offering: Callable[[], Offering],
        resolve: ResolveBoot,
        record: Record,
        complete: Callable[[MachineFacts], Machine] = lambda facts: facts.machine,
    ) -> None:
        self._offering = offering
        self._resolve = resolve
        self._events = ScriptEvents(record)
        self._complete = complete
        self._cpus: OrderedDict[str, Cpu] = OrderedDict()
        self._lock = threading.Lock()

    def watch(self, event: Event) -> None:
        """Remember the processor of each U-Boot that asked by DHCP: its configuration's name does not tell."""
        if event.kind is not EventKind.CLIENT_SEEN or event.facts.get("kind_of_client") != "u-boot" or not event.mac:
            return
        architecture = ARCHITECTURES.get(int(str(event.facts.get("architecture"))))
        if architecture is None or architecture.cpu is None:
            return
        with self._lock:
            self._cpus[event.mac] = architecture.cpu
            self._cpus.move_to_end(event.mac)
            while len(self._cpus) > MAX_MACHINES:
                self._cpus.popitem(last=False)

    def open(self, path: str, peer: Peer) -> Content | Missing | NotReady | None:
        """The content at ``path``, or why there is none; None for a path that is not U-Boot's."""
        directory, _, name = path.rpartition("/")
        if path == U_BOOT_SCRIPT:
            return _script(path, u_boot.encode_script(u_boot.render_start(peer.local_address)))
        if directory != u_boot.CONFIG_DIRECTORY:
            return None
        mac_name = _MAC_NAME.fullmatch(name.lower())
        if mac_name:
            mac = mac_name[1].replace("-", ":")
            with self._lock:
                cpu = self._cpus.get(mac)
            if cpu is not None:
                return self._config(path, MachineFacts(U_BOOT_PLATFORM, cpu, mac), peer)
        for start, cpus in _DEFAULT_CPUS.items():
            if name.startswith(start):
                return self._config(path, MachineFacts(U_BOOT_PLATFORM, self._likely(cpus)), peer)
        if is_searched(path):
            return Missing("there is no such file here", is_searched=True)
        return Missing("its question by DHCP was not heard here, so its processor is not known: boot it by dhcp first")

    def _likely(self, cpus: tuple[Cpu, ...]) -> Cpu:
        """The first of ``cpus`` that something on offer is for."""
        entries = self._offering().entries
        return next((cpu for cpu in cpus if any(way_for(entry, Firmware.UBOOT, cpu) for entry in entries)), cpus[0])

    def _config(self, path: str, facts: MachineFacts, peer: Peer) -> Content | Missing | NotReady:
        plan = decide(self._complete(facts), self._offering())
        match plan:
            case RunEntry():
                boot = self._files_of(plan, facts)
                if isinstance(boot, NotReady):
                    return boot
                if isinstance(boot, Explanation):
                    return self._explain(path, boot, facts, peer)
                self._events.sent(plan.entry.title, facts, peer, is_unattended=plan.entry.is_unattended, loader=LOADER)
                return _script(path, u_boot.render_entry(*boot).encode())
            case ChooseEntry():
                self._events.sent("the menu", facts, peer, loader=LOADER)
                return _script(path, u_boot.render_menu(plan, self._choices(plan, facts)).encode())
            case BootLocalDisk(reason):
                self._events.sent(f"its own disk: {reason}", facts, peer, loader=LOADER)
                return _script(path, u_boot.render_local_disk(plan).encode())
            case Explain(explanation):
                return self._explain(path, explanation, facts, peer)
            case Refuse(reason, fix):
                refused = Explanation("nothing here boots on this machine", reason, fix)
                return self._explain(path, refused, facts, peer)
            case LoadNbp():
                raise AssertionError("a U-Boot that asks for its configuration is never sent a loader")

    def _files_of(
        self, plan: RunEntry, facts: MachineFacts
    ) -> tuple[RunEntry, str, tuple[str, ...]] | NotReady | Explanation:
        boot = self._resolve(plan, facts, "")
        if not isinstance(boot, ResolvedBoot):
            return boot
        explanation = u_boot.check_entry(boot.plan)
        if explanation is not None:
            return explanation
        return boot.plan, boot.urls.kernel.lstrip("/"), tuple(url.lstrip("/") for url in boot.urls.initrds)

    def _choices(self, plan: ChooseEntry, facts: MachineFacts) -> list[tuple[RunEntry, str, tuple[str, ...]]]:
        machine, choices = facts.machine, []
        for entry in plan.entries:
            way = way_for(entry, Firmware.UBOOT, machine.cpu, machine.methods) if machine.cpu else None
            found = self._files_of(RunEntry(entry, way), facts) if way else None
            if isinstance(found, tuple):
                choices.append(found)
        return choices

    def _explain(self, path: str, explanation: Explanation, facts: MachineFacts, peer: Peer) -> Content:
        self._events.shown(explanation, facts, peer)
        return _script(path, u_boot.render_explanation(explanation, peer.local_address).encode())


def _script(path: str, body: bytes) -> Content:
    return Content(path, len(body), role="script", body=body)

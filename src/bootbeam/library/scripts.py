"""The scripts clients fetch: made at the moment they are asked for, by the one boot decision.

boot.ipxe                       reports what the machine is and asks for the next one
start/NAME.ipxe                 the same, for the entry NAME
ipxe/FACT=VALUE/.../script.ipxe  what that machine does now
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from bootbeam.boot import ipxe
from bootbeam.boot.boot_file import START_SCRIPT
from bootbeam.boot.decision import (
    LOCAL_DISK,
    BootLocalDisk,
    BootPlan,
    ChooseEntry,
    Explain,
    LoadNbp,
    Machine,
    Offering,
    Refuse,
    RunEntry,
)
from bootbeam.boot.entry import GRUB_METHODS, Method
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts, parse_facts
from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.journal.verdict.ipxe_errors import find_error
from bootbeam.library.content import Content, Missing, NotReady, Peer
from bootbeam.library.grub_images import PLATFORMS, path_of
from bootbeam.library.kept_scripts import Asked, KeptScripts
from bootbeam.library.resolved_boot import ResolveBoot, ResolvedBoot
from bootbeam.library.script_events import ScriptEvents
from bootbeam.machine import Cpu, Firmware
from bootbeam.wire.url import url_host

SCRIPT_MEDIA_TYPE = "text/plain; charset=utf-8"
MAX_READ_FACTS = 256
"""Paths whose facts need not be read again."""
MAX_REMEMBERED_WAITING = 1000
"""Machines that wait for an image which is being written."""
_IPXE_VERSION = re.compile(r"iPXE/([0-9A-Za-z.+~_-]{1,40})")


class Scripts:
    """Makes the scripts.

    Args:
        offering: gives what is on offer now.
        resolve: fills in the addresses of one boot.
        complete: adds to a machine what the station knows of it.
        http_port: where the HTTP server listens.
        record: the journal.
    """

    def __init__(
        self,
        offering: Callable[[], Offering],
        resolve: ResolveBoot,
        http_port: int,
        record: Record,
        complete: Callable[[MachineFacts], Machine] = lambda facts: facts.machine,
    ) -> None:
        self._complete = complete
        self._offering = offering
        self._resolve = resolve
        self._http_port = http_port
        self._record = record
        self._events = ScriptEvents(record)
        self._kept = KeptScripts()
        self._waiting: OrderedDict[str, str] = OrderedDict()

    def base_url(self, peer: Peer) -> str:
        """Where this client reaches us, without a slash at the end: by HTTP, or by TFTP if that is all it has."""
        if peer.protocol == "tftp":
            return f"tftp://{url_host(peer.local_address)}"
        return self.http_url(peer)

    def http_url(self, peer: Peer) -> str:
        """Where this client reaches us by HTTP, whatever it came by."""
        return f"http://{url_host(peer.local_address)}:{self._http_port}"

    def autoexec(self, peer: Peer) -> Content:
        """The script that newer iPXE fetches by TFTP; what follows comes by HTTP, which is much faster."""
        url = f"{self.http_url(peer)}/{START_SCRIPT}"
        text = ipxe.render_autoexec(url, is_ipv6=":" in peer.local_address)
        return _script("autoexec script", text.encode("utf-8"))

    def start(self, peer: Peer, chosen: str | None = None) -> Content:
        """The script that reports what the machine is."""
        chosen_step = f"chosen={chosen}/" if chosen else ""
        text = ipxe.render_start(f"{self.base_url(peer)}/ipxe/{chosen_step}")
        return _script("start script", text.encode("utf-8"))

    def for_machine(self, steps: list[str], peer: Peer) -> Content | Missing:
        """What the machine described by ``steps`` does now."""
        words = tuple(steps)
        try:
            facts = _facts_of(words)
        except DecodeError as error:
            return Missing(error.what)
        asked = (words, self.base_url(peer))
        plan = self._kept.decide(asked, self._complete(facts), self._offering(), facts.chosen)
        return _script("boot script", self._render(plan, facts, peer, asked))

    def _render(self, plan: BootPlan, facts: MachineFacts, peer: Peer, asked: Asked) -> bytes:
        match plan:
            case RunEntry():
                return self._render_entry(plan, facts, peer, asked)
            case ChooseEntry():
                self._record_script(facts, peer, "the menu")
                choice = replace(facts, chosen=None)
                return self._kept.body(
                    asked, plan, None, lambda: ipxe.render_menu(plan, self._machine_url(choice, peer))
                )
            case BootLocalDisk():
                self._record_script(facts, peer, f"its own disk: {plan.reason}")
                return ipxe.render_local_disk(plan).encode("utf-8")
            case Explain(explanation):
                return self._explain(explanation, facts, peer)
            case Refuse(reason, fix):
                return self._explain(Explanation("nothing here boots on this machine", reason, fix), facts, peer)
            case LoadNbp():
                raise AssertionError("a machine that runs iPXE is never sent a loader")

    def _render_entry(self, plan: RunEntry, facts: MachineFacts, peer: Peer, asked: Asked) -> bytes:
        again_url = f"{self._machine_url(facts, peer)}script.ipxe"
        if plan.way.method in GRUB_METHODS:
            self._record_failure(plan.entry.title, facts, peer)
            self._record_script(facts, peer, f"GRUB for {plan.entry.title}")
            grub_url = f"{self.base_url(peer)}/{_grub_path(facts.machine, plan)}"
            return ipxe.render_grub(plan, grub_url, again_url).encode("utf-8")
        boot = self._resolve(plan, facts, self.base_url(peer))
        if isinstance(boot, NotReady):
            self._record_waiting(plan.entry.name, boot.reason, facts, peer)
            return ipxe.render_wait(boot.reason, again_url).encode("utf-8")
        self._waiting.pop(facts.mac or peer.address, None)
        if isinstance(boot, Explanation):
            return self._explain(boot, facts, peer)
        if plan.way.method is Method.MULTIBOOT:
            explanation = ipxe.check_multiboot_limits(boot.plan, boot.urls)
            if explanation:
                return self._explain(explanation, facts, peer)
        failure = self._record_failure(plan.entry.title, facts, peer)
        self._record_script(facts, peer, plan.entry.title, boot, is_unattended=plan.entry.is_unattended)
        warning = failure or boot.warning
        local_disk = f"{self.base_url(peer)}/{_local_disk_path(facts.machine)}"
        return self._kept.body(
            asked,
            plan,
            boot,
            lambda: ipxe.render_entry(boot.plan, boot.urls, again_url, boot.notes, warning, local_disk),
        )

    def _record_failure(self, entry: str, facts: MachineFacts, peer: Peer) -> str:
        """Tell that this machine has tried the entry and could not start it; returns the words for its screen."""
        if facts.failed is None:
            return ""
        self._record(
            EventKind.LOADER_FAILED,
            mac=facts.mac,
            address=peer.address,
            interface=peer.interface,
            entry=entry,
            error=facts.failed,
        )
        error = find_error(facts.failed)
        meaning = f"{error.message}: {error.meaning.format_map(self._words(peer))}" if error else "error"
        return f"BB-054: it did not start before ({facts.failed}). {meaning}"

    def _record_waiting(self, file: str, reason: str, facts: MachineFacts, peer: Peer) -> None:
        """Tell that this machine waits; once, though it asks every few seconds."""
        who = facts.mac or peer.address
        if self._waiting.get(who) == reason:
            return
        self._waiting[who] = reason
        while len(self._waiting) > MAX_REMEMBERED_WAITING:
            self._waiting.popitem(last=False)
        self._record(
            EventKind.IMAGE_HELD_BACK,
            mac=facts.mac,
            address=peer.address,
            interface=peer.interface,
            file=file,
            reason=reason,
        )

    def _words(self, peer: Peer) -> dict[str, str]:
        return {"station": url_host(peer.local_address), "http_port": str(self._http_port), "interface": ""}

    def _machine_url(self, facts: MachineFacts, peer: Peer) -> str:
        chosen = f"chosen={facts.chosen}/" if facts.chosen else ""
        return f"{self.base_url(peer)}/ipxe/{facts.steps}{chosen}"

    def _explain(self, explanation: Explanation, facts: MachineFacts, peer: Peer) -> bytes:
        self._events.shown(explanation, facts, peer)
        return ipxe.render_explanation(explanation, self.base_url(peer)).encode("utf-8")

    def _record_script(
        self,
        facts: MachineFacts,
        peer: Peer,
        entry: str,
        boot: ResolvedBoot | None = None,
        *,
        is_unattended: bool = False,
    ) -> None:
        version = _IPXE_VERSION.search(peer.user_agent)
        self._events.sent(
            entry,
            facts,
            peer,
            boot,
            is_unattended=is_unattended,
            manufacturer=facts.manufacturer,
            product=facts.product,
            memory_mb=facts.ram_mb,
            ipxe_version=version.group(1) if version else None,
        )


def _grub_path(machine: Machine, plan: RunEntry) -> str:
    if machine.cpu is None:
        raise AssertionError("a machine that can start something has a known processor")
    return path_of(machine.firmware, machine.cpu, plan.entry.name)


def _local_disk_path(machine: Machine) -> str:
    """Of a GRUB that starts the machine's own disk; where none can be made there is nothing at this path."""
    kind = (machine.firmware, machine.cpu or Cpu.X86_64)
    return path_of(*(kind if kind in PLATFORMS else (Firmware.UEFI, Cpu.X86_64)), LOCAL_DISK)


@lru_cache(MAX_READ_FACTS)
def _facts_of(steps: tuple[str, ...]) -> MachineFacts:
    return parse_facts(steps)


def _script(name: str, body: bytes) -> Content:
    return Content(name, len(body), SCRIPT_MEDIA_TYPE, role="script", body=body)

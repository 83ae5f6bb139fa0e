"""The scripts that GRUB fetches: made at the moment they are asked for, by the one boot decision.

.../grub.cfg                    reports what the machine is and asks for the next one; signed GRUBs look for it in
                                ``grub/``, or where they were loaded from
grub/FACT=VALUE/.../grub.cfg    what that machine does now
"""

from collections.abc import Callable
from dataclasses import replace

from bootbeam.boot import grub_script
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
    decide,
    own_chain,
)
from bootbeam.boot.explanation import Explanation, explain_refused_signature
from bootbeam.boot.facts import MachineFacts, parse_grub_facts
from bootbeam.errors import DecodeError
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, Missing, NotReady, Peer
from bootbeam.library.resolved_boot import ResolveBoot, ResolvedBoot
from bootbeam.library.script_events import ScriptEvents
from bootbeam.wire.url import url_host

SCRIPT_MEDIA_TYPE = "text/plain; charset=utf-8"
_GRUB_CPUS = {"arm32": "arm", "loong64": "loongarch64"}


class GrubScripts:
    """Makes the scripts.

    Args:
        offering: gives what is on offer now.
        resolve: fills in the addresses of one boot.
        http_port: where the HTTP server listens.
        record: the journal.
        complete: adds to a machine what the station knows of it.
        mac_of: the MAC behind an address, for a GRUB that does not tell its own.
    """

    def __init__(
        self,
        offering: Callable[[], Offering],
        resolve: ResolveBoot,
        http_port: int,
        record: Record,
        complete: Callable[[MachineFacts], Machine] = lambda facts: facts.machine,
        mac_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._mac_of = mac_of
        self._offering = offering
        self._resolve = resolve
        self._http_port = http_port
        self._events = ScriptEvents(record)
        self._complete = complete

    def start(self, peer: Peer) -> Content:
        """The script that a signed GRUB begins with."""
        host = url_host(peer.local_address)
        start = grub_script.GrubStart(f"http://{host}:{self._http_port}", fallback=f"tftp://{host}")
        return _script("GRUB's start script", grub_script.render_start(start))

    def reached(self) -> Content:
        """The script that a GRUB looks for the station with."""
        return _script("GRUB's look for the station", grub_script.render_reached())

    def for_machine(self, steps: list[str], peer: Peer) -> Content | Missing:
        """What the machine described by ``steps`` does now."""
        try:
            facts = parse_grub_facts(steps)
        except DecodeError as error:
            return Missing(error.what)
        if facts.mac is None:
            facts = replace(facts, mac=self._mac_of(peer.address))
        plan = decide(self._complete(facts), self._offering(), facts.chosen)
        return _script("GRUB's boot script", self._render(plan, facts, peer))

    def _base_url(self, peer: Peer) -> str:
        """By the protocol it asked by: the other one may be missing in this GRUB."""
        host = url_host(peer.local_address)
        return f"tftp://{host}" if peer.protocol == "tftp" else f"http://{host}:{self._http_port}"

    def _machine_url(self, facts: MachineFacts, peer: Peer) -> str:
        """Up to where further facts go."""
        steps = [f"platform={'pc' if facts.platform == 'pcbios' else facts.platform}"]
        steps.append(f"cpu={_GRUB_CPUS.get(facts.buildarch, facts.buildarch)}")
        if facts.mac:
            steps.append(f"mac={facts.mac}")
        if facts.grub and facts.grub.is_locked_down:
            steps.append("lockdown=y")
        if facts.grub and facts.grub.has_multiboot:
            steps.append("multiboot=y")
        if facts.chosen:
            steps.append(f"chosen={facts.chosen}")
        return f"{self._base_url(peer)}/grub/{'/'.join(steps)}/"

    def _render(self, plan: BootPlan, facts: MachineFacts, peer: Peer) -> str:
        match plan:
            case RunEntry():
                return self._render_entry(plan, facts, peer)
            case ChooseEntry():
                self._record_script(facts, peer, "the menu")
                url = self._machine_url(replace(facts, chosen=None), peer)
                return grub_script.render_menu(plan, url, LOCAL_DISK)
            case BootLocalDisk():
                self._record_script(facts, peer, f"its own disk: {plan.reason}")
                return grub_script.render_local_disk(plan)
            case Explain(explanation):
                return self._explain(explanation, facts, peer)
            case LoadNbp(path):
                self._record_script(facts, peer, f"iPXE ({path}), which can start more")
                return grub_script.render_chain(f"{self._base_url(peer)}/{path}")
            case Refuse(reason, fix):
                return self._explain(Explanation("nothing here boots on this machine", reason, fix), facts, peer)

    def _render_entry(self, plan: RunEntry, facts: MachineFacts, peer: Peer) -> str:
        if facts.did_not_start:
            return self._explain(explain_refused_signature(plan.entry, self._trusted(facts.machine)), facts, peer)
        boot = self._resolve(plan, facts, self._base_url(peer))
        if isinstance(boot, NotReady):
            return grub_script.render_wait(boot.reason)
        if isinstance(boot, Explanation):
            return self._explain(boot, facts, peer)
        explanation = grub_script.check_companions(boot.plan)
        if explanation:
            return self._explain(explanation, facts, peer)
        self._record_script(facts, peer, plan.entry.title, boot, is_unattended=plan.entry.is_unattended)
        is_verified = facts.grub is not None and facts.grub.is_locked_down
        chosen = replace(facts, chosen=plan.entry.name)
        failed_url = f"{self._machine_url(chosen, peer)}started=no/grub.cfg" if is_verified else None
        return grub_script.render_entry(boot.plan, boot.urls, boot.notes, failed_url)

    def _trusted(self, machine: Machine) -> tuple[str, ...]:
        """Whose signatures the shim that started this GRUB accepts, as far as is known."""
        offering = self._offering()
        own = own_chain(machine.cpu, offering) if machine.cpu else None
        if own is not None:
            return own.trusts
        return offering.trusted.get((machine.firmware, machine.cpu), ()) if machine.cpu else ()

    def _explain(self, explanation: Explanation, facts: MachineFacts, peer: Peer) -> str:
        self._events.shown(explanation, facts, peer, secure_boot=_secure_boot(facts))
        return grub_script.render_explanation(explanation, self._base_url(peer))

    def _record_script(
        self,
        facts: MachineFacts,
        peer: Peer,
        entry: str,
        boot: ResolvedBoot | None = None,
        *,
        is_unattended: bool = False,
    ) -> None:
        self._events.sent(
            entry, facts, peer, boot, is_unattended=is_unattended, loader="GRUB", secure_boot=_secure_boot(facts)
        )


def _secure_boot(facts: MachineFacts) -> bool | None:
    """Whether GRUB says that Secure Boot is on; None when it does not tell."""
    return facts.grub.is_locked_down if facts.grub else None


def _script(name: str, text: str) -> Content:
    body = text.encode("utf-8")
    return Content(name, len(body), SCRIPT_MEDIA_TYPE, role="script", body=body)

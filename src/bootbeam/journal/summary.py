"""What a list of boots says of each: the machine, what it got, how it ended, learnt from its events one by one."""

from dataclasses import dataclass
from enum import StrEnum

from bootbeam.journal.attempts import BOOTED_ROLES, FIRMWARE_KINDS
from bootbeam.journal.events import Event, EventKind

MAX_WORDS_CHARACTERS = 200
"""Of each text in a summary."""


ROLE_WORDS = {"image": "file"}
FETCHED = " fetched"
FIRST_ABOUT_FILES = "BB-030"
"""Findings before this one are about what comes before a machine fetches anything; and a machine that is seen to run
has got all its files, whatever later ones say."""
FIRST_ABOUT_SYSTEMS, LAST_ABOUT_SYSTEMS = "BB-070", "BB-079"
"""Findings about a system that was fetched, and perhaps seen, and did not come up."""


class Outcome(StrEnum):
    """How an attempt ended, as far as can be seen from here."""

    INSTALLED = "installed"
    """The installer reported its end."""
    BOOTED = "booted"
    """A system was loaded, or has shown itself on the network."""
    FAILED = "failed"
    """A finding says what is wrong, or the machine's screen shows why it cannot boot."""
    STOPPED = "stopped"
    """Nothing is known to be wrong, and nothing more was heard; or it is still under way."""


@dataclass(slots=True)
class Summary:
    """One attempt. ``add`` keeps it up to date."""

    attempt: str
    mac: str
    """The machine's MAC, or its address where the MAC is not known."""
    began_at_s: float
    last_at_s: float
    outcome: Outcome = Outcome.STOPPED
    last_sign: str = ""
    """The furthest it came, or what is wrong with it, in words."""
    firmware: str = ""
    model: str = ""
    """Maker and model as the machine's own tables (SMBIOS) say; "" before its iPXE has told."""
    image: str = ""
    """What it was given to boot."""
    address: str = ""
    interface: str = ""

    @property
    def duration_s(self) -> float:
        """From its first event to its last."""
        return max(self.last_at_s - self.began_at_s, 0.0)

    def add(self, event: Event) -> None:
        """One more event of this attempt."""
        if event.at_s > self.last_at_s:
            self.last_at_s = event.at_s
        self.address = event.address or self.address
        self.interface = self.interface or event.interface or ""
        facts = event.facts
        if event.kind is EventKind.CLIENT_SEEN and (not self.firmware or facts.get("kind_of_client") in FIRMWARE_KINDS):
            self.firmware = self.firmware or _words(facts.get("firmware"))
        elif event.kind is EventKind.SCRIPT_SENT:
            model = " ".join(str(facts[key]) for key in ("manufacturer", "product") if facts.get(key))
            self.model = _words(model) or self.model
            self.image = _words(facts.get("entry"))
        if event.kind in _SAYING:
            self._judge(event)

    def _judge(self, event: Event) -> None:
        """An outcome gives way to one that says more: installed, booted, failed, stopped."""
        outcome, sign = _outcome_of(event)
        if not sign:
            return
        if outcome is Outcome.STOPPED and self.outcome is not Outcome.STOPPED:
            return  # firmware goes on to its next way of booting; what went wrong with the first counts
        if outcome is Outcome.FAILED and self.outcome in (Outcome.BOOTED, Outcome.INSTALLED):
            if not self._is_undone_by(event):
                return  # a remark about a boot that went well
        elif outcome is Outcome.FAILED and self.outcome is Outcome.FAILED:
            return  # the first cause counts
        if self.outcome is Outcome.INSTALLED and outcome is Outcome.BOOTED:
            return
        self.outcome, self.last_sign = outcome, _words(sign)

    def _is_undone_by(self, event: Event) -> bool:
        """Whether a boot that had come to its system has failed after all."""
        if event.kind is not EventKind.FINDING:
            return event.kind is EventKind.INSTALL_FAILED
        id = str(event.facts.get("id"))
        is_about_files = id >= FIRST_ABOUT_FILES and self.last_sign.endswith(FETCHED)
        return self.outcome is Outcome.BOOTED and (is_about_files or FIRST_ABOUT_SYSTEMS <= id <= LAST_ABOUT_SYSTEMS)


_MERE_STEPS = frozenset(
    {
        EventKind.CLIENT_SEEN,
        EventKind.BOOT_SERVER_ACKNOWLEDGED,
        EventKind.TRANSFER_STARTED,
        EventKind.TRANSFER_FAILED,
    }
)
_SAYING = _MERE_STEPS | {
    EventKind.INSTALL_FINISHED,
    EventKind.FIRST_BOOT,
    EventKind.SYSTEM_SEEN,
    EventKind.INSTALL_STARTED,
    EventKind.INSTALL_PROGRESS,
    EventKind.ANSWERS_FETCHED,
    EventKind.TRANSFER_FINISHED,
    EventKind.SCRIPT_SENT,
    EventKind.FINDING,
    EventKind.MESSAGE_SHOWN,
    EventKind.INSTALL_FAILED,
    EventKind.CLIENT_IGNORED,
}
"""Events that say how far a machine is. The others are most of a boot's, and are not looked at."""


def _outcome_of(event: Event) -> tuple[Outcome, str]:
    """What this event alone says, and "" for what says nothing about how far the machine is."""
    if event.kind in _MERE_STEPS:
        return Outcome.STOPPED, _step_of(event)
    if event.kind is EventKind.INSTALL_FINISHED:
        return Outcome.INSTALLED, "the installer reported its end"
    if sign := _sign_of_system(event):
        return Outcome.BOOTED, sign
    if sign := _sign_of_failure(event):
        return Outcome.FAILED, sign
    return Outcome.STOPPED, _step_of(event)


def _sign_of_system(event: Event) -> str:
    facts, role = event.facts, event.facts.get("role")
    match event.kind:
        case EventKind.FIRST_BOOT:
            return "the installed system runs"
        case EventKind.SYSTEM_SEEN:
            names = ", ".join(str(facts[key]) for key in ("vendor_class", "hostname") if facts.get(key))
            return f"its system asked for an address ({names})"
        case EventKind.INSTALL_STARTED | EventKind.INSTALL_PROGRESS:
            return "its installer is at work"
        case EventKind.ANSWERS_FETCHED:
            return "its installer took its answers"
        case EventKind.TRANSFER_FINISHED if role in BOOTED_ROLES:
            return f"{ROLE_WORDS.get(str(role), role)} {facts.get('file')}{FETCHED}"
        case EventKind.SCRIPT_SENT if str(facts.get("entry")).startswith("its own disk"):
            return "sent to its own disk"
    return ""


def _sign_of_failure(event: Event) -> str:
    facts = event.facts
    match event.kind:
        case EventKind.FINDING:
            return f"{facts.get('id')}: {facts.get('title')}"
        case EventKind.MESSAGE_SHOWN:
            return f"its screen says: {facts.get('title')}"
        case EventKind.INSTALL_FAILED:
            return "its installation failed"
        case EventKind.CLIENT_IGNORED:
            return f"no answer for it: {facts.get('reason')}"
    return ""


def _step_of(event: Event) -> str:
    """The step that this event is, in words; "" for none."""
    facts = event.facts
    match event.kind:
        case EventKind.CLIENT_SEEN if facts.get("kind_of_client") == "ipxe":
            return "iPXE asked what to do"
        case EventKind.CLIENT_SEEN:
            return "its firmware asked to boot"
        case EventKind.BOOT_SERVER_ACKNOWLEDGED:
            return "its firmware asked on port 4011"
        case EventKind.TRANSFER_STARTED:
            return f"{facts.get('file')} begun"
        case EventKind.TRANSFER_FAILED:
            return f"{facts.get('file')} broken off"
        case EventKind.TRANSFER_FINISHED if facts.get("role") == "loader":
            return f"boot loader {facts.get('file')} fetched"
        case EventKind.SCRIPT_SENT:
            return "got its script"
    return ""


def _words(fact: object) -> str:
    return "" if fact is None else str(fact)[:MAX_WORDS_CHARACTERS]

"""The journal told to a person: an event becomes one line, or none when it says nothing new."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from bootbeam.journal.events import Event, EventKind, Fact

Facts = Mapping[str, Fact]

FIRMWARE_KINDS = ("bios-pxe", "uefi-pxe", "uefi-http")
"""Kinds of client that load iPXE; the iPXE that asks after one of them was loaded from here."""

MAX_REMEMBERED_MACHINES = 1000
MAX_REMEMBERED_SERVERS = 1000
"""Other servers, each of which is told of once."""
MAX_REMEMBERED_LINES = 200
"""Of one machine; past that a repeated line may be told again."""
ROLES = {
    "loader": "boot loader",
    "script": "script",
    "kernel": "kernel",
    "initrd": "initrd",
    "image": "file",
    "configuration": "configuration",
}


class Tone(Enum):
    """How a line is meant; a terminal may colour it."""

    STEP = "step"
    GOOD = "good"
    QUIET = "quiet"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class Line:
    """One line of the story."""

    text: str
    tone: Tone = Tone.STEP
    more: tuple[str, ...] = ()
    """Further lines that belong to this one, such as what to do."""


@dataclass(slots=True)
class _Machine:
    """What the story has told about one machine so far."""

    seen: str = ""
    attempt_of_firmware: str | None = None
    """The attempt that its firmware was seen in last."""
    told: set[str] = field(default_factory=set)


class Story:
    """Tells events as lines. Remembers a bounded number of machines, to leave out what was said already.

    Args:
        maker_of: the maker's name for a MAC, or None.
    """

    def __init__(self, maker_of: Callable[[str], str | None]) -> None:
        self._maker_of = maker_of
        self._machines: OrderedDict[str, _Machine] = OrderedDict()
        self._is_ready = False
        self._servers: set[str] = set()

    def tell(self, event: Event) -> Line | None:
        """The line for ``event``; None for what a person need not read."""
        teller = _TELLERS.get(event.kind)
        return teller(self, event, event.facts) if teller else None

    def _machine(self, event: Event) -> _Machine:
        key = event.mac or event.address or ""
        machine = self._machines.get(key)
        if machine is None:
            machine = self._machines[key] = _Machine()
        self._machines.move_to_end(key)
        while len(self._machines) > MAX_REMEMBERED_MACHINES:
            self._machines.popitem(last=False)
        return machine

    def _once(self, event: Event, text: str) -> bool:
        """Whether ``text`` is new for this machine since it last began to boot."""
        told = self._machine(event).told
        is_new = text not in told
        if len(told) < MAX_REMEMBERED_LINES:
            told.add(text)
        return is_new

    def _ready(self, event: Event, facts: Facts) -> Line:
        self._is_ready = True
        more = [f"boots {entry}" for entry in str(facts.get("entries")).splitlines()]
        more += [f"with {loader}" for loader in str(facts.get("loaders")).splitlines()]
        text = f"serving on {facts.get('interfaces')}: proxyDHCP, TFTP, HTTP port {facts.get('http_port')}"
        if facts.get("page"):
            more.append(f"page: {facts['page']}")
        more.append("set a machine on this network to boot from the network; Ctrl-C ends it")
        return Line(text, Tone.GOOD, tuple(more))

    def _client_seen(self, event: Event, facts: Facts) -> Line | None:
        machine = self._machine(event)
        seen = f"{facts.get('kind_of_client')} {facts.get('xid')}"
        if machine.seen == seen:
            return None  # the same question again: firmware repeats it until its own time is over
        before, machine.seen = machine.seen, seen
        if facts.get("kind_of_client") == "ipxe":
            if before.startswith(FIRMWARE_KINDS):
                return Line("iPXE is up and asks what to do")
            if event.attempt is not None and event.attempt == machine.attempt_of_firmware:
                return Line("iPXE asks once more what to do")
            machine.told.clear()
            return Line(f"asks to boot: iPXE of its own, {facts.get('firmware')}{self._made_by(event)}")
        machine.attempt_of_firmware = event.attempt
        machine.told.clear()
        return Line(f"asks to boot: {facts.get('firmware')}{self._made_by(event)}")

    def _made_by(self, event: Event) -> str:
        maker = self._maker_of(event.mac or "")
        return f", network card by {maker}" if maker else ""

    def _client_ignored(self, event: Event, facts: Facts) -> Line | None:
        text = f"gets no answer: {facts.get('reason')}"  # what to do is in the finding that follows
        return Line(text, Tone.WARNING) if self._once(event, text) else None

    def _offered(self, event: Event, facts: Facts) -> Line | None:
        if facts.get("what") == "script":
            return None  # the script itself is told when it is fetched
        text = f"offered {facts.get('file')} from {facts.get('siaddr')}"
        if facts.get("address_offered"):
            text += f", with the address {facts['address_offered']}, as no other DHCPv6 server gives one"
        return Line(text) if self._once(event, text) else None

    def _other_server(self, event: Event, facts: Facts) -> Line | None:
        server = str(facts.get("server"))
        boots = str(facts.get("vendor_class") or "").startswith(("PXEClient", "HTTPClient")) or facts.get("file")
        if facts.get("message") == "nak":
            return None  # part of this machine's boot, not of what there is on the LAN
        if facts.get("address_given"):
            line = Line(f"addresses here are given by the DHCP server {server}", Tone.QUIET)
            if boots:
                what = f"it hands out {facts['file']}" if facts.get("file") else "it says PXEClient"
                line = Line(f"the DHCP server {server} tells machines what to boot, too: {what}", Tone.WARNING)
        elif boots:
            what = f", which offers {facts['file']}" if facts.get("file") else ""
            line = Line(f"there is a second boot server: {server}{what}", Tone.WARNING)
        else:
            return None
        if line.text in self._servers or len(self._servers) >= MAX_REMEMBERED_SERVERS:
            return None
        self._servers.add(line.text)
        return line

    def _system_seen(self, event: Event, facts: Facts) -> Line | None:
        names = ", ".join(str(facts[key]) for key in ("vendor_class", "hostname") if facts.get(key))
        text = f"the system it booted asks for an address ({names})"
        return Line(text, Tone.GOOD) if self._once(event, text) else None

    def _answer_not_sent(self, event: Event, facts: Facts) -> Line | None:
        text = f"our answer from port {facts.get('port')} could not be sent: {facts.get('why')}"
        return Line(text, Tone.PROBLEM) if self._once(event, text) else None

    def _question_held_back(self, event: Event, facts: Facts) -> Line | None:
        text = f"its question to UDP port {facts.get('port')} came to this computer, whose firewall holds it back"
        return Line(text, Tone.PROBLEM) if self._once(event, text) else None

    def _address_claimed(self, event: Event, facts: Facts) -> Line:
        text = (
            f"another computer, {facts.get('claimer')}, has this computer's address {facts.get('address_claimed')} too"
        )
        return Line(text, Tone.PROBLEM, ("machines reach now the one, now the other: give one of them another",))

    def _first_program_changed(self, event: Event, facts: Facts) -> Line:
        return Line(str(facts.get("remark")), Tone.WARNING)

    def _first_program_doubtful(self, event: Event, facts: Facts) -> Line:
        return Line(str(facts.get("remark")), Tone.WARNING, _fix(facts))

    def _reply_variant_changed(self, event: Event, facts: Facts) -> Line:
        gets = "all forms of answer were tried, it gets the first again:" if facts.get("is_exhausted") else "it gets"
        text = f"{facts.get('observed')}: {gets} {facts.get('variant')} in place of {facts.get('before')}"
        return Line(text, Tone.WARNING, _fix(facts))

    def _reply_variant_kept(self, event: Event, facts: Facts) -> Line:
        more = f"another station is told so with: --reply {event.mac}:{facts.get('variant')}"
        return Line(f"goes on with {facts.get('variant')}: remembered for this machine", Tone.GOOD, (more,))

    def _acknowledged(self, event: Event, facts: Facts) -> Line | None:
        text = f"asked on port 4011, confirmed {facts.get('file')}"
        return Line(text) if self._once(event, text) else None

    def _transfer_finished(self, event: Event, facts: Facts) -> Line | None:
        if facts.get("role") == "script":
            return None  # what it says is told when it is made
        size_bytes, duration_s = _number(facts, "size_bytes"), _number(facts, "duration_s")
        speed = f", {size(size_bytes / duration_s)}/s" if duration_s > 0 else ""
        role = ROLES.get(str(facts.get("role")), "file")
        text = f"{role} {facts.get('file')}: {size(size_bytes)} in {duration_s:.1f} s{speed}"
        if str(facts.get("protocol")) == "tftp":
            text += " by TFTP"
        repeats = _number(facts, "retransmissions")
        if repeats:
            text += f", {repeats:.0f} repeated"
        mtime_s = facts.get("version_mtime_s")
        if mtime_s is None or facts.get("role") in ("loader", "configuration"):
            return Line(text)
        return Line(text, more=(version_words(mtime_s, facts.get("version_sha256")),))

    def _blocks_read(self, event: Event, facts: Facts) -> Line | None:
        if not self._once(event, f"reads {facts.get('file')}"):
            return None
        return Line(f"reads {str(facts.get('file')).rpartition('/')[2]} as a drive, piece by piece")

    def _transfer_failed(self, event: Event, facts: Facts) -> Line:
        sent, whole = _number(facts, "sent_bytes"), _number(facts, "size_bytes")
        share = f" after {size(sent)} of {size(whole)}" if whole else ""
        return Line(f"{facts.get('file')} stopped{share}: {facts.get('reason')}", Tone.WARNING)

    def _transfer_stalled(self, event: Event, facts: Facts) -> Line:
        sent, whole = _number(facts, "sent_bytes"), _number(facts, "size_bytes")
        stood = f"for {_number(facts, 'stalled_s'):.0f} s"
        return Line(f"{facts.get('file')} stands still after {size(sent)} of {size(whole)}, {stood}", Tone.WARNING)

    def _transfer_resumed(self, event: Event, facts: Facts) -> Line:
        return Line(f"{facts.get('file')} goes on after {_number(facts, 'stalled_s'):.0f} s")

    def _file_refused(self, event: Event, facts: Facts) -> Line | None:
        if facts.get("is_searched"):
            return None  # a boot program tries one name after the other
        text = f"asked for {facts.get('file')}: {facts.get('reason')}"
        return Line(text, Tone.QUIET) if self._once(event, text) else None

    def _script_sent(self, event: Event, facts: Facts) -> Line:
        model = " ".join(str(facts[key]) for key in ("manufacturer", "product") if facts.get(key))
        # Not the version in DHCP: builds made without their git history all announce 1.0.0 there.
        version = str(facts.get("ipxe_version") or "").partition("+")[0]
        loader = f" (iPXE {version})" if version else ""
        if facts.get("loader"):
            loader = f" ({facts['loader']}{', Secure Boot on' if facts.get('secure_boot') else ''})"
        notes = (str(facts["notes"]),) if facts.get("notes") else ()
        often = f", {facts['times']} times within a moment" if facts.get("times") else ""
        return Line(f"{f'{model}: ' if model else ''}gets {facts.get('entry')}{loader}{often}", Tone.GOOD, notes)

    def _message_shown(self, event: Event, facts: Facts) -> Line | None:
        if facts.get("finding"):
            return None  # it is told as a finding
        more = (f"why: {facts.get('why')}", f"what to do: {facts.get('fix')}")
        text = f"its screen says: {facts.get('title')}"
        # A GRUB asks again and again, so that a mended image boots by itself.
        return Line(text, Tone.PROBLEM, more) if self._once(event, f"{text} {more}") else None

    def _answers_fetched(self, event: Event, facts: Facts) -> Line:
        return Line(f"its installer took its answers: {facts.get('file')}")

    def _install_started(self, event: Event, facts: Facts) -> Line:
        return Line("its installer has begun")

    def _install_progress(self, event: Event, facts: Facts) -> Line | None:
        if facts.get("event") not in (None, "start"):
            return None  # each step reports its end too
        return Line(f"installing: {facts.get('description') or facts.get('step')}", Tone.QUIET)

    def _install_finished(self, event: Event, facts: Facts) -> Line:
        again = f"to install it again: bootbeam machines forget {event.mac}"
        return Line("is installed; from now on it is sent to its own disk", Tone.GOOD, (again,))

    def _install_failed(self, event: Event, facts: Facts) -> Line:
        return Line(f"its installation failed{_colon(facts.get('description'))}", Tone.PROBLEM)

    def _first_boot(self, event: Event, facts: Facts) -> Line:
        return Line("runs its installed system", Tone.GOOD)

    def _image_loaded(self, event: Event, facts: Facts) -> Line | None:
        if not self._is_ready:
            return None  # what is served from the start is told once, together
        text = f"new {facts.get('file')}: {facts.get('description')}, {size(_number(facts, 'size_bytes'))}"
        return Line(text, Tone.GOOD, (version_words(facts.get("mtime_s"), facts.get("sha256")),))

    def _image_held_back(self, event: Event, facts: Facts) -> Line:
        return Line(f"{facts.get('file')} is held back: {facts.get('reason')}", Tone.WARNING)

    def _image_gone(self, event: Event, facts: Facts) -> Line:
        return Line(f"{facts.get('file')} is served no more: it was taken out of its directory", Tone.QUIET)

    def _finding(self, event: Event, facts: Facts) -> Line:
        def rows(label: str, fact: str) -> list[str]:
            lines = str(facts.get(fact) or "").splitlines()
            return [f"{label if number == 0 else '':16}{line}" for number, line in enumerate(lines)]

        sure = str(facts.get("sure"))
        block = [*rows("seen:", "seen"), *rows(f"{sure}:", "cause"), *rows("on its screen:", "screen")]
        block += [*rows("what to do:", "fix"), f"{'more:':16}bootbeam explain {facts.get('id')}"]
        return Line(f"{facts.get('id')}: {facts.get('title')}", Tone.PROBLEM, tuple(block))

    def _dropped(self, event: Event, facts: Facts) -> Line:
        return Line(f"malformed datagram on port {facts.get('port')} dropped: {facts.get('reason')}", Tone.QUIET)

    def _problem(self, event: Event, facts: Facts) -> Line:
        why = (f"why: {facts['why']}",) if facts.get("why") else ()
        return Line(str(facts.get("what")), Tone.PROBLEM, (*why, *_fix(facts)))

    def _stopped(self, event: Event, facts: Facts) -> Line:
        return Line(f"stopped: {facts.get('reason')}")


_TELLERS: dict[EventKind, Callable[[Story, Event, Facts], Line | None]] = {
    EventKind.STATION_READY: Story._ready,
    EventKind.CLIENT_SEEN: Story._client_seen,
    EventKind.CLIENT_IGNORED: Story._client_ignored,
    EventKind.OFFERED: Story._offered,
    EventKind.BOOT_SERVER_ACKNOWLEDGED: Story._acknowledged,
    EventKind.OTHER_SERVER_ANSWERED: Story._other_server,
    EventKind.SYSTEM_SEEN: Story._system_seen,
    EventKind.ANSWER_NOT_SENT: Story._answer_not_sent,
    EventKind.QUESTION_HELD_BACK: Story._question_held_back,
    EventKind.ADDRESS_CLAIMED: Story._address_claimed,
    EventKind.FIRST_PROGRAM_CHANGED: Story._first_program_changed,
    EventKind.FIRST_PROGRAM_DOUBTFUL: Story._first_program_doubtful,
    EventKind.REPLY_VARIANT_CHANGED: Story._reply_variant_changed,
    EventKind.REPLY_VARIANT_KEPT: Story._reply_variant_kept,
    EventKind.TRANSFER_FINISHED: Story._transfer_finished,
    EventKind.BLOCKS_READ: Story._blocks_read,
    EventKind.TRANSFER_STALLED: Story._transfer_stalled,
    EventKind.TRANSFER_RESUMED: Story._transfer_resumed,
    EventKind.TRANSFER_FAILED: Story._transfer_failed,
    EventKind.FILE_REFUSED: Story._file_refused,
    EventKind.SCRIPT_SENT: Story._script_sent,
    EventKind.MESSAGE_SHOWN: Story._message_shown,
    EventKind.ANSWERS_FETCHED: Story._answers_fetched,
    EventKind.INSTALL_STARTED: Story._install_started,
    EventKind.INSTALL_PROGRESS: Story._install_progress,
    EventKind.INSTALL_FINISHED: Story._install_finished,
    EventKind.INSTALL_FAILED: Story._install_failed,
    EventKind.FIRST_BOOT: Story._first_boot,
    EventKind.IMAGE_LOADED: Story._image_loaded,
    EventKind.IMAGE_HELD_BACK: Story._image_held_back,
    EventKind.IMAGE_GONE: Story._image_gone,
    EventKind.FINDING: Story._finding,
    EventKind.DATAGRAM_DROPPED: Story._dropped,
    EventKind.PROBLEM: Story._problem,
    EventKind.STATION_STOPPED: Story._stopped,
}


def size(size_bytes: float) -> str:
    """A size as people say it, decimal units: "218 kB", "12.4 MB"."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= step:
            return f"{size_bytes / step:.3g} {unit}"
    return f"{size_bytes:.0f} B"


def version_words(mtime_s: Fact, sha256: Fact) -> str:
    """Which build it is: when it was made, and the first 12 digits of its SHA-256; "" when nobody computes it."""
    built = datetime.fromtimestamp(float(mtime_s) if isinstance(mtime_s, int | float) else 0.0, UTC).astimezone()
    digest = "" if sha256 == "" else f", sha256 {str(sha256)[:12] if sha256 else 'still being computed'}"
    return f"version of {built:%Y-%m-%d %H:%M:%S}{digest}"


def _number(facts: Facts, key: str) -> float:
    value = facts.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _colon(fact: Fact) -> str:
    return f": {fact}" if fact else ""


def _fix(facts: Facts) -> tuple[str, ...]:
    return (f"what to do: {facts['fix']}",) if facts.get("fix") else ()

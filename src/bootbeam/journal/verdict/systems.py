"""Rules: the system was being loaded, or is running, and stops."""

from itertools import pairwise

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.course import Course, number, text
from bootbeam.journal.verdict.finding import Judged, Later, Match, Rule, Screen, Sureness

STOPPED_S = 20.0
"""A loader that begins again does so within seconds."""
NO_ANSWERS_S = 300.0
"""An installer looks for its network and its answers within a minute or two."""
NO_SYSTEM_S = 240.0
NO_ROOT_S = 60.0
"""A kernel looks for its root within seconds, on a slow virtual machine within 30."""
MEMORY_S = 120.0
HELD_BACK_S = 20.0
"""A build that is written takes seconds."""
RESTARTS = 4
RESTARTS_S = 600.0
"""The same version of the same kernel so often in so short a time: a person who changes something has another version
by then."""
RESTART_TAKES_S = 5.0
"""No machine is back sooner; what fetches a file more often is no firmware."""
RESTART_DIFFERS_S, RESTART_DIFFERS = 5.0, 1.5
"""A machine that resets itself does so each time as long after it was started, within this; nobody at a keyboard does.
"""
PARTIAL_CONTENT = 206
IPXE_SCRIPT = "iPXE script"
"""What such an image is called in the name of its entry, by its bytes."""
LOADED = ("kernel", "initrd", "image")
INSTALLING = (
    EventKind.ANSWERS_FETCHED,
    EventKind.INSTALL_STARTED,
    EventKind.INSTALL_PROGRESS,
    EventKind.INSTALL_FINISHED,
    EventKind.FIRST_BOOT,
)


def _after_silence(course: Course, since: Event, wait_s: float, match: Match) -> Judged:
    """``match``, once nothing at all has been heard of the machine for so long."""
    if course.events[-1].at_s > since.at_s:
        return None
    moment = since.at_s + wait_s
    return match if course.now >= moment else Later(moment)


def judge_download_stopped(course: Course) -> Judged:
    """The kernel or the initrd stops on its way."""
    failed = course.last(
        EventKind.TRANSFER_FAILED,
        EventKind.TRANSFER_STALLED,
        where=lambda event: text(event, "protocol") == "http" and text(event, "role") in LOADED,
    )
    if failed is None or failed.facts.get("status") == PARTIAL_CONTENT or course.kind == "uefi-http":
        return None
    sent, whole = number(failed, "sent_bytes"), number(failed, "size_bytes")
    reason = text(failed, "reason") or f"the machine takes nothing for {number(failed, 'stalled_s'):.0f} s"
    seen = f"{text(failed, 'file')} stopped after {sent:,.0f} of {whole:,.0f} bytes: {reason}"
    return _after_silence(course, failed, STOPPED_S, Match(seen))


def _started(course: Course) -> Event | None:
    """When the last file of the system had come over whole."""
    return course.last(EventKind.TRANSFER_FINISHED, where=lambda event: text(event, "role") in LOADED)


def judge_answers_not_fetched(course: Course) -> Judged:
    """An unattended installation has begun to boot, and takes no answers."""
    sent, started = course.last(EventKind.SCRIPT_SENT), _started(course)
    if sent is None or started is None or not sent.facts.get("unattended") or course.of(*INSTALLING):
        return None
    last = course.events[-1]
    system = course.last(EventKind.SYSTEM_SEEN)
    if last.at_s > started.at_s and last is not system:
        return None
    moment = last.at_s + NO_ANSWERS_S
    if course.now < moment:
        return Later(moment)
    network = f"it asked for an address as {_who(system)}" if system else "it was not heard to ask for an address"
    return Match(f"{text(sent, 'entry')} was started, {network}, and no answers were fetched for {NO_ANSWERS_S:.0f} s")


def _who(system: Event) -> str:
    return text(system, "vendor_class") or text(system, "hostname") or "a system"


def judge_system_silent(course: Course) -> Judged:
    """An ISO's kernel and initrd were loaded, and nothing is heard of the system."""
    started = _started(course)
    if started is None or text(started, "role") != "initrd" or not text(started, "file").startswith("iso/"):
        return None
    sent = course.last(EventKind.SCRIPT_SENT)
    if sent is not None and (sent.facts.get("unattended") or sent.facts.get("warning")):
        return None
    match = Match(f"{text(started, 'file')} came over whole, and for {NO_SYSTEM_S:.0f} s nothing has been heard of it")
    return _after_silence(course, started, NO_SYSTEM_S, match)


def judge_initrd_missing(course: Course) -> Judged:
    """A distribution's kernel was started without its initrd, and nothing is heard of it."""
    sent, started = course.last(EventKind.SCRIPT_SENT), _started(course)
    if sent is None or started is None or not sent.facts.get("lacks_initrd") or text(started, "role") != "kernel":
        return None
    seen = f"{text(started, 'file')} is the kernel of a distribution, and was started without an initrd; for "
    seen += f"{NO_ROOT_S:.0f} s nothing has been heard of it"
    return _after_silence(course, started, NO_ROOT_S, Match(seen))


def judge_memory(course: Course) -> Judged:
    """The machine was known to have too little memory, and stops."""
    sent, started = course.last(EventKind.SCRIPT_SENT), _started(course)
    if sent is None or started is None or not sent.facts.get("warning") or course.of(*INSTALLING):
        return None
    seen = f"{text(sent, 'warning')}; it loaded {text(started, 'file')}, and nothing has been heard of it since"
    return _after_silence(course, started, MEMORY_S, Match(seen))


def judge_install_failed(course: Course) -> Judged:
    """The installer says so itself."""
    failed = course.last(EventKind.INSTALL_FAILED)
    if failed is None:
        return None
    step = text(failed, "description") or text(failed, "step")
    return Match(f"the installer reports that it failed{f' at: {step}' if step else ''}")


def judge_held_back(course: Course) -> Judged:
    """The machine waits for a file that is still being written."""
    held = course.last(EventKind.IMAGE_HELD_BACK)
    if held is None:
        return None
    going_on = (EventKind.SCRIPT_SENT, EventKind.TRANSFER_STARTED, EventKind.MESSAGE_SHOWN)
    if course.after(held, *going_on):
        return None
    moment = held.at_s + HELD_BACK_S
    if course.now < moment:
        return Later(moment)
    seen = f"it has waited for {text(held, 'file')} for {course.now - held.at_s:.0f} s: {text(held, 'reason')}"
    return Match(seen, {"file": text(held, "file")})


def judge_restarts(course: Course) -> Judged:
    """The same system is loaded at one power-on after the other."""
    loaded = [
        event
        for event in (*course.timeline.earlier, *course.events)
        if event.kind is EventKind.TRANSFER_FINISHED
        and text(event, "role") in ("kernel", "image")
        and event.at_s > course.now - RESTARTS_S
    ]
    if not loaded or course.of(EventKind.SYSTEM_SEEN, EventKind.LOADER_FAILED, *INSTALLING):
        return None
    script = course.last(EventKind.SCRIPT_SENT)
    if script is not None and IPXE_SCRIPT in text(script, "entry"):
        return None  # no system: scripts that go round have rules of their own (BB-045, BB-046)
    same: list[Event] = []
    for event in loaded:
        if _version(event) == _version(loaded[-1]) and (not same or event.at_s > same[-1].at_s + RESTART_TAKES_S):
            same.append(event)
    if len(same) < RESTARTS or not text(loaded[-1], "version_sha256") or not _are_alike(course, same):
        return None
    span = same[-1].at_s - same[0].at_s
    return Match(f"it loaded {text(same[-1], 'file')} {len(same)} times within {span:.0f} s, each time from the start")


def _are_alike(course: Course, loaded: list[Event]) -> bool:
    """Whether the machine was back each time as soon after its kernel as the other times."""
    asked = [event.at_s for event in (*course.timeline.earlier, *course.events) if event.kind is EventKind.CLIENT_SEEN]
    gone = [next((at_s for at_s in asked if at_s > one.at_s), other.at_s) - one.at_s for one, other in pairwise(loaded)]
    return max(gone) <= min(gone) * RESTART_DIFFERS + RESTART_DIFFERS_S


def _version(event: Event) -> tuple[str, str]:
    return text(event, "file"), text(event, "version_sha256")


RULES = (
    Rule(
        "BB-076",
        "the system starts, and the machine is back soon after",
        judge_restarts,
        "the same version of the same kernel is loaded four times or more within ten minutes, and nothing is heard of "
        "the system between",
        "the system stops right after its start and the machine resets: a kernel panic (no root file system, a wrong "
        "command line, no initrd), an image for other hardware; or the system itself restarts the machine, and that "
        "boots from the network first",
        Sureness.MOST_LIKELY,
        {Screen.SYSTEM: ("Kernel panic - not syncing: ... (for a moment, before it resets)",)},
        (
            "let the screen stand still, so that the last lines can be read; for Linux:",
            '    bootbeam serve ... --cmdline "panic=0 ignore_loglevel"',
            "`VFS: Unable to mount root fs`: it needs an initrd, or root=... on its command line:",
            "    bootbeam serve --kernel KERNEL --initrd INITRD",
            "the system is meant to restart the machine: put the disk before the network in the machine's boot order",
        ),
        explains=frozenset({"BB-046", "BB-072"}),
    ),
    Rule(
        "BB-077",
        "the kernel was started without its initrd",
        judge_initrd_missing,
        "a kernel that a distribution has built was loaded without an initrd and without root=, and nothing is heard "
        "of it for a minute",
        "the drivers for disks and networks are not in such a kernel but in its initrd: without that it finds no root "
        "file system, and stops",
        Sureness.MOST_LIKELY,
        {
            Screen.SYSTEM: (
                "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
                "(or nothing: with `quiet`, or where its console is somewhere else)",
            )
        },
        (
            "serve the kernel together with its own initrd, of the same version:",
            "    bootbeam serve KERNEL INITRD",
            "both lie in /boot of an installed system (vmlinuz-..., initrd.img-...), or on the distribution's ISO, "
            "which can be served as it is:",
            "    bootbeam serve FILE.iso",
        ),
        explains=frozenset({"BB-072"}),
    ),
    Rule(
        "BB-073",
        "the installation failed",
        judge_install_failed,
        "the installer reports a failure",
        "the installer says it itself; its own log on the machine has the reason",
        Sureness.SURELY,
        {Screen.SYSTEM: ("(the installer's own message)",)},
        (
            "look at the installer's log: switch to another console with Alt-F2 (Alt-F4 in Debian's installer), then",
            "    Ubuntu:  less /var/log/installer/subiquity-server-debug.log",
            "    Debian:  less /var/log/syslog",
            "    Fedora:  less /tmp/anaconda.log",
            "mend the answers, and boot it again; check them first with:",
            "    bootbeam inspect FILE",
        ),
    ),
    Rule(
        "BB-075",
        "the machine waits for an image that is not complete",
        judge_held_back,
        "a machine asks for an image that is being written or is gone, and waits",
        "the file is still being written, or was deleted: only complete files are served",
        Sureness.SURELY,
        {
            Screen.IPXE: ("bootbeam: ...; waiting for it to be complete ... (BB-075)",),
            Screen.UEFI: ("(it asks again and again)",),
            Screen.BIOS: ("(it asks again and again)",),
        },
        ("let the build finish, or build it again; the machine goes on by itself then", "    bootbeam inspect FILE"),
    ),
    Rule(
        "BB-070",
        "the download of the system stops",
        judge_download_stopped,
        "a kernel, an initrd or an image stops on its way over HTTP, and nothing is heard of the machine after that",
        "the machine was switched off or reset, its memory is too small for the file, or the network was cut",
        Sureness.POSSIBLY,
        {
            Screen.IPXE: (
                "(the percentage stands still, then) Connection timed out (http://ipxe.org/4c0a6035)",
                "or: Not enough space (http://ipxe.org/31006001): its memory is too small",
            ),
            Screen.UEFI: ("Error: Unexpected network error.",),
            Screen.SHIM: ("error: timeout reading ...", "or: error: out of memory."),
        },
        (
            "boot it again; always at the same place: the machine needs more memory than the file is large",
            "look for errors on this computer's side:",
            "    ip -s link show {interface}",
        ),
    ),
    Rule(
        "BB-074",
        "the machine has too little memory for this system",
        judge_memory,
        "the machine told of less memory than the system needs; its files were loaded, and then nothing",
        "the system is loaded into memory, and that is not large enough",
        Sureness.MOST_LIKELY,
        {Screen.SYSTEM: ("Kernel panic - not syncing: ..., or: No space left on device",)},
        ("give the machine more memory, or boot a smaller system (a `netinst` or `server` image)",),
        explains=frozenset({"BB-071", "BB-072", "BB-070"}),
    ),
    Rule(
        "BB-071",
        "the installer does not fetch its answers",
        judge_answers_not_fetched,
        "kernel and initrd of an unattended installation were loaded; no answers are fetched for five minutes",
        "the installer has no network (no driver or firmware for its card), or stopped at a question or an error",
        Sureness.POSSIBLY,
        {Screen.SYSTEM: ("(a question of the installer, or its error)",)},
        (
            "look at the machine's screen; on its console (Alt-F2) see whether it has an address:",
            "    ip address",
            "and whether it reaches this station:",
            "    wget -O - http://{station}:{http_port}/",
        ),
        explains=frozenset({"BB-072"}),
    ),
    Rule(
        "BB-072",
        "nothing is heard of the system that was started",
        judge_system_silent,
        "kernel and initrd of an ISO were loaded, and nothing is heard of the machine for four minutes",
        "the kernel does not run on this machine, its screen stays black for want of a driver, or it has no driver "
        "for the "
        "network card and cannot fetch the rest",
        Sureness.POSSIBLY,
        {Screen.SYSTEM: ("(the kernel's last lines, or a shell: `(initramfs)`, `dracut:/#`)",)},
        (
            "look at the machine's screen; a black one: boot it once more with",
            '    bootbeam serve ... --cmdline "nomodeset"',
            "a shell: see whether the system has a driver for the network card, and an address:",
            "    ip address",
        ),
    ),
)

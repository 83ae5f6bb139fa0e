"""Rules: a boot loader has come over whole, and does not run, or not as it should."""

import re

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.course import FIRMWARE_KINDS, Course, text
from bootbeam.journal.verdict.finding import Judged, Later, Match, Rule, Screen, Sureness

SILENT_LOADER_S = 45.0
"""iPXE is heard of within 5 s, on a slow virtual machine within 30."""
SILENT_SHIM_S = 15.0
"""shim asks for GRUB, and GRUB for its script, within 2 s."""
LOOP_TIMES = 4
LOOP_S = 240.0
"""The same loader so often in so short a time is no person who tries again."""
SCRIPT_LOOP_TIMES = 6
SCRIPT_LOOP_S = 120.0
NEXT_TRY_S = 20.0
"""A firmware that goes on to another way of booting has its program by then."""
SHIM = re.compile(r"(^|/)shim[a-z0-9]*\.efi$")
SHIM_ASKS = re.compile(r"(^|/)(revocations_s\w+\.efi|shim_certificate_\d+\.efi)$")
"""What shim looks for beside itself, and nobody else does."""
SECOND_STAGE = re.compile(r"(^|/)(grub|snponly|ipxe)[a-z0-9-]*\.efi$")
BENIGN_MENU = re.compile(r"the menu$|its own disk")
"""Scripts after which a machine waits for a person, or boots from its disk."""

ACCESS_DENIED = ("Access Denied, or: Security Violation", "(some firmware: nothing, and on to the next boot device)")


def _loaded(course: Course) -> Event | None:
    """The boot loader that came over whole last, for the firmware or for shim."""
    return course.last(EventKind.TRANSFER_FINISHED, where=lambda event: text(event, "role") == "loader")


def _life(course: Course, loaded: Event) -> list[Event]:
    """What shows that the loader runs: iPXE asks, or files are asked for."""
    file = text(loaded, "file")
    return [
        event
        for event in course.after(loaded)
        if (event.kind is EventKind.CLIENT_SEEN and text(event, "kind_of_client") == "ipxe")
        or (event.kind in SIGNS_OF_LIFE and text(event, "file") != file)
    ]


SIGNS_OF_LIFE = (
    EventKind.READ_REQUESTED,
    EventKind.SIZE_PROBED,
    EventKind.TRANSFER_STARTED,
    EventKind.TRANSFER_FINISHED,
    EventKind.FILE_REFUSED,
    EventKind.BLOCKS_READ,
    EventKind.SCRIPT_SENT,
    EventKind.MESSAGE_SHOWN,
    EventKind.SYSTEM_SEEN,
    EventKind.LOADER_FAILED,
)


def _came_back(course: Course, loaded: Event) -> Event | None:
    """The firmware's question after ``loaded``."""
    asked = course.after(
        loaded, EventKind.CLIENT_SEEN, where=lambda event: text(event, "kind_of_client") in FIRMWARE_KINDS
    )
    return asked[0] if asked else None


def _is_first_program(course: Course, loaded: Event) -> bool:
    """Whether the firmware fetched it: no iPXE and no script came before."""
    before = course.events[: course.events.index(loaded)]
    runs = (EventKind.SCRIPT_SENT, EventKind.MESSAGE_SHOWN)
    asked = [event for event in before if event.kind is EventKind.CLIENT_SEEN]
    is_ipxes = bool(asked) and text(asked[-1], "kind_of_client") == "ipxe"
    return not is_ipxes and not any(event.kind in runs for event in before)


def judge_refused(course: Course) -> Judged:
    """The firmware came back, and the station has nothing better to give it."""
    changed = course.last(EventKind.FIRST_PROGRAM_CHANGED, where=lambda event: bool(event.facts.get("fix")))
    if changed is None or course.is_bios or _runs(course.after(changed)):
        return None
    before = [event for event in course.events[: course.events.index(changed)] if text(event, "role") == "loader"]
    if before and SHIM.search(text(before[-1], "file")):
        return None
    match = Match(text(changed, "remark"), fix=(text(changed, "fix"), *SECURE_BOOT_FIX[1:]))
    # What it is given next may still start: firmware goes on to HTTP boot by itself.
    loaded = course.after(changed, EventKind.TRANSFER_FINISHED, where=lambda event: text(event, "role") == "loader")
    if loaded and _came_back(course, loaded[-1]):
        return match
    begun = course.after(changed, EventKind.TRANSFER_STARTED)
    moment = begun[-1].at_s + SILENT_LOADER_S if begun else changed.at_s + NEXT_TRY_S
    return match if course.now >= moment else Later(moment)


def _runs(events: list[Event]) -> bool:
    """Whether anything that was loaded is heard of."""
    kinds = (
        EventKind.SCRIPT_SENT,
        EventKind.MESSAGE_SHOWN,
        EventKind.BLOCKS_READ,
        EventKind.SYSTEM_SEEN,
        EventKind.LOADER_FAILED,
    )
    return any(event.kind in kinds or text(event, "kind_of_client") == "ipxe" for event in events)


def judge_silent(course: Course) -> Judged:
    """A first program that nothing is heard of."""
    loaded = _loaded(course)
    if loaded is None or SHIM.search(text(loaded, "file")) or not _is_first_program(course, loaded):
        return None
    if _life(course, loaded) or _came_back(course, loaded):
        return None
    if _second_stage_of(course, loaded) or _goes_on_by_another_card(course, loaded):
        return None
    moment = loaded.at_s + SILENT_LOADER_S
    if course.now < moment:
        return Later(moment)
    seen = f"{text(loaded, 'file')} came over whole, and for {SILENT_LOADER_S:.0f} s nothing has been heard of it"
    told = course.last(EventKind.FIRST_PROGRAM_SILENT)
    if _is_bios(course, loaded):
        return Match(seen, cause=BIOS_CAUSE, fix=BIOS_FIX, sure=Sureness.POSSIBLY)
    return Match(seen, fix=(text(told, "fix"), *SECURE_BOOT_FIX[1:]) if told and told.facts.get("fix") else None)


def _goes_on_by_another_card(course: Course, loaded: Event) -> bool:
    """Whether an iPXE was heard since by another network card of the same machine."""
    kind = EventKind.CLIENT_SEEN
    return any(event.kind is kind and event.at_s >= loaded.at_s for event in course.timeline.surroundings)


def _is_bios(course: Course, loaded: Event) -> bool:
    """Whether the machine is a BIOS; where its DHCP is out of our hearing, what it loaded tells."""
    return course.is_bios or (not course.seen and text(loaded, "file").startswith("bios/"))


def _second_stage_of(course: Course, loaded: Event) -> bool:
    """Whether ``loaded`` was fetched by a shim, whatever that one's own file is called."""
    before = course.events[: course.events.index(loaded)]
    has_shim = any(
        SHIM.search(text(event, "file"))
        if event.kind is EventKind.TRANSFER_FINISHED
        else event.kind is EventKind.FILE_REFUSED and SHIM_ASKS.search(text(event, "file"))
        for event in before
    )
    return has_shim and bool(SECOND_STAGE.search(text(loaded, "file")))


def judge_shim_refused(course: Course) -> Judged:
    """shim came over whole, and asks for nothing."""
    loaded = _loaded(course)
    if loaded is None or not SHIM.search(text(loaded, "file")) or _life(course, loaded) or course.is_bios:
        return None
    seen = f"{text(loaded, 'file')} came over whole, and it never asked for the next program beside it"
    back = _came_back(course, loaded)
    if back is not None:
        return Match(f"{seen}; after {back.at_s - loaded.at_s:.0f} s the firmware tried something else")
    moment = loaded.at_s + SILENT_SHIM_S
    return Match(seen) if course.now >= moment else Later(moment)


def judge_second_stage_missing(course: Course) -> Judged:
    """shim asks for a program that is not here."""
    shim = _loaded(course)
    if shim is None or not (SHIM.search(text(shim, "file")) or _asks_like_shim(course, shim)):
        return None
    refused = course.after(
        shim, EventKind.FILE_REFUSED, where=lambda event: bool(SECOND_STAGE.search(text(event, "file")))
    )
    if not refused or any(text(event, "role") == "loader" for event in course.after(refused[-1])):
        return None
    file = text(refused[-1], "file")
    return Match(f"{text(shim, 'file')} asked for {file!r}: {text(refused[-1], 'reason')}")


def _asks_like_shim(course: Course, loaded: Event) -> bool:
    return bool(
        course.after(loaded, EventKind.FILE_REFUSED, where=lambda event: bool(SHIM_ASKS.search(text(event, "file"))))
    )


def judge_second_stage_refused(course: Course) -> Judged:
    """shim has its second program whole, and that never runs."""
    loaded = _loaded(course)
    if loaded is None or not _second_stage_of(course, loaded) or _life(course, loaded):
        return None
    if any(event.at_s <= loaded.at_s for event in course.of(EventKind.SCRIPT_SENT)):
        return None  # what shim started had run by then, and fetched this itself
    seen = f"shim fetched {text(loaded, 'file')} whole, and that was never heard of"
    if _came_back(course, loaded) is not None:
        return Match(f"{seen}; the firmware tried something else")
    moment = loaded.at_s + SILENT_SHIM_S
    return Match(seen) if course.now >= moment else Later(moment)


def judge_loader_loop(course: Course) -> Judged:
    """The same loader is loaded again and again."""
    events = [*course.timeline.earlier, *course.events]
    times = [
        event
        for event in events
        if event.kind is EventKind.TRANSFER_FINISHED
        and text(event, "role") == "loader"
        and event.at_s > course.now - LOOP_S
    ]
    same = [event for event in times if text(event, "file") == text(times[-1], "file")]
    if len(same) < LOOP_TIMES or _booted_between(events, same[0], same[-1]):
        return None
    span = same[-1].at_s - same[0].at_s
    return Match(
        f"it loaded {text(same[-1], 'file')} {len(same)} times within {span:.0f} s, and booted nothing between"
    )


def _booted_between(events: list[Event], first: Event, last: Event) -> bool:
    """Whether a system was loaded, or the loader did its work and came to a menu, a message or the own disk."""
    booted = ("kernel", "initrd", "image")
    told = [
        event
        for event in events
        if event.kind in (EventKind.SCRIPT_SENT, EventKind.MESSAGE_SHOWN) and first.at_s < event.at_s < last.at_s
    ]
    if told and all(
        event.kind is EventKind.MESSAGE_SHOWN or BENIGN_MENU.search(text(event, "entry")) for event in told
    ):
        return True
    scripts = {
        text(event, "entry").partition(":")[0]
        for event in events
        if event.kind is EventKind.SCRIPT_SENT and text(event, "entry").endswith("iPXE script")
    }
    return any(
        first.at_s < event.at_s < last.at_s
        and text(event, "role") in booted
        and text(event, "file") not in scripts
        and not text(event, "file").endswith(".ipxe")
        for event in events
    )


def judge_script_loop(course: Course) -> Judged:
    """The same entry is started again and again."""
    scripts = [
        event
        for event in course.of(EventKind.SCRIPT_SENT)
        if event.at_s > course.now - SCRIPT_LOOP_S and not BENIGN_MENU.search(text(event, "entry"))
    ]
    if not scripts:
        return None
    same = [event for event in scripts if text(event, "entry") == text(scripts[-1], "entry")]
    times = sum(int(event.facts.get("times") or 1) for event in same)
    if times < SCRIPT_LOOP_TIMES or course.of(EventKind.LOADER_FAILED):
        return None
    span = same[-1].at_s - same[0].at_s
    return Match(f"it asked for what to boot {times} times within {max(span, 1):.0f} s: {text(same[-1], 'entry')}")


SECURE_BOOT_FIX = (
    "bring signed boot loaders, and start the station again:",
    "    sudo bootbeam loaders fetch",
    "or switch Secure Boot off in the machine's setup (Security, Boot or Authentication), save, and boot it again",
    "a Hyper-V machine: set its Secure Boot template to `Microsoft UEFI Certificate Authority`",
)
BIOS_CAUSE = "the program hangs on this machine: its network card's ROM does not get on with it"
BIOS_FIX = (
    "give it the iPXE with drivers of its own: put ipxe.pxe as undionly.kpxe into a directory, and start with",
    "    bootbeam serve ... --loaders DIRECTORY",
    "or bring a newer iPXE, and start the station again:",
    "    sudo bootbeam loaders fetch",
)
NEWER_SHIM_FIX = (
    "bring a newer shim and GRUB, which belong together, and start the station again:",
    "    sudo bootbeam loaders fetch",
    "or switch Secure Boot off in the machine's setup",
)

RULES = (
    Rule(
        "BB-045",
        "the boot loader starts itself again and again",
        judge_loader_loop,
        "the same boot loader is loaded four times or more within minutes, and nothing else",
        "the loader does not know this station's script and asks the network like firmware does (an iPXE without its "
        "mark in option 77 and 175), or the machine resets as soon as the loader runs",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("(iPXE's banner, again and again)",),
            Screen.BIOS: ("(iPXE's banner, again and again)",),
            Screen.IPXE: ("(iPXE's banner, again and again)",),
        },
        (
            "use the boot loaders that this station finds itself: leave --loaders out, see them with:",
            "    bootbeam loaders",
            "bring newer ones, if the machine resets:",
            "    sudo bootbeam loaders fetch",
        ),
        explains=frozenset({"BB-040", "BB-041"}),
    ),
    Rule(
        "BB-046",
        "the boot script goes round in a circle",
        judge_script_loop,
        "one machine asks for what to boot six times or more within two minutes, and gets the same each time",
        "a script that is served chains back to the start of this station, or what is started comes back at once",
        Sureness.MOST_LIKELY,
        {Screen.IPXE: ("(the same lines, again and again)",), Screen.SHIM: ("(the same lines, again and again)",)},
        (
            "look for `autoboot`, `dhcp` and `chain ... boot.ipxe` in the script that is served, and take them out; "
            "see "
            "what the machine gets:",
            "    curl http://{station}:{http_port}/boot.ipxe",
        ),
    ),
    Rule(
        "BB-043",
        "shim does not find the program that it starts next",
        judge_second_stage_missing,
        "shim came over whole, and asks for GRUB or iPXE in its own directory, where that is not",
        "shim and the program that it starts lie in different directories, or the second one has another name than "
        "shim "
        "expects",
        Sureness.SURELY,
        {
            Screen.UEFI: ("Failed to open \\EFI\\BOOT\\grubx64.efi - Not Found",),
            Screen.SHIM: ("Failed to load image: Not Found", "start_image() returned Not Found"),
        },
        (
            "put shim and the GRUB of the same distribution into one directory, as shimx64.efi and grubx64.efi:",
            "    bootbeam serve ... --loaders DIRECTORY",
            "or let bootbeam find a pair that fits:",
            "    sudo bootbeam loaders fetch",
        ),
        explains=frozenset({"BB-036", "BB-042"}),
    ),
    Rule(
        "BB-044",
        "Secure Boot refuses the program after shim",
        judge_second_stage_refused,
        "shim and the program after it come over whole; then nothing, or a new question from the firmware",
        "shim checks what it starts, and this is not signed by shim's own distribution, or too old (revoked)",
        Sureness.MOST_LIKELY,
        {Screen.UEFI: ("Verification failed: (0x1A) Security Violation",)},
        NEWER_SHIM_FIX,
        explains=frozenset({"BB-041"}),
    ),
    Rule(
        "BB-042",
        "the machine refuses shim",
        judge_shim_refused,
        "shim comes over whole, and asks for nothing after that",
        "Secure Boot does not accept this shim: it is too old and revoked, or the machine knows only the keys of one "
        "maker (some need `Allow Microsoft 3rd Party UEFI CA` in the setup), or of its owner",
        Sureness.MOST_LIKELY,
        {Screen.UEFI: (*ACCESS_DENIED, "or: SBAT self-check failed: Security Policy Violation")},
        (
            "switch `Allow Microsoft 3rd Party UEFI CA` on in the machine's setup (Lenovo, Surface, Dell), or Secure "
            "Boot off",
            "or, where its owner has put keys of their own into it, put the factory's back (`Restore Factory Keys`)",
            *NEWER_SHIM_FIX[:2],
        ),
        explains=frozenset({"BB-040", "BB-041"}),
    ),
    Rule(
        "BB-040",
        "Secure Boot refuses the boot loader",
        judge_refused,
        "the boot loader comes over whole, the firmware asks again at once, and there is nothing signed to give it",
        "Secure Boot is on, and iPXE carries no signature that the machine accepts",
        Sureness.MOST_LIKELY,
        {Screen.UEFI: ACCESS_DENIED},
        SECURE_BOOT_FIX,
    ),
    Rule(
        "BB-041",
        "the boot loader does not start",
        judge_silent,
        "the boot loader comes over whole, and nothing is heard of it for 45 s",
        "Secure Boot is on and refuses it, or it hangs on this machine's network card",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: (*ACCESS_DENIED, "(or iPXE's banner and `initialising devices...`: it hangs)"),
            Screen.BIOS: ("(nothing more, or iPXE's banner and `initialising devices...`)",),
        },
        SECURE_BOOT_FIX,
    ),
)

"""Scripts for iPXE, one function per thing its screen may show.

The dialect is that of 2019 and later (Debian 12's build): each initrd is named by an ``initrd=`` argument too, which
UEFI builds of that age need and others do not mind; a command that may be missing is followed by ``||``. iPXE has no
quoting: a line is split at white space, ``||``, ``&&`` and ``;`` separate when they stand alone, ``#`` begins a
comment at the start of a word, and ``${...}`` is always replaced.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from bootbeam.boot.decision import LOCAL_DISK, BootLocalDisk, ChooseEntry, RunEntry
from bootbeam.boot.entry import BLOCK_METHODS, Method
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MEMORY_MODULES
from bootbeam.errors import UserError

MAX_MULTIBOOT_CMDLINES_BYTES = 512
"""All command lines of a Multiboot boot together, each beginning with the file's URL, in iPXE's BIOS builds."""
MAX_MULTIBOOT_MODULES = 8
SCREEN_COLUMNS = 76
RETRY_MS = 5000
WARNING_MS = 15_000
GOODBYE_MS = 100
LOCAL_DISK_LINES = (
    # Under UEFI an error makes the firmware try its next entry. A BIOS would start over with the network, so iPXE
    # starts the first disk itself.
    "iseq ${platform} pcbios && sanboot --no-describe --drive 0x80 ||",
    "exit 1",
)

_SAFE_TEXT = re.compile(r"[^A-Za-z0-9 .,:;()\[\]/_+=@'!?*<>-]")


@dataclass(frozen=True, slots=True)
class FileUrls:
    """Where the files of one boot are, each pinned to the version that is current now."""

    kernel: str
    initrds: tuple[str, ...]


def check_cmdline(cmdline: str) -> None:
    """Whether iPXE can carry this kernel command line.

    Raises:
        UserError: a word that iPXE would take for its own syntax, or a line break.
    """
    for word in cmdline.split():
        if word in ("||", "&&", ";") or word.startswith("#"):
            raise UserError(
                f"the word {word!r} cannot stand in a kernel command line here",
                "iPXE takes it for its own syntax and would cut the command line there",
                "write it without the space before it, or leave it out",
            )
    if any(ord(character) < 0x20 for character in cmdline):
        raise UserError(
            "the kernel command line has a line break or a control character in it",
            "a kernel takes one line",
            "put its words on one line: --cmdline 'WORDS'",
        )
    if any("\ud800" <= character <= "\udfff" for character in cmdline):
        raise UserError(
            f"the kernel command line {cmdline!r} is no text", "it is not in UTF-8", "type it anew: --cmdline 'WORDS'"
        )


def render_start(script_url: str) -> str:
    """The first script: reports what the machine is, gets the script made for it.

    Args:
        script_url: the URL up to where the facts go, ending in ``/``.
    """
    facts = "/".join(
        (
            "mac=${netX/mac:hexhyp}",
            "platform=${platform}",
            "buildarch=${buildarch}",
            "uuid=${uuid}",
            "manufacturer=${manufacturer:uristring}",
            "product=${product:uristring}",
            "serial=${serial:uristring}",
            "hostname=${hostname:uristring}",
            # iPXE's own builds leave its memory settings out; SMBIOS has the size of each module (type 17, offset 12).
            "memory=" + ".".join(f"${{smbios/{number}.17.12.2:hexhyp}}" for number in range(MEMORY_MODULES)),
        )
    )
    return _script(
        ":again",
        f"chain --autofree --replace {script_url}{facts}/script.ipxe ||",
        "echo bootbeam: the station did not answer, trying again ...",
        "sleep 3",
        "goto again",
    )


def render_autoexec(start_url: str, *, is_ipv6: bool = False) -> str:
    """The script a UEFI iPXE of 2022 and later fetches by TFTP before it asks DHCP anything.

    It spares the machine what comes then: the wait for an IPv6 router (up to 16 s where there is none) and the two
    seconds in which iPXE must hear our offer. When it does not work out, iPXE goes on by DHCP as ever.

    Args:
        start_url: of the first script.
        is_ipv6: the script came over IPv6, so there may be no IPv4.
    """
    return _script(
        f"ifconf --configurator {'ipv6' if is_ipv6 else 'dhcp'} && chain --autofree {start_url} ||",
        "echo bootbeam: going on by DHCP ...",
    )


def render_entry(
    plan: RunEntry,
    urls: FileUrls,
    again_url: str,
    notes: Sequence[str] = (),
    warning: str = "",
    local_disk_url: str | None = None,
) -> str:
    """Fetch and start one entry; when that fails, say so and begin again, so that a mended image boots by itself.

    Args:
        plan: what is started, and how.
        urls: where its files are.
        again_url: the script to begin again with.
        notes: shown before anything is fetched.
        warning: the same, but a person gets time to read it.
        local_disk_url: of a program that starts the machine's own disk; None: there is none.
    """
    entry, method = plan.entry, plan.way.method
    if method is Method.IPXE_SCRIPT:
        return _script(
            f"echo bootbeam: running {screen_text(entry.title)}",
            *_warning(warning),
            f"chain --autofree {urls.kernel} || goto failed",
            "exit 0",
            *_failed(again_url),
        )
    if method in BLOCK_METHODS:
        return _script(
            f"echo bootbeam: booting {screen_text(entry.title)}",
            *(line for note in notes for line in _screen(note)[1:]),
            *_warning(warning),
            # Its capacity and its blocks are asked for by HEAD and Range. There is nothing to describe to the system
            # that is started, which has no driver for such a drive.
            f"sanboot --no-describe {urls.kernel} || goto failed",
            "exit 1",
            *_failed(again_url),
        )
    initrds = [
        f"initrd {_name_option(initrd.name, url)}{url} {initrd.arguments}".rstrip() + " || goto failed"
        for initrd, url in zip(entry.initrds, urls.initrds, strict=True)
    ]
    return _script(
        f"echo bootbeam: booting {screen_text(entry.title)}",
        *(line for note in notes for line in _screen(note)[1:]),
        *_warning(warning),
        f"kernel {urls.kernel} {_arguments(plan)}".rstrip() + " || goto failed",
        *initrds,
        "boot || goto failed",
        *_returned(plan, local_disk_url),
        *_failed(again_url),
    )


def render_grub(plan: RunEntry, grub_url: str, again_url: str) -> str:
    """Start a GRUB that boots one entry, which iPXE itself cannot; it does not come back by itself."""
    return _script(
        f"kernel {grub_url} || goto failed",
        # GRUB takes the network card away at once; meanwhile iPXE acknowledges the end of the file.
        f"prompt --timeout {GOODBYE_MS} bootbeam: starting GRUB for {screen_text(plan.entry.title)} ||",
        "boot || goto failed",
        "exit 1",
        *_failed(again_url),
    )


def render_menu(plan: ChooseEntry, choice_url: str) -> str:
    """A menu of all entries; the default is taken after the timeout.

    Args:
        plan: what to choose from.
        choice_url: the URL up to where the chosen entry's name goes.
    """
    items = [f"item {entry.name} {screen_text(entry.title)}" for entry in plan.entries]
    timeout = f" --timeout {plan.timeout_s * 1000}" if plan.timeout_s else ""
    return _script(
        ":again",
        "menu bootbeam: what shall this machine boot?",
        *items,
        "item --gap",
        f"item {LOCAL_DISK}   This machine's own disk",
        "item bootbeam.shell   iPXE shell",
        f"choose --default {plan.default}{timeout} chosen || goto again",
        f"iseq ${{chosen}} {LOCAL_DISK} && goto local ||",
        "iseq ${chosen} bootbeam.shell && goto shell ||",
        f"chain --autofree --replace {choice_url}chosen=${{chosen}}/script.ipxe || goto again",
        ":shell",
        "shell",
        "goto again",
        ":local",
        *LOCAL_DISK_LINES,
    )


def render_local_disk(plan: BootLocalDisk) -> str:
    """Hand over to the machine's own disk."""
    return _script(
        f"echo bootbeam: this machine boots from its own disk: {screen_text(plan.reason)}", *LOCAL_DISK_LINES
    )


def render_explanation(explanation: Explanation, station: str) -> str:
    """Show why nothing boots, and wait for a person."""
    return _script(
        *_screen(f"bootbeam: {explanation.title}"),
        *_screen(f"Why: {explanation.why}."),
        *_screen(f"What to do: {explanation.fix}."),
        f"echo This station: {station}, finding {explanation.finding}",
        "echo",
        "prompt Press any key to go on to the next boot device ...",
        "exit 1",
    )


def render_wait(what: str, again_url: str) -> str:
    """The image is being written just now: say so and ask again."""
    return _script(
        f"echo bootbeam: {screen_text(what)}; waiting for it to be complete ... (BB-075)",
        "sleep 1",
        f"chain --autofree --replace {again_url} ||",
        "sleep 3",
        f"chain --autofree --replace {again_url}",
    )


def check_multiboot_limits(plan: RunEntry, urls: FileUrls) -> Explanation | None:
    """iPXE's own limits for a Multiboot boot; None when they are kept."""
    if len(urls.initrds) > MAX_MULTIBOOT_MODULES:
        return Explanation(
            f"{plan.entry.name} has too many modules",
            f"iPXE passes at most {MAX_MULTIBOOT_MODULES} modules to a Multiboot image, there are {len(urls.initrds)}",
            "join modules, or leave some out",
        )
    lines = [f"{urls.kernel} {_arguments(plan)}"]
    lines += [f"{url} {file.arguments}" for file, url in zip(plan.entry.initrds, urls.initrds, strict=True)]
    size_bytes = sum(len(line) + 1 for line in lines)
    if size_bytes > MAX_MULTIBOOT_CMDLINES_BYTES:
        return Explanation(
            f"{plan.entry.name} has too long a command line",
            f"iPXE keeps {MAX_MULTIBOOT_CMDLINES_BYTES} bytes for all command lines of a Multiboot image, "
            f"file addresses included, and these take {size_bytes}",
            "shorten --cmdline or the file names",
        )
    return None


def screen_text(text: str) -> str:
    """``text`` fit to stand in a script line: only plain ASCII, nothing iPXE would act on."""
    return " ".join(word.lstrip("#") for word in _SAFE_TEXT.sub("?", text).split() if word not in ("||", "&&", ";"))


def _warning(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    wait = f"prompt --timeout {WARNING_MS} Press any key to start it all the same, or wait ... ||"
    return (*_screen(f"bootbeam: {text}"), wait)


def _name_option(name: str, url: str) -> str:
    """What the file is called when the end of its URL is not it: programs look for their files by name."""
    return "" if url.endswith(f"/{name}") else f"--name {name} "


def _arguments(plan: RunEntry) -> str:
    words = []
    if plan.way.method is Method.EFI_LINUX:
        words = [f"initrd={initrd.name}" for initrd in plan.entry.initrds]
    return " ".join([*words, plan.entry.cmdline]).strip()


def _returned(plan: RunEntry, local_disk_url: str | None) -> tuple[str, ...]:
    """An EFI program may come back when it is done. Under UEFI an error makes the firmware try its next entry; plain
    ``exit`` would end in its setup screen.

    A hypervisor's loader comes back when the hypervisor runs underneath. The firmware's next entry may be the network
    by another protocol, and all this would begin again under the hypervisor: so the disk is started from here.
    """
    if plan.way.method is not Method.EFI_APPLICATION:
        return ()
    if not plan.entry.initrds or local_disk_url is None:
        return ("exit 1",)
    return (
        f"kernel {local_disk_url} || exit 1",
        # As in render_grub: time for iPXE to acknowledge the end of the file.
        f"prompt --timeout {GOODBYE_MS} bootbeam: going on to the own disk of this machine ||",
        "boot ||",
        "exit 1",
    )


def _failed(again_url: str) -> tuple[str, ...]:
    """What a failed command leads to: the next question for the script tells the station with which error."""
    url, _, name = again_url.rpartition("/")
    return (
        ":failed",
        # Kept at once: every further command that fails leaves its own.
        "set failed ${errno:hexraw}",
        ":again",
        "echo",
        "echo bootbeam: this did not start; the reason is in iPXE's own words above.",
        f"prompt --key s --timeout {RETRY_MS} Press s for the iPXE shell, or wait to try again ... && shell ||",
        f"chain --autofree --replace {url}/failed=${{failed}}/{name} || goto again",
    )


def _screen(text: str) -> list[str]:
    return ["echo", *(f"echo {line}" for line in textwrap.wrap(screen_text(text), SCREEN_COLUMNS))]


def _script(*lines: str) -> str:
    return "\n".join(("#!ipxe", *lines)) + "\n"

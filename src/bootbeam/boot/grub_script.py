"""Scripts for GRUB, one function per thing its screen may show.

The dialect is what GRUB 2.06 (Debian 12) and later understand, with the modules that Debian's signed network build
has. A file's address is ``(http,192.0.2.1:8080)/path``. GRUB splits at white space and at ``;``, so that every word
stands in single quotes. On its way to a kernel GRUB puts a backslash before each quotation mark and each backslash of a
word, ``\\x20`` excepted, and double quotes round a word with a space in it; ``loader_words`` makes the best of that.

A script that has nothing more to do ends. The script that fetched it, which runs for as long as GRUB does, then asks
again, so that a mended image boots by itself.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from bootbeam.boot.decision import BootLocalDisk, ChooseEntry, RunEntry
from bootbeam.boot.entry import Method
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.ipxe import SCREEN_COLUMNS, FileUrls, screen_text

RETRY_S = 5
EXPLANATION_S = 60
"""How long an explanation stands before the station is asked again."""

REACHED_SCRIPT = "grub/reached.cfg"
"""Served path of the script that tells a GRUB that it has reached the station."""

LOCAL_DISK_TITLE = "Go on to the machine's own disk"
LOCAL_DISK_LINES = (
    # A GRUB that only leaves makes a UEFI firmware show its setup: it has no way to say that it did not boot.
    'if [ "$grub_platform" = "efi" ]; then',
    "  set efi=x64",
    '  if [ "$grub_cpu" = "arm64" ]; then set efi=aa64; fi',
    '  if [ "$grub_cpu" = "i386" ]; then set efi=ia32; fi',
    "  for loader in (hd*)/EFI/*/shim$efi.efi (hd*)/EFI/Microsoft/Boot/bootmgfw.efi (hd*)/EFI/BOOT/BOOT$efi.EFI "
    "(hd*)/EFI/*/grub$efi.efi (hd*)/EFI/systemd/systemd-boot$efi.efi; do",
    '    if [ -f "$loader" ]; then',
    '      echo "bootbeam: starting $loader"',
    # GRUB before 2.12 gives the program the disk that is root, wherever its file is.
    """      regexp --set=1:root '^\\(([^)]*)\\)' "$loader\"""",
    '      if chainloader "$loader"; then boot; fi',
    "    fi",
    "  done",
    "fi",
    "exit",
)
"""Start what an installed system put on the machine's disks; where there is none, leave."""

_URL = re.compile(r"(http|tftp)://([^/]+)(/.*)?")
_PORT = re.compile(r":\d+$")
_QUOTED = re.compile(r'"([^"]*)"')
_COMMANDS = {
    Method.LINUX: ("linux", "initrd"),
    Method.EFI_LINUX: ("linux", "initrd"),
    Method.GRUB_LINUX: ("linux", "initrd"),
    Method.MULTIBOOT: ("multiboot", "module"),
    Method.GRUB_MULTIBOOT: ("multiboot", "module"),
    Method.GRUB_MULTIBOOT2: ("multiboot2", "module2"),
    Method.EFI_APPLICATION: ("chainloader", ""),
}
"""What loads the image, and what loads the files that go with it."""

_CARDS = ("efinet0", "efinet1", "efinet2", "efinet3", "pxe")
"""What GRUB calls network cards. Named one by one: asked about all of them at once it stops at the first that fails,
and after iPXE there is one that always does, the firmware's own driver that iPXE holds. A card that is not there does
nothing."""


_GET_IPV4 = (
    'if [ -z "$net_default_mac" ]; then',
    "  echo 'bootbeam: asking for an address ...'",
    "  net_bootp",
    "fi",
    # Loaded from a disk GRUB has no card that goes before the others, and without one no $net_default_mac.
    f"for card in {' '.join(_CARDS)}; do",
    '  if [ -z "$net_default_mac" ]; then set net_default_interface=${card}_dhcp; fi',
    "done",
)


@dataclass(frozen=True, slots=True)
class GrubStart:
    """What the script that a GRUB begins with has to know."""

    station: str
    """The station's base URL, without a slash at the end."""
    fallback: str | None = None
    """Another one, for a GRUB without the first one's protocol."""
    chosen: str | None = None
    """The entry it is to boot; None: the menu, or the only one."""
    has_multiboot: bool = False
    """This GRUB can start Multiboot kernels. The signed ones cannot."""


def render_start(start: GrubStart) -> str:
    """The script that reports what the machine is, gets the script made for it, and does so again when that ends."""
    chosen = f"chosen={start.chosen}/" if start.chosen else ""
    multiboot = "multiboot=y/" if start.has_multiboot else ""
    facts = (
        f"grub/{chosen}{multiboot}mac=$net_default_mac/cpu=$grub_cpu/platform=$grub_platform"
        "/lockdown=$lockdown/grub.cfg"
    )
    addresses = [start.station] if start.fallback is None else [start.station, start.fallback]
    is_ipv6 = "://[" in start.station
    return _script(
        *([] if is_ipv6 else _GET_IPV4),
        "while true; do",
        *(_get_ipv6(addresses) if is_ipv6 else []),
        *(f'  configfile "{device_path(address)}/{facts}"' for address in addresses),
        f"  echo 'bootbeam: asking {addresses[0]} again ...'",
        f"  sleep {RETRY_S}",
        "done",
    )


def render_reached() -> str:
    """What a GRUB that looks for a network card with a way to the station is told when it has found one."""
    return _script("set reached=y")


def render_entry(plan: RunEntry, urls: FileUrls, notes: Sequence[str] = (), failed_url: str | None = None) -> str:
    """Fetch and start one entry.

    Args:
        plan: what is started, and how.
        urls: where its files are.
        notes: shown before anything is fetched.
        failed_url: the script that says why it did not start; None: GRUB's own message has to do.
    """
    entry, method = plan.entry, plan.way.method
    load, add = _COMMANDS[method]
    loads = [_command(load, urls.kernel, entry.cmdline)]
    if add == "initrd" and urls.initrds:
        loads.append(" ".join((add, *(quote(device_path(url)) for url in urls.initrds))))
    elif add:
        loads += [_command(add, url, file.arguments) for file, url in zip(entry.initrds, urls.initrds, strict=True)]
    return _script(
        f"echo {quote(f'bootbeam: booting {screen_text(entry.title)}')}",
        *(line for note in notes for line in _screen(note)),
        *(_root_at(urls.kernel) if method is Method.EFI_APPLICATION else []),
        *_chain([*loads, "boot"]),
        "echo",
        "echo 'bootbeam: this did not start; the reason is in the words of GRUB above.'",
        *([f"sleep {RETRY_S}", f"source {quote(device_path(failed_url))}"] if failed_url else []),
    )


def render_menu(plan: ChooseEntry, choice_url: str, local: str) -> str:
    """A menu of all entries; the default is taken after the timeout.

    Args:
        plan: what to choose from.
        choice_url: the URL up to where the chosen entry's name goes.
        local: the name of the line that goes on to the next boot device.
    """
    entries = [
        f"menuentry {quote(screen_text(entry.title))} --id {quote(entry.name)} {{\n"
        f"  configfile {quote(f'{device_path(choice_url)}chosen={entry.name}/grub.cfg')}\n"
        "}"
        for entry in plan.entries
    ]
    return _script(
        f"set default={quote(plan.default)}",
        f"set timeout={plan.timeout_s or -1}",
        *entries,
        f"menuentry {quote(LOCAL_DISK_TITLE)} --id {quote(local)} {{",
        *LOCAL_DISK_LINES,
        "}",
    )


def render_chain(url: str) -> str:
    """Start an EFI program that can do what GRUB cannot."""
    return _script(*_root_at(url), *_chain([f"chainloader {quote(device_path(url))}", "boot"]))


def render_local_disk(plan: BootLocalDisk) -> str:
    """Hand over to the machine's own disk."""
    return _script(
        f"echo {quote(f'bootbeam: this machine boots from its own disk: {screen_text(plan.reason)}')}",
        *LOCAL_DISK_LINES,
    )


def render_own_disk() -> str:
    """Hand over to the machine's own disk at once, without asking the station."""
    return _script("echo 'bootbeam: looking for a system on the disks of this machine ...'", *LOCAL_DISK_LINES)


def render_explanation(explanation: Explanation, station: str) -> str:
    """Show why nothing boots; a person may go on to the machine's own disk."""
    return _script(
        *_screen(f"bootbeam: {explanation.title}"),
        *_screen(f"Why: {explanation.why}."),
        *_screen(f"What to do: {explanation.fix}."),
        f"echo {quote(f'This station: {station}, finding {explanation.finding}')}",
        "echo",
        f"echo 'Press Esc to go on to its own disk; in {EXPLANATION_S} s the station is asked again ...'",
        f"if sleep --interruptible {EXPLANATION_S}; then true; else",
        *LOCAL_DISK_LINES,
        "fi",
    )


def render_wait(what: str) -> str:
    """The image is being written just now: say so, and ask again."""
    return _script(f"echo {quote(f'bootbeam: {screen_text(what)}; waiting for it to be complete ... (BB-075)')}")


def check_companions(plan: RunEntry) -> Explanation | None:
    """GRUB shows an EFI application no further files; None when it needs none."""
    if plan.way.method is not Method.EFI_APPLICATION or not plan.entry.initrds:
        return None
    return Explanation(
        f"{plan.entry.name} cannot boot on this machine",
        "it is an EFI application that needs other files beside it, which iPXE can give it and GRUB cannot",
        "switch Secure Boot off in the machine's setup, so that iPXE can run on it",
    )


def device_path(url: str) -> str:
    """``http://192.0.2.1:8080/path`` as GRUB writes it: ``(http,192.0.2.1:8080)/path``."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError(f"GRUB cannot fetch {url!r}")
    return f"({match[1]},{match[2]}){match[3] or ''}"


def quote(text: str) -> str:
    """``text`` as one word of a script, nothing in it replaced."""
    return "'" + text.replace("'", "'\\''") + "'"


def loader_words(cmdline: str) -> list[str]:
    """The words of a command line so that what GRUB makes of them means the same to a kernel.

    A word such as ``a="b c"`` goes without its quotation marks: GRUB writes ``"a=b c"``, which Linux reads alike.
    """
    words, word, quoted = [], "", False
    for character in cmdline:
        if character == '"':
            quoted = not quoted
        elif character.isspace() and not quoted:
            words.append(word)
            word = ""
            continue
        word += character
    words.append(word)
    return [_QUOTED.sub(r"\1", each) for each in words if each]


def _get_ipv6(addresses: Sequence[str]) -> list[str]:
    """Get an address from the router's announcements, else by DHCPv6.

    A GRUB that the firmware itself loaded over IPv6 has one, and its own asking would then fail, after long waits; one
    that iPXE started has none.
    """
    look = [f'source "{device_path(address)}/{REACHED_SCRIPT}"' for address in addresses]
    return [
        *(f'  if [ "$reached" != "y" ]; then {each}; fi' for each in look),
        f"  for card in {' '.join(_CARDS)}; do",
        '    if [ "$reached" != "y" ]; then',
        '      echo "bootbeam: asking for an IPv6 address ($card) ..."',
        "      if net_ipv6_autoconf $card; then true; else net_bootp6 $card; fi",
        "      set net_default_interface=${card}_link",
        *(f"      {each}" for each in look),
        "    fi",
        "  done",
    ]


def _root_at(url: str) -> list[str]:
    """Make the card that reaches the station GRUB's root.

    Quirk: GRUB under UEFI: an EFI program is given the device that is root, wherever its file is; where that is none of
    the firmware's own, as the archive inside a GRUB made here, it is refused ("not a valid root device"). GRUB 2.12
    does without one; started by HTTP boot it leaves networks to the firmware, knows no way to any card by itself, and
    refuses one as root ("destination unreachable").
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError(f"GRUB cannot fetch {url!r}")
    # Without a port, which would stand in the way of finding the card for that address.
    host = _PORT.sub("", match[2])
    return [
        f"set root={quote(f'{match[1]},{host}')}",
        'if [ "$grub_netfs_type" = "efi" ]; then unset root; fi',
    ]


def _command(command: str, url: str, arguments: str) -> str:
    return " ".join((command, quote(device_path(url)), *map(quote, loader_words(arguments))))


def _chain(commands: Sequence[str]) -> list[str]:
    """Each command only if the one before worked."""
    lines = []
    for depth, command in enumerate(commands):
        lines.append(f"{'  ' * depth}if {command}; then")
    lines.append("  " * len(commands) + "true")
    lines += [f"{'  ' * depth}fi" for depth in reversed(range(len(commands)))]
    return lines


def _screen(text: str) -> list[str]:
    return ["echo", *(f"echo {quote(line)}" for line in textwrap.wrap(screen_text(text), SCREEN_COLUMNS))]


def _script(*lines: str) -> str:
    return "\n".join(("# Made by bootbeam for this machine.", *lines)) + "\n"

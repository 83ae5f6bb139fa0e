"""The one boot decision: a machine and what is on offer -> what it gets. No server decides anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bootbeam.boot.entry import (
    BLOCK_METHODS,
    GRUB_METHODS,
    MULTIBOOT_METHODS,
    BootEntry,
    BootWay,
    Method,
    SignedStart,
    way_for,
)
from bootbeam.boot.explanation import (
    Explanation,
    explain_no_grub,
    explain_no_way,
    explain_not_by_grub,
    explain_secure_boot,
    explain_unknown_entry,
)
from bootbeam.machine import Cpu, Firmware, SecureBootPolicy
from bootbeam.pxe.first_program import UNKNOWN, Chain, Standing

if TYPE_CHECKING:
    from bootbeam.boot.tftp_tree import TreeOffering

GRUB_DIRECTORY = "grub/"
"""Under which the GRUBs that are made here are served."""
U_BOOT_SCRIPT = "boot.scr.uimg"
"""The script that U-Boot's own boot order looks for on the network."""
# Quirk: U-Boot: takes its boot server from whoever gives its address, and leaves a proxy's offer unread.
U_BOOT_REMARK = "U-Boot takes its files from the server that gives its address, unless it was built otherwise"
U_BOOT_FIX = (
    f"if it does not boot, type on its console, once: setenv boot_script_dhcp STATION:{U_BOOT_SCRIPT}; saveenv; boot"
)
"""STATION stands for this computer's address."""
LOCAL_DISK = "bootbeam.local"
"""In a menu: the machine's own disk."""


_NEEDS_HTTP_BOOT = "Secure-Boot-is-on--choose-UEFI-HTTP-boot--or-run-bootbeam-loaders-fetch"
_NEEDS_SIGNED = "Secure-Boot-is-on--run-bootbeam-loaders-fetch--or-switch-it-off"
_NEEDS_IT_OFF = "Secure-Boot-is-on--switch-it-off-in-the-setup"
SCREEN_WORDS = frozenset({_NEEDS_HTTP_BOOT, _NEEDS_SIGNED, _NEEDS_IT_OFF})
"""What a machine's own screen says by the name of the file it loads."""


@dataclass(frozen=True, slots=True)
class RunningGrub:
    """The GRUB that asks, as it describes itself."""

    is_locked_down: bool = False
    """Secure Boot is on: it starts nothing whose signature is not accepted."""
    has_multiboot: bool = False

    @property
    def methods(self) -> frozenset[Method]:
        """What it can start."""
        can_multiboot = self.has_multiboot and not self.is_locked_down
        cannot = BLOCK_METHODS | {Method.IPXE_SCRIPT}
        return frozenset(Method) - cannot - (frozenset() if can_multiboot else MULTIBOOT_METHODS)


@dataclass(frozen=True, slots=True)
class Machine:
    """What is known of a client when it asks."""

    firmware: Firmware
    cpu: Cpu | None
    """None for a processor nothing here boots on."""
    words: str
    """Its architecture for people, as in "UEFI x64"."""
    runs_ipxe: bool = False
    """iPXE is up and asks for a script; False: the firmware asks for its first program."""
    may_be_wiped: bool = False
    """Somebody named this machine, or any machine, for unattended installation."""
    installed_from: str | None = None
    """The entry it was installed from, by what its installer reported; None when it was not."""
    grub: RunningGrub | None = None
    """GRUB is up and asks for a script."""
    standing: Standing = UNKNOWN
    """What its firmware did with the program it was given before."""
    loads_by_http: bool = False
    """Its firmware asks for UEFI HTTP boot, and takes a disk image too."""
    asks_over_ipv6: bool = False

    asks_by_u_boot: bool = False
    """U-Boot has found this station and asks for its configuration; False: it asks by DHCP."""

    @property
    def methods(self) -> frozenset[Method]:
        """What the loader that runs on it can start; iPXE fetches a GRUB for what it cannot."""
        if self.asks_by_u_boot:
            return frozenset({Method.UBOOT_LINUX})
        return self.grub.methods if self.grub else frozenset(Method)


@dataclass(frozen=True, slots=True)
class Offering:
    """What this station has to give."""

    entries: tuple[BootEntry, ...]
    loaders: Mapping[tuple[Firmware, Cpu], str]
    """The served path of the boot loader for each kind of machine."""
    default: str | None = None
    """Name of the entry taken when nobody chooses; None: the first that fits the machine."""
    menu_timeout_s: int = 10
    """0: wait for a person for ever."""
    loader_advice: Mapping[tuple[Firmware, Cpu], str] = field(default_factory=dict)
    """For a kind of machine without a loader: the command that brings one."""
    signed_loaders: Mapping[tuple[Firmware, Cpu], str] = field(default_factory=dict)
    """The served path of the first program of a chain that Secure Boot accepts."""
    signed_disks: Mapping[tuple[Firmware, Cpu], str] = field(default_factory=dict)
    """The served path of a disk image with such a chain, which does not work otherwise: for UEFI HTTP boot."""
    trusted: Mapping[tuple[Firmware, Cpu], tuple[str, ...]] = field(default_factory=dict)
    """Whose signatures the shim in there accepts, by name; empty when it does not tell."""
    secure_boot: SecureBootPolicy = SecureBootPolicy.AUTO
    grub_advice: Mapping[tuple[Firmware, Cpu], str] = field(default_factory=dict)
    """For a kind of machine that no GRUB can be made for here: the command that brings what is missing."""
    tree: "TreeOffering | None" = None
    """A TFTP tree served as it is, and nothing else."""
    _entries_by_name: dict[str, BootEntry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {entry.name: entry for entry in reversed(self.entries)}
        object.__setattr__(self, "_entries_by_name", by_name)

    def entry_named(self, name: str) -> BootEntry | None:
        """The entry of that name; found as fast among 10,000."""
        return self._entries_by_name.get(name)


@dataclass(frozen=True, slots=True)
class LoadNbp:
    """The firmware gets this network boot program; or GRUB starts it, which cannot start the image itself."""

    path: str
    remark: str = ""
    """For the log: why it is this one, when that is not plain."""
    fix: str = ""
    """What a person can do about it."""
    is_script: bool = False
    """It is no program but a script, out of a tree, for the iPXE that asks."""
    screen_words: str = ""
    """What to do, as a step of a path, for a machine that will refuse the program: firmware shows the path, and nothing
    else of ours. One of ``SCREEN_WORDS``."""
    is_doubtful: bool = False
    """``remark`` says why it may not do."""


@dataclass(frozen=True, slots=True)
class RunEntry:
    """The loader starts this entry in this way."""

    entry: BootEntry
    way: BootWay


@dataclass(frozen=True, slots=True)
class BootLocalDisk:
    """The loader hands over to the machine's own disk."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChooseEntry:
    """The loader shows a menu."""

    entries: tuple[BootEntry, ...]
    default: str
    """Name of the entry taken after the timeout, which fits the machine; or ``LOCAL_DISK``."""
    timeout_s: int


@dataclass(frozen=True, slots=True)
class Explain:
    """The loader shows why nothing boots, and waits."""

    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Refuse:
    """No answer is better than a wrong one: the log says why."""

    reason: str
    fix: str


BootPlan = LoadNbp | RunEntry | BootLocalDisk | ChooseEntry | Explain | Refuse


def decide(machine: Machine, offering: Offering, chosen: str | None = None) -> BootPlan:
    """What ``machine`` gets.

    Args:
        machine: what is known of it.
        offering: what there is.
        chosen: the entry a person picked in the menu, or that the machine's own script names.
    """
    if machine.cpu is None:
        return Refuse(
            f"nothing here boots on {machine.words}",
            "set the machine to BIOS or UEFI network boot, or report its architecture number",
        )
    if offering.tree is not None:
        return _from_tree(machine, machine.cpu, offering.tree)
    if not (machine.runs_ipxe or machine.grub or machine.asks_by_u_boot):
        return _first_program(machine, machine.cpu, offering)
    if chosen is not None:
        entry = offering.entry_named(chosen)
        if entry is None:
            return Explain(explain_unknown_entry(chosen, tuple(entry.name for entry in offering.entries)))
        return _start(entry, machine, machine.cpu, offering)
    if machine.installed_from is not None and any(entry.is_unattended for entry in offering.entries):
        # An installer that finished and a firmware that boots from the network first would go round for ever.
        return BootLocalDisk(f"it was installed from {machine.installed_from}")
    if len(offering.entries) == 1 and (machine.may_be_wiped or not offering.entries[0].is_unattended):
        return _start(offering.entries[0], machine, machine.cpu, offering)
    return _menu(machine, machine.cpu, offering)


def _first_program(machine: Machine, cpu: Cpu, offering: Offering) -> BootPlan:
    if machine.firmware is Firmware.UBOOT:
        return LoadNbp(U_BOOT_SCRIPT, U_BOOT_REMARK, U_BOOT_FIX, is_doubtful=True)
    kind = (machine.firmware, cpu)
    plain = offering.loaders.get(kind)
    if machine.firmware is Firmware.UEFI:
        wants_signed = offering.secure_boot is SecureBootPolicy.ALWAYS or (
            offering.secure_boot is SecureBootPolicy.AUTO and machine.standing.chain is Chain.SIGNED
        )
        has_no_ipxe = plain is None or plain.startswith(GRUB_DIRECTORY)
        image = _whole_image(machine, cpu, offering) if wants_signed or has_no_ipxe else None
        if image is not None:
            return image
        signed = _signed(machine, cpu, offering) if wants_signed else None
        if signed is not None or plain is not None:
            remark, fix, words = _remark(machine, cpu, offering, is_signed=signed is not None)
            return LoadNbp(signed or plain or "", remark, fix, screen_words=words)
    if plain is None:
        return Refuse(
            f"no boot loader for {machine.words} on this station",
            offering.loader_advice.get(kind, "list the loaders found: bootbeam loaders"),
        )
    return LoadNbp(plain)


def _whole_image(machine: Machine, cpu: Cpu, offering: Offering) -> LoadNbp | None:
    """For HTTP boot, which makes a RAM disk of an image: where iPXE cannot run, which reads it piece by piece."""
    if not machine.loads_by_http or len(offering.entries) != 1:
        return None
    entry = offering.entries[0]
    way = way_for(entry, machine.firmware, cpu)
    if way is None or way.method not in BLOCK_METHODS:
        return None
    before = machine.standing.came_back_from
    remark = f"{before} was loaded whole and never started: all of {entry.name} goes into the machine's memory now"
    return LoadNbp(entry.kernel.name, remark if before else "")


def _from_tree(machine: Machine, cpu: Cpu, tree: "TreeOffering") -> BootPlan:
    # Loaded here: most stations have no tree (``station``).
    from bootbeam.boot.tftp_tree import NoProgram, choose_program

    program = choose_program(tree, machine.firmware, cpu, runs_ipxe=machine.runs_ipxe)
    if isinstance(program, NoProgram):
        return Refuse(program.reason, program.fix)
    if program.asks_router:
        # Said, not refused: by HTTP boot it works, and so it does where the router names this computer.
        return LoadNbp(
            program.path,
            f"{program.path} starts a GRUB older than 2.12, which asks the router for its files: it hangs after "
            '"Welcome to GRUB!" unless the router names this computer (next-server)',
            "put a newer shim and GRUB into the tree: bootbeam loaders fetch brings them; or boot it by UEFI HTTP boot",
            is_doubtful=True,
        )
    return LoadNbp(program.path, is_script=program.is_script)


def own_chain(cpu: Cpu, offering: Offering) -> SignedStart | None:
    """The signed boot loaders of the entry that boots when nobody chooses, where the station's own would not start it;
    None where those do, or it has none."""
    named = [entry for entry in offering.entries if entry.name == offering.default]
    entry = next(iter(named or (offering.entries if len(offering.entries) == 1 else ())), None)
    own = next((chain for chain in entry.own_chains if chain.cpu is cpu), None) if entry else None
    kind = (Firmware.UEFI, cpu)
    if entry is None or own is None or kind not in offering.signed_loaders:
        return own
    trusted = set(offering.trusted.get(kind, ()))
    return own if trusted and entry.signers and not trusted & set(entry.signers) else None


def _signed(machine: Machine, cpu: Cpu, offering: Offering) -> str | None:
    kind = (machine.firmware, cpu)
    own = own_chain(cpu, offering)
    if own is not None:
        return own.path
    return offering.signed_loaders.get(kind) or (offering.signed_disks.get(kind) if machine.loads_by_http else None)


def _remark(machine: Machine, cpu: Cpu, offering: Offering, *, is_signed: bool) -> tuple[str, str, str]:
    """Why this chain, what to do, and that for the machine's screen, when it came back from the one before; all empty
    when there is nothing to say."""
    before = machine.standing.came_back_from
    if before is None:
        return "", "", ""
    happened = f"{before} was loaded whole and never started"
    if machine.standing.is_once_more:
        return f"{happened} this time: it gets it once more", "look at the machine's screen", ""
    if machine.standing.chain is Chain.PLAIN and machine.asks_over_ipv6 and not machine.loads_by_http:
        # Quirk: shim over IPv6: takes the boot file from the server that gives the address, and from no proxy.
        why = f"{happened}: over IPv6 shim finds its GRUB by PXE only where no other DHCPv6 server gives the address"
        return why, "choose UEFI HTTP boot in the machine's boot menu, or boot over IPv4", ""
    if machine.standing.chain is Chain.PLAIN and is_signed:
        return f"{happened}: --secure-boot always gives it the same again", "start the station without that option", ""
    if machine.standing.chain is Chain.PLAIN:
        return f"{happened}: it gets iPXE again", "bring a newer shim: bootbeam loaders fetch", ""
    happened = f"{happened}: Secure Boot is on, most likely"
    if offering.secure_boot is SecureBootPolicy.NEVER:
        fix = "switch it off in the machine's setup, or start the station without --secure-boot never"
        return happened, fix, _NEEDS_IT_OFF
    if is_signed:
        return f"{happened}; it gets the signed shim and GRUB now", "", ""
    return _remark_without_chain(machine, cpu, offering, happened)


def _remark_without_chain(machine: Machine, cpu: Cpu, offering: Offering, happened: str) -> tuple[str, str, str]:
    if (machine.firmware, cpu) in offering.signed_disks:
        return (
            f"{happened}, and the signed GRUB here is too old to be booted by PXE",
            "choose UEFI HTTP boot in the machine's boot menu, which works; or bring a newer GRUB: bootbeam loaders "
            "fetch, and start the station again",
            _NEEDS_HTTP_BOOT,
        )
    if cpu is Cpu.I386:
        why = f"{happened}, and no distribution has a signed boot loader for 32-bit UEFI"
        return why, "switch Secure Boot off in the machine's setup", _NEEDS_IT_OFF
    return (
        f"{happened}, and there is no signed boot loader for {machine.words} here",
        "bring one: bootbeam loaders fetch, and start the station again; or switch Secure Boot off in the machine's "
        "setup",
        _NEEDS_SIGNED,
    )


def _start(entry: BootEntry, machine: Machine, cpu: Cpu, offering: Offering) -> BootPlan:
    way = way_for(entry, machine.firmware, cpu, machine.methods)
    is_locked_down = machine.grub is not None and machine.grub.is_locked_down
    if is_locked_down and (way is None or entry.is_signed is False):
        return Explain(explain_secure_boot(entry))
    if way is None:
        return _start_without(entry, machine, cpu, offering)
    advice = offering.grub_advice.get((machine.firmware, cpu))
    if way.method in GRUB_METHODS and machine.grub is None and advice is not None:
        return Explain(explain_no_grub(entry, way, advice))
    return RunEntry(entry, way)


def _start_without(entry: BootEntry, machine: Machine, cpu: Cpu, offering: Offering) -> BootPlan:
    """The loader on the machine cannot start the entry: perhaps iPXE can."""
    way = way_for(entry, machine.firmware, cpu)
    if way is None or machine.runs_ipxe or machine.asks_by_u_boot:
        return Explain(explain_no_way(entry, machine.firmware, cpu))
    path = offering.loaders.get((machine.firmware, cpu))
    # Where no iPXE is, the loader is a GRUB made here: it would start itself again and again.
    has_no_ipxe = path is None or path.startswith(GRUB_DIRECTORY)
    return Explain(explain_not_by_grub(entry, way)) if has_no_ipxe else LoadNbp(path or "")


def _menu(machine: Machine, cpu: Cpu, offering: Offering) -> BootPlan:
    fitting = [entry for entry in offering.entries if way_for(entry, machine.firmware, cpu, machine.methods)]
    if not fitting:
        return Explain(explain_no_way(offering.entries[0], machine.firmware, cpu))
    # Nothing is wiped by a timeout: an unattended installation starts by itself on machines somebody named only.
    harmless = [entry.name for entry in fitting if machine.may_be_wiped or not entry.is_unattended]
    default = offering.default if offering.default in harmless else next(iter(harmless), LOCAL_DISK)
    return ChooseEntry(offering.entries, default, offering.menu_timeout_s)

"""What a machine begins with out of a TFTP tree that somebody already has: the tree's own boot programs, by name.

The bytes have told for which firmware and processor each program is; here the names decide which of them comes first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bootbeam.formats.boot_loader import LoaderFamily
from bootbeam.machine import MACHINE_KINDS, Cpu, Firmware

IPXE_KIND = "ipxe"
"""Beside the words of ``MACHINE_KINDS``: a machine that runs iPXE already, whatever its firmware."""
FIRST_NAMES = (
    r"pxelinux\.0|lpxelinux\.0",
    r"shim(\w+)?\.efi(\.signed)?|bootnet(\w+)?\.efi",
    r"boot(x64|ia32|aa64|arm|riscv64|loongarch64)\.efi",
    r"grubnet(\w+)?\.efi(\.signed)?|grub(x64|ia32|aa64|arm|riscv64|loongarch64)?\.efi(\.signed)?",
    r"core\.(efi|0)|grub\.(0|pxe)|grub2?pxe",
    r"undionly\.k*pxe|snponly(\S*)\.efi|snp(\S*)\.efi|ipxe(\S*)\.(efi|k*pxe)|netboot\.xyz(\S*)\.(efi|k*pxe)",
    r"syslinux\.(efi|0)|gpxelinux\.0",
    r"wdsnbp\.com|wdsmgfw\.efi|pxeboot\.(n12|com|0)|bootmgfw\.efi",
)
"""Names of programs that a machine begins with, best first: what has a configuration of its own in such a tree goes
before a loader that only asks on. Letters count in either case."""
MAX_PASSED_OVER_TOLD = 3
"""Files whose reason is told at once: a machine's screen has few lines."""
FIRST_SCRIPTS = ("boot.ipxe", "autoexec.ipxe", "menu.ipxe", "default.ipxe", "ipxe.ipxe")

_FIRST_NAMES = tuple(re.compile(pattern, re.IGNORECASE) for pattern in FIRST_NAMES)


@dataclass(frozen=True, slots=True)
class TreeProgram:
    """A program, or an iPXE script, that lies in the tree."""

    path: str
    firmware: Firmware | None
    """None for an iPXE script, which runs on any."""
    cpu: Cpu | None
    family: LoaderFamily | None = None
    """Whose program it is, when that is known."""
    asks_router: bool = False
    """It is a GRUB, or a shim that starts one, which takes its files from the server that gives addresses."""

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.path.rpartition("/")[2]

    @property
    def is_script(self) -> bool:
        """It is an iPXE script."""
        return self.firmware is None


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file that is named like a boot program, and that no machine begins with."""

    path: str
    """In ASCII."""
    why: str
    """Goes on from its path: "is cut off"."""
    fix: str
    firmware: Firmware
    """Whose program it is, or by its name would be."""
    cpu: Cpu | None = None
    """None when that is not known."""

    @property
    def words(self) -> str:
        """For people: which file, and why."""
        return f"{self.path} {self.why}"


@dataclass(frozen=True, slots=True)
class TreeOffering:
    """A tree that is served as it is."""

    directory: str
    """Where it lies, for people."""
    programs: tuple[TreeProgram, ...]
    named: Mapping[str, str] = field(default_factory=dict)
    """Which program a kind of machine gets, where a person has said so: a word of ``MACHINE_KINDS`` or ``IPXE_KIND``,
    and a path in the tree."""
    passed_over: tuple[PassedOver, ...] = ()
    """What lies there beside ``programs`` and will not do."""


@dataclass(frozen=True, slots=True)
class NoProgram:
    """Nothing in the tree is for this machine."""

    reason: str
    fix: str


def choose_program(tree: TreeOffering, firmware: Firmware, cpu: Cpu, *, runs_ipxe: bool) -> TreeProgram | NoProgram:
    """What such a machine begins with.

    Args:
        tree: what there is.
        firmware: of the machine.
        cpu: of the machine.
        runs_ipxe: it has an iPXE, in the ROM of its network card or loaded from this tree.
    """
    if firmware is Firmware.UBOOT:
        return NoProgram(
            "U-Boot reads the tree's pxelinux.cfg by itself, once it knows where: it takes its files from the server "
            "that gives its address",
            "type on its console: setenv autoload no; dhcp; setenv serverip STATION; pxe get; pxe boot",
        )
    kind = next((word for word, machine in MACHINE_KINDS.items() if machine == (firmware, cpu)), "")
    named = tree.named.get(IPXE_KIND if runs_ipxe and IPXE_KIND in tree.named else kind)
    fitting = [program for program in tree.programs if (program.firmware, program.cpu) == (firmware, cpu)]
    scripts = [program for program in tree.programs if program.is_script]
    if named is not None:
        return _named(named, [*fitting, *(scripts if runs_ipxe else [])], kind, tree)
    if runs_ipxe:
        first = min((each for each in scripts if each.name in FIRST_SCRIPTS), key=_script_order, default=None)
        if first is not None:
            return first
        # An iPXE that is given iPXE would load it for ever.
        fitting = [program for program in fitting if program.family is not LoaderFamily.IPXE]
    known = [program for program in fitting if _rank(program) < len(_FIRST_NAMES)]
    if known:
        return min(known, key=lambda program: (_rank(program), program.path.count("/"), program.path))
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        paths = ", ".join(sorted(program.path for program in fitting)[:5])
        return NoProgram(
            f"{tree.directory} has several programs for it, and their names do not tell which comes first: {paths}",
            f"name it: bootbeam serve --tree {tree.directory} --tree-boot {kind}=PATH",
        )
    return _nothing(tree, firmware, kind, runs_ipxe=runs_ipxe)


def is_first_name(name: str) -> bool:
    """Whether programs that machines begin with are called so."""
    return _rank_of_name(name) < len(_FIRST_NAMES)


def words_of_choices(tree: TreeOffering) -> list[str]:
    """For people: what each kind of machine begins with, those left out that get nothing."""
    lines = []
    for (firmware, cpu), runs_ipxe in [(kind, False) for kind in MACHINE_KINDS.values()] + [
        ((Firmware.BIOS, Cpu.X86_64), True),
        ((Firmware.UEFI, Cpu.X86_64), True),
    ]:
        chosen = choose_program(tree, firmware, cpu, runs_ipxe=runs_ipxe)
        if isinstance(chosen, TreeProgram):
            machine = "BIOS" if firmware is Firmware.BIOS else f"UEFI {cpu}"
            lines.append(f"{machine}{' with iPXE in its network card' if runs_ipxe else ''}: {chosen.path}")
    return lines


def _named(path: str, fitting: list[TreeProgram], kind: str, tree: TreeOffering) -> TreeProgram | NoProgram:
    program = next((program for program in fitting if program.path == path), None)
    unfit = next((each for each in tree.passed_over if each.path == path), None)
    if program is None and unfit is not None:
        return NoProgram(f"--tree-boot names {path} for it, and {unfit.words}", unfit.fix)
    return program or NoProgram(
        f"{path}, which --tree-boot names for it, is not in {tree.directory}, or is no program for such a machine",
        f"look at what it is: bootbeam inspect {tree.directory}/{path}; or leave --tree-boot {kind}=... out",
    )


def _rank(program: TreeProgram) -> int:
    """Place of its name in ``FIRST_NAMES``; their number for another."""
    return _rank_of_name(program.name)


def _rank_of_name(name: str) -> int:
    return next((i for i, names in enumerate(_FIRST_NAMES) if names.fullmatch(name)), len(_FIRST_NAMES))


def _script_order(script: TreeProgram) -> tuple[int, int, str]:
    return FIRST_SCRIPTS.index(script.name), script.path.count("/"), script.path


def _nothing(tree: TreeOffering, firmware: Firmware, kind: str, *, runs_ipxe: bool) -> NoProgram:
    if runs_ipxe:
        return NoProgram(
            f"{tree.directory} has neither a script for iPXE nor another program that it could start",
            f"write the script that iPXE is to run to {tree.directory}/{FIRST_SCRIPTS[0]}",
        )
    cpu = MACHINE_KINDS[kind][1] if kind else None
    unfit = [each for each in tree.passed_over if each.firmware is firmware and each.cpu in (None, cpu)]
    if unfit:
        unfit.sort(key=lambda each: (_rank_of_name(each.path.rpartition("/")[2]), each.path.count("/"), each.path))
        reasons = "; ".join(each.words for each in unfit[:MAX_PASSED_OVER_TOLD])
        more = f"; and {len(unfit) - MAX_PASSED_OVER_TOLD} more" if len(unfit) > MAX_PASSED_OVER_TOLD else ""
        machine = "BIOS" if firmware is Firmware.BIOS else f"UEFI on {cpu}"
        return NoProgram(
            f"nothing in {tree.directory} will do for a machine with {machine}: {reasons}{more}", unfit[0].fix
        )
    if firmware is Firmware.BIOS:
        return NoProgram(
            f"{tree.directory} has no boot program for BIOS",
            "put one there, on Debian: apt install pxelinux syslinux-common && cp /usr/lib/PXELINUX/pxelinux.0 "
            f"/usr/lib/syslinux/modules/bios/ldlinux.c32 {tree.directory}",
        )
    others = [f"{each.path} is a program for {each.cpu}" for each in tree.programs if each.firmware is Firmware.UEFI]
    has = f": {'; '.join(others[:MAX_PASSED_OVER_TOLD])}" if others else ""
    return NoProgram(
        f"{tree.directory} has no EFI program for this processor{f', {cpu}' if cpu else ''}{has}",
        f"put one there, as a GRUB for the network: grub-mknetdir --net-directory={tree.directory}; or serve the image "
        f"itself: bootbeam serve IMAGE; if it has one of another name: --tree-boot {kind}=PATH",
    )

"""Why an image cannot boot on a machine, in words for its own screen and for the log."""

from dataclasses import dataclass

from bootbeam.boot.entry import BLOCK_METHODS, BootEntry, BootWay, Method
from bootbeam.machine import Cpu, Firmware

CPU_WORDS = {
    Cpu.I386: "32-bit x86",
    Cpu.X86_64: "64-bit x86 (x64)",
    Cpu.ARM32: "32-bit ARM",
    Cpu.ARM64: "64-bit ARM (arm64)",
    Cpu.RISCV32: "32-bit RISC-V",
    Cpu.RISCV64: "64-bit RISC-V",
    Cpu.LOONG64: "64-bit LoongArch",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a client's screen shows when there is nothing that could boot."""

    title: str
    why: str
    fix: str
    finding: str = "BB-087"
    """The number it stands under in docs/troubleshooting.md (``journal.verdict.answers``)."""


def explain_no_way(entry: BootEntry, firmware: Firmware, cpu: Cpu) -> Explanation:
    """Why none of the entry's ways fits this firmware and CPU, and what would work."""
    return Explanation(
        title=f"{entry.name} cannot boot on this machine",
        why=_why(entry, firmware, cpu),
        fix=_fix(entry, firmware, cpu),
        finding="BB-082",
    )


def explain_unknown_entry(name: str, known: tuple[str, ...]) -> Explanation:
    """The client asks for an entry that is not served (any more)."""
    return Explanation(
        title=f"this station does not serve {name!r}",
        why="it was started with other images",
        fix=f"served now: {', '.join(known) or 'nothing'}; start it again with: bootbeam serve {name}",
        finding="BB-083",
    )


def explain_no_grub(entry: BootEntry, way: BootWay, advice: str) -> Explanation:
    """The entry needs a GRUB, and the station has nothing to make one of."""
    return Explanation(
        title=f"{entry.name} cannot boot on this machine yet",
        why=f"it is {_a(way.method)}, and the station has no GRUB for this machine to make that one from",
        fix=f"on the station: {advice}; then boot again",
        finding="BB-084",
    )


def explain_not_by_grub(entry: BootEntry, way: BootWay) -> Explanation:
    """The machine runs GRUB, for want of an iPXE, and the entry needs that one."""
    return Explanation(
        title=f"{entry.name} cannot boot on this machine",
        why=f"it is {_a(way.method)}, which GRUB cannot start, and the station has no iPXE for this machine",
        fix="put an iPXE build for it into a directory and start the station with: --loaders DIRECTORY",
    )


def explain_secure_boot(entry: BootEntry) -> Explanation:
    """Secure Boot is on, and the entry is nothing that can be verified."""
    if entry.ways and entry.ways[0].method in BLOCK_METHODS:
        return Explanation(
            title=f"{entry.name} cannot boot in this way with Secure Boot on",
            why="iPXE, which reads it over the network, carries no signature that the machine accepts",
            fix="serve it alone and start the machine by its firmware's own HTTP boot (UEFI HTTPv4 in its boot menu), "
            "which loads all of it into memory; or switch Secure Boot off in the machine's setup",
        )
    is_script = bool(entry.ways) and entry.ways[0].method is Method.IPXE_SCRIPT
    return Explanation(
        title=f"{entry.name} cannot boot with Secure Boot on",
        why="iPXE, which runs such scripts, carries no signature that the machine accepts"
        if is_script
        else f"{entry.title} carries no signature that the machine could check",
        fix="switch Secure Boot off in the machine's setup, or serve the signed kernel of a distribution",
        finding="BB-085",
    )


def explain_refused_signature(entry: BootEntry, trusted: tuple[str, ...] = ()) -> Explanation:
    """GRUB came back from starting a signed image with Secure Boot on.

    Args:
        entry: the image.
        trusted: whose signatures the shim on the station accepts; empty when that is not known.
    """
    by = f"it is signed by {entry.signers[0]}" if entry.signers else "it is signed by somebody else"
    shim = f"the shim on this station, of {trusted[0]}," if trusted else "the shim on this station"
    if trusted and set(entry.signers) & set(trusted):
        why = f"it carries a signature of {trusted[0]}, but is not what was signed, or that signature was revoked"
        fix = "fetch the kernel again, or one that is newer"
    else:
        why = f"{by}, and {shim} trusts its own distribution's kernels only"
        fix = "serve a kernel of shim's distribution"
    return Explanation(
        title=f"{entry.name} was refused with Secure Boot on",
        why=why,
        fix=f"{fix}, put the shim and GRUB of the kernel's distribution into a directory and start the station with: "
        "--loaders DIRECTORY, or switch Secure Boot off in the machine's setup",
        finding="BB-086",
    )


def _why(entry: BootEntry, firmware: Firmware, cpu: Cpu) -> str:
    machine = f"this machine runs {firmware} on {CPU_WORDS[cpu]}"
    if not entry.ways:
        return f"{entry.title} is nothing that iPXE can start, and {machine}"
    if entry.ways[0].method in BLOCK_METHODS:
        kinds = sorted({_kind_words(way) for way in entry.ways})
        return f"the boot loader in it is for {' and for '.join(kinds)}, and {machine}"
    right_firmware = [way for way in entry.ways if way.firmware in (None, firmware)]
    if right_firmware:
        cpus = sorted({CPU_WORDS[needed] for way in right_firmware for needed in way.cpus})
        if not cpus:
            return f"it is {_a(right_firmware[0].method)}, which {firmware} cannot start, and {machine}"
        return f"it is for {' or '.join(cpus)}, and {machine}"
    needed = " or ".join(sorted({str(way.firmware) for way in entry.ways}))
    return f"it is {_a(entry.ways[0].method)}, which needs {needed} firmware, and {machine}"


def _fix(entry: BootEntry, firmware: Firmware, cpu: Cpu) -> str:
    fitting = [way for way in entry.ways if not way.cpus or cpu in way.cpus]
    if firmware is Firmware.UBOOT and fitting:
        return (
            "serve a Linux kernel in the form that U-Boot starts (Image; not vmlinuz.efi), or start an EFI program "
            "with U-Boot's own command bootefi"
        )
    if not fitting:
        return f"serve an image built for {CPU_WORDS[cpu]}, or boot a machine of the image's own kind"
    return _switch_firmware(fitting[0], firmware)


def _kind_words(way: BootWay) -> str:
    """As in "UEFI on 64-bit x86 (x64)"; a BIOS does not tell its CPU."""
    cpus = " or ".join(sorted(CPU_WORDS[cpu] for cpu in way.cpus))
    return f"{way.firmware} on {cpus}" if cpus else f"{way.firmware}"


def _switch_firmware(way: BootWay, firmware: Firmware) -> str:
    if firmware is Firmware.UEFI and way.method in BLOCK_METHODS:
        return (
            "switch the machine to legacy (CSM) boot in its setup, or put a boot loader for UEFI into the image "
            "(EFI/BOOT/BOOTX64.EFI in a FAT partition)"
        )
    if firmware is Firmware.UEFI and way.firmware is Firmware.BIOS:
        return (
            "switch the machine to legacy (CSM) boot in its setup, or serve a kernel built with an EFI stub "
            "(CONFIG_EFI_STUB)"
        )
    return "switch the machine to UEFI boot in its setup, or serve an image made for BIOS"


def _a(method: Method) -> str:
    return f"{'an' if method.value[0] in 'aeiouAEIOU' else 'a'} {method}"

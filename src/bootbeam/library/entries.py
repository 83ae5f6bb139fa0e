"""From files to menu entries: which of them boot, which are initrds, and what belongs together."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote

from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.name import served_name, title_name
from bootbeam.errors import UserError
from bootbeam.formats.identity import ACCEPTED_WORDS, BootForm, BootsOn, Identity, Kind
from bootbeam.library.first_look import Seen
from bootbeam.library.packed import has_to_be_unpacked, may_have_to_be_unpacked, unpacking
from bootbeam.machine import Cpu, Firmware

INITRD_KINDS = frozenset({Kind.INITRD, Kind.COMPRESSED})
"""What can stand after a kernel: a cpio archive, or something compressed whose inside cannot be seen."""

U_BOOT_CPUS = (Cpu.ARM64, Cpu.ARM32, Cpu.RISCV64)
"""Where U-Boot is what machines commonly start with."""


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file somebody named, and what it is."""

    path: Path
    identity: Identity
    from_directory: bool = False
    """Found in a directory that was named: what cannot boot is left out instead of being an error."""
    opens: frozenset[str] = frozenset()
    """Of an EFI application: names of files it may open, in small letters."""
    seen: Seen | None = None
    """The same with the file's stamp, so that it need not be read again when it is loaded."""


@dataclass(slots=True)
class PlannedEntry:
    """Files that make one entry."""

    kernel: NamedFile
    initrds: list[NamedFile] = field(default_factory=list)
    cmdline: str = ""
    name: str = ""
    initrd_names: list[str] = field(default_factory=list)
    bios_way: BootWay | None = None
    """How a BIOS machine starts the first file beside an EFI application by itself: a hypervisor and its loader."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of its files, as they are served."""
        return (self.name, *self.initrd_names)

    def entry(self, identity: Identity) -> BootEntry:
        """The menu entry, as the kernel's newest version is."""
        ways = ways_of(identity)
        beside = f", with {', '.join(self.initrd_names)}" if self.bios_way else ""
        return BootEntry(
            name=self.name,
            title=f"{title_name(self.name, self.kernel.path.name)}: {bootable(identity).description}{beside}",
            ways=ways if self.bios_way is None else (*ways, self.bios_way),
            kernel=ServedFile(self.name),
            initrds=tuple(ServedFile(name) for name in self.initrd_names),
            cmdline=self.cmdline,
            is_signed=bootable(identity).is_signed,
            signers=bootable(identity).signers,
        )

    def lacks_initrd(self, identity: Identity) -> bool:
        """Whether it is a distribution's kernel without its initrd, and its command line names no root either."""
        linux = bootable(identity).linux
        is_alone = not self.initrds and "root=" not in self.cmdline
        return linux is not None and linux.is_of_distribution and is_alone

    def started_by(self, entry: BootEntry, way: BootWay) -> BootEntry:
        """``entry`` with the files of this ``way``."""
        if way != self.bios_way:
            return entry
        first, *others = self.initrd_names
        return replace(entry, kernel=ServedFile(first), initrds=tuple(ServedFile(name) for name in others))


def bootable(identity: Identity) -> Identity:
    """What is started: a gzip-compressed kernel is served unpacked."""
    return identity.unpacked if identity.should_be_unpacked and identity.unpacked else identity


def ways_of(identity: Identity) -> tuple[BootWay, ...]:
    """How it is started, best first."""
    what = bootable(identity)
    ways = [_way(way, what) for way in what.boots_on]
    if any(way.form is BootForm.LINUX and way.cpu in (Cpu.X86_64, Cpu.I386) for way in what.boots_on):
        # GRUB starts it in the way of BIOS, whatever the width of the firmware.
        ways.append(BootWay(Method.GRUB_LINUX, Firmware.UEFI, frozenset({Cpu.X86_64, Cpu.I386})))
    if what.linux and what.linux.form in ("Image", "zImage") and what.linux.cpu in U_BOOT_CPUS:
        ways.append(BootWay(Method.UBOOT_LINUX, Firmware.UBOOT, frozenset({what.linux.cpu})))
    return tuple(dict.fromkeys(way for way in ways if way is not None))


def plan_entries(files: Sequence[NamedFile], cmdline: str, before: Sequence[PlannedEntry] = ()) -> list[PlannedEntry]:
    """The entries that these files make, in the order they were named, after those put together ``before``.

    An initrd belongs to the kernel named before it; in a directory, to the kernel of the same version, or to the
    only kernel there.

    Raises:
        UserError: a file that was named cannot boot, or an initrd without a kernel.
    """
    entries = list(before)
    orphans: list[NamedFile] = []
    companions = _companions(files)
    entries += [_with_companions(file, companions[id(file)], cmdline) for file in files if id(file) in companions]
    together = {*companions, *(id(file) for of_one in companions.values() for file in of_one)}
    for file in (file for file in files if id(file) not in together):
        if has_to_be_unpacked(file.path, file.identity):
            if not file.from_directory:
                raise cannot_boot(file)
        elif ways_of(file.identity):
            entries.append(PlannedEntry(file, cmdline=cmdline))
        elif file.identity.kind in INITRD_KINDS:
            if entries and not file.from_directory:
                entries[-1].initrds.append(file)
            else:
                orphans.append(file)
        elif not file.from_directory:
            raise cannot_boot(file)
    for orphan in orphans:
        _adopt(orphan, entries)
    _give_names(entries)
    return entries


def _way(way: BootsOn, identity: Identity) -> BootWay | None:
    # A BIOS does not tell its CPU; whether a 64-bit kernel runs is seen only when it starts.
    cpus = frozenset() if way.firmware is Firmware.BIOS else frozenset({way.cpu})
    match way.form:
        case BootForm.LINUX:
            return BootWay(Method.LINUX, way.firmware, cpus)
        case BootForm.EFI:
            return BootWay(Method.EFI_LINUX if identity.linux else Method.EFI_APPLICATION, way.firmware, cpus)
        case BootForm.MULTIBOOT1:
            return BootWay(Method.GRUB_MULTIBOOT if way.needs_grub else Method.MULTIBOOT, way.firmware, cpus)
        case BootForm.MULTIBOOT2:
            return BootWay(Method.GRUB_MULTIBOOT2, way.firmware, cpus)
        case BootForm.IPXE_SCRIPT:
            return BootWay(Method.IPXE_SCRIPT, None, frozenset())
        case BootForm.DISK:
            return BootWay(Method.DISK, way.firmware, cpus)
    return None


def _companions(files: Sequence[NamedFile]) -> dict[int, list[NamedFile]]:
    """For an EFI application, by its id: the files among ``files`` that it opens by their names."""
    by_name: dict[str, list[NamedFile]] = {}
    for file in files:
        by_name.setdefault(file.path.name.lower(), []).append(file)
    found: dict[int, list[NamedFile]] = {}
    taken: set[int] = set()
    for program in files:
        for file in (file for name in sorted(program.opens & by_name.keys()) for file in by_name[name]):
            lies_there = not (program.from_directory or file.from_directory) or program.path.parent == file.path.parent
            is_free = id(file) not in taken and id(file) not in found and id(program) not in taken
            if file is not program and lies_there and is_free:
                found.setdefault(id(program), []).append(file)
                taken.add(id(file))
    return found


def _with_companions(program: NamedFile, beside: list[NamedFile], cmdline: str) -> PlannedEntry:
    bios_way = next((way for way in ways_of(beside[0].identity) if way.firmware is Firmware.BIOS), None)
    return PlannedEntry(program, beside, cmdline, bios_way=bios_way)


def _adopt(orphan: NamedFile, entries: Sequence[PlannedEntry]) -> None:
    """An initrd that follows no kernel: it belongs to the kernel of the same version, else to the only one."""
    kernels = [
        entry
        for entry in entries
        if bootable(entry.kernel.identity).linux
        and (not orphan.from_directory or entry.kernel.path.parent == orphan.path.parent)
    ]
    version = _version_in(orphan.path)
    same_version = [entry for entry in kernels if version and _version_in(entry.kernel.path) == version]
    candidates = same_version or [entry for entry in kernels if not entry.initrds]
    if len(candidates) == 1:
        candidates[0].initrds.append(orphan)
    elif not orphan.from_directory:
        raise UserError(
            f"no kernel stands before {orphan.path} ({orphan.identity.description})",
            "an initrd boots together with the kernel it was made for",
            f"name the kernel first: bootbeam serve KERNEL {quote(str(orphan.path))}" + _if_medium(orphan),
        )


def _version_in(path: Path) -> str:
    """What follows the first ``-`` of ``vmlinuz-6.1.0-31-amd64`` or ``initrd.img-6.1.0-31-amd64``."""
    return path.name.removesuffix(".img").removesuffix(".gz").partition("-")[2]


def _give_names(entries: Sequence[PlannedEntry]) -> None:
    taken: set[str] = set()
    for entry in entries:
        entry.name = served_name(entry.kernel.path.name, taken)
        taken.add(entry.name)
        for initrd in entry.initrds:
            entry.initrd_names.append(served_name(initrd.path.name, taken))
            taken.add(entry.initrd_names[-1])


def keep_names(planned: Sequence[PlannedEntry], before: Sequence[PlannedEntry], taken: set[str]) -> None:
    """Give the files of entries that were planned anew the names they had ``before``, and others new ones.

    Args:
        planned: the entries.
        before: the entries until now.
        taken: every name that is served; the new ones are added.
    """
    names: dict[Path, list[str]] = {}
    for entry in before:
        for file, name in zip((entry.kernel, *entry.initrds), entry.names, strict=True):
            names.setdefault(file.path, []).append(name)

    def name_of(file: NamedFile) -> str:
        had = names.get(file.path)
        name = had.pop(0) if had else served_name(file.path.name, taken)
        taken.add(name)
        return name

    for entry in planned:
        entry.name = name_of(entry.kernel)
        entry.initrd_names = [name_of(file) for file in entry.initrds]


def told_apart(entries: Sequence[BootEntry], file_name: Callable[[str], str]) -> tuple[BootEntry, ...]:
    """Entries of the same title, two ISOs of one system, say, with their names behind it.

    Args:
        entries: of the menu.
        file_name: gives, for a served name, what a person calls the file.
    """
    count = Counter(entry.title for entry in entries)

    def title(entry: BootEntry) -> str:
        return f"{entry.title}, {title_name(entry.name, file_name(entry.name))}"

    return tuple(replace(entry, title=title(entry)) if count[entry.title] > 1 else entry for entry in entries)


def cannot_boot(file: NamedFile) -> UserError:
    """Why a file that was named is nothing to boot, and what to do with it."""
    what, identity = f"{file.path} cannot be booted over the network here", file.identity
    if has_to_be_unpacked(file.path, identity):
        return UserError(
            f"{file.path} is packed: {identity.description}",
            "a machine reads pieces from anywhere in an image, which cannot be done inside a packed file",
            f"unpack it, and serve what comes out: {unpacking(file.path, identity)}",
        )
    disk = identity.disk
    if disk and not disk.is_raw:
        raw, packed = (quote(str(path)) for path in (file.path.with_suffix(".img"), file.path))
        return UserError(
            f"{file.path} is a {identity.description}",
            f"only the virtual machine's program reads {disk.layout}",
            f"make a raw image of it, and serve that: qemu-img convert -O raw {packed} {raw}",
        )
    if disk and identity.is_truncated:
        return UserError(f"{what}. Seen: {identity.description}", "it is shorter than its partitions", "fetch it again")
    if disk:
        return UserError(
            f"{what}. Seen: {identity.description}, and no boot loader",
            "its first sector has no boot code (for BIOS), and no FAT partition has a file like EFI/BOOT/BOOTX64.EFI "
            "(for UEFI)",
            "install a boot loader in it, or name the kernel in it: bootbeam serve KERNEL INITRD",
        )
    return UserError(f"{what}. Seen: {identity.description}", "", f"accepted are {ACCEPTED_WORDS}")


def _if_medium(file: NamedFile) -> str:
    """What is inside other compressions is not looked at: it may be a disk image."""
    if not may_have_to_be_unpacked(file.identity):
        return ""
    return f"; if it is a disk image or an ISO, unpack it first: {unpacking(file.path, file.identity)}"

"""What one version of an ISO is: the system on it, by a recipe or by the ISO's own boot menu, and how it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bootbeam.boot.entry import BootWay, Method
from bootbeam.boot.fallback import guess_boots
from bootbeam.boot.matched import Boot, Match
from bootbeam.boot.recipe import Recipe, Source, Start
from bootbeam.boot.recipe_match import match
from bootbeam.errors import ImageError
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import BootForm, Identity
from bootbeam.formats.image_tree import ImageTree
from bootbeam.formats.iso9660.cd_boot import CdBoot, read_cd_boot
from bootbeam.library.content import Content
from bootbeam.library.directory_tree import DirectoryTree
from bootbeam.library.entries import bootable
from bootbeam.library.iso_chain import IsoChain, find_iso_chains
from bootbeam.library.iso_files import ReadTree
from bootbeam.machine import Cpu, Firmware

AS_CD = "cd"
"""The name of the way by the ISO's own boot loader, as from a CD: any ISO that has one can be started so."""

METHODS = {
    (Start.LINUX, Firmware.BIOS): Method.LINUX,
    (Start.LINUX, Firmware.UEFI): Method.EFI_LINUX,
    (Start.MULTIBOOT, Firmware.BIOS): Method.MULTIBOOT,
    (Start.EFI, Firmware.UEFI): Method.EFI_APPLICATION,
    (Start.WIMBOOT, Firmware.BIOS): Method.LINUX,
    (Start.WIMBOOT, Firmware.UEFI): Method.EFI_APPLICATION,
}

FORMS = {
    Method.LINUX: BootForm.LINUX,
    Method.EFI_LINUX: BootForm.EFI,
    Method.MULTIBOOT: BootForm.MULTIBOOT1,
    Method.EFI_APPLICATION: BootForm.EFI,
}
"""What the first file must be for a method."""


NO_CD_BOOT = CdBoot(False, False, ())


class RecipeTree:
    """An image's files in the form that recipes look at."""

    def __init__(self, tree: ImageTree, size_bytes: int) -> None:
        self._tree = tree
        self.volume_id = tree.volume_id
        self.size_bytes = size_bytes
        self.find = tree.find
        self.read = tree.read

    def list(self, path: str) -> Sequence[str]:
        """The names a directory holds; none when there is no such directory."""
        return [entry.name for entry in self._tree.list(path) or ()]


@dataclass(frozen=True, slots=True)
class IsoBoots:
    """One version of an ISO, looked into once."""

    version: str
    match: Match | None = None
    boots: tuple[Boot, ...] = ()
    starts: tuple[tuple[BootWay, Boot], ...] = ()
    """Every way to start it that is meant, best first, and what is started."""
    cd: CdBoot = NO_CD_BOOT
    """Its own boot loaders."""
    is_cd_meant: bool = False
    """They are used: nobody knows better, or a person asked for it."""
    packed_kernels: frozenset[str] = frozenset()
    """Kernels inside that are gzip files; loaders are served them unpacked."""
    uefi_kernel: Identity | None = None
    """What a UEFI machine's firmware would have to accept; None when that is not known."""
    chains: tuple[IsoChain, ...] = ()
    """Signed boot loaders inside."""
    broken: str = ""
    """Why it cannot be read; "" when it can."""

    @property
    def ways(self) -> tuple[BootWay, ...]:
        """The ways alone, each once."""
        ways = [*(way for way, _ in self.starts), *(cd_ways(self.cd) if self.is_cd_meant else ())]
        return tuple(dict.fromkeys(ways))

    @property
    def way_names(self) -> tuple[str, ...]:
        """What a person can ask for."""
        names = [boot.name for boot in self.boots]
        return tuple(dict.fromkeys([*names, *([AS_CD] if cd_ways(self.cd) else [])]))

    def boot_for(self, way: BootWay) -> Boot | None:
        """What is started in this way."""
        return next((boot for other, boot in self.starts if other == way), None)

    def boot_of_key(self, key: str) -> Boot | None:
        """One of ``boots``."""
        return next((boot for boot in self.boots if boot.key == key), None)

    def role_of(self, path: str) -> str:
        """What a file inside the ISO is to its boots."""
        if any(boot.kernel.path == path for boot in self.boots):
            return "kernel"
        return "initrd" if any(file.path == path for boot in self.boots for file in boot.files) else "image"


def look_into(read: ReadTree, recipes: Sequence[Recipe], wanted: str | None = None) -> IsoBoots:
    """What this version is.

    Args:
        read: the image.
        recipes: all there are.
        wanted: the name of the way to boot that a person asked for; None: those nobody has to ask for.

    Raises:
        ContentChanged: the image is being overwritten.
    """
    seen = RecipeTree(read.tree, read.image.size_bytes)
    try:
        matched = match(seen, recipes, DirectoryTree(Path("/")))
        boots = matched.boots if matched else guess_boots(seen)
    except ImageError as error:
        return IsoBoots(read.version, broken=str(error))
    kernels = {boot.kernel.path: _identify_kernel(read, boot) for boot in boots}
    cpu = matched.architecture if matched else None
    meant = [boot for boot in boots if (boot.name == wanted if wanted else not boot.is_on_request)]
    starts = [(way, boot) for boot in meant for way in _ways(boot, kernels[boot.kernel.path], cpu)]
    packed = frozenset(path for path, kernel in kernels.items() if kernel and kernel.should_be_unpacked)
    first = next((boot for way, boot in starts if way.firmware is Firmware.UEFI), None)
    kernel = kernels[first.kernel.path] if first else None
    return IsoBoots(
        version=read.version,
        match=matched,
        boots=boots,
        starts=tuple(starts),
        cd=read_cd_boot(read.image.read_at, read.image.size_bytes),
        is_cd_meant=wanted == AS_CD or (wanted is None and matched is None),
        packed_kernels=packed,
        uefi_kernel=bootable(kernel) if kernel else None,
        chains=find_iso_chains(read),
    )


def cd_ways(cd: CdBoot) -> list[BootWay]:
    """How a CD starts by its own boot loaders."""
    ways = [BootWay(Method.CD, Firmware.UEFI, frozenset({cpu})) for cpu in cd.efi_cpus]
    return [*ways, *([BootWay(Method.CD, Firmware.BIOS, frozenset())] if cd.has_bios_loader else [])]


def _ways(boot: Boot, kernel: Identity | None, cpu: Cpu | None) -> list[BootWay]:
    ways = []
    for firmware in sorted(boot.firmware):
        method = METHODS.get((boot.start, firmware))
        if method is None:
            continue
        cpus = frozenset({cpu or Cpu.X86_64})
        if kernel and bootable(kernel).boots_on:
            # A guess at what an image's own menu starts may be wrong about the machine; the kernel's bytes know.
            ways_known = bootable(kernel).ways(firmware)
            known = [way for way in ways_known if way.form is FORMS[method] and not way.needs_grub]
            if not known:
                continue
            cpus = frozenset(way.cpu for way in known)
        ways.append(BootWay(method, firmware, cpus if firmware is Firmware.UEFI else frozenset()))
    return ways


def _identify_kernel(read: ReadTree, boot: Boot) -> Identity | None:
    """What the kernel inside the image is; None when it is elsewhere, not there, or cannot be read."""
    if boot.kernel.source is not Source.IMAGE:
        return None
    try:
        content = read.file(boot.kernel.path)
        return identify(content.read_at, content.size_bytes) if isinstance(content, Content) else None
    except ImageError:
        return None

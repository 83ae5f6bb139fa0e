"""What holding a recipe against an image gives: the system on it, and the ways to boot this very image."""

from collections.abc import Mapping
from dataclasses import dataclass

from bootbeam.boot.cmdline import NO_WORDS, WORDS, BootValues, Template, render
from bootbeam.boot.recipe import Recipe, Rewrite, Source, Start
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.machine import Cpu, Firmware

_CPUS = {
    "amd64": Cpu.X86_64,
    "x86_64": Cpu.X86_64,
    "x64": Cpu.X86_64,
    "i386": Cpu.I386,
    "i486": Cpu.I386,
    "i586": Cpu.I386,
    "i686": Cpu.I386,
    "x86": Cpu.I386,
    "arm64": Cpu.ARM64,
    "aarch64": Cpu.ARM64,
    "a64": Cpu.ARM64,
    "armhf": Cpu.ARM32,
    "armv7": Cpu.ARM32,
    "riscv64": Cpu.RISCV64,
    "loongarch64": Cpu.LOONG64,
}


@dataclass(frozen=True, slots=True)
class BootFile:
    """A file that the loader fetches."""

    source: Source
    path: str
    """In the image, or on the station with a leading slash; "" for a text and the whole image."""
    name: str
    """The name that the loader gives it."""
    size_bytes: int
    text: str = ""
    """Of a file that the recipe writes itself."""
    arguments: Template = NO_WORDS
    """A Multiboot module's command line."""


@dataclass(frozen=True, slots=True)
class InjectedFile:
    """A file that the station puts into a cpio archive, which goes *before* the other initrds.

    Behind an initrd packed as lz4 the kernel does not find it: it takes the archive's first bytes for the size of
    one more lz4 block ("Initramfs unpacking failed: Decoding failed").
    """

    at: str
    """Its path inside the initrd."""
    content: BootFile
    """``name`` is the answers' file when ``source`` is ANSWERS."""
    mode: int


@dataclass(frozen=True, slots=True)
class Unattended:
    """How an unattended installation is started."""

    format: UnattendedFormat
    cmdline: Template
    files: tuple[str, ...]
    """What the client fetches below ``{answers}``; the first holds the answers."""
    inject: tuple[InjectedFile, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Boot:
    """One way to boot this image."""

    key: str
    """Tells it from every other way of this image, those of the same name on other firmware too: for addresses."""
    name: str
    title: str
    start: Start
    firmware: frozenset[Firmware]
    kernel: BootFile
    files: tuple[BootFile, ...]
    """initrds of a kernel, modules of a Multiboot image, companions of an EFI application, in order."""
    inject: tuple[InjectedFile, ...]
    cmdline: Template
    ram_mb: int | None
    """MiB of memory that the machine must have; None when it is not known."""
    ram_note: str
    is_on_request: bool
    """Taken only when a person asks for it."""
    rewrite: Mapping[str, Rewrite]
    unattended: tuple[Unattended, ...]

    def render_cmdline(self, values: BootValues, unattended: Unattended | None = None, extra: str = "") -> str:
        """The command line for one boot of one machine.

        Raises:
            UserError: an address is needed that the station does not have, or ``extra`` cannot be carried.
        """
        elsewhere = frozenset[str]().union(*(file.arguments.names for file in self.files))
        at_end = frozenset[str]() if self.rewrite else frozenset(WORDS) - elsewhere
        return render(self.cmdline, values, unattended.cmdline if unattended else None, extra, at_end)

    def render_arguments(
        self, file: BootFile, values: BootValues, unattended: Unattended | None = None, extra: str = ""
    ) -> str:
        """The command line of one of ``files``: a Multiboot module's.

        Raises:
            UserError: as for ``render_cmdline``.
        """
        return render(file.arguments, values, unattended.cmdline if unattended else None, extra)

    def render_options(self, values: BootValues, unattended: Unattended | None = None, extra: str = "") -> str:
        """The words that go into the file that is rewritten, for a boot with ``rewrite``.

        Raises:
            UserError: as for ``render_cmdline``.
        """
        return render(NO_WORDS, values, unattended.cmdline if unattended else None, extra, frozenset(WORDS))

    def unattended_for(self, format: UnattendedFormat) -> Unattended | None:
        """How it takes answers of this format."""
        return next((one for one in self.unattended if one.format is format), None)


@dataclass(frozen=True, slots=True)
class Match:
    """What an image was recognised as."""

    recipe: Recipe
    facts: Mapping[str, str]
    boots: tuple[Boot, ...]
    """Every way to boot it. The one that needs least memory comes first, those on request last."""
    reasons: tuple[str, ...]
    """Why the image cannot boot by itself, and why ways that the recipe has are not among them."""

    @property
    def family(self) -> str:
        """The recipe's name for the family."""
        return self.recipe.family

    @property
    def version(self) -> str:
        """As the image writes it; "" when it does not tell."""
        return self.facts.get("version", "")

    @property
    def edition(self) -> str:
        """Server, desktop, minimal ...; "" when there are none."""
        return self.facts.get("edition", "")

    @property
    def architecture(self) -> Cpu | None:
        """The processor it is for; None when the image does not tell."""
        return cpu_of(self.facts.get("architecture", ""))

    @property
    def title(self) -> str:
        """For people: ``Ubuntu 20.04.3 server (x86_64)``."""
        words = (self.facts.get("name", self.recipe.name), self.version, self.edition)
        cpu = f" ({self.architecture})" if self.architecture else ""
        return " ".join(word for word in words if word) + cpu

    @property
    def why_not(self) -> str:
        """Why it does not boot unless a person does something, and what; "" when it does."""
        if any(not boot.is_on_request for boot in self.boots):
            return ""
        return "; ".join(self.reasons) or f"no recipe tells how {self.title} boots from a network"

    @property
    def unattended_formats(self) -> tuple[UnattendedFormat, ...]:
        """What answers fit."""
        return tuple(dict.fromkeys(one.format for boot in self.boots for one in boot.unattended))

    def boot_for(self, firmware: Firmware, name: str | None = None) -> Boot | None:
        """The way for a machine of this firmware: the named one, else the one that needs least memory."""
        for boot in self.boots:
            if firmware in boot.firmware and (boot.name == name if name else not boot.is_on_request):
                return boot
        return None


def cpu_of(architecture: str) -> Cpu | None:
    """The processor that distributions call ``architecture``; None for one that nothing here knows."""
    return _CPUS.get(architecture.lower())

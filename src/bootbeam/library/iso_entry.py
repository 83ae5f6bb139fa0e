"""A menu entry for an ISO: recognised by a recipe, else by the ISO's own boot menu; booted from where it lies."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from bootbeam.boot.cmdline import BootValues
from bootbeam.boot.cpio import Member, plan_archive
from bootbeam.boot.decision import RunEntry
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.fallback import guess_boots
from bootbeam.boot.ipxe import FileUrls
from bootbeam.boot.matched import Boot, BootFile, InjectedFile, Match, Unattended
from bootbeam.boot.recipe import Recipe, Source, Start
from bootbeam.boot.recipe_match import match
from bootbeam.errors import ImageError, UserError
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import Identity
from bootbeam.formats.image_tree import ImageTree
from bootbeam.library.answers import ANY_MACHINE, Answers
from bootbeam.library.content import Content, ContentChanged, Missing, NotReady, Peer
from bootbeam.library.directory_tree import DirectoryTree
from bootbeam.library.iso_files import IsoFiles
from bootbeam.library.resolved_boot import ResolvedBoot
from bootbeam.machine import Cpu, Firmware

MAX_INJECTED_BYTES = 64 << 20
"""Files put into an initrd are answers and small programs; they are read into memory."""
INITRD_NAME = "bootbeam.cpio"

_METHODS = {
    (Start.LINUX, Firmware.BIOS): Method.LINUX,
    (Start.LINUX, Firmware.UEFI): Method.EFI_LINUX,
    (Start.MULTIBOOT, Firmware.BIOS): Method.MULTIBOOT,
    (Start.EFI, Firmware.UEFI): Method.EFI_APPLICATION,
    (Start.WIMBOOT, Firmware.BIOS): Method.LINUX,
    (Start.WIMBOOT, Firmware.UEFI): Method.EFI_APPLICATION,
}


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


class IsoEntry:
    """One ISO in the menu.

    Args:
        name: the served name; ends in ``.iso``, as clients expect of an image's address.
        files: the files inside.
        recipes: all there are.
        size_bytes: of the ISO.
        extra: words a person adds to the command line.
        answers: to an unattended installation.

    Raises:
        UserError: it cannot be read, or cannot boot from a network; says which files to add.
    """

    def __init__(
        self, name: str, files: IsoFiles, recipes: Sequence[Recipe], size_bytes: int, extra: str, answers: Answers
    ) -> None:
        self.name = name
        self.files = files
        self._extra = extra
        self._answers = answers
        try:
            tree = files.tree()
            if isinstance(tree, NotReady):
                raise UserError(f"{name} is still being written", tree.reason, "start again when it is complete")
            seen = RecipeTree(tree, size_bytes)
            self.match: Match | None = match(seen, recipes, DirectoryTree(Path("/")))
            self.boots = self.match.boots if self.match else guess_boots(seen)
        except ImageError as error:
            raise UserError(f"{files.image.path} cannot be read as an ISO", str(error), "fetch it again") from None
        if not self.boots:
            raise self._cannot_boot()
        self._known_ways = tuple(dict.fromkeys(self._ways()))

    @property
    def title(self) -> str:
        """For people."""
        return self.match.title if self.match else f"{self.name}: an ISO of no known family, by its own boot menu"

    @property
    def station_paths(self) -> tuple[str, ...]:
        """Files of this computer that its boots need, such as wimboot."""
        files = [file for boot in self.boots for file in (boot.kernel, *boot.files)]
        return tuple(dict.fromkeys(file.path for file in files if file.source is Source.STATION))

    def entry(self) -> BootEntry:
        """Its line of the menu."""
        is_unattended = any(self._unattended(boot) for boot in self.boots if not boot.is_on_request)
        return BootEntry(self.name, self.title, self._known_ways, ServedFile(self.name), is_unattended=is_unattended)

    def resolve(self, plan: RunEntry, facts: MachineFacts, base_url: str) -> ResolvedBoot | Explanation:
        """The boot of one machine, by the way that needs least memory."""
        firmware = facts.machine.firmware
        boot = next((boot for boot in self.boots if firmware in boot.firmware and not boot.is_on_request), None)
        if boot is None:
            return Explanation(f"{self.name} cannot boot on this machine", f"it has no way for {firmware}", "")
        unattended = self._unattended(boot)
        try:
            values = BootValues(
                base_url,
                f"{base_url}/{self.name}",
                f"{base_url}/iso/{self.name}/",
                answers=self._answers.url(facts, base_url) if unattended else None,
                mac=facts.mac,
                uuid=facts.uuid,
                serial=facts.serial,
                hostname=facts.hostname,
            )
            cmdline = boot.render_cmdline(values, unattended, self._extra)
            served, urls = [], []
            if self._injected_files(boot):
                who = facts.mac.replace(":", "-") if facts.mac else ANY_MACHINE
                served.append(ServedFile(INITRD_NAME))
                urls.append(f"{base_url}/inject/{self.name}/{boot.name}/{who}/{INITRD_NAME}")
            for number, file in enumerate(boot.files):
                served.append(ServedFile(file.name, boot.render_arguments(file, values, unattended, self._extra)))
                urls.append(self._url(file, boot, number, values))
            kernel_url = self._url(boot.kernel, boot, -1, values)
        except UserError as error:
            return Explanation(f"{self.name} cannot boot on this machine", error.what, error.fix or error.why)
        kernel = ServedFile(boot.kernel.name)
        entry = replace(plan.entry, kernel=kernel, initrds=tuple(served), cmdline=cmdline)
        file_urls = FileUrls(kernel_url, tuple(urls))
        return ResolvedBoot(RunEntry(entry, plan.way), file_urls, _notes(boot))

    def injected(self, boot_name: str, who: str, peer: Peer, base_url: str) -> Content | Missing:
        """The cpio archive with the files that this boot's initrd must find inside itself, for one machine."""
        boot = next((boot for boot in self.boots if boot.name == boot_name), None)
        files = self._injected_files(boot) if boot else ()
        if not files:
            return Missing("this boot puts nothing into its initrd")
        contents = []
        for injected in files:
            data = self._read(injected, who, peer, base_url)
            if isinstance(data, Missing):
                return data
            contents.append(data)
        members = [Member(one.at, len(data), one.mode) for one, data in zip(files, contents, strict=True)]
        body = plan_archive(members).encode(contents)
        return Content(f"inject/{self.name}/{boot_name}/{INITRD_NAME}", len(body), role="initrd", body=body)

    def text(self, boot_name: str, number: int) -> Content | Missing:
        """A file that the recipe wrote itself."""
        boot = next((boot for boot in self.boots if boot.name == boot_name), None)
        if boot is None or not 0 <= number < len(boot.files) or boot.files[number].source is not Source.TEXT:
            return Missing("the recipe has no such file")
        body = boot.files[number].text.encode()
        return Content(f"text/{self.name}/{boot_name}/{number}", len(body), role="initrd", body=body)

    def role_of(self, path: str) -> str:
        """What a file inside the ISO is to a boot."""
        if any(boot.kernel.path == path for boot in self.boots):
            return "kernel"
        return "initrd" if any(file.path == path for boot in self.boots for file in boot.files) else "image"

    def _ways(self) -> list[BootWay]:
        cpu = self.match.architecture if self.match else None
        ways = []
        for boot in self.boots:
            if boot.is_on_request:
                continue
            kernel = self._kernel_identity(boot)
            for firmware in sorted(boot.firmware):
                method = _METHODS.get((boot.start, firmware))
                # A guess at what an image's own menu starts may be wrong about the firmware; the kernel's bytes know.
                if method is None or (kernel and kernel.boots_on and not kernel.ways(firmware)):
                    continue
                cpus = frozenset({cpu or Cpu.X86_64}) if firmware is Firmware.UEFI else frozenset[Cpu]()
                ways.append(BootWay(method, firmware, cpus))
        return ways

    def _kernel_identity(self, boot: Boot) -> Identity | None:
        """What the kernel inside the image is; None when it is not there or cannot be read."""
        if boot.kernel.source is not Source.IMAGE:
            return None
        content = self.files.open(boot.kernel.path)
        if not isinstance(content, Content):
            return None
        try:
            return identify(content.read_at, content.size_bytes)
        except (ImageError, ContentChanged):
            return None
        finally:
            content.close()

    def _unattended(self, boot: Boot) -> Unattended | None:
        """How this boot takes the answers there are; None when there are none it could take."""
        format = self._answers.format_among(one.format for one in boot.unattended)
        return boot.unattended_for(format) if format else None

    def _injected_files(self, boot: Boot) -> tuple[InjectedFile, ...]:
        unattended = self._unattended(boot)
        return (*boot.inject, *(unattended.inject if unattended else ()))

    def _url(self, file: BootFile, boot: Boot, number: int, values: BootValues) -> str:
        base_url = values.station
        match file.source:
            case Source.WHOLE_IMAGE:
                return f"{base_url}/{self.name}"
            case Source.STATION:
                return f"{base_url}/station/{quote(file.path.rpartition('/')[2])}"
            case Source.TEXT:
                return f"{base_url}/text/{self.name}/{boot.name}/{number}/{quote(file.name)}"
            case Source.ANSWERS:
                if values.answers is None:
                    raise UserError(f"{self.name} needs answers to boot, and there are none")
                return f"{values.answers}{quote(file.name)}"
        return f"{base_url}/iso/{self.name}/{quote(file.path)}"

    def _read(self, injected: InjectedFile, who: str, peer: Peer, base_url: str) -> bytes | Missing:
        file = injected.content
        if file.source is Source.ANSWERS:
            answers = self._answers.open(who, file.name, peer, base_url)
            return answers if isinstance(answers, Missing) else answers.read_at(0, answers.size_bytes)
        if file.source is Source.TEXT:
            return file.text.encode()
        if file.source is not Source.IMAGE:
            return Missing(f"{injected.at} is to come from {file.source}, which is not here")
        content = self.files.open(file.path)
        if not isinstance(content, Content):
            return content if isinstance(content, Missing) else Missing(content.reason)
        try:
            if content.size_bytes > MAX_INJECTED_BYTES:
                return Missing(f"{file.path} is too large to be put into an initrd")
            return content.read_at(0, content.size_bytes)
        finally:
            content.close()

    def _cannot_boot(self) -> UserError:
        path = self.files.image.path
        if self.match:
            return UserError(f"{path} is {self.match.title}, and cannot boot from a network", self.match.why_not, "")
        return UserError(
            f"{path} is an ISO of no known family, and no boot menu was found in it",
            "neither GRUB's nor isolinux's configuration names a kernel that is there",
            "take its kernel and initrd, and name those: bootbeam serve KERNEL INITRD --cmdline ...",
        )


def _notes(boot: Boot) -> tuple[str, ...]:
    notes = []
    if boot.ram_mb:
        notes.append(f"This needs a machine with {_memory(boot.ram_mb)} of memory. {boot.ram_note}".strip())
    elif boot.ram_note:
        notes.append(boot.ram_note)
    return tuple(notes)


def _memory(ram_mb: int) -> str:
    return f"{ram_mb / 1024:.1f} GB".replace(".0 ", " ") if ram_mb >= 1024 else f"{ram_mb} MB"

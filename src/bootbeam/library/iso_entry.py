"""A menu entry for an ISO: recognised by a recipe, else by the ISO's own boot menu; booted from where it lies.

What it is follows the file: an ISO that is replaced may be another system, with other names for its kernel.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from bootbeam.boot.cmdline import BootValues
from bootbeam.boot.decision import RunEntry
from bootbeam.boot.entry import BootEntry, Method, ServedFile, SignedStart
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.ipxe import FileUrls
from bootbeam.boot.matched import Boot, BootFile, Unattended
from bootbeam.boot.name import title_name
from bootbeam.boot.recipe import Recipe, Source, Start
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import ImageError, UserError
from bootbeam.formats.iso9660.cd_boot import CdBoot
from bootbeam.library.answers import ANY_MACHINE, Answers
from bootbeam.library.content import Content, ContentChanged, Missing, NotReady, Peer
from bootbeam.library.iso_additions import Client, IsoAdditions
from bootbeam.library.iso_boots import IsoBoots, look_into
from bootbeam.library.iso_files import IsoFiles
from bootbeam.library.iso_paths import ADDITION_KINDS, CHAIN_KIND, TREE_KIND
from bootbeam.library.loader_files import EFI_MEDIA_TYPE
from bootbeam.library.resolved_boot import READ_AS_DRIVE, ResolvedBoot

MEMORY_TOLERANCE = 0.95
"""Graphics and firmware take a little of what the modules hold, and what a boot needs is an estimate."""


def station_name(path: str) -> str:
    """Under which a file of this computer is served: its whole path, since many are called ``linux``."""
    return f"station/{path.strip('/')}"


class IsoEntry:
    """One ISO in the menu. Safe to use from several threads.

    Args:
        name: the served name; ends in ``.iso``, as clients expect of an image's address.
        files: the files inside.
        recipes: all there are.
        extra: words a person adds to the command line.
        answers: to an unattended installation.
        wanted: the name of the way to boot that a person asked for; None: the one that needs least memory.
        nfs: where an NFS server exports the image's files, ``ADDRESS:/PATH``; None: nowhere.

    Raises:
        UserError: it cannot be read, or cannot boot from a network; says which files to add.
    """

    def __init__(
        self,
        name: str,
        files: IsoFiles,
        recipes: Sequence[Recipe],
        extra: str,
        answers: Answers,
        wanted: str | None = None,
        nfs: str | None = None,
    ) -> None:
        self._nfs = nfs
        self.name = name
        self._wanted = wanted
        self.files = files
        self._recipes = recipes
        self._extra = extra
        self._answers = answers
        self._additions = IsoAdditions(files, answers, extra)
        self._looking = threading.Lock()
        seen = self._look()
        if isinstance(seen, NotReady):
            raise UserError(
                f"{name} is not complete",
                seen.reason,
                "wait until its copy or download is done, and start again; if none is under way, fetch it again",
            )
        if not seen.ways:
            raise self._cannot_boot(seen)
        self._seen = seen

    @property
    def station_files(self) -> Mapping[str, str]:
        """Files of this computer that its boots need, such as wimboot: path -> role."""
        roles: dict[str, str] = {}
        for boot in self._seen.boots:
            for role, file in (("kernel", boot.kernel), *(("initrd", file) for file in boot.files)):
                if file.source is Source.STATION:
                    roles.setdefault(file.path, role)
        return roles

    @property
    def answer_formats(self) -> tuple[UnattendedFormat, ...]:
        """The formats in which it takes answers to an unattended installation."""
        formats = (one.format for _, boot in self._seen.starts for one in boot.unattended)
        return tuple(dict.fromkeys(formats))

    def entry(self) -> BootEntry:
        """Its line of the menu, as the ISO is now."""
        seen = self._newest()
        is_unattended = any(self._additions.unattended(boot) for _, boot in seen.starts)
        kernel = seen.uefi_kernel
        return BootEntry(
            self.name,
            self._title(seen),
            seen.ways,
            ServedFile(self.name),
            is_unattended=is_unattended,
            is_signed=kernel.is_signed if kernel and kernel.pe else None,
            signers=kernel.signers if kernel else (),
            own_chains=tuple(
                SignedStart(chain.cpu, f"{CHAIN_KIND}/{self.name}/{chain.first}", chain.trusts) for chain in seen.chains
            ),
        )

    def resolve(
        self, plan: RunEntry, facts: MachineFacts, base_url: str, http_url: str
    ) -> ResolvedBoot | NotReady | Explanation:
        """The boot of one machine, by the way that needs least memory.

        Args:
            plan: of this entry.
            facts: of the machine.
            base_url: where its loader reaches us, without a slash at the end.
            http_url: where the system that it starts reaches us.
        """
        version = self.files.image.current_version()
        if isinstance(version, NotReady):
            return version
        if plan.way.method is Method.CD:
            lost = (f"The words {self._extra!r} do not reach it.",) if self._extra else ()
            url = f"{http_url}/blocks/{version}/{self.name}"  # TFTP has no pieces
            return ResolvedBoot(plan, FileUrls(url, ()), (READ_AS_DRIVE, *lost))
        boot = self._newest().boot_for(plan.way)
        if boot is None:
            return NotReady(f"{self.name} was replaced a moment ago")
        unattended = self._additions.unattended(boot)
        try:
            values = self._values(boot, unattended, facts, http_url)
            cmdline = boot.render_cmdline(values, unattended, self._extra)
            files = [
                (ServedFile(file.name, self._arguments(boot, file, values, unattended)), self._url(boot, number, facts))
                for number, file in enumerate(boot.files)
            ]
        except UserError as error:
            return Explanation(f"{self.name} cannot boot on this machine", error.what, error.fix or error.why)
        added = [
            (
                ServedFile(name, name if boot.start is Start.WIMBOOT else ""),
                f"/inject/{self.name}/{boot.key}/{_who(facts)}/{name}",
            )
            for name in self._additions.injected_names(boot)
        ]
        # An archive behind an initrd packed as lz4 would not be found by the kernel.
        files = [*added, *files]
        kernel_url = f"{base_url}{self._url(boot, None, facts)}"
        entry = replace(
            plan.entry,
            kernel=ServedFile(boot.kernel.name),
            initrds=tuple(served for served, _ in files),
            cmdline=cmdline,
        )
        urls = FileUrls(kernel_url, tuple(f"{base_url}{url}" for _, url in files))
        return ResolvedBoot(RunEntry(entry, plan.way), urls, _notes(boot), _memory_warning(boot, facts))

    def open(self, kind: str, steps: list[str], peer: Peer, http_url: str) -> Content | Missing | NotReady:
        """What is served of it.

        Args:
            kind: the path's first step: one of ``iso_paths.ISO_KINDS``.
            steps: those behind its name.
            peer: who asks.
            http_url: where this client reaches us by HTTP, without a slash at the end.
        """
        if kind in ADDITION_KINDS:
            return self._additions.open(kind, steps, self._newest(), Client(peer, http_url))
        if kind == CHAIN_KIND:
            return self._open_chain(steps)
        path = "/".join(steps)
        return self.files.open(path, self._seen.role_of(path))

    def _open_chain(self, steps: list[str]) -> Content | Missing | NotReady:
        name = "/".join(steps)
        inside = next((chain.files[name] for chain in self._newest().chains if name in chain.files), None)
        if inside is None:
            return Missing("the ISO has no such boot loader")
        content = self.files.open(inside, "loader")
        if isinstance(content, Content):
            content.name, content.media_type = f"{CHAIN_KIND}/{self.name}/{name}", EFI_MEDIA_TYPE
        return content

    def _newest(self) -> IsoBoots:
        """What the ISO is now; what it was, while there is nothing complete."""
        version = self.files.image.current_version()
        if version == self._seen.version or isinstance(version, NotReady):
            return self._seen
        with self._looking:
            if version != self._seen.version:
                seen = self._look()
                self._seen = self._seen if isinstance(seen, NotReady) else seen
            return self._seen

    def _look(self) -> IsoBoots | NotReady:
        version = self.files.image.current_version()
        try:
            with self.files.reading() as read:
                return read if isinstance(read, NotReady) else look_into(read, self._recipes, self._wanted)
        except ImageError as error:
            return version if isinstance(version, NotReady) else IsoBoots(version, broken=str(error))
        except ContentChanged as error:
            return NotReady(str(error))

    def _title(self, seen: IsoBoots) -> str:
        if seen.match:
            return seen.match.title
        by_what = "by its own boot menu" if seen.starts else "by its own boot loader"
        what = "that cannot be read" if seen.broken else f"of no known family, {by_what}"
        return f"{title_name(self.name, self.files.image.path.name)}: an ISO {what}"

    def _values(self, boot: Boot, unattended: Unattended | None, facts: MachineFacts, http_url: str) -> BootValues:
        return BootValues(
            http_url,
            f"{http_url}/{self.name}",
            f"{http_url}/iso/{self.name}/",
            answers=self._answers.url(facts, http_url) if unattended else None,
            rewritten=f"{http_url}/rewritten/{self.name}/{boot.key}/{_who(facts)}/" if boot.rewrite else None,
            nfs=self._nfs,
            mac=facts.mac,
            uuid=facts.uuid,
            serial=facts.serial,
            hostname=facts.hostname,
        )

    def _arguments(self, boot: Boot, file: BootFile, values: BootValues, unattended: Unattended | None) -> str:
        if boot.start is Start.WIMBOOT:
            return file.name  # on BIOS iPXE packs what has arguments under them, for wimboot to find
        return boot.render_arguments(file, values, unattended, self._extra)

    def _url(self, boot: Boot, number: int | None, facts: MachineFacts) -> str:
        """The path of one of the boot's files, of its kernel when ``number`` is None."""
        file = boot.kernel if number is None else boot.files[number]
        match file.source:
            case Source.WHOLE_IMAGE:
                return f"/{self.name}"
            case Source.STATION:
                return f"/{quote(station_name(file.path))}"
            case Source.TEXT:
                return f"/text/{self.name}/{boot.key}/{number}/{quote(file.name)}"
            case Source.ANSWERS:
                if self._additions.unattended(boot) is None:
                    raise UserError(f"{self.name} needs answers to boot, and there are none")
                return f"/answers/{_who(facts)}/{quote(file.name)}"
        kind = "unpacked" if number is None and file.path in self._seen.packed_kernels else TREE_KIND
        return f"/{kind}/{self.name}/{quote(file.path)}"

    def _cannot_boot(self, seen: IsoBoots) -> UserError:
        path = self.files.image.path
        if seen.broken:
            return UserError(f"{path} cannot be read as an ISO", seen.broken, "fetch it again")
        if self._wanted and seen.way_names:
            names = ", ".join(seen.way_names)
            return UserError(
                f"{path} has no way to boot named {self._wanted!r}", f"it has: {names}", "choose: --boot NAME"
            )
        if seen.match:
            return UserError(f"{path} is {seen.match.title}, and cannot boot from a network", seen.match.why_not, "")
        advice = "take its kernel and initrd, and name those: bootbeam serve KERNEL INITRD --cmdline ..."
        if seen.boots:
            return UserError(
                f"{path} is an ISO of no known family, and nothing in its boot menu can be started over a network",
                f"its menu starts {', '.join(boot.kernel.path for boot in seen.boots)}",
                advice,
            )
        return UserError(
            f"{path} is an ISO of no known family, and no boot menu was found in it",
            "neither GRUB's nor isolinux's configuration names a kernel that is there, and " + _why_no_cd(seen.cd),
            advice,
        )


def _why_no_cd(cd: CdBoot) -> str:
    if cd.needs_emulation:
        return "its boot loader wants an emulated floppy or hard disk, which iPXE has not"
    return "it has no boot loader of its own that iPXE could start (El Torito)"


def _who(facts: MachineFacts) -> str:
    return facts.mac.replace(":", "-") if facts.mac else ANY_MACHINE


def _notes(boot: Boot) -> tuple[str, ...]:
    if not boot.ram_mb:
        return (boot.ram_note,) if boot.ram_note else ()
    needed = f"This needs a machine with {_memory(boot.ram_mb)} of memory"
    return (f"{needed}: {boot.ram_note}." if boot.ram_note else f"{needed}.",)


def _memory_warning(boot: Boot, facts: MachineFacts) -> str:
    if not boot.ram_mb or facts.ram_mb is None or facts.ram_mb >= boot.ram_mb * MEMORY_TOLERANCE:
        return ""
    has, needs = _memory(facts.ram_mb), _memory(boot.ram_mb)
    return f"this machine has {has} of memory and this needs {needs}: it will most likely stop on the way"


def _memory(ram_mb: int) -> str:
    return f"{ram_mb / 1024:.1f} GB".replace(".0 ", " ") if ram_mb >= 1024 else f"{ram_mb} MB"

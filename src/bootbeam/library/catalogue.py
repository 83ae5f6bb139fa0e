"""Everything this station serves, by path; TFTP and HTTP ask here.

boot.ipxe, start/..., ipxe/...   scripts, made when asked for (``library.scripts``)
file/VERSION/NAME                one file in exactly this version, for the length of a boot
blocks/VERSION/NAME              the same, to be read piece by piece like a disk
NAME                             the same file, newest complete version (an address a person can type)
iso/NAME/PATH                    a file inside an ISO, or the page of a directory (``library.iso_files``)
inject/..., text/... and others  what the ISO's recipe adds (``library.iso_additions``)
signed/ISO/shimx64.efi and others the ISO's own signed boot loaders (``library.iso_chain``)
bios/undionly.kpxe, x64/...      boot loaders; with a step of ``SCREEN_WORDS`` before, which firmware shows
grub/..., .../grub.cfg           GRUBs and their scripts (``library.grub_files``)
index.txt                        the names of all this, for a person who looks
boot.scr.uimg, pxelinux.cfg/...  what U-Boot asks for (``library.u_boot_files``)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from bootbeam.boot.boot_file import START_SCRIPT
from bootbeam.boot.config_search import is_searched
from bootbeam.boot.decision import SCREEN_WORDS
from bootbeam.boot.name import MAX_NAME_CHARACTERS
from bootbeam.library.answers import Answers
from bootbeam.library.content import DISK_ROLE, FRONT_PAGE, Content, Missing, NotReady, Peer
from bootbeam.library.grub_files import GrubFiles
from bootbeam.library.iso_paths import CHAIN_KIND, ISO_KINDS
from bootbeam.library.scripts import Scripts
from bootbeam.library.u_boot_files import UBootFiles

SCRIPT_SUFFIX = ".ipxe"
AUTOEXEC_SCRIPT = "autoexec.ipxe"
"""iPXE looks for it beside itself (since 2.0) and at the root."""


class ServedImage(Protocol):
    """A file that is served under one name."""

    def open(self, version: str | None = None) -> Content | Missing | NotReady:
        """The bytes of this version; None: of the newest complete one."""


class ServedIso(Protocol):
    """An ISO whose parts are served."""

    def open(self, kind: str, steps: list[str], peer: Peer, http_url: str) -> Content | Missing | NotReady:
        """The part whose path begins with ``kind``, one of ``ISO_KINDS``, and goes on with ``steps``."""


class Catalogue:
    """Finds the content for a path. Safe to ask from several threads.

    Args:
        images: the served files of all entries, by served name.
        loaders: boot loaders by served path.
        scripts: makes the scripts.
        isos: the ISOs by served name.
        answers: to unattended installations.
        grub: finds what GRUBs fetch.
        u_boot: finds what U-Boots fetch.
    """

    def __init__(
        self,
        images: Mapping[str, ServedImage],
        loaders: Mapping[str, ServedImage],
        scripts: Scripts,
        isos: Mapping[str, ServedIso] = MappingProxyType({}),
        answers: Answers | None = None,
        grub: GrubFiles | None = None,
        u_boot: UBootFiles | None = None,
    ) -> None:
        self._answers = answers
        self._grub = grub
        self._u_boot = u_boot
        self._images = images
        self._loaders = loaders
        self._scripts = scripts
        self._isos = isos

    def open(self, path: str, peer: Peer) -> Content | Missing | NotReady:
        """The content at ``path``, or why there is none."""
        if path == FRONT_PAGE and path not in self._images:
            return self._front_page()
        words, _, rest = path.partition("/")
        return self._open(rest if words in SCREEN_WORDS else path, peer)

    def _open(self, path: str, peer: Peer) -> Content | Missing | NotReady:
        match path.split("/"):
            case [name] if name == START_SCRIPT:
                return self._scripts.start(peer)
            case [*_, name] if name == AUTOEXEC_SCRIPT:
                return self._scripts.autoexec(peer)
            case ["start", name] if name.endswith(SCRIPT_SUFFIX) and len(name) <= MAX_NAME_CHARACTERS + 8:
                return self._scripts.start(peer, name.removesuffix(SCRIPT_SUFFIX))
            case ["ipxe", *facts, "script.ipxe"]:
                return self._scripts.for_machine(facts, peer)
            case ["file" | "blocks" as kind, version, name] if name in self._images:
                return _in_role(kind, self._images[name].open(version))
            case [kind, name, *steps] if name in self._isos and kind in ISO_KINDS and not _is_grubs_first(kind, steps):
                return self._isos[name].open(kind, steps, peer, self._scripts.http_url(peer))
            case ["answers", who, file] if self._answers is not None:
                return self._answers.open(who, file, peer, self._scripts.http_url(peer))
        if path in self._images:
            return self._images[path].open()
        loader = self._loaders.get(path)
        if loader is not None:
            return loader.open()
        return self._of_another_loader(path, peer) or Missing("there is no such file here", is_searched(path))

    def _front_page(self) -> Content:
        """One name in each line, as they are typed."""
        isos = (f"iso/{name}/" for name in tuple(self._isos))
        names = (*tuple(self._images), *isos, START_SCRIPT, *sorted(self._loaders))
        body = "".join(f"{name}\n" for name in names).encode()
        return Content(FRONT_PAGE, len(body), "text/plain; charset=utf-8", "configuration", body)

    def _of_another_loader(self, path: str, peer: Peer) -> Content | Missing | NotReady | None:
        of_grub = self._grub.open(path, peer) if self._grub else None
        if of_grub is not None or self._u_boot is None:
            return of_grub
        return self._u_boot.open(path, peer)


def _in_role(kind: str, found: Content | Missing | NotReady) -> Content | Missing | NotReady:
    """Blocks are read by the hundred: the journal does not tell each of them."""
    if kind == "blocks" and isinstance(found, Content):
        found.role = DISK_ROLE
    return found


def _is_grubs_first(kind: str, steps: list[str]) -> bool:
    """The script that an ISO's own GRUB looks for beside itself is ours."""
    return kind == CHAIN_KIND and steps[-1:] == ["grub.cfg"]

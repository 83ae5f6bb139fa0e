"""What recipes add to the files of an ISO: files for an initrd, texts of their own, rewritten and unpacked files.

inject/ISO/BOOT/MAC/bootbeam.cpio   what an initrd must find inside itself, as one archive
inject/ISO/BOOT/MAC/FILE            one such file, for wimboot
text/ISO/BOOT/NUMBER/FILE           a file that the recipe wrote itself
rewritten/ISO/BOOT/MAC/PATH         a file of the ISO, changed for a network boot
unpacked/ISO/PATH                   a kernel that lies in the ISO as a gzip file
"""

import re
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bootbeam.boot.cmdline import BootValues
from bootbeam.boot.cpio import Member, plan_archive
from bootbeam.boot.esxi_config import rewrite_boot_cfg
from bootbeam.boot.matched import Boot, InjectedFile, Unattended
from bootbeam.boot.recipe import Source, Start
from bootbeam.errors import UserError
from bootbeam.library.answers import ANY_MACHINE, Answers
from bootbeam.library.composed import compose
from bootbeam.library.content import Content, ContentChanged, Missing, NotReady, Peer
from bootbeam.library.iso_boots import IsoBoots
from bootbeam.library.iso_files import IsoFiles

ARCHIVE_NAME = "bootbeam.cpio"
MAX_REWRITTEN_BYTES = 1 << 20
MAX_UNPACKED_BYTES = 64 << 20
"""A hypervisor has 3, a kernel 40 MB; it is unpacked in memory."""
_NUMBER = re.compile(r"[0-9]{1,4}")
_WHO = re.compile(rf"{ANY_MACHINE}|[0-9a-f]{{2}}(-[0-9a-f]{{2}}){{5}}")
_NOTHING = Missing("there is no such file here")
_GZIP_WINDOW_BITS = 31
"""zlib.h, inflateInit2: a gzip header, the largest window."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for an addition."""

    peer: Peer
    http_url: str
    """Where it reaches us by HTTP, without a slash at the end."""


class IsoAdditions:
    """The additions to one ISO. Safe to use from several threads.

    Args:
        files: the files inside.
        answers: to an unattended installation.
        extra: words a person adds to the command line.
    """

    def __init__(self, files: IsoFiles, answers: Answers, extra: str) -> None:
        self._files = files
        self._answers = answers
        self._extra = extra
        self._unpacked: tuple[str, bytes] = ("", b"")
        """What was unpacked last, by version and path."""

    def unattended(self, boot: Boot) -> Unattended | None:
        """How this boot takes the answers there are; None when there are none it could take."""
        format = self._answers.format_among(one.format for one in boot.unattended)
        return boot.unattended_for(format) if format else None

    def injected_names(self, boot: Boot) -> tuple[str, ...]:
        """As which files the loader fetches what is not the ISO's own."""
        files = self._injected_files(boot)
        if boot.start is Start.WIMBOOT:
            return tuple(_base_name(one.at) for one in files)
        return (ARCHIVE_NAME,) if files else ()

    def open(self, kind: str, steps: list[str], seen: IsoBoots, client: Client) -> Content | Missing | NotReady:
        """One of them.

        Args:
            kind: the path's first step, one of ``iso_paths.ADDITION_KINDS``.
            steps: those behind the ISO's name.
            seen: what the ISO is.
            client: who asks.
        """
        path = "/".join((kind, self._files.image.name, *steps))
        if kind == "unpacked":
            return self._open_unpacked(path, "/".join(steps), seen)
        boot = seen.boot_of_key(steps[0]) if steps else None
        if boot is None:
            return _NOTHING
        match kind, steps:
            case "text", [_, number, _] if _NUMBER.fullmatch(number):
                return _text(path, boot, int(number))
            case "inject", [_, who, name] if _WHO.fullmatch(who):
                return self._open_injected(path, boot, who, name, client)
            case "rewritten", [_, who, *inside] if _WHO.fullmatch(who) and "/".join(inside) in boot.rewrite:
                return self._open_rewritten(path, boot, who, "/".join(inside), client)
        return _NOTHING

    def _injected_files(self, boot: Boot) -> tuple[InjectedFile, ...]:
        unattended = self.unattended(boot)
        return (*boot.inject, *(unattended.inject if unattended else ()))

    def _open_injected(
        self, path: str, boot: Boot, who: str, name: str, client: Client
    ) -> Content | Missing | NotReady:
        if name not in self.injected_names(boot):
            return Missing("this boot puts no such file into its initrd")
        is_archive = boot.start is not Start.WIMBOOT
        files = [one for one in self._injected_files(boot) if is_archive or _base_name(one.at) == name]
        with ExitStack() as stack:
            contents = []
            for one in files:
                content = self._injected(one, who, client)
                if not isinstance(content, Content):
                    return content
                stack.callback(content.close)
                contents.append(content)
            if not is_archive:
                stack.pop_all()
                return contents[0]
            try:
                made = _archive(path, files, contents, stack)
            except UserError as error:
                return Missing(error.what)
            made.on_close = stack.pop_all().close
            return made

    def _injected(self, injected: InjectedFile, who: str, client: Client) -> Content | Missing | NotReady:
        file = injected.content
        match file.source:
            case Source.ANSWERS:
                return self._answers.open(who, file.name, client.peer, client.http_url)
            case Source.TEXT:
                return _in_memory(injected.at, file.text.encode())
            case Source.IMAGE:
                return self._files.open(file.path)
            case Source.WHOLE_IMAGE:
                return self._files.image.open()
        return Missing(f"{injected.at} is to come from {file.source}, which is not here")

    def _open_rewritten(
        self, path: str, boot: Boot, who: str, inside: str, client: Client
    ) -> Content | Missing | NotReady:
        content = self._files.open(inside)
        if not isinstance(content, Content):
            return content
        name, base_url = self._files.image.name, client.http_url
        unattended = self.unattended(boot)
        try:
            text = content.read_at(0, MAX_REWRITTEN_BYTES).decode("utf-8", "replace")
            values = BootValues(
                base_url,
                f"{base_url}/{name}",
                f"{base_url}/iso/{name}/",
                answers=f"{base_url}/answers/{who}/" if unattended else None,
                mac=None if who == ANY_MACHINE else who.replace("-", ":"),
            )
            options = boot.render_options(values, unattended, self._extra)
            return _in_memory(path, rewrite_boot_cfg(text, values.tree, options).encode())
        except UserError as error:
            return Missing(str(error))
        except ContentChanged:
            return NotReady(f"{name} is being replaced")
        finally:
            content.close()

    def _open_unpacked(self, path: str, inside: str, seen: IsoBoots) -> Content | Missing | NotReady:
        if inside not in seen.packed_kernels:
            return _NOTHING
        key = f"{seen.version}/{inside}"
        known, body = self._unpacked
        if known != key:
            content = self._files.open(inside)
            if not isinstance(content, Content):
                return content
            try:
                unpacker = zlib.decompressobj(_GZIP_WINDOW_BITS)
                body = unpacker.decompress(content.read_at(0, content.size_bytes), MAX_UNPACKED_BYTES)
            except zlib.error as error:
                return Missing(f"the kernel cannot be unpacked: {error}")
            except ContentChanged:
                return NotReady(f"{self._files.image.name} is being replaced")
            finally:
                content.close()
            if not unpacker.eof:
                return Missing("the kernel cannot be unpacked: it is cut off, or larger than any")
            self._unpacked = (key, body)
        return _in_memory(path, body, "kernel")


def _text(path: str, boot: Boot, number: int) -> Content | Missing:
    if number >= len(boot.files) or boot.files[number].source is not Source.TEXT:
        return Missing("the recipe has no such file")
    return _in_memory(path, boot.files[number].text.encode())


def _in_memory(name: str, body: bytes, role: str = "initrd") -> Content:
    return Content(name, len(body), role=role, body=body)


def _archive(path: str, files: Sequence[InjectedFile], contents: Sequence[Content], stack: ExitStack) -> Content:
    """The archive of these contents, which are not read when they are in files: one may be the whole ISO."""
    members = [Member(one.at, content.size_bytes, one.mode) for one, content in zip(files, contents, strict=True)]
    pieces = plan_archive(members).pieces
    return compose(
        path, [piece if isinstance(piece, bytes) else contents[piece.index] for piece in pieces], "initrd", stack
    )


def _base_name(path: str) -> str:
    return path.rpartition("/")[2]

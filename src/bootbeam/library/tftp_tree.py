"""A TFTP tree that somebody already has, served as it is, over TFTP and HTTP.

Nothing is copied and nothing is remembered of a file's bytes: who edits ``pxelinux.cfg/default`` sees it at the next
boot. Only what lies in the tree is given out, wherever symbolic links point.
"""

import os
import stat
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path, PurePosixPath

from bootbeam.boot.config_search import is_searched
from bootbeam.boot.decision import Offering
from bootbeam.boot.tftp_tree import MAX_PASSED_OVER_TOLD, PassedOver, TreeOffering, TreeProgram, words_of_choices
from bootbeam.errors import UserError
from bootbeam.formats.identity import Identity, Kind
from bootbeam.library.content import Content, Missing, Peer, Version
from bootbeam.library.loader_places import files_in
from bootbeam.library.open_version import OpenVersion
from bootbeam.library.settling import Stamp
from bootbeam.library.tree_programs import SUFFIXES, TreeProgramReader
from bootbeam.machine import Firmware
from bootbeam.settings.model import StationSettings

MAX_DEPTH = 6
"""Levels of directories looked into for boot programs; files deeper down are served all the same."""
MAX_CANDIDATES = 1000
"""How many files are looked into by what their names end in."""
MAX_PROGRAMS = 200
LOOK_AGAIN_S = 1.0
"""How long what was found in the tree is believed: a rack of machines asks all at once."""
MAX_TEXT_BYTES = 64 * 1024
"""Files up to this size are read at one go, so that an editor cannot change them under a transfer."""
_CONFIGURATIONS = (".cfg", ".conf", ".ipxe")


class TftpTree:
    """The tree below ``directory``. Safe to ask from several threads.

    Args:
        directory: where it lies; looked up anew each time, so it may be a link that is switched over.
        named: which program a kind of machine gets, where a person has said so.
        clock: monotonic seconds.
    """

    def __init__(
        self, directory: Path, named: dict[str, str] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._directory = directory
        self._named = {kind: str(PurePosixPath(path)).lstrip("/") for kind, path in (named or {}).items()}
        self._clock = clock
        self._reader = TreeProgramReader()
        self._looking = threading.Lock()
        self._found: tuple[float, TreeOffering] | None = None

    def check(self) -> None:
        """See that a machine can boot from it.

        Raises:
            UserError: it is no directory, cannot be read, or has nothing that any machine could begin with.
        """
        try:
            with os.scandir(self._directory):
                pass
        except NotADirectoryError:
            raise UserError(
                f"{self._directory} is a file", "--tree takes a directory", f"bootbeam serve {self._directory}"
            ) from None
        except OSError as error:
            raise UserError(
                f"the tree {self._directory} cannot be read", error.strerror or "", f"ls -ld {self._directory}"
            ) from None
        offering = self.offering()
        programs, unfit = offering.programs, offering.passed_over
        if not programs and unfit:
            raise UserError(
                f"{self._directory} has nothing that a machine could begin with",
                "; ".join(each.words for each in unfit[:MAX_PASSED_OVER_TOLD]),
                unfit[0].fix,
            )
        if not programs and not self._is_for_u_boot():
            raise UserError(
                f"{self._directory} has nothing that a machine could begin with",
                "there is no boot program in it: no pxelinux.0 or the like, no EFI program, no iPXE script, nor a "
                "pxelinux.cfg/ for boards with U-Boot",
                f"serve what lies in it as images: bootbeam serve {self._directory}",
            )
        paths = {program.path for program in programs}
        for kind, path in self._named.items():
            if path in paths:
                continue
            named = next((each for each in unfit if each.path == path), None)
            if named is not None:
                raise UserError(f"--tree-boot {kind}={path}: nothing can begin with that", named.words, named.fix)
            raise UserError(
                f"--tree-boot {kind}={path}: there is no boot program {path} in {self._directory}",
                "",
                f"look at what it is: bootbeam inspect {self._directory / path}",
            )

    def _is_for_u_boot(self) -> bool:
        """Whether there is something that a U-Boot reads by itself: a configuration as PXELINUX has it, or a script."""
        names = (("pxelinux.cfg", "*"), ("*", "pxelinux.cfg", "*"), ("boot.scr*",))
        return any(path.is_file() for parts in names for path in self._directory.glob("/".join(parts)))

    def offering(self) -> TreeOffering:
        """What machines can begin with, as the tree is now."""
        with self._looking:
            now = self._clock()
            if self._found is None or now - self._found[0] > LOOK_AGAIN_S:
                programs, unfit = self._look_into()
                offering = TreeOffering(str(self._directory), programs, self._named, unfit)
                self._found = (now, offering)
            return self._found[1]

    def on_offer(self) -> Offering:
        """What the one decision chooses from while a tree is served."""
        return Offering((), {}, tree=self.offering())

    def words(self) -> list[str]:
        """For people: what machines begin with."""
        return words_of_choices(self.offering())

    def open(self, path: str, peer: Peer) -> Content | Missing:
        """The file at ``path``, or why it is not given out."""
        try:
            root = self._directory.resolve(strict=True)
            target = (root / path).resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: links that go round
            return self._missing(path)
        if not target.is_relative_to(root):
            return Missing(f"{path} is a symbolic link out of the tree, where nothing is served: copy the file into it")
        try:
            fd = os.open(target, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            return Missing(f"{path} cannot be read: {error.strerror}")
        refusal = _refusal(fd, path, target)
        if refusal is not None:
            os.close(fd)
            return refusal
        return self._content(fd, path, target)

    def _missing(self, path: str) -> Missing:
        if is_searched(path):
            return Missing("there is no such file here", is_searched=True)
        directory, _, name = path.rpartition("/")
        if name == "default" and directory.endswith("pxelinux.cfg"):
            return Missing(f"it has looked for its configuration, and there is none: write {path} into the tree")
        if name == "grub.cfg":
            return Missing(f"GRUB looks for its configuration there: write {path} into the tree")
        if name == "ldlinux.c32":
            return Missing("pxelinux 5 and later need it beside them; on Debian it is in syslinux-common")
        return Missing("there is no such file in the tree")

    def _content(self, fd: int, path: str, target: Path) -> Content:
        status = os.fstat(fd)
        role = self._role(path)
        if status.st_size > MAX_TEXT_BYTES:
            version = OpenVersion(fd, status.st_size, Stamp.of(status), Identity(Kind.UNKNOWN, "", None), None, target)
            content = version.content(path, role, "application/octet-stream")
            version.retire()  # from now on this content alone keeps it open
            if content is None:
                raise AssertionError("a version that was just made takes readers")
            content.version = Version(status.st_size, status.st_mtime, str)
            return content
        try:
            body = os.pread(fd, MAX_TEXT_BYTES, 0)
        finally:
            os.close(fd)
        return Content(
            path, len(body), role=role, body=body, version=Version(len(body), status.st_mtime, sha256(body).hexdigest)
        )

    def _role(self, path: str) -> str:
        if path.lower().endswith(_CONFIGURATIONS) or "pxelinux.cfg/" in path:
            return "configuration"
        programs = self._found[1].programs if self._found else ()
        program = next((program for program in programs if program.path == path), None)
        if program is None or (program.firmware is Firmware.UEFI and program.family is None):
            return "image"  # a memory test, a system in one EFI program: nothing says that it loads anything more
        return "loader"

    def _look_into(self) -> tuple[tuple[TreeProgram, ...], tuple[PassedOver, ...]]:
        try:
            root = self._directory.resolve(strict=True)
        except (OSError, RuntimeError):
            return (), ()
        found = [root / path for path in self._named.values()]
        found += [path for path in files_in(root, MAX_DEPTH) if path.name.lower().endswith(SUFFIXES)]
        programs: list[TreeProgram] = []
        unfit: list[PassedOver] = []
        for path in list(dict.fromkeys(found))[:MAX_CANDIDATES]:
            if len(programs) >= MAX_PROGRAMS:
                break
            program = self._reader.read(path, root)
            if isinstance(program, TreeProgram):
                programs.append(program)
            elif program is not None and len(unfit) < MAX_PROGRAMS:
                unfit.append(program)
        return tuple(programs), tuple(unfit)


def open_tree(settings: StationSettings) -> TftpTree | None:
    """The tree that a person named; None when images are to be served.

    Raises:
        UserError: both were named, or the tree will not do.
    """
    if settings.tree is None:
        if settings.tree_boot:
            raise UserError("--tree-boot was given without --tree", "", "name the tree: bootbeam serve --tree DIR")
        return None
    other = (
        *(str(path) for path in settings.paths if path != settings.tree),
        *(f"--{name}" for name in ("cmdline", "boot", "nfs", "default") if getattr(settings, name)),
        *(("--unattended",) if settings.short_form else ()),
    )
    if other:
        raise UserError(
            f"--tree does not go together with {', '.join(other)}",
            "a tree is served as it is, with the menus that lie in it; images get bootbeam's own",
            f"put it into the tree's own menu, or leave it out: bootbeam serve --tree {settings.tree}",
        )
    tree = TftpTree(settings.tree, dict(settings.tree_boot))
    tree.check()
    return tree


def _refusal(fd: int, path: str, target: Path) -> Missing | None:
    """Why an open file is not given out; None when it is."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        return Missing(f"{path} is a directory" if stat.S_ISDIR(status.st_mode) else f"{path} is no regular file")
    if Path(f"/proc/self/fd/{fd}").readlink() != target:
        return Missing(f"{path} was moved a moment ago")  # or a directory on the way became a link out of the tree
    if os.geteuid() == 0 and not status.st_mode & stat.S_IROTH:
        # Root may read everything, and whoever asks is a stranger.
        return Missing(f"not everybody on this computer may read {path}, so nobody gets it: chmod o+r {target.name}")
    return None

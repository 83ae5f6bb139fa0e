"""The images a person named: found, looked at, loaded, and kept as entries that follow each rebuild."""

import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bootbeam.boot.decision import RunEntry
from bootbeam.boot.entry import BLOCK_METHODS, BootEntry, Method
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.ipxe import FileUrls, check_cmdline
from bootbeam.boot.name import served_name
from bootbeam.errors import ImageError, UserError
from bootbeam.formats.efi_file_names import read_file_names
from bootbeam.formats.fields import ReadAt
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import ACCEPTED_WORDS, Identity, Kind
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.answers import Answers
from bootbeam.library.content import NotReady
from bootbeam.library.entries import NamedFile, PlannedEntry, plan_entries, ways_of
from bootbeam.library.refresher import Refresher
from bootbeam.library.regular_file import insist_regular, is_directory, unreadable
from bootbeam.library.resolved_boot import NO_INITRD, READ_AS_DRIVE, ResolvedBoot
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.taking import COPY_LIMIT_BYTES
from bootbeam.library.versions import ImageFile
from bootbeam.settings.model import StationSettings

if TYPE_CHECKING:
    from bootbeam.boot.recipe import Recipe
    from bootbeam.library.iso_entry import IsoEntry

PLAIN_BYTES = "application/octet-stream"
DISK_MEDIA_TYPE = "application/vnd.efi-img"
"""UEFI HTTP boot makes a RAM disk of it, whatever its name (UEFI Specification 2.10 §24.7)."""
MAX_DIRECTORY_FILES = 10_000
ENTRIES_KEPT_S = 1.0
"""What entries depend on beside images (a person's answer files) counts after so long, a rebuilt image at once."""
_TAKE_ANSWERS = (Method.LINUX, Method.EFI_LINUX)
"""How a kernel is started that may be an installer's, when no recipe describes it."""


class ImageLibrary:
    """Everything that was named to be served. Use as a context manager.

    Args:
        settings: names the images.
        record: the journal.
        answers: to unattended installations.
    """

    def __init__(self, settings: StationSettings, record: Record, answers: Answers) -> None:
        self._answers = answers
        self._settings = settings
        self._record = record
        self._planned: list[PlannedEntry] = []
        self._planned_by_name: dict[str, PlannedEntry] = {}
        self._isos: dict[str, IsoEntry] = {}
        self._recipes: tuple[Recipe, ...] | None = None
        self._stack = ExitStack()
        self._changes = 0
        self._kept_entries: tuple[int, float, tuple[BootEntry, ...]] = (-1, 0.0, ())
        self.files: dict[str, ImageFile] = {}
        """Every file of every entry by its served name."""

    def __enter__(self) -> Self:
        """Find and load everything.

        Raises:
            UserError: a file is missing, empty, unreadable or nothing that boots; nothing was named.
        """
        try:
            check_cmdline(self._settings.cmdline)
            files = list(_named_files(self._settings.images))
            isos = [file for file in files if file.identity.kind is Kind.ISO_IMAGE]
            self._planned = _plan([file for file in files if file not in isos], self._settings)
            self._planned_by_name = {planned.name: planned for planned in self._planned}
            if not self._planned and not isos:
                raise _nothing_to_serve(self._settings)
            self._load(isos)
            self._check_default()
            self._check_answers()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def entries(self) -> tuple[BootEntry, ...]:
        """The menu as it is now: an image that was rebuilt for another firmware has other ways to start.

        The same object as before while nothing has changed: thousands of machines ask, of thousands of images.
        """
        changes, now = self._changes, time.monotonic()
        kept_changes, until, entries = self._kept_entries
        if kept_changes != changes or now >= until:
            made = self._entries()
            entries = entries if made == entries else made
            self._kept_entries = (changes, now + ENTRIES_KEPT_S, entries)
        return entries

    @property
    def changes(self) -> int:
        """Goes up whenever an image has become another one."""
        return self._changes

    def _note_change(self) -> None:
        self._changes += 1

    def _entries(self) -> tuple[BootEntry, ...]:
        planned = [self._planned_entry(planned) for planned in self._planned]
        return (*planned, *(iso.entry() for iso in self._isos.values()))

    def _planned_entry(self, planned: PlannedEntry) -> BootEntry:
        entry = planned.entry(self.files[planned.name].identity)
        takes_answers = any(way.method in _TAKE_ANSWERS for way in entry.ways)
        return replace(entry, is_unattended=takes_answers and bool(self._answers.plain_cmdline))

    @property
    def isos(self) -> "Mapping[str, IsoEntry]":
        """The ISOs by served name."""
        return self._isos

    def resolve(self, plan: RunEntry, facts: MachineFacts, base_url: str) -> ResolvedBoot | NotReady | Explanation:
        """The boot with its addresses; each file's names the version that is current now."""
        http_url = self._http_url(base_url)
        iso = self._isos.get(plan.entry.name)
        if iso is not None:
            return iso.resolve(plan, facts, base_url, http_url)
        planned = self._planned_by_name[plan.entry.name]
        plan = RunEntry(planned.started_by(plan.entry, plan.way), plan.way)
        urls = []
        for served in plan.entry.files:
            version = self.files[served.name].current_version()
            if isinstance(version, NotReady):
                return version
            if plan.way.method in BLOCK_METHODS:
                urls.append(f"{http_url}/blocks/{version}/{served.name}")  # TFTP has no pieces
            else:
                urls.append(f"{base_url}/file/{version}/{served.name}")
        if plan.entry.is_unattended:
            words = self._answers.plain_cmdline.replace("{answers}", self._answers.url(facts, http_url))
            entry = replace(plan.entry, cmdline=f"{words} {plan.entry.cmdline}".strip())
            plan = RunEntry(entry, plan.way)
        notes = (READ_AS_DRIVE,) if plan.way.method in BLOCK_METHODS else ()
        lacks_initrd = planned.lacks_initrd(self.files[planned.name].identity)
        if lacks_initrd:
            notes = (*notes, NO_INITRD)
        return ResolvedBoot(plan, FileUrls(urls[0], tuple(urls[1:])), notes, lacks_initrd=lacks_initrd)

    def _http_url(self, base_url: str) -> str:
        """For what the system fetches once it runs: by HTTP, even when its loader has TFTP alone."""
        scheme, separator, host = base_url.partition("://")
        return base_url if scheme == "http" else f"http{separator}{host}:{self._settings.http_port}"

    def _load(self, isos: Sequence[NamedFile]) -> None:
        storage = SnapshotStorage(Path(tempfile.gettempdir()))
        refresher = Refresher(self._record)
        self._stack.callback(refresher.close)
        for planned in self._planned:
            role = "image" if planned.kernel.identity.disk else "kernel"
            media_type = DISK_MEDIA_TYPE if planned.kernel.identity.disk else PLAIN_BYTES
            self._add(planned.name, planned.kernel.path, role, storage, media_type=media_type)
            for name, file in zip(planned.initrd_names, planned.initrds, strict=True):
                self._add(name, file.path, "initrd", storage)
        iso_names: set[str] = set()
        for file in isos:
            stem = file.path.name.removesuffix(".iso").removesuffix(".ISO")
            name = served_name(f"{stem}.iso", set(self.files))
            self._add(name, file.path, "image", storage, copy_limit_bytes=0)
            iso_names.add(name)
        found_by_chance = {file.path for file in isos if file.from_directory}
        left_out = None
        for image in list(self.files.values()):
            image.load(refresher)
            if image.name not in iso_names:
                continue
            try:
                self._add_iso(image, storage, refresher)
            except UserError as error:
                if image.path not in found_by_chance:
                    raise
                left_out = error
                self._leave_out(image, error)
        if left_out and not self._planned and not self._isos:
            raise left_out
        refresher.start()

    def _leave_out(self, image: ImageFile, error: UserError) -> None:
        """What cannot boot is no reason not to serve the rest of the directory it was found in."""
        image.close()
        del self.files[image.name]
        self._record(EventKind.PROBLEM, what=error.what, why=error.why, fix=error.fix)

    def _add_iso(self, image: ImageFile, storage: SnapshotStorage, refresher: Refresher) -> None:
        # Loaded here: 40 modules read ISOs and recipes, and a station without an ISO is ready 60 ms sooner.
        from bootbeam.library.iso_entry import IsoEntry, station_name
        from bootbeam.library.iso_files import IsoFiles

        files = IsoFiles(image)
        self._stack.callback(files.close)
        wishes = self._settings
        iso = IsoEntry(image.name, files, self._all_recipes(), wishes.cmdline, self._answers, wishes.boot, wishes.nfs)
        self._isos[image.name] = iso
        for path, role in iso.station_files.items():
            name = station_name(path)
            if name not in self.files:
                self._add(name, Path(path), role, storage)
                self.files[name].load(refresher)

    def _all_recipes(self) -> "tuple[Recipe, ...]":
        from bootbeam.library.recipe_files import load_recipes, recipe_directories

        if self._recipes is None:
            named = self._settings.recipe_directories
            self._recipes = load_recipes(recipe_directories(os.environ, named), named)
        return self._recipes

    def _add(
        self,
        name: str,
        path: Path,
        role: str,
        storage: SnapshotStorage,
        copy_limit_bytes: int = COPY_LIMIT_BYTES,
        media_type: str = PLAIN_BYTES,
    ) -> None:
        image = ImageFile(
            path,
            name,
            role,
            storage,
            self._record,
            unpack_gzip=role == "kernel",
            copy_limit_bytes=copy_limit_bytes,
            media_type=media_type,
            on_change=self._note_change,
        )
        self._stack.callback(image.close)
        self.files[name] = image

    def _check_answers(self) -> None:
        identities = [self.files[planned.name].identity for planned in self._planned]
        has_plain_kernel = any(
            way.method in _TAKE_ANSWERS
            for planned, identity in zip(self._planned, identities, strict=True)
            for way in planned.entry(identity).ways
        )
        takers = {iso.name: iso.answer_formats for iso in self._isos.values()}
        self._answers.check_use(takers, has_plain_kernel)

    def _check_default(self) -> None:
        names = [entry.name for entry in self.entries()]
        if self._settings.default is not None and self._settings.default not in names:
            raise UserError(
                f"there is no entry {self._settings.default!r} that could be the default",
                f"the entries are: {', '.join(names)}",
                f"name one of them: --default {names[0]}",
            )


def _plan(files: Sequence[NamedFile], settings: StationSettings) -> list[PlannedEntry]:
    if settings.kernel is None and settings.initrds:
        raise UserError("--initrd was given without --kernel", "", "name the kernel: --kernel FILE --initrd FILE")
    planned: list[PlannedEntry] = []
    if settings.kernel is not None:
        kernel = _named_file(settings.kernel)
        if not ways_of(kernel.identity):
            plan_entries([kernel], "")  # raises, with what was seen and what is accepted
        planned.append(PlannedEntry(kernel, [_named_file(path) for path in settings.initrds], settings.cmdline))
    return plan_entries(files, settings.cmdline, planned)


def _nothing_to_serve(settings: StationSettings) -> UserError:
    if settings.images:
        return UserError(
            f"nothing in {', '.join(map(str, settings.images))} can be booted",
            f"accepted are {ACCEPTED_WORDS}",
            "name the image itself: bootbeam serve IMAGE",
        )
    return UserError("no image was named", "", "name one: bootbeam serve IMAGE")


def _named_files(paths: Iterable[Path]) -> Iterable[NamedFile]:
    for path in paths:
        if is_directory(path):
            yield from _files_of_directory(path)
        else:
            yield _named_file(path)


def _files_of_directory(directory: Path) -> Iterable[NamedFile]:
    """Regular files directly inside, hidden ones left out, in the order of their names."""
    try:
        children = sorted(child for child in directory.iterdir() if not child.name.startswith("."))
    except OSError as error:
        raise unreadable(directory, error) from None
    for child in children[:MAX_DIRECTORY_FILES]:
        if not child.is_file():
            continue
        try:
            identity = identify_file(child)
            yield NamedFile(child, identity, from_directory=True, opens=_opened_by(child, identity))
        except (OSError, ImageError):
            continue


def _named_file(path: Path) -> NamedFile:
    try:
        insist_regular(path)
        identity = identify_file(path)
        return NamedFile(path, identity, opens=_opened_by(path, identity))
    except OSError as error:
        raise unreadable(path, error) from None
    except ImageError as error:
        raise UserError(
            f"{path} is broken: {error}", "its own headers contradict themselves", "build or fetch it again"
        ) from None


def identify_file(path: Path) -> Identity:
    """What the file at ``path`` is.

    Raises:
        OSError: it cannot be read.
        ImageError: its headers contradict themselves.
    """
    with _reading(path) as read_at:
        return identify(read_at, path.stat().st_size)


def _opened_by(path: Path, identity: Identity) -> frozenset[str]:
    """The names of files that a program may look for beside itself."""
    if identity.kind is not Kind.EFI_APPLICATION:
        return frozenset()
    with _reading(path) as read_at:
        return read_file_names(read_at, path.stat().st_size)


@contextmanager
def _reading(path: Path) -> Iterator[ReadAt]:
    with path.open("rb") as file:

        def read_at(offset: int, size_bytes: int) -> bytes:
            file.seek(offset)
            return file.read(size_bytes)

        yield read_at

"""The images a person named: found, looked at, loaded, and kept as entries that follow each rebuild.

A directory is followed: what is put into it while the station runs is an entry once it is complete.
"""

import os
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bootbeam.boot.decision import RunEntry
from bootbeam.boot.entry import BLOCK_METHODS, BootEntry, Method
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.ipxe import FileUrls, check_cmdline
from bootbeam.boot.name import iso_name
from bootbeam.errors import UserError
from bootbeam.formats.identity import Identity, Kind
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.answers import Answers
from bootbeam.library.arrivals import Arrivals, Change
from bootbeam.library.content import NotReady
from bootbeam.library.entries import NamedFile, PlannedEntry, keep_names, told_apart
from bootbeam.library.named_files import named_files, nothing_to_serve, plan_named
from bootbeam.library.refresher import Refresher
from bootbeam.library.regular_file import is_directory
from bootbeam.library.resolved_boot import NO_INITRD, READ_AS_DRIVE, ResolvedBoot
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.taking import COPY_LIMIT_BYTES
from bootbeam.library.versions import ImageFile
from bootbeam.library.wishes import check_wishes
from bootbeam.settings.model import StationSettings

if TYPE_CHECKING:
    from bootbeam.boot.recipe import Recipe
    from bootbeam.library.iso_entry import IsoEntry

PLAIN_BYTES = "application/octet-stream"
DISK_MEDIA_TYPE = "application/vnd.efi-img"
"""UEFI HTTP boot makes a RAM disk of it, whatever its name (UEFI Specification 2.10 §24.7)."""
ENTRIES_KEPT_S = 1.0
"""What entries depend on beside images (a person's answer files) counts after so long, a rebuilt image at once."""
LOOK_INTERVAL_S = 0.2
"""A look at a directory that is as it was is one stat."""
LOOK_SHARE = 20
"""A look into directories that takes long is taken again only after so many times as long."""
STOP_TIMEOUT_S = 5.0
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
        self._storage = SnapshotStorage(Path(tempfile.gettempdir()))
        self._refresher = Refresher(record)
        self._plain: list[NamedFile] = []
        """What was named or found and is no ISO: the entries are planned from it."""
        self._planned: list[PlannedEntry] = []
        self._planned_by_name: dict[str, PlannedEntry] = {}
        self._isos: dict[str, IsoEntry] = {}
        self._recipes: tuple[Recipe, ...] | None = None
        self._stack = ExitStack()
        self._changes = 0
        self._made_entries: dict[str, tuple[PlannedEntry, Identity, BootEntry]] = {}
        """By name: what each was made of, and as what."""
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
            directories = [path for path in self._settings.images if is_directory(path)]
            arrivals = Arrivals(directories, self._record)
            files = list(named_files(self._settings.images))
            isos = [file for file in files if file.identity.kind is Kind.ISO_IMAGE]
            self._plain = [file for file in files if file.identity.kind is not Kind.ISO_IMAGE]
            self._planned = plan_named(self._plain, self._settings)
            self._planned_by_name = {planned.name: planned for planned in self._planned}
            if not self._planned and not isos:
                raise nothing_to_serve(self._settings)
            self._load(isos)
            names = [entry.name for entry in self.entries()]
            check_wishes(self._settings, names, may_have_iso=bool(isos or directories))
            self._check_answers()
            if directories:
                self._start_following(arrivals)
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
        entries = [*planned, *(iso.entry() for iso in tuple(self._isos.values()))]
        return told_apart(entries, self._file_name)

    def _file_name(self, name: str) -> str:
        image = self.files.get(name)  # None while it is taken away
        return image.path.name if image else name

    def _planned_entry(self, planned: PlannedEntry) -> BootEntry:
        """The same object as before while the image is the same: making ten thousand takes a tenth of a second."""
        image = self.files.get(planned.name)  # None while it is taken away
        identity = image.identity if image else planned.kernel.identity
        made_of, made_as, entry = self._made_entries.get(planned.name, (None, None, None))
        if entry is not None and made_of is planned and made_as is identity:
            return entry
        entry = planned.entry(identity)
        if self._answers.plain_cmdline and any(way.method in _TAKE_ANSWERS for way in entry.ways):
            entry = replace(entry, is_unattended=True)
        self._made_entries[planned.name] = planned, identity, entry
        return entry

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
        planned = self._planned_by_name.get(plan.entry.name)
        if planned is None:
            return NotReady(f"{plan.entry.name} was taken away a moment ago")
        plan = RunEntry(planned.started_by(plan.entry, plan.way), plan.way)
        urls = []
        for served in plan.entry.files:
            image = self.files.get(served.name)
            version = image.current_version() if image else NotReady(f"{served.name} was taken away a moment ago")
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
        image = self.files.get(planned.name)
        lacks_initrd = image is not None and planned.lacks_initrd(image.identity)
        if lacks_initrd:
            notes = (*notes, NO_INITRD)
        return ResolvedBoot(plan, FileUrls(urls[0], tuple(urls[1:])), notes, lacks_initrd=lacks_initrd)

    def _http_url(self, base_url: str) -> str:
        """For what the system fetches once it runs: by HTTP, even when its loader has TFTP alone."""
        scheme, separator, host = base_url.partition("://")
        return base_url if scheme == "http" else f"http{separator}{host}:{self._settings.http_port}"

    def _load(self, isos: Sequence[NamedFile]) -> None:
        self._stack.callback(self._refresher.close)
        self._stack.callback(self._close_files)
        for planned in self._planned:
            self._add_planned(planned)
        iso_names = {self._add_iso_file(file).name for file in isos}
        found_by_chance = {file.path for file in isos if file.from_directory}
        left_out = None
        for image in list(self.files.values()):
            image.load(self._refresher)
            if image.name not in iso_names:
                continue
            try:
                self._add_iso(image)
            except UserError as error:
                if image.path not in found_by_chance:
                    raise
                left_out = error
                self._leave_out(image, error)
        if left_out and not self._planned and not self._isos:
            raise left_out
        self._refresher.start()

    def _leave_out(self, image: ImageFile, error: UserError) -> None:
        """What cannot boot is no reason not to serve the rest of the directory it was found in."""
        image.close()
        del self.files[image.name]
        self._record(EventKind.PROBLEM, what=error.what, why=error.why, fix=error.fix)

    def _close_files(self) -> None:
        for iso in self._isos.values():
            iso.files.close()
        for image in self.files.values():
            image.close()

    def _start_following(self, arrivals: Arrivals) -> None:
        stopping = threading.Event()

        def follow() -> None:
            wait_s = LOOK_INTERVAL_S
            while not stopping.wait(wait_s):
                try:
                    change = arrivals.look(lambda: {image.path for image in self.files.values()})
                    self._follow(change, arrivals)
                except Exception as error:  # a defect here must not end what is served
                    self._record(EventKind.PROBLEM, what="a directory is not followed", why=repr(error), fix="")
                    return
                wait_s = max(LOOK_INTERVAL_S, LOOK_SHARE * change.took_s)

        thread = threading.Thread(target=follow, name="directories", daemon=True)
        self._stack.callback(thread.join, STOP_TIMEOUT_S)
        self._stack.callback(stopping.set)
        thread.start()

    def _follow(self, change: Change, arrivals: Arrivals) -> None:
        """Take up what has come into the directories, and let go of what went; the last entry stays."""
        gone = change.gone.difference(self._settings.paths)  # what was named by itself is waited for
        if not change.arrived and not gone:
            return
        for file in change.arrived:
            if file.identity.kind is Kind.ISO_IMAGE:
                self._take_up_iso(file)
        is_plain_changed = any(file.path in gone for file in self._plain)
        arrived = [file for file in change.arrived if file.identity.kind is not Kind.ISO_IMAGE]
        if arrived or is_plain_changed:
            paths = {file.path for file in arrived} | gone
            self._plan_anew([*(file for file in self._plain if file.path not in paths), *arrived], arrivals)
        for name, iso in tuple(self._isos.items()):
            if iso.files.image.path in gone and len(self._isos) + len(self._planned) > 1:
                del self._isos[name]
                iso.files.close()
                self._let_go_of(name)
        self._note_change()

    def _take_up_iso(self, file: NamedFile) -> None:
        image = self._add_iso_file(file)
        try:
            image.load(self._refresher)
            self._add_iso(image)
        except UserError as error:
            self._leave_out(image, error)

    def _plan_anew(self, files: list[NamedFile], arrivals: Arrivals) -> None:
        """Entries of these files: an initrd may come after its kernel. What is served keeps its name."""
        try:
            planned = plan_named(files, self._settings)
        except UserError as error:
            self._record(EventKind.PROBLEM, what=error.what, why=error.why, fix=error.fix)
            return
        keep_names(planned, self._planned, set(self.files))
        if not planned and not self._isos:
            return
        added = [image for entry in planned for image in self._add_planned(entry)]
        try:
            for image in added:
                image.load(self._refresher)
        except UserError as error:  # it went a moment after it came
            for image in added:
                image.close()
                del self.files[image.name]
            self._record(EventKind.PROBLEM, what=error.what, why=error.why, fix=error.fix)
            arrivals.forget({file.path for file in files} - {file.path for file in self._plain})
            return
        names = {name for entry in self._planned for name in entry.names}
        self._planned_by_name = {entry.name: entry for entry in planned}
        self._plain, self._planned, self._made_entries = files, planned, {}
        for name in names.difference(*(entry.names for entry in planned)):
            self._let_go_of(name)

    def _let_go_of(self, name: str) -> None:
        self.files.pop(name).close()
        self._record(EventKind.IMAGE_GONE, file=name)

    def _add_planned(self, planned: PlannedEntry) -> list[ImageFile]:
        """Those files of it that were not served, to be loaded."""
        is_disk = planned.kernel.identity.disk is not None
        added = []
        if planned.name not in self.files:
            role, media_type = ("image", DISK_MEDIA_TYPE) if is_disk else ("kernel", PLAIN_BYTES)
            added.append(self._add(planned.name, planned.kernel, role, media_type=media_type))
        for name, file in zip(planned.initrd_names, planned.initrds, strict=True):
            if name not in self.files:
                added.append(self._add(name, file, "initrd"))
        return added

    def _add_iso_file(self, file: NamedFile) -> ImageFile:
        return self._add(iso_name(file.path.name, self.files), file, "image", copy_limit_bytes=0)

    def _add_iso(self, image: ImageFile) -> None:
        # Loaded here: 40 modules read ISOs and recipes, and a station without an ISO is ready 60 ms sooner.
        from bootbeam.library.iso_entry import IsoEntry, station_name
        from bootbeam.library.iso_files import IsoFiles

        files, wishes = IsoFiles(image), self._settings
        with ExitStack() as stack:
            stack.callback(files.close)
            recipes = self._all_recipes()
            iso = IsoEntry(image.name, files, recipes, wishes.cmdline, self._answers, wishes.boot, wishes.nfs)
            stack.pop_all()
        self._isos[image.name] = iso
        for path, role in iso.station_files.items():
            name = station_name(path)
            if name not in self.files:
                self._add(name, Path(path), role).load(self._refresher)

    def _all_recipes(self) -> "tuple[Recipe, ...]":
        from bootbeam.library.recipe_files import load_recipes, recipe_directories

        if self._recipes is None:
            named = self._settings.recipe_directories
            self._recipes = load_recipes(recipe_directories(os.environ, named), named)
        return self._recipes

    def _add(
        self,
        name: str,
        file: NamedFile | Path,
        role: str,
        copy_limit_bytes: int = COPY_LIMIT_BYTES,
        media_type: str = PLAIN_BYTES,
    ) -> ImageFile:
        path, seen = (file, None) if isinstance(file, Path) else (file.path, file.seen)
        image = ImageFile(
            path,
            name,
            role,
            self._storage,
            self._record,
            unpack_gzip=role == "kernel",
            copy_limit_bytes=copy_limit_bytes,
            media_type=media_type,
            on_change=self._note_change,
            seen=seen,
        )
        self.files[name] = image
        return image

    def _check_answers(self) -> None:
        has_plain_kernel = any(
            way.method in _TAKE_ANSWERS
            for entry in self.entries()
            if entry.name in self._planned_by_name
            for way in entry.ways
        )
        takers = {iso.name: iso.answer_formats for iso in self._isos.values()}
        self._answers.check_use(takers, has_plain_kernel)

"""Answers to unattended installations: a person's own file or the short form, made for each machine as it asks.

    answers/MAC/FILE      FILE is what the installer asks for: user-data, preseed.cfg, ks.cfg ...

A person's file is read anew each time, so that an edit counts from the next machine on; it was checked when the
station started. What reports progress is added to it unless that is switched off.
"""

import os
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from bootbeam.boot.facts import MachineFacts as BootFacts
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import DecodeError, UserError
from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.finding import Finding, Severity
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, Missing, Peer
from bootbeam.library.regular_file import insist_regular, is_file, unreadable
from bootbeam.settings.model import StationSettings

if TYPE_CHECKING:
    from bootbeam.install.answers import AnswerKind
    from bootbeam.install.short_form import ShortForm

MAX_ANSWERS_BYTES = 1 << 20
MAX_KNOWN_MACHINES = 10_000
AUTO = "auto"
SHORT_FORM_NAME = "unattended.toml"
ANY_MACHINE = "any"
"""In the place of a MAC that is not known."""
SALT_CHARACTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SIBLINGS = ("meta-data", "vendor-data", "network-config")
"""Beside user-data, for cloud-init; each may lie beside the person's own."""

_EXAMPLE_MACHINE = MachineFacts(
    "52:54:00:00:00:01", "00000000-0000-4000-8000-525400000001", serial="X1", hostname="pc", ip="192.0.2.1"
)
_MAC = re.compile(r"[0-9a-f]{2}(-[0-9a-f]{2}){5}")

_OPTIONS = {UnattendedFormat.PROXMOX: "--answer"}
"""Where the option's word is not the format's."""


@cache
def _kinds() -> "dict[UnattendedFormat, AnswerKind]":
    """What each format's own module offers. Imported when there are answers: parsers take a tenth of a second."""
    from bootbeam.install.answers import KINDS

    return {UnattendedFormat(format): kind for format, kind in KINDS.items()}


PLAIN_CMDLINES = {
    UnattendedFormat.AUTOINSTALL: "autoinstall ds=nocloud-net;s={answers}",
    UnattendedFormat.PRESEED: "auto=true priority=critical netcfg/get_nameservers= url={answers}preseed.cfg",
    UnattendedFormat.KICKSTART: "inst.ks={answers}ks.cfg",
    UnattendedFormat.AUTOYAST: "autoyast={answers}autoinst.xml",
    UnattendedFormat.IGNITION: (
        "ignition.firstboot ignition.platform.id=metal ignition.config.url={answers}config.ign"
    ),
}
"""For a kernel and initrd that no recipe describes; ``{answers}`` is the address of the answers."""


NO_MACHINE_NAMED = (
    "no machine was named that may be installed",
    "any that boots gets a menu whose default is its own disk; somebody sitting there has to choose the installation",
    "name it: --mac 52:54:00:12:34:56; or, where every machine may be wiped: --yes-to-any-machine",
)
"""What, why and fix, for whoever expects an installation to begin by itself."""


class Answers:
    """Hands out answers.

    Args:
        files: a person's own file for each format they gave one for.
        short_form: the short form's file; None without one.
        reports: whether installers report back.
        record: the journal.

    Raises:
        UserError: a file cannot be read, or has a mistake that would stop the installation.
    """

    def __init__(
        self, files: Mapping[UnattendedFormat, Path], short_form: Path | None, reports: bool, record: Record
    ) -> None:
        self._files = dict(files)
        self._reports = reports
        self._record = record
        self._known: OrderedDict[str, BootFacts] = OrderedDict()
        self._lock = threading.Lock()
        self._short_form = _read_short_form(short_form) if short_form else None
        self.warnings = [warning for format, path in files.items() for warning in _check(format, path)]
        """What may be meant so, for a person to look at: one line each."""

    @property
    def is_given(self) -> bool:
        """Whether anything installs unattended at all."""
        return bool(self._files) or self._short_form is not None

    def has(self, format: UnattendedFormat) -> bool:
        """Whether answers in this format can be given."""
        return format in self._files or (self._short_form is not None and format in _kinds())

    @property
    def plain_cmdline(self) -> str:
        """Words for a kernel and initrd that no recipe describes: by the only format a person gave a file for."""
        return PLAIN_CMDLINES.get(next(iter(self._files)), "") if len(self._files) == 1 else ""

    def format_among(self, formats: Iterable[UnattendedFormat]) -> UnattendedFormat | None:
        """Of these formats, one that answers can be given in: a person's own file before the short form."""
        wanted = list(formats)
        own = [format for format in wanted if format in self._files]
        return next(iter([*own, *(format for format in wanted if self.has(format))]), None)

    def check_use(self, takers: Mapping[str, Collection[UnattendedFormat]], has_plain_kernel: bool) -> None:
        """See that what was given is of use, and that the short form can be made into what is taken.

        Args:
            takers: the formats each entry takes, by its name.
            has_plain_kernel: whether there is a kernel that no recipe describes; it takes what was given alone.

        Raises:
            UserError: answers that nothing takes, or a short form that does not fit.
        """
        takes_plain = has_plain_kernel and self.plain_cmdline != ""
        taken = {format for formats in takers.values() for format in formats}
        useless = [format.value for format in self._files if format not in taken and not takes_plain]
        if self._short_form is not None and not any(format in taken for format in _kinds()):
            useless.append("short form")
        if useless:
            raise _nothing_takes(useless, takers)
        for formats in takers.values():
            format = self.format_among(formats)
            if format is not None and format not in self._files and self._short_form is not None:
                _kinds()[format].render(self._short_form, _EXAMPLE_MACHINE, StationFacts())

    def url(self, facts: BootFacts, base_url: str) -> str:
        """The address of a machine's answers, ending in ``/``."""
        if facts.mac:
            with self._lock:
                self._known[facts.mac] = facts
                self._known.move_to_end(facts.mac)
                while len(self._known) > MAX_KNOWN_MACHINES:
                    self._known.popitem(last=False)
        return f"{base_url}/answers/{facts.mac.replace(':', '-') if facts.mac else ANY_MACHINE}/"

    def open(self, who: str, file: str, peer: Peer, base_url: str) -> Content | Missing:
        """One file of the answers for the machine ``who`` (a MAC with hyphens, or ``any``).

        Args:
            who: whose answers.
            file: what its installer calls them.
            peer: who asks.
            base_url: where this client reaches us by HTTP, without a slash at the end.
        """
        format = next(
            (format for format, kind in _kinds().items() if file == kind.file_name and self.has(format)), None
        )
        if format is None and file in SIBLINGS and self.has(UnattendedFormat.AUTOINSTALL):
            format = UnattendedFormat.AUTOINSTALL
        who = who.lower()
        if format is None or not (who == ANY_MACHINE or _MAC.fullmatch(who)):
            return Missing("there are no such answers here")
        try:
            machine = self._machine(who, peer)
            text = self._text(format, file, machine, StationFacts(self._report_url(who, base_url)))
        except UserError as error:
            self._record(
                EventKind.PROBLEM,
                mac=who.replace("-", ":") if who != ANY_MACHINE else None,
                address=peer.address,
                what=error.what,
                why=error.why,
                fix=error.fix,
            )
            return Missing("the answers cannot be made for this machine; the station's log says why")
        if file == _kinds()[format].file_name:
            self._record(EventKind.ANSWERS_FETCHED, address=peer.address, mac=machine.mac, file=file, format=format)
        body = text.encode("utf-8")
        return Content(f"answers/{who}/{file}", len(body), "text/plain; charset=utf-8", role="script", body=body)

    def _text(self, format: UnattendedFormat, file: str, machine: MachineFacts, station: StationFacts) -> str:
        path = self._files.get(format)
        if path is None:
            assert self._short_form is not None, "has() said so"
            return _kinds()[format].render(self._short_form, machine, station)[file]
        if file in SIBLINGS:
            beside = _beside(path, file)
            if beside is not None:
                return _filled(_read(beside), machine, beside)
            return _meta_data(machine) if file == "meta-data" else ""
        return _kinds()[format].report(_filled(_read(path), machine, path), station.report_url)

    def _machine(self, who: str, peer: Peer) -> MachineFacts:
        mac = who.replace("-", ":") if who != ANY_MACHINE else None
        with self._lock:
            known = self._known.get(mac or "")
        machine = _told(MachineFacts(mac), "ip", peer.address)
        if known:
            for name, value in (("uuid", known.uuid), ("serial", known.serial), ("hostname", known.hostname)):
                machine = _told(machine, name, value)
        return machine

    def _report_url(self, who: str, base_url: str) -> str:
        return f"{base_url}/report/{who}/" if self._reports and who != ANY_MACHINE else ""


def open_answers(settings: StationSettings, record: Record) -> Answers:
    """The answers that a person chose.

    Raises:
        UserError: a file of them is not there, cannot be read, or has a mistake that would stop the installation.
    """
    files = {UnattendedFormat(format): path for format, path in settings.answers}
    short_form = settings.short_form
    if short_form is not None:
        from bootbeam.library.recipe_files import recipe_directories

        # The recipes' own places without the last step: what people configure lies together.
        directories = [directory.parent for directory in reversed(recipe_directories(os.environ))]
        short_form = short_form_file(short_form, directories)
    return Answers(files, short_form, settings.reports, record)


def short_form_file(named: Path, configuration_directories: Iterable[Path]) -> Path:
    """The short form's file: the one named, or for ``auto`` the first ``unattended.toml`` where people keep theirs.

    Raises:
        UserError: there is none; says what to write, and where.
    """
    if str(named) != AUTO:
        return named
    places = [directory / SHORT_FORM_NAME for directory in configuration_directories]
    found = next((place for place in places if is_file(place)), None)
    if found is None:
        raise UserError(
            f"--unattended auto found no {SHORT_FORM_NAME}",
            f"looked for {' and '.join(map(str, places))}",
            f'write two lines into {places[0]}:\nuser = "ann"\npassword = "secret"',
        )
    return found


def _nothing_takes(useless: Iterable[str], takers: Mapping[str, Collection[UnattendedFormat]]) -> UserError:
    options = {
        name: " or ".join(_OPTIONS.get(format, f"--{format}") for format in formats if format in _kinds())
        for name, formats in takers.items()
    }
    why = "; ".join(f"{name} takes {option or 'no answers'}" for name, option in options.items())
    known = next((option for option in options.values() if option), "")
    return UserError(
        f"nothing that is served here takes these answers: {', '.join(useless)}",
        why or "a kernel that no recipe describes takes the answers of one format, which has to be named",
        f"give those that are taken: {known} FILE"
        if known
        else "name the installer's own: --preseed FILE, for example",
    )


def _check(format: UnattendedFormat, path: Path) -> list[str]:
    warnings = _check_file(path, _kinds()[format].check)
    if format is UnattendedFormat.AUTOINSTALL:
        from bootbeam.install.answers import SEED_CHECKS

        for file, check in SEED_CHECKS.items():
            beside = _beside(path, file)
            if beside is not None:
                warnings += _check_file(beside, check)
    return warnings


def _beside(user_data: Path, file: str) -> Path | None:
    """A person's own ``file`` that lies beside their user-data, or the template of it."""
    if not user_data.name.startswith("user-data"):
        return None
    places = (user_data.parent / name for name in (file, f"{file}.j2"))
    return next((place for place in places if is_file(place)), None)


def _check_file(path: Path, check: Callable[[str], list[Finding]]) -> list[str]:
    # Checked as one machine would get it: what a template leaves open shows only then.
    findings = check(_filled(_read(path), _EXAMPLE_MACHINE, path))
    problems = [finding for finding in findings if finding.severity is Severity.PROBLEM]
    if problems:
        first, more = problems[0], len(problems) - 1
        others = f" (and {more} more)" if more else ""
        where = f"{path}, {first.where}" if first.where else str(path)
        raise UserError(f"{where}: {first.what}{others}", first.why, first.fix)
    return [f"{path}: {finding}" for finding in findings]


def _told(machine: MachineFacts, name: str, value: str | None) -> MachineFacts:
    """The machine with this fact of itself; one that cannot stand in a file counts as not told."""
    changes: dict[str, Any] = {name: value}
    try:
        return replace(machine, **changes)
    except DecodeError:
        return machine


def _filled(text: str, machine: MachineFacts, path: Path) -> str:
    """A template for one machine; any other file as it is."""
    from bootbeam.install.template import is_template, render_template

    return render_template(text, machine, path.name) if is_template(path.name) else text


def _meta_data(machine: MachineFacts) -> str:
    from bootbeam.install.autoinstall import render_meta_data

    return render_meta_data(machine, machine.hostname or "")


def _read_short_form(path: Path) -> "ShortForm":
    from bootbeam.install.short_form import parse_short_form

    return parse_short_form(_read(path), "".join(secrets.choice(SALT_CHARACTERS) for _ in range(16)))


def _read(path: Path) -> str:
    try:
        insist_regular(path)
        with path.open("rb") as file:
            data = file.read(MAX_ANSWERS_BYTES + 1)
        if len(data) > MAX_ANSWERS_BYTES:
            raise UserError(
                f"{path} is too large for answers to an installation",
                f"more than {MAX_ANSWERS_BYTES} bytes",
                f"see what it is: ls -l {quote(str(path))}",
            )
        return data.decode("utf-8")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise UserError(
            f"{path} is not UTF-8 text", "answers are text files", f"look at it: file {quote(str(path))}"
        ) from None

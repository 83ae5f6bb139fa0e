"""Kernel command lines as recipes write them: text with ``{placeholders}`` for what only the station knows.

The rules are the clients' own. live-boot and casper look at what follows the last dot of an address, archiso hands it
to a shell, cloud-init and archiso put a file's name right behind it: so an address ends in its extension or in ``/``,
has no query string, and none of ``& ; $``. casper's ``wget`` comes before name resolution: the host is an address.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from urllib.parse import quote

from bootbeam.boot.ipxe import check_cmdline
from bootbeam.errors import UserError

ADDRESSES: dict[str, str] = {
    "station": "this station: `http://192.168.1.50:8080`, without a slash at the end",
    "iso": "the whole image; ends in `.iso`",
    "tree": "the image's files, each one at its path; ends in `/`",
    "tree_host": "address and port of `{tree}`, for installers that want it in parts",
    "tree_path": "the path of `{tree}`, without slashes at its ends",
    "answers": "the answers to an unattended installation; ends in `/`",
    "rewritten": "files of the image that the station changes for a network boot; ends in `/`",
    "nfs": "the image's files exported by an NFS server, as `192.168.1.50:/srv/iso`",
}
"""Placeholders for addresses. A command line that needs one which is not there cannot be written."""
MACHINE_FACTS: dict[str, str] = {
    "mac": "`52:54:00:12:34:56`",
    "mac_hyphens": "`52-54-00-12-34-56`",
    "uuid": "the machine's SMBIOS UUID",
    "serial": "its serial number",
    "hostname": "its host name",
}
"""Placeholders for what is known of the machine. A word that needs one which is not known is left out."""
WORDS: dict[str, str] = {
    "unattended": "the words that start an unattended installation, nothing without one",
    "extra": "the words given with `--cmdline`",
}
"""Placeholders for words. Where neither the command line nor a module's says them, they come at its end."""
STATION_NAMES = frozenset(ADDRESSES) | frozenset(MACHINE_FACTS) | frozenset(WORDS)

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_URL = re.compile(r"http://(\[[0-9A-Fa-f:.]+\]|[0-9.]+)(:\d{1,5})?((?:/[A-Za-z0-9._~%+=@,:-]*)*)")
_NFS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+):(/[A-Za-z0-9._~+=@-]*)+")
_FACT = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_UNSAFE_IN_ADDRESS = frozenset("?&;$#\"'")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name that stands for text."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """A command line with placeholders. Made by ``parse_template``."""

    pieces: tuple[str | Placeholder, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every placeholder in it."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, Placeholder))

    def bound(self, values: Mapping[str, str]) -> "Template":
        """The same with these placeholders filled in; they came from an image, so they are percent-encoded."""
        return Template(
            tuple(
                quote(values[piece.name], safe="/+,:=@")
                if isinstance(piece, Placeholder) and piece.name in values
                else piece
                for piece in self.pieces
            )
        )

    def words(self) -> list[tuple[str | Placeholder, ...]]:
        """Its words: what white space separates. A placeholder never holds white space, those of words excepted."""
        words: list[list[str | Placeholder]] = [[]]
        for piece in self.pieces:
            if isinstance(piece, Placeholder):
                words[-1].append(piece)
                continue
            for part in re.split(r"(\s+)", piece):
                if part.isspace():
                    words.append([])
                elif part:
                    words[-1].append(part)
        return [tuple(word) for word in words if word]


@dataclass(frozen=True, slots=True)
class BootValues:
    """What the station fills in for one boot of one machine.

    Raises ``UserError`` when an address is not one that every client can use.
    """

    station: str
    iso: str
    tree: str
    answers: str | None = None
    rewritten: str | None = None
    nfs: str | None = None
    mac: str | None = None
    """Lower-case hex with colons."""
    uuid: str | None = None
    serial: str | None = None
    hostname: str | None = None

    def __post_init__(self) -> None:
        _check_address("station", self.station, "")
        _check_address("iso", self.iso, ".iso")
        _check_address("tree", self.tree, "/")
        for name in ("answers", "rewritten"):
            value = getattr(self, name)
            if value is not None:
                _check_address(name, value, "/")
        if self.nfs is not None and not _NFS.fullmatch(self.nfs):
            raise UserError(f"{self.nfs!r} is no NFS export", "it is written ADDRESS:/PATH", "--nfs 192.168.1.50:/srv")

    def value(self, name: str) -> str | None:
        """Of one placeholder; None when it is not known. A machine's fact unfit for a command line is not known."""
        if name in ("tree_host", "tree_path"):
            host, _, path = self.tree.removeprefix("http://").partition("/")
            return host if name == "tree_host" else path.strip("/")
        if name == "mac_hyphens":
            mac = self.value("mac")
            return mac.replace(":", "-") if mac else None
        value = getattr(self, name)
        if value is not None and name in MACHINE_FACTS and not _FACT.fullmatch(value):
            return None
        return str(value) if value is not None else None


NO_WORDS = Template(())
"""The empty command line."""


def parse_template(text: str, known: frozenset[str] = frozenset()) -> Template:
    """The template that ``text`` is. ``{{`` and ``}}`` are braces.

    Args:
        text: a command line.
        known: the placeholders it may have beside the station's own.

    Raises:
        ValueError: a placeholder that does not exist, or words that fail on the clients.
    """
    pieces: list[str | Placeholder] = []
    at = 0
    for match in _PIECE.finditer(text):
        pieces.append(text[at : match.start()])
        at = match.end()
        name = match.group(1)
        if match.group(0) in ("{{", "}}"):
            pieces.append(match.group(0)[0])
        elif name is None:
            raise ValueError("a single brace; write {{ or }} for the character itself")
        else:
            pieces.append(Placeholder(_checked_name(name, known)))
    pieces.append(text[at:])
    template = Template(tuple(piece for piece in pieces if piece != ""))
    _check_words(template)
    return template


def render(
    template: Template,
    values: BootValues,
    unattended: Template | None = None,
    extra: str = "",
    at_end: frozenset[str] = frozenset(),
) -> str:
    """The command line for one boot of one machine.

    Args:
        template: bound to the image's own names.
        values: the station's.
        unattended: the words that start an unattended installation.
        extra: what a person adds.
        at_end: of the placeholders for words, those that come at the end when the template does not say them.

    Raises:
        UserError: an address is needed that the station does not have, or ``extra`` is nothing iPXE can carry.
    """
    check_cmdline(extra)
    added = {"unattended": _render_words(unattended, values, {}) if unattended else [], "extra": extra.split()}
    words = _render_words(template, values, added)
    for name in WORDS:
        if name in at_end and name not in template.names:
            words += added[name]
    return " ".join(words)


def _render_words(template: Template, values: BootValues, added: Mapping[str, list[str]]) -> list[str]:
    rendered: list[str] = []
    for word in template.words():
        only = word[0] if len(word) == 1 else ""
        if isinstance(only, Placeholder) and only.name in WORDS:
            rendered += added.get(only.name, [])
            continue
        parts = [_filled(piece, values) for piece in word]
        if None not in parts:
            rendered.append("".join(part for part in parts if part is not None))
    return rendered


def _filled(piece: str | Placeholder, values: BootValues) -> str | None:
    if isinstance(piece, str):
        return piece
    value = values.value(piece.name) if piece.name in STATION_NAMES else None
    if value is None and piece.name not in MACHINE_FACTS:
        raise UserError(
            f"this boot needs {{{piece.name}}}: {ADDRESSES.get(piece.name, 'a fact of the image that was not found')}",
            "the station does not have it",
            "choose another way to boot this image: bootbeam inspect IMAGE",
        )
    return value


def _checked_name(name: str, known: frozenset[str]) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{{{name}}} is no placeholder; names are lower-case letters, digits and _")
    if name not in known | STATION_NAMES:
        near = get_close_matches(name, known | STATION_NAMES, 1)
        raise ValueError(f"there is no placeholder {{{name}}}" + (f"; did you mean {{{near[0]}}}?" if near else ""))
    return name


def _check_words(template: Template) -> None:
    """What would fail only when a machine boots."""
    plain = " ".join("".join(piece if isinstance(piece, str) else "x" for piece in word) for word in template.words())
    try:
        check_cmdline(plain)
    except UserError as error:
        raise ValueError(str(error)) from None
    for piece, following in pairwise((*template.pieces, "")):
        text = piece if isinstance(piece, str) else ""
        if "${" in text or (text.endswith("$") and (isinstance(following, Placeholder) or following.startswith("{"))):
            raise ValueError("${...} is iPXE's own; write the station's placeholder without the $")
    for word in template.words():
        first = word[0]
        if isinstance(first, str) and first.startswith("initrd="):
            raise ValueError("the station writes initrd= itself, one for each initrd; leave it out")
        for piece, following in pairwise((*word, "")):
            if isinstance(piece, Placeholder):
                _check_following(piece.name, following if isinstance(following, str) else "{", len(word))


def _check_following(name: str, following: str, pieces: int) -> None:
    """What may stand right behind a placeholder."""
    if name in WORDS and pieces > 1:
        raise ValueError(f"{{{name}}} stands for whole words; put spaces around it")
    if name in ("iso", "tree", "answers", "rewritten") and set(following) & _UNSAFE_IN_ADDRESS:
        raise ValueError(
            f"{{{name}}} is followed by {following!r}: clients look at what comes last in an address, and some hand it "
            "to a shell; put tokens in its path"
        )
    if name == "iso" and following:
        raise ValueError(f"{{iso}} is followed by {following!r}: clients take an image only when its address ends so")
    if name in ("tree", "answers", "rewritten") and following.startswith("/"):
        raise ValueError(f"{{{name}}} ends in / already")


def _check_address(name: str, value: str, ending: str) -> None:
    match = _URL.fullmatch(value)
    if match is None or not _is_address(match.group(1).strip("[]")) or not value.endswith(ending):
        raise UserError(
            f"{value!r} cannot be the address {{{name}}} of a boot",
            f"clients need plain http://ADDRESS:PORT/PATH{f' ending in {ending}' if ending else ''}, without a query "
            "string or characters a shell would act on",
            "serve the image under another name: letters, digits, dots and hyphens",
        )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

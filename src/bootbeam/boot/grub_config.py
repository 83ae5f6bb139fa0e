"""Reads GRUB configuration files of other people's images: which kernels with which initrds they start.

Not an interpreter: conditions are ignored, both sides of an ``if`` are looked at, and a variable has the value it was
given last. Source: GRUB manual, "Writing full configuration files directly". Never raises; what is not understood is
left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TEXT_CHARACTERS = 256 << 10
MAX_ENTRIES = 100
MAX_WORDS = 2000
"""Of one command."""
MAX_VALUE_CHARACTERS = 4096
MAX_VARIABLES = 200

_KERNELS = frozenset({"linux", "linux16", "linuxefi", "$linux", "multiboot", "multiboot2", "kernel"})
_INITRDS = frozenset({"initrd", "initrd16", "initrdefi", "$initrd", "module", "module2"})
_INCLUDES = frozenset({"source", "configfile", "."})
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_?][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_DEVICE = re.compile(r"^\([^()]*\)")
_TOKEN = re.compile(
    r"""
      (?P<single>'[^']*'?)
    | (?P<double>"(?:\\.|[^"\\])*"?)
    | (?P<continued>\\\r?\n)
    | (?P<escaped>\\.?)
    | (?P<comment>\#[^\n]*)
    | (?P<variable>\$\{[^{}\n]*\})
    | (?P<space>[^\S\n]+)
    | (?P<end>[\n;{}])
    | (?P<plain>[^\s'"\\;{}$\#]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DOLLAR = "\ue000"
"""Stands for a ``$`` that begins no variable."""
_PREFIXES = frozenset({"then", "else", "do", "if", "elif", "while", "until", "!"})


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One thing a boot menu starts."""

    title: str
    kernel: str
    """Its path in the image, without a leading slash."""
    initrds: tuple[str, ...]
    """initrds of a kernel, modules of a Multiboot image."""
    cmdline: str
    is_default: bool = False
    is_multiboot: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """What one configuration file says."""

    entries: tuple[MenuEntry, ...]
    includes: tuple[str, ...]
    """Paths of the files it reads further."""


def parse_grub_config(text: str) -> Menu:
    """The kernels that a ``grub.cfg`` starts. Never raises."""
    reader = _Reader()
    for words in _commands(text[:MAX_TEXT_CHARACTERS]):
        reader.command(words)
        if len(reader.entries) >= MAX_ENTRIES:
            break
    reader.close()
    return Menu(tuple(reader.entries[:MAX_ENTRIES]), tuple(dict.fromkeys(reader.includes))[:MAX_ENTRIES])


class _Reader:
    def __init__(self) -> None:
        self.entries: list[MenuEntry] = []
        self.includes: list[str] = []
        self._variables: dict[str, str] = {}
        self._title = ""
        self._kernel, self._cmdline, self._is_multiboot = "", "", False
        self._initrds: list[str] = []

    def command(self, words: list[str]) -> None:
        """One command, its words unquoted."""
        while len(words) > 1 and words[0] in _PREFIXES:
            words = words[1:]
        name = self._expanded(words[0]) or words[0]
        if name in ("menuentry", "submenu"):
            self.close()
            self._title = self._expanded(words[1]) if len(words) > 1 else ""
        elif name == "set" and len(words) > 1:
            self._set(words[1])
        elif name in _KERNELS and len(words) > 1:
            self.close()
            rest = [self._expanded(word) for word in words[2:]]
            self._kernel = _image_path(self._expanded(words[1]))
            self._cmdline = " ".join(word for word in rest if word)
            self._is_multiboot = name.startswith("multiboot")
        elif name in _INITRDS:
            # A module's further words are its arguments.
            paths = words[1:2] if name.startswith("module") else words[1:]
            self._initrds += [_image_path(self._expanded(word)) for word in paths if not word.startswith("--")]
        elif name in _INCLUDES and len(words) > 1:
            self.includes += filter(None, [_image_path(self._expanded(words[-1]))])
        elif "=" in name and len(words) == 1:
            self._set(name)

    def close(self) -> None:
        """What was read so far becomes an entry."""
        if self._kernel:
            initrds = tuple(path for path in self._initrds if path)
            self.entries.append(
                MenuEntry(self._title, self._kernel, initrds, self._cmdline, is_multiboot=self._is_multiboot)
            )
        self._kernel, self._initrds = "", []

    def _set(self, assignment: str) -> None:
        name, equals, value = assignment.partition("=")
        if equals and (name in self._variables or len(self._variables) < MAX_VARIABLES):
            self._variables[name] = self._expanded(value)

    def _expanded(self, word: str) -> str:
        def value(match: re.Match[str]) -> str:
            return self._variables.get(match.group(1) or match.group(2), "")

        expanded = _VARIABLE.sub(value, word[:MAX_VALUE_CHARACTERS])[:MAX_VALUE_CHARACTERS]
        return expanded.replace(_DOLLAR, "$")


def _image_path(word: str) -> str:
    """A path as GRUB writes it, without its device: ``(loop)/casper/vmlinuz``."""
    return _DEVICE.sub("", word).lstrip("/")


def _commands(text: str) -> Iterator[list[str]]:
    """The commands of a script as words without their quotes; braces, semicolons and line ends part them."""
    words: list[str] = []
    word: list[str] | None = None
    at = 0
    while match := _TOKEN.match(text, at):
        at = match.end()
        kind, token = match.lastgroup, match.group()
        if kind == "comment" and word is not None:
            at = match.start() + 1
            word.append("#")
        elif kind in ("space", "end", "comment"):
            if word is not None and len(words) < MAX_WORDS:
                words.append("".join(word))
            word = None
            if kind == "end" and words:
                yield words
                words = []
        elif kind != "continued":
            word = word if word is not None else []
            word.append(_plain(kind, token))
    if word is not None:
        words.append("".join(word))
    if words:
        yield words


def _plain(kind: str | None, token: str) -> str:
    """What a token stands for."""
    if kind == "single":
        return token.strip("'").replace("$", _DOLLAR)
    if kind == "double":
        inner = token.removeprefix('"').removesuffix('"').replace("\\$", _DOLLAR)
        return re.sub(r'\\(["\\])', r"\1", inner)
    return token[1:].replace("$", _DOLLAR) if kind == "escaped" else token

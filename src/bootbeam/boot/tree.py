"""The files of an image as a recipe sees them, and the patterns by which a recipe names them.

A pattern is a path whose steps may hold ``*``, ``?`` and ``{name}``. ``{name}`` stands for letters, digits and
``._+~-`` and is remembered: the next pattern that says ``{name}`` means the same text. Alternatives stand
between ``|``, the best first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_NAMES_LOOKED_AT = 5000
"""Of one directory, by one pattern."""
MAX_FOUND = 64
"""Paths that one pattern may find."""

_WILD = re.compile(r"[*?]|\{([a-z][a-z0-9_]*)\}")
_CAPTURED = r"[A-Za-z0-9._+~-]+?"


class TreeEntry(Protocol):
    """A file or directory of an image."""

    @property
    def size_bytes(self) -> int:
        """Of a file's contents."""

    @property
    def is_directory(self) -> bool:
        """Whether it holds others."""


class Tree(Protocol):
    """The files of one image. Paths are ``/``-separated without a leading slash; "" is the root.

    A step of a path is looked for as written first, then whatever its letters' case. Every method may raise
    ``ImageError``, when what it has to read is broken.
    """

    @property
    def volume_id(self) -> str:
        """The name on the medium's label, "" when it has none."""

    @property
    def size_bytes(self) -> int:
        """Of the whole image."""

    def find(self, path: str) -> TreeEntry | None:
        """What is at ``path``."""

    def list(self, path: str) -> Sequence[str]:
        """The names a directory holds; none when there is no such directory."""

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """The first bytes of a file; None when there is no such file."""


@dataclass(frozen=True, slots=True)
class Found:
    """A path that a pattern found."""

    path: str
    is_directory: bool
    size_bytes: int
    captures: Mapping[str, str]
    """What each ``{name}`` stood for, those known before included."""


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A path with wildcards and alternatives. Made by ``parse_pattern``."""

    text: str
    alternatives: tuple[tuple[str, ...], ...]
    """Each one a path in steps."""

    @property
    def names(self) -> frozenset[str]:
        """Every ``{name}`` in it."""
        return frozenset(name for name in _WILD.findall(self.text) if name)

    def find_all(self, tree: Tree, known: Mapping[str, str]) -> Iterator[Found]:
        """What there is, best alternative first, then the newest: the highest number in the name.

        Raises:
            ImageError: the image cannot be read.
        """
        found = 0
        for steps in self.alternatives:
            for one in _walk(tree, "", steps, dict(known)):
                yield one
                found += 1
                if found >= MAX_FOUND:
                    return

    def fits(self, path: str, alternative: tuple[str, ...]) -> bool:
        """Whether ``path`` is one that this alternative may find."""
        steps = path.split("/")
        return len(steps) == len(alternative) and all(
            _expression(step).fullmatch(name) for step, name in zip(alternative, steps, strict=True)
        )

    def find(self, tree: Tree, known: Mapping[str, str] | None = None) -> Found | None:
        """The best of what there is."""
        return next(self.find_all(tree, known or {}), None)


def parse_pattern(text: str) -> PathPattern:
    """The pattern that ``text`` is.

    Raises:
        ValueError: it is empty, leaves the image, or has a brace that is no ``{name}``.
    """
    alternatives = []
    for alternative in text.split("|"):
        steps = tuple(step for step in alternative.strip().split("/") if step not in ("", "."))
        if not steps:
            raise ValueError("an empty path")
        if ".." in steps:
            raise ValueError("'..' would leave the image")
        if any(set(_WILD.sub("", step)) & set("{}") for step in steps):
            raise ValueError("a brace that is no {name}; names are lower-case letters, digits and _")
        alternatives.append(steps)
    return PathPattern(text, tuple(alternatives))


def _walk(tree: Tree, above: str, steps: tuple[str, ...], known: dict[str, str]) -> Iterator[Found]:
    """Every way down ``steps`` from the directory ``above``."""
    step = _WILD.sub(lambda match: known.get(match.group(1) or "", match.group(0)), steps[0])
    for name, captures in _names(tree, above, step, known):
        path = f"{above}/{name}" if above else name
        entry = tree.find(path)
        if entry is None:
            continue
        if len(steps) == 1:
            yield Found(path, entry.is_directory, entry.size_bytes, captures)
        elif entry.is_directory:
            yield from _walk(tree, path, steps[1:], captures)


def _names(tree: Tree, above: str, step: str, known: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    if not _WILD.search(step):
        yield step, known
        return
    expression = _expression(step)
    for name in sorted(tree.list(above)[:MAX_NAMES_LOOKED_AT], key=_age, reverse=True):
        match = expression.fullmatch(name)
        if match:
            yield name, known | match.groupdict()


def _age(name: str) -> list[tuple[str, int]]:
    """Sorts ``vmlinuz-6.9.1`` before ``vmlinuz-6.12.3``."""
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D*)(\d{0,18})", name.lower())]


def _expression(step: str) -> re.Pattern[str]:
    parts, at, seen = list[str](), 0, set[str]()
    for wild in _WILD.finditer(step):
        parts.append(re.escape(step[at : wild.start()]))
        name = wild.group(1)
        if name is None:
            parts.append("[^/]*" if wild.group(0) == "*" else "[^/]")
        elif name in seen:
            parts.append(f"(?P={name})")
        else:
            parts.append(f"(?P<{name}>{_CAPTURED})")
            seen.add(name)
        at = wild.end()
    parts.append(re.escape(step[at:]))
    return re.compile("".join(parts), re.IGNORECASE)

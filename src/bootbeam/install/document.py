"""A file of nested values, each with its line: what YAML, JSON and TOML texts have in common."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bootbeam.install.finding import Finding, problem

MAX_TEXT_CHARACTERS = 256 * 1024
"""Answers are some kilobytes; cloud services take 16 KiB of them. What is larger was named by mistake."""
MAX_NODES = 50_000
"""Aliases count each time they are used: a few lines of YAML can stand for more values than memory holds."""
MAX_DEPTH = 60

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """One value: a mapping, a list or a scalar."""

    value: "dict[str, Node] | list[Node] | Scalar"
    line: int
    """Counted from 1; of a mapping's or list's first entry."""
    source: str = ""
    """A scalar as it is written, where that can differ from what it means: ``no`` for False, ``1:20`` for 80."""
    key_lines: dict[str, int] = field(default_factory=dict)
    """Of a mapping: where each key stands."""

    def get(self, *path: str) -> "Node | None":
        """The value under these keys, one in the other; None when it is not there."""
        node: Node | None = self
        for key in path:
            if node is None or not isinstance(node.value, dict):
                return None
            node = node.value.get(key)
        return node

    def text(self, *path: str) -> str:
        """The text under these keys; "" when it is not there or no text."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, str) else ""

    def items(self) -> "Iterator[Node]":
        """The entries of a list, the values of a mapping, nothing of a scalar."""
        if isinstance(self.value, dict):
            yield from self.value.values()
        elif isinstance(self.value, list):
            yield from self.value

    def plain(self) -> object:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text that was read, and what was noticed on the way."""

    root: Node | None
    """None when it could not be read; the findings then say why."""
    findings: tuple[Finding, ...] = ()

    @property
    def plain(self) -> object:
        """The whole document without its lines; None when it could not be read."""
        return None if self.root is None else self.root.plain()


def check_size(text: str) -> Finding | None:
    """Whether the text is small enough to be an answer file."""
    if len(text) <= MAX_TEXT_CHARACTERS:
        return None
    return problem(
        None,
        f"the file has {len(text)} characters",
        f"answers are small, more than {MAX_TEXT_CHARACTERS} characters are not read",
        "name the answer file; larger data the installer can fetch by itself",
    )

"""YAML 1.1 as the installers read it (all by PyYAML), with lines, and the traps that are valid YAML all the same.

Source: YAML 1.1 §10.3 and its type repository: ``no`` and ``on`` are booleans, ``1:20`` is a number to the base of 60,
``012`` is octal.
"""

import datetime
import re
from collections.abc import Hashable

import yaml

from bootbeam.install.document import MAX_DEPTH, MAX_NODES, Node, Parsed, check_size
from bootbeam.install.finding import Finding, problem, warning

_MERGE = "tag:yaml.org,2002:merge"
_STRING = "tag:yaml.org,2002:str"
_DUMP_COLUMNS = 110


class TooMuch(Exception):
    """More values than a file of answers has, or nested deeper."""


def parse_yaml(text: str) -> Parsed:
    """The document in ``text``; an empty text is an empty document (``root.value`` is None)."""
    too_large = check_size(text)
    if too_large:
        return Parsed(None, (too_large,))
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return Parsed(Node(None, 1))
        reader = _Reader(loader)
        root = reader.converted(node, 0)
    except (yaml.YAMLError, ValueError) as error:
        return Parsed(None, (_syntax_finding(text, error),))
    except (TooMuch, RecursionError):
        why = f"more than {MAX_NODES} values (aliases counted each time), or nested deeper than {MAX_DEPTH}"
        return Parsed(None, (problem(None, "this is no file of answers", why),))
    return Parsed(root, tuple(reader.findings))


def dump_yaml(value: object) -> str:
    """``value`` as YAML; whatever a text looks like (``no``, ``1:20``, ``: #``) it comes back as that text."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=_DUMP_COLUMNS)


class _Reader:
    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader = loader
        self._left = MAX_NODES
        self.findings: list[Finding] = []

    def converted(self, node: yaml.Node, depth: int) -> Node:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise TooMuch
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, line, depth)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, line, depth)
        return self._scalar(node, line)

    def _mapping(self, node: yaml.MappingNode, line: int, depth: int) -> Node:
        values: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            value = self.converted(value_node, depth + 1)
            key_line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                for name, inherited in self._merged(value, key_line).items():
                    merged.setdefault(name, inherited)
                    lines.setdefault(name, key_line)
                continue
            name = self._key(key_node, key_line)
            if name in values:
                why = f"it stands in line {lines[name]} already, and the last one is taken"
                self.findings.append(problem(key_line, f"{name} is there twice", why, "join the two into one"))
            values[name] = value
            lines[name] = key_line
        return Node({**merged, **values}, line, key_lines=lines)

    def _merged(self, value: Node, line: int) -> dict[str, Node]:
        """What ``<<: *a`` or ``<<: [*a, *b]`` brings in; the first to name a key gives it."""
        sources = value.value if isinstance(value.value, list) else [value]
        merged: dict[str, Node] = {}
        for source in sources:
            if not isinstance(source.value, dict):
                what = "<< takes a mapping, or a list of mappings"
                self.findings.append(problem(line, what, "", "write <<: *NAME, with &NAME before the mapping"))
                continue
            for name, inherited in source.value.items():
                merged.setdefault(name, inherited)
        return merged

    def _key(self, node: yaml.Node, line: int) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.findings.append(problem(line, "a list or mapping stands where a key should", _BRACES))
            return str(node.start_mark.index)
        if node.tag != _STRING and not isinstance(self._constructed(node), str):
            why = f"YAML reads a plain {node.value} as something other than a text"
            self.findings.append(warning(line, f"the key {node.value} is no text", why, f'write "{node.value}":'))
        return str(node.value)

    def _sequence(self, node: yaml.SequenceNode, line: int, depth: int) -> Node:
        items = [self.converted(item, depth + 1) for item in node.value]
        for item in items:
            if isinstance(item.value, bool) and item.source.lower() not in ("true", "false"):
                why = f"YAML reads a plain {item.source} as {str(item.value).lower()}"
                fix = f'put it in quotes: "{item.source}"'
                self.findings.append(warning(item.line, f"{item.source} is not a word here", why, fix))
        return Node(items, line)

    def _scalar(self, node: yaml.Node, line: int) -> Node:
        value = self._constructed(node)
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        source = str(node.value) if plain and not isinstance(value, str) else ""
        if isinstance(value, int | float) and ":" in source:
            why = f"YAML 1.1 reads numbers with colons to the base of 60: {source} becomes {value}"
            fix = f'put it in quotes: "{source}"'
            self.findings.append(warning(line, f"{source} is not a text here", why, fix))
        if value is None or isinstance(value, str | int | float | bool):
            return Node(value, line, source)
        if isinstance(value, datetime.date):
            fix = f'put it in quotes: "{node.value}"'
            self.findings.append(warning(line, f"{node.value} is not a text here", "YAML reads it as a date", fix))
        # Dates, binary and sets: of no use in an answer, and a text to whoever wrote them.
        return Node(node.value, line, node.value)

    def _constructed(self, node: yaml.Node) -> Hashable:
        value: Hashable = self._loader.construct_object(node)
        return value


_BRACES = "a value that begins with { or [ is read as a mapping or list; {{ }} is not replaced in this file"

_SYNTAX: tuple[tuple[str, str, str], ...] = (
    (r"'\\t' that cannot start", "there is a tab", "YAML is indented with spaces only; write spaces instead"),
    (
        "mapping values are not allowed",
        "a second colon stands in this line, or its indentation fits no line above",
        "put a value that has ': ' in it in quotes",
    ),
    (
        r"'[@`%|>&*!]' that cannot start|expected alphabetic or numeric|undefined alias",
        "a character that means something to YAML begins a value",
        "put the value in quotes",
    ),
    (
        "expected a single document|found another document",
        "a second --- begins another document",
        "leave one document in the file",
    ),
    (
        "could not find expected ':'|expected <block end>|expected ',' or",
        "the indentation changes within a block, or a quote or bracket is not closed",
        "look at this line and the one before it",
    ),
    ("special characters are not allowed|#x", "there is a character that YAML does not allow", "remove it"),
)


def _syntax_finding(text: str, error: Exception) -> Finding:
    """What PyYAML stumbled over, in words for the person who wrote it."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else None
    position = getattr(error, "position", None)
    if line is None and isinstance(position, int):
        line = text.count("\n", 0, position) + 1
    said = " ".join(str(getattr(error, "problem", None) or error).split())
    for pattern, why, fix in _SYNTAX:
        if re.search(pattern, said):
            return problem(line, "this is not YAML", why, fix)
    return problem(line, "this is not YAML", said)

"""JSON with lines, and the ways in which a file is nearly JSON. Source: RFC 8259."""

import json
import re
from collections.abc import Iterator

from bootbeam.install.document import MAX_DEPTH, MAX_NODES, Node, Parsed, Scalar, check_size
from bootbeam.install.finding import Finding, problem

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)

_SYNTAX: tuple[tuple[str, str], ...] = (
    ("property name|Illegal trailing comma", "names stand in double quotes, and no comma after the last entry"),
    ("Expecting ',' delimiter", "a comma is missing, or a bracket is not closed"),
    ("Expecting value", "a value is missing, or a text without quotes; JSON has no comments"),
    ("Invalid control character", "a line break or tab inside a text is written \\n or \\t"),
    ("Invalid \\\\escape", "a backslash in a text is written twice"),
    ("Extra data", "remove what follows the closing brace"),
)


def parse_json(text: str) -> Parsed:
    """The document in ``text``."""
    too_large = check_size(text)
    if too_large:
        return Parsed(None, (too_large,))
    try:
        json.loads(text, parse_constant=_refuse_constant)
        reader = _Reader(text)
        return Parsed(reader.value(0), tuple(reader.findings))
    except json.JSONDecodeError as error:
        fix = next((fix for pattern, fix in _SYNTAX if re.search(pattern, error.msg)), "")
        return Parsed(None, (problem(error.lineno, "this is not JSON", error.msg, fix),))
    except (ValueError, RecursionError) as error:
        return Parsed(None, (problem(None, "this is no JSON an installer reads", str(error)),))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


class _Reader:
    """Walks over tokens of a text already known to be JSON."""

    def __init__(self, text: str) -> None:
        self._tokens = self._lined(text)
        self._token, self._line = next(self._tokens)
        self._left = MAX_NODES
        self.findings: list[Finding] = []

    @staticmethod
    def _lined(text: str) -> Iterator[tuple[str, int]]:
        line, position = 1, 0
        for match in _TOKEN.finditer(text):
            line += text.count("\n", position, match.start())
            position = match.start()
            yield match.group(), line
        yield "", line

    def _take(self) -> str:
        taken = self._token
        self._token, self._line = next(self._tokens, ("", self._line))
        return taken

    def value(self, depth: int) -> Node:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_NODES} values, or nested deeper than {MAX_DEPTH}")
        line = self._line
        token = self._take()
        if token == "{":
            return self._mapping(line, depth)
        if token == "[":
            items = []
            while self._token != "]":
                items.append(self.value(depth + 1))
                self._skip_comma()
            self._take()
            return Node(items, line)
        scalar: Scalar = json.loads(token)
        return Node(scalar, line)

    def _mapping(self, line: int, depth: int) -> Node:
        values: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while self._token != "}":
            key_line = self._line
            key = str(json.loads(self._take()))
            self._take()  # the colon
            if key in values:
                why = f"it stands in line {lines[key]} already, and only one is taken"
                self.findings.append(problem(key_line, f"{key} is there twice", why, "join the two into one"))
            values[key] = self.value(depth + 1)
            lines[key] = key_line
            self._skip_comma()
        self._take()
        return Node(values, line, key_lines=lines)

    def _skip_comma(self) -> None:
        if self._token == ",":
            self._take()

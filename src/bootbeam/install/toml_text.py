"""TOML 1.0 with lines; and texts written so that TOML reads them back."""

import json
import re
import tomllib

from bootbeam.install.document import MAX_DEPTH, Node, Parsed, check_size
from bootbeam.install.finding import problem

_AT_LINE = re.compile(r"\(at line ([0-9]+), column [0-9]+\)")
_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?")
_ASSIGNMENT = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)


def parse_toml(text: str) -> Parsed:
    """The document in ``text``. Lines are found by the keys' first appearance: right but for keys inside braces."""
    too_large = check_size(text)
    if too_large:
        return Parsed(None, (too_large,))
    try:
        value = tomllib.loads(text)
        return Parsed(_node(value, (), _lines_of(text), 1, 0))
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        said = _AT_LINE.sub("", str(error)).strip()
        line = int(at.group(1)) if at else None
        return Parsed(None, (problem(line, "this is not TOML", said, 'texts stand in quotes: key = "value"'),))
    except (ValueError, RecursionError) as error:
        return Parsed(None, (problem(None, "this is no TOML an installer reads", str(error)),))


def toml_text(text: str) -> str:
    """``text`` as a TOML basic string, quotes included."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_texts(texts: tuple[str, ...]) -> str:
    """A TOML array of basic strings."""
    return f"[{', '.join(toml_text(text) for text in texts)}]"


def _lines_of(text: str) -> dict[tuple[str, ...], int]:
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.fullmatch(line)
        assignment = _ASSIGNMENT.match(line)
        if header:
            table = _steps(header.group(1))
            path = table
        elif assignment:
            path = (*table, *_steps(assignment.group(1)))
        else:
            continue
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], number)
    return lines


def _steps(dotted: str) -> tuple[str, ...]:
    return tuple(step.strip().strip("\"'") for step in dotted.split("."))


def _node(value: object, path: tuple[str, ...], lines: dict[tuple[str, ...], int], above: int, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    line = lines.get(path, above)
    if isinstance(value, dict):
        key_lines = {key: lines.get((*path, key), line) for key in value}
        values = {key: _node(item, (*path, key), lines, line, depth + 1) for key, item in value.items()}
        return Node(values, line, key_lines=key_lines)
    if isinstance(value, list):
        return Node([_node(item, path, lines, line, depth + 1) for item in value], line)
    if value is None or isinstance(value, str | int | float | bool):
        return Node(value, line)
    return Node(str(value), line)

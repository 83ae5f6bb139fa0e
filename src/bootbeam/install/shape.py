"""What a document should look like, written down as values, and the one function that compares.

A shape says which keys and types an installer takes, from its own reference. It is no schema language: it holds what
the formats here need, and its findings are sentences.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bootbeam.install.document import Node
from bootbeam.install.finding import Finding, nearest, problem, shown, warning


@dataclass(frozen=True, slots=True)
class Text:
    """A text; of this form, when there is a pattern."""

    pattern: re.Pattern[str] | None = None
    example: str = ""
    """What a right value looks like; said when ``pattern`` does not match."""


@dataclass(frozen=True, slots=True)
class Words:
    """One of these texts."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number, whole or not."""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Null:
    """Nothing: a key without a value."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Not looked at."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, each entry of this shape."""

    item: "Shape"
    hint: str = ""
    """What to do about an entry that is of another."""


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping with keys of the person's own, each value of this shape."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Keys:
    """A mapping with keys the installer knows."""

    known: "Mapping[str, Shape]"
    required: tuple[str, ...] = ()
    others: str = "problem"
    """What an unknown key is: "problem" (refused), "warning" (ignored), "allowed" (there are more than are listed)."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Older spellings still taken, and the present one."""


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes; the first is the one that is explained when none fits."""

    shapes: "tuple[Shape, ...]"


Shape = Text | Words | Whole | Number | Flag | Null | Anything | ListOf | MapOf | Keys | Either

COMMANDS_HINT = "write each command as one text in quotes, or as a list of its words: [curtin, in-target, --, ls]"


def check_shape(node: Node, shape: Shape, path: str = "") -> list[Finding]:
    """Everything in which ``node`` differs from ``shape``.

    Args:
        node: the value.
        shape: what it should look like.
        path: the keys that lead to it, for the findings: ``identity.password``.
    """
    match shape:
        case Anything():
            return []
        case Either(shapes):
            return _check_either(node, shapes, path)
        case ListOf():
            return _check_list(node, shape, path)
        case MapOf(item):
            if not isinstance(node.value, dict):
                return [_wrong(node, "a mapping of names to values", path)]
            return [f for key, value in node.value.items() for f in check_shape(value, item, _joined(path, key))]
        case Keys():
            return _check_keys(node, shape, path)
        case _:
            return _check_scalar(node, shape, path)


def _check_scalar(node: Node, shape: Text | Words | Whole | Number | Flag | Null, path: str) -> list[Finding]:
    value = node.value
    if not _is_of_type(node, shape):
        return [_wrong(node, _name(shape), path)]
    match shape:
        case Text(pattern, example) if pattern is not None and not pattern.fullmatch(str(value)):
            return [problem(node.line, f"{path}: {shown(value)} will not do", "", f"write it like {example}")]
        case Words(words) if value not in words:
            meant = nearest(str(value), words)
            fix = f"did you mean {meant}?" if meant else _name(shape)
            return [problem(node.line, f"{path}: {shown(value)} will not do", "", fix)]
        case Whole(minimum, maximum) if isinstance(value, int) and not _within(value, minimum, maximum):
            return [problem(node.line, f"{path}: {value} is out of range", _range(minimum, maximum))]
    return []


def _within(value: int, minimum: int | None, maximum: int | None) -> bool:
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def _check_either(node: Node, shapes: tuple[Shape, ...], path: str) -> list[Finding]:
    """The findings of the shape that fits the value's own type best, so that what is said is about what was meant."""
    each = [check_shape(node, shape, path) for shape in shapes]
    if not all(each):
        return []
    same_type = [found for shape, found in zip(shapes, each, strict=True) if _is_of_type(node, shape)]
    if same_type:
        return min(same_type, key=len)
    return [_wrong(node, " or ".join(dict.fromkeys(_name(shape) for shape in shapes)), path)]


def _check_list(node: Node, shape: ListOf, path: str) -> list[Finding]:
    if not isinstance(node.value, list):
        return [_wrong(node, f"a list, each entry {_name(shape.item)}", path, 'write one "- " line for each entry')]
    findings = []
    for number, item in enumerate(node.value, start=1):
        for finding in check_shape(item, shape.item, f"{path}, entry {number}"):
            hinted = shape.hint and not isinstance(item.value, str)
            findings.append(
                Finding(finding.severity, finding.line, finding.what, finding.why, shape.hint)
                if hinted and not isinstance(item.value, bool)
                else finding
            )
    return findings


def _check_keys(node: Node, shape: Keys, path: str) -> list[Finding]:
    if not isinstance(node.value, dict):
        return [_wrong(node, "a mapping (key: value lines)", path)]
    findings = []
    present = set()
    for key, value in node.value.items():
        name = shape.aliases.get(key, key)
        present.add(name)
        if name in shape.known:
            findings += check_shape(value, shape.known[name], _joined(path, key))
        elif shape.others != "allowed":
            findings.append(_unknown_key(key, node.key_lines.get(key, value.line), shape, path))
    findings += [
        problem(node.line, f"{_joined(path, key)} is missing", "the installer does not go on without it")
        for key in shape.required
        if key not in present
    ]
    return findings


def _unknown_key(key: str, line: int, shape: Keys, path: str) -> Finding:
    meant = nearest(key, shape.known)
    fix = f"did you mean {meant}?" if meant else f"known here: {', '.join(sorted(shape.known))}"
    what = f"there is no {_joined(path, key)}"
    if shape.others == "warning":
        return warning(line, what, "an unknown key is ignored without a word", fix)
    return problem(line, what, "an unknown key is refused", fix)


def _wrong(node: Node, wanted: str, path: str, fix: str = "") -> Finding:
    """The value has the wrong type; where YAML's own reading of plain words is to blame, that is said."""
    value, source = node.value, node.source
    if isinstance(value, bool) and source.lower() not in ("", "true", "false"):
        why = f"YAML reads a plain {source} as {str(value).lower()}"
        return problem(node.line, f"{path} should be {wanted}", why, f'put it in quotes: "{source}"')
    if isinstance(value, int | float) and not isinstance(value, bool) and source:
        why = f"YAML reads a plain {source} as the number {value}"
        return problem(node.line, f"{path} should be {wanted}", why, f'put it in quotes: "{source}"')
    if value is None:
        return problem(node.line, f"{path} should be {wanted}", "there is no value", fix)
    return problem(node.line, f"{path or 'the file'} should be {wanted}", f"it is {_name_of(node)}", fix)


def _is_of_type(node: Node, shape: Shape) -> bool:
    match shape:
        case Text() | Words():
            return isinstance(node.value, str)
        case Whole():
            return isinstance(node.value, int) and not isinstance(node.value, bool)
        case Number():
            return isinstance(node.value, int | float) and not isinstance(node.value, bool)
        case Flag():
            return isinstance(node.value, bool)
        case ListOf():
            return isinstance(node.value, list)
        case MapOf() | Keys():
            return isinstance(node.value, dict)
        case Either(shapes):
            return any(_is_of_type(node, other) for other in shapes)
        case Null() | Anything():
            return node.value is None


def _name(shape: Shape) -> str:
    match shape:
        case Words(words):
            return f"one of {', '.join(words)}"
        case Either(shapes):
            return " or ".join(_name(other) for other in shapes)
        case ListOf(item):
            return f"a list of {_name(item).removeprefix('a ')}s"
        case _:
            return _NAMES[type(shape)]


_NAMES: dict[type, str] = {
    Text: "a text",
    Whole: "a whole number",
    Number: "a number",
    Flag: "true or false",
    Null: "empty",
    Anything: "anything",
    MapOf: "a mapping",
    Keys: "a mapping",
}


def _name_of(node: Node) -> str:
    match node.value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case bool():
            return str(node.value).lower()
        case str():
            return f"the text {shown(node.value)}"
        case _:
            return f"the number {node.value}"


def _range(minimum: int | None, maximum: int | None) -> str:
    if minimum == maximum:
        return f"it has to be {minimum}"
    return f"it has to be {'' if minimum is None else minimum} to {'' if maximum is None else maximum}"


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key

"""One entry or item put into a person's YAML, the rest of the file left as it is: comments, order, quoting, line ends.

The entry is written at the beginning of its mapping, in YAML's braces, which fit anywhere; an item at the end of its
list. What comes out is read again and compared; where it is not what was meant (aliases, explicit keys), the file is
written anew instead.
"""

import copy
import json
import re
from typing import Any

import yaml

from bootbeam.install.yaml_text import dump_yaml, parse_yaml


def insert_entry(text: str, path: tuple[str, ...], key: str, value: object) -> str:
    """``text`` with ``key: value`` in the mapping at ``path``, which is made when it is missing.

    A key that is there already is left as it is. A text that is no YAML, or has something else than mappings at the
    path, comes back unchanged: its check has said so.
    """
    content = parse_yaml(text).plain
    wanted = _with_entry(content, path, key, value)
    if wanted is None:
        return text
    edited = _edited(text, path, key, value)
    if edited is not None and parse_yaml(edited).plain == wanted:
        return edited
    return _leading_comments(text) + dump_yaml(wanted)


def append_item(text: str, path: tuple[str, ...], value: object) -> str:
    """``text`` with ``value`` as the last item of the list at ``path``, which is made when it is missing.

    A list that ends in it already is left as it is, and so is a text that is no YAML or has no list there.
    """
    content = parse_yaml(text).plain
    items: Any = content
    for step in path:
        if not isinstance(items, dict) or step not in items:
            return insert_entry(text, path[:-1], path[-1], [value])
        items = items[step]
    items = [] if items is None else items
    if not isinstance(items, list) or items[-1:] == [value]:
        return text
    wanted = _replaced(content, path, [*items, value])
    edited = _with_item(text, path, value)
    if edited is not None and parse_yaml(edited).plain == wanted:
        return edited
    return _leading_comments(text) + dump_yaml(wanted)


def _replaced(content: Any, path: tuple[str, ...], value: object) -> Any:
    """The content with ``value`` at ``path``; what an alias stands for elsewhere stays as it was."""
    return {**content, path[0]: _replaced(content[path[0]], path[1:], value)} if path else value


def _with_item(text: str, path: tuple[str, ...], value: object) -> str | None:
    """The text with the item written behind the list's last one; None where it has to be written anew."""
    node = yaml.SafeLoader(text).get_single_node()
    for step in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((v for k, v in pairs if isinstance(k, yaml.ScalarNode) and k.value == step), None)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        return None
    if node.flow_style:
        at = node.value[-1].end_mark.index
        return f"{text[:at]}, {json.dumps(value)}{text[at:]}"
    # What follows the last item on its line, such as a comment, stays there.
    last = len(text[: node.value[-1].end_mark.index].rstrip())
    end = text.find("\n", last)
    newline = "\r\n" if "\r\n" in text else "\n"
    before, after = (text[: end + 1], text[end + 1 :]) if end >= 0 else (text + newline, "")
    return f"{before}{' ' * node.start_mark.column}- {json.dumps(value)}{newline}{after}"


def _with_entry(content: object, path: tuple[str, ...], key: str, value: object) -> object | None:
    """The content as it should become; None when the entry is there, or has no place."""
    whole = copy.deepcopy(content)
    mapping: Any = whole
    for step in path:
        if not isinstance(mapping, dict):
            return None
        if mapping.get(step) is None:
            mapping[step] = {}
        mapping = mapping[step]
    if not isinstance(mapping, dict) or key in mapping:
        return None
    mapping[key] = value
    return whole


def _edited(text: str, path: tuple[str, ...], key: str, value: object) -> str | None:
    """The text with the entry written into it; None where there is no mapping to write it into."""
    node = yaml.SafeLoader(text).get_single_node()
    steps = list(path)
    while steps and isinstance(node, yaml.MappingNode):
        inner = next((v for k, v in node.value if isinstance(k, yaml.ScalarNode) and k.value == steps[0]), None)
        if not isinstance(inner, yaml.MappingNode):
            break
        node = inner
        steps.pop(0)
    if not isinstance(node, yaml.MappingNode):
        return None
    for step in reversed(steps):
        key, value = step, {key: value}
    entry = f"{_key(key)}: {json.dumps(value)}"
    if node.flow_style:
        at = node.start_mark.index + 1
        return f"{text[:at]}{entry}{', ' if node.value else ''}{text[at:]}"
    first = node.value[0][0].start_mark
    newline = "\r\n" if "\r\n" in text else "\n"
    return f"{text[: first.index]}{entry}{newline}{' ' * first.column}{text[first.index :]}"


def _key(name: str) -> str:
    """Plain where it can be; not where YAML would read a boolean or number in it."""
    is_plain = re.fullmatch(r"[a-z][a-z_-]*", name) and yaml.safe_load(name) == name
    return name if is_plain else json.dumps(name)


def _leading_comments(text: str) -> str:
    """The comment lines the file begins with; the first of them tells cloud-init what it is."""
    kept = []
    for line in text.splitlines(keepends=True):
        if not line.startswith("#"):
            break
        kept.append(line)
    return "".join(kept)

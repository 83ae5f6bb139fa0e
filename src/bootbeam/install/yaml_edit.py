"""One entry put into a person's YAML, the rest of the file left as it is: comments, order, quoting, line ends.

The entry is written at the beginning of its mapping, in YAML's braces, which fit anywhere. What comes out is read
again and compared; where it is not what was meant (aliases, explicit keys), the file is written anew instead.
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

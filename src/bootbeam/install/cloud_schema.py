"""A cloud-config held against cloud-init's own schema of its keys."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from bootbeam.install.document import Node
from bootbeam.install.finding import Finding, nearest, problem, warning

MAX_SHOWN_CHARACTERS = 200


def check_against(schema: Mapping[str, Any], root: Node, keys: Mapping[str, Node]) -> list[Finding]:
    """What the schema says of ``keys``, those of the mapping ``root``. ``autoinstall`` is not looked into."""
    content: Any = {key: node.plain() for key, node in keys.items() if key != "autoinstall"}
    validator = validator_for(schema, default=Draft4Validator)(schema, registry=Registry())
    try:
        errors = sorted(validator.iter_errors(content), key=lambda error: [str(step) for step in error.absolute_path])
    except (SchemaError, Unresolvable, RecursionError) as error:
        return [warning(None, "cloud-init's schema on this computer cannot be used", str(error).partition("\n")[0])]
    findings = [_schema_finding(root, error) for error in errors]
    known = _known_keys(schema)
    return findings + [
        warning(
            root.key_lines[key], f"there is no {key}", "cloud-init ignores an unknown key", f"did you mean {meant}?"
        )
        for key in (content if known else ())
        if key not in known and (meant := nearest(key, known))
    ]


def _schema_finding(root: Node, error: ValidationError) -> Finding:
    node, steps = root, [str(step) for step in error.absolute_path]
    for step in error.absolute_path:
        inner = node.value
        if isinstance(inner, dict) and step in inner:
            node = inner[str(step)]
        elif isinstance(inner, list) and isinstance(step, int) and step < len(inner):
            node = inner[step]
    said = error.message
    if len(said) > MAX_SHOWN_CHARACTERS:
        said = said[: MAX_SHOWN_CHARACTERS - 3] + "..."
    return problem(node.line, f"{'.'.join(steps) or 'the file'} will not do", said, "see cloud-init's documentation")


def _known_keys(schema: Mapping[str, Any]) -> set[str]:
    """Every top-level key of the schema: its parts are joined by ``allOf`` and ``$defs``."""
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts if isinstance(part, dict) for key in part.get("properties", {})}

"""One file for many machines: a file whose name ends in ``.j2`` is a Jinja2 template over the machine's facts.

    hostname: pc-{{ serial|default(mac|replace(":", ""), true)|lower }}

Only such a file is touched: a ``{{`` in any other is the person's own (cloud-init has templates too, which it fills in
on the installed machine). Known are ``mac``, ``uuid``, ``serial``, ``hostname`` and ``ip``; one that the machine has
not told is undefined, and using it without ``default`` is an error rather than an empty text. A line that holds only a
``{% %}`` leaves nothing behind.

What a template may do is listed, not what it may not: values, conditions, loops over what is there, the filters in
``FILTERS``. There are no macros, includes, ``~`` or methods but a few of texts, so that neither time nor memory can
run away; ``+`` and ``replace`` are bounded.
"""

import json
from collections.abc import Callable, Iterable
from shlex import quote
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import TemplateRuntimeError
from jinja2.sandbox import SandboxedEnvironment

from bootbeam.errors import UserError
from bootbeam.install.document import MAX_TEXT_CHARACTERS
from bootbeam.install.facts import MachineFacts
from bootbeam.install.xml_text import xml_text

TEMPLATE_SUFFIX = ".j2"
MAX_VALUE_CHARACTERS = 64 * 1024
MAX_LOOPS = 2
"""Loops one inside the other."""

FACTS = ("mac", "uuid", "serial", "hostname", "ip")
TEXT_METHODS = frozenset({"lower", "upper", "strip", "replace", "startswith", "endswith", "split"})

_NODES: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign),
    *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.CondExpr),
    *(nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Keyword, nodes.Slice),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Add, nodes.Sub),
)


def is_template(file_name: str) -> bool:
    """Whether the file asks to be filled in."""
    return file_name.endswith(TEMPLATE_SUFFIX)


def rendered_name(file_name: str) -> str:
    """The name of what comes out of a template: ``user-data`` of ``user-data.j2``."""
    return file_name.removesuffix(TEMPLATE_SUFFIX)


def render_template(text: str, machine: MachineFacts, file_name: str) -> str:
    """The template filled in for one machine.

    Args:
        text: the template.
        machine: its facts are the template's variables.
        file_name: for the messages.

    Raises:
        UserError: no template, a fact the machine has not told, or more than fits; says which line.
    """
    environment = _environment()
    values = {name: getattr(machine, name) for name in FACTS if getattr(machine, name) is not None}
    try:
        if len(text) > MAX_TEXT_CHARACTERS:
            raise TemplateRuntimeError(f"it has more than {MAX_TEXT_CHARACTERS} characters")
        _check_nodes(environment.parse(text))
        template = environment.from_string(text)
        return _bounded(template.generate(values))
    except TemplateSyntaxError as error:
        fix = "a {{ that is meant as it is: {{ '{{' }}, or give the file a name without .j2"
        raise UserError(f"{file_name}, line {error.lineno} is no template", str(error.message), fix) from error
    except UndefinedError as error:
        raise _undefined(file_name, error, values) from error
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        where = f"{file_name}, line {line}" if (line := _line_of(error)) else file_name
        fix = "a template has the facts of a machine, conditions, loops and a few filters: docs/unattended.md"
        raise UserError(f"{where} cannot be filled in", str(error), fix) from error


class _Environment(SandboxedEnvironment):
    """The sandbox, with the few things a text can do bounded."""

    intercepted_binops = frozenset({"+"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        return _short(super().call_binop(context, operator, _short(left), _short(right)))

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        owner, name = getattr(__obj, "__self__", None), getattr(__obj, "__name__", "")
        if not isinstance(owner, str) or name not in TEXT_METHODS:
            raise TemplateRuntimeError(f"{name or 'this'} cannot be called here")
        if name == "replace":
            return _replace(owner, *args)
        return __obj(*args, **kwargs)


def _environment() -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    environment.filters = {**{name: environment.filters[name] for name in _KEPT_FILTERS}, **_OWN_FILTERS}
    return environment


def _check_nodes(template: nodes.Template) -> None:
    loops = 0
    todo: list[tuple[nodes.Node, int]] = [(template, 0)]
    while todo:
        node, depth = todo.pop()
        if not isinstance(node, _NODES):
            what = {"Concat": "~ (write + instead)"}.get(type(node).__name__, type(node).__name__)
            raise TemplateSyntaxError(f"there is no {what} in these templates", node.lineno)
        if isinstance(node, nodes.For):
            depth, loops = depth + 1, loops + 1
            if depth > MAX_LOOPS or node.recursive:
                raise TemplateSyntaxError(f"loops go {MAX_LOOPS} deep here", node.lineno)
        todo += [(child, depth) for child in node.iter_child_nodes()]


def _bounded(parts: Iterable[str]) -> str:
    kept, characters = [], 0
    for part in parts:
        characters += len(part)
        if characters > MAX_TEXT_CHARACTERS:
            raise TemplateRuntimeError(f"what comes out has more than {MAX_TEXT_CHARACTERS} characters")
        kept.append(part)
    text = "".join(kept)
    text.encode()  # half a character, written as \\ud800, fits in no file
    return text


def _short(value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > MAX_VALUE_CHARACTERS:
        raise TemplateRuntimeError(f"a value is longer than {MAX_VALUE_CHARACTERS} characters")
    return value


def _replace(text: str, old: str, new: str) -> str:
    if len(text) + text.count(old) * len(new) > MAX_VALUE_CHARACTERS:
        raise TemplateRuntimeError(f"a value is longer than {MAX_VALUE_CHARACTERS} characters")
    return text.replace(old, new)


def _quoted(value: str) -> str:
    """A text of JSON, and of YAML's double quotes as well: YAML breaks lines at three characters more."""
    text = json.dumps(str(value), ensure_ascii=False)
    return text.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


_KEPT_FILTERS = ("default", "d", "lower", "upper", "trim", "first", "last", "length", "int")
_OWN_FILTERS: dict[str, Callable[..., str]] = {
    "replace": lambda text, old, new: _replace(str(text), str(old), str(new)),
    "json": _quoted,
    "yaml": _quoted,
    "shell": lambda text: quote(str(text)),
    "xml": lambda text: xml_text(str(text)).replace('"', "&quot;"),
}
FILTERS = (*_KEPT_FILTERS, *_OWN_FILTERS)


def _undefined(file_name: str, error: UndefinedError, values: dict[str, str]) -> UserError:
    line = _line_of(error)
    told = ", ".join(values) or "nothing"
    return UserError(
        f"{file_name}{f', line {line}' if line else ''} cannot be filled in",
        f"{error.message}; this machine has told {told}",
        'give another value for such machines: {{ serial|default("unknown") }}',
    )


def _line_of(error: BaseException) -> int | None:
    """The template's line in which an error arose; Jinja2 rewrites the traceback so that it shows the template."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line

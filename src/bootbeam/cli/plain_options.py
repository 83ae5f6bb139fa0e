"""Reads a command's options as typer would, when they are plain: known, complete, and of a kind that is known here.

Whatever is not (``--help``, a mistake) is left to typer, whose help and errors a person sees. Both read the same
declarations.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from inspect import Parameter, signature
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

from typer.models import ArgumentInfo, OptionInfo


class NotPlain(Exception):
    """It is for typer to read."""


def read_plainly(command: Callable[..., None], words: Sequence[str]) -> dict[str, Any] | None:
    """What the ``words`` of a command line choose, by the names of the command's parameters; None: ask typer.

    Args:
        command: its parameters are declared for typer, each ``Annotated`` with an ``Option`` or ``Argument``.
        words: those behind its name.
    """
    try:
        return _read(signature(command).parameters.values(), deque(words))
    except NotPlain:
        return None


def _read(parameters: Iterable[Parameter], words: deque[str]) -> dict[str, Any]:
    options: dict[str, tuple[Parameter, bool]] = {}
    argument: Parameter | None = None
    for parameter in parameters:
        if isinstance(_info_of(parameter), ArgumentInfo):
            argument = parameter
        options |= {spelling: (parameter, is_on) for spelling, is_on in _spellings_of(parameter)}
    chosen: dict[str, Any] = {}
    while words:
        word, is_given, value = words.popleft().partition("=")
        if not word.startswith("-"):
            if argument is None:
                raise NotPlain
            _choose(chosen, argument, f"{word}{is_given}{value}")
            continue
        if word not in options:
            raise NotPlain
        parameter, is_on = options[word]
        if _kind_of(parameter)[0] is bool:
            if is_given:
                raise NotPlain
            chosen[parameter.name] = is_on
        elif is_given or words:
            _choose(chosen, parameter, value if is_given else words.popleft())
        else:
            raise NotPlain
    return chosen


def _info_of(parameter: Parameter) -> Any:
    return parameter.annotation.__metadata__[0]


def _spellings_of(parameter: Parameter) -> list[tuple[str, bool]]:
    """The words that stand for an option; with False the one that switches it off."""
    info = _info_of(parameter)
    if not isinstance(info, OptionInfo):
        return []
    name = parameter.name.replace("_", "-")
    usual = f"--{name}/--no-{name}" if _kind_of(parameter)[0] is bool else f"--{name}"
    # In an annotation, typer has the first word where a default would be.
    given = [word for word in (info.default, *(info.param_decls or ())) if isinstance(word, str)]
    pairs = [words.partition("/") for words in given or [usual]]
    return [(on, True) for on, _, _ in pairs] + [(off, False) for _, _, off in pairs if off]


def _kind_of(parameter: Parameter) -> tuple[Any, bool]:
    """What a word is made into, and whether there may be several."""
    annotation = parameter.annotation.__origin__
    [kind] = [each for each in get_args(annotation) if each is not NoneType] or [annotation]
    return (get_args(kind)[0], True) if get_origin(kind) is list else (kind, False)


def _choose(chosen: dict[str, Any], parameter: Parameter, word: str) -> None:
    kind, has_several = _kind_of(parameter)
    value = _value(kind, word, _info_of(parameter))
    if has_several:
        chosen.setdefault(parameter.name, []).append(value)
    else:
        chosen[parameter.name] = value


def _value(kind: Any, word: str, info: Any) -> Any:
    if kind is str or kind is Path:
        return kind(word)
    if kind is int and word.isascii() and word.isdigit():
        number = int(word)
        if (info.min is None or number >= info.min) and (info.max is None or number <= info.max):
            return number
    if isinstance(kind, type) and issubclass(kind, Enum) and word in [each.value for each in kind]:
        return kind(word)
    raise NotPlain

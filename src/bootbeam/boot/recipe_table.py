"""Tables of a recipe file, read key by key: what is wrong is told with file, line and what it should be."""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from bootbeam.errors import UserError

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*\"?([A-Za-z0-9_-]+)\"?\s*=")
HELP = "every key is explained in docs/recipes.md"


class RecipeText:
    """The text of one recipe file, for finding the line of a key.

    Args:
        origin: the file's path, for messages.
        text: its contents.
    """

    def __init__(self, origin: str, text: str) -> None:
        self.origin = origin
        self._lines = dict(_lines_of_keys(text))

    def problem(self, where: tuple[str, ...], why: str, fix: str = HELP) -> UserError:
        """What is wrong at the key ``where``: tables, their numbers, and the key."""
        line = next((self._lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in self._lines), None)
        place = f"{self.origin}, line {line}" if line else self.origin
        key = _spelt(where)
        return UserError(f"{place}: {key}: {why}" if key else f"{place}: {why}", "", fix)


class Table:
    """One table of a recipe; every ``take_`` names a key it may have, ``finish`` refuses all others."""

    def __init__(self, source: RecipeText, where: tuple[str, ...], values: Mapping[str, object]) -> None:
        self._source = source
        self._where = where
        self._values = dict(values)
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def problem(self, key: str, why: str) -> UserError:
        """What is wrong with the value of ``key``; "" for the table itself."""
        return self._source.problem((*self._where, key) if key else self._where, why)

    def take_text(self, key: str, default: str | None = None) -> str:
        """A string that is not empty. ``default`` None: it must be there."""
        value = self._take(key, str, "a text in quotes", default)
        if value == "" and default is None:
            raise self.problem(key, "must not be empty")
        return " ".join(value.split()) if "\n" in value else value

    def take_verbatim(self, key: str) -> str:
        """A string with its line breaks."""
        return self._take(key, str, "a text in quotes", None)

    def take_flag(self, key: str, default: bool = False) -> bool:
        """``true`` or ``false``."""
        return self._take(key, bool, "true or false", default)

    def take_number(self, key: str, default: int) -> int:
        """A whole number."""
        value = self._take(key, int, "a whole number", default)
        if isinstance(value, bool):
            raise self.problem(key, "must be a whole number")
        return value

    def take_number_or_text(self, key: str) -> int | str:
        """A whole number, or a string; "" when it is not there."""
        if isinstance(self._values.get(key), str):
            return self.take_text(key)
        return self.take_number(key, 0) or ""

    def take_texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; one string is a list of one. Empty when it is not there."""
        self._known.add(key)
        value = self._values.get(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            raise self.problem(key, 'must be a list of texts: ["one", "two"]')
        return tuple(items)

    def take_choice(self, key: str, kind: type[_E], default: _E | None = None) -> _E:
        """One of the words of ``kind``."""
        return self.choice(key, self.take_text(key, default.value if default else None), kind)

    def choice(self, key: str, word: str, kind: type[_E]) -> _E:
        """``word`` as one of ``kind``, the value of ``key``."""
        try:
            return kind(word)
        except ValueError:
            words = [member.value for member in kind]
            raise self.problem(key, f"{word!r} is none of {', '.join(words)}{_nearest(word, words)}") from None

    def take_parsed(self, key: str, parse: Callable[[str], _T], default: _T) -> _T:
        """A string that ``parse`` understands; it raises ``ValueError`` when it does not."""
        if key not in self:
            self._known.add(key)
            return default
        return self.parsed(key, self.take_text(key), parse)

    def parsed(self, key: str, text: str, parse: Callable[[str], _T]) -> _T:
        """What ``parse`` makes of ``text``, the value of ``key``."""
        try:
            return parse(text)
        except ValueError as error:
            raise self.problem(key, f"{text!r}: {error}") from None

    def take_table(self, key: str) -> "Table":
        """A table, an empty one when it is not there."""
        value = self._take(key, dict, "a table", {})
        return Table(self._source, (*self._where, key), value)

    def take_tables(self, key: str) -> Iterator["Table"]:
        """A list of tables: ``[[key]]``, or ``key = [{...}, ...]``."""
        value = self._take(key, list, f"a list of tables: [[{key}]]", [])
        for number, item in enumerate(value):
            where = (*self._where, key, str(number))
            if not isinstance(item, dict):
                raise self._source.problem(where, "must be a table: { ... }")
            yield Table(self._source, where, item)

    def take_tables_alike(self, key: str) -> Iterator["Table"]:
        """``[[key]]``s. One with ``like = "NAME"`` says first what the earlier one of that ``name`` says."""
        earlier: dict[object, dict[str, object]] = {}
        for table in self.take_tables(key):
            values = table._values
            model = values.pop("like", None)
            if model is not None:
                if model not in earlier:
                    raise table.problem("like", f"no earlier [[{key}]] is named {model!r}")
                values = table._values = {**earlier[model], **values}
            earlier.setdefault(values.get("name"), values)
            yield table

    def take_items(self, key: str, short: str) -> Iterator["Table"]:
        """A list whose items are tables, or texts that stand for a table with only the key ``short``."""
        self._known.add(key)
        value = self._values.get(key, [])
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            where = (*self._where, key, str(number))
            if not isinstance(item, dict | str):
                raise self._source.problem(where, "must be a text, or a table: { ... }")
            yield Table(self._source, where, {short: item} if isinstance(item, str) else item)

    def take_pairs(self, key: str) -> dict[str, str]:
        """A table of texts by names of the writer's own."""
        value = self._take(key, dict, "a table of texts", {})
        for name, text in value.items():
            if not isinstance(text, str) or not text or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                where = (*self._where, key, name)
                raise self._source.problem(where, "must be a text, its name of lower-case letters, digits and _")
        return value

    def take_paths_pairs(self, key: str) -> dict[str, str]:
        """A table of texts by paths."""
        value = self._take(key, dict, "a table of texts", {})
        for name, text in value.items():
            if not isinstance(text, str) or not text:
                raise self._source.problem((*self._where, key, name), "must be a text")
        return value

    def finish(self) -> None:
        """Refuse every key that was not asked for.

        Raises:
            UserError: there is one.
        """
        for key in self._values:
            if key not in self._known:
                raise self.problem(key, f"there is no such key{_nearest(key, sorted(self._known))}")

    def _take(self, key: str, kind: type[_T], words: str, default: _T | None) -> _T:
        self._known.add(key)
        value = self._values.get(key, default)
        if value is None:
            raise self._source.problem(self._where, f"the key {key!r} is missing")
        if not isinstance(value, kind):
            raise self.problem(key, f"must be {words}")
        return value


def _nearest(word: str, words: list[str]) -> str:
    near = get_close_matches(word, words, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _spelt(where: tuple[str, ...]) -> str:
    """``boot.0.cmdline`` as a person counts: ``cmdline of boot 1``."""
    parts: list[str] = []
    for step in where:
        if step.isdigit() and parts:
            parts[-1] += f" {int(step) + 1}"
        else:
            parts.append(step)
    return " of ".join(reversed(parts))


def _lines_of_keys(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Each key with the number of its line. What stands inside a text of several lines is no key."""
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    quotes = ""
    for number, line in enumerate(text.split("\n"), 1):
        if quotes:
            quotes = "" if line.count(quotes) % 2 else quotes
            continue
        header = _HEADER.fullmatch(line)
        key = _KEY.match(line)
        if header:
            table = tuple(header.group(1).split("."))
            if line.lstrip().startswith("[["):
                counts[table] = counts.get(table, -1) + 1
                table = (*table, str(counts[table]))
            yield table, number
        elif key:
            yield (*table, key.group(1)), number
        quotes = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")

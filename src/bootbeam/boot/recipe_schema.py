"""Recipe files: TOML text -> ``Recipe``, everything checked, so that a mistake is found before a machine boots."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping

from bootbeam.boot.cmdline import NO_WORDS, STATION_NAMES, Template, parse_template
from bootbeam.boot.memory import parse_formula
from bootbeam.boot.recipe import (
    BootRule,
    Conditions,
    FactRule,
    FileRule,
    Injection,
    Recipe,
    Refusal,
    Rewrite,
    Source,
    Start,
    TextCondition,
    UnattendedRule,
)
from bootbeam.boot.recipe_table import RecipeText, Table
from bootbeam.boot.release import VersionRange, parse_range
from bootbeam.boot.tree import PathPattern, parse_pattern
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import UserError
from bootbeam.machine import Firmware

MAX_RECIPE_BYTES = 256 << 10
MAX_BOOTS = 32
ALWAYS_KNOWN_SIZES = frozenset({"iso", "kernel", "initrds"})
STANDARD_FACTS = frozenset({"version", "architecture", "edition"})

_FAMILY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SERVED_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def parse_recipe(text: str, origin: str) -> Recipe:
    """The recipe that ``text`` holds.

    Args:
        text: a TOML document.
        origin: where it was read from, for messages.

    Raises:
        UserError: it is no recipe; names the file, the line and the key.
    """
    source = RecipeText(origin, text)
    if len(text) > MAX_RECIPE_BYTES:
        raise source.problem((), f"longer than {MAX_RECIPE_BYTES} characters")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _no_toml(origin, text, str(error)) from None
    return _recipe(Table(source, (), document), origin)


def _no_toml(origin: str, text: str, why: str) -> UserError:
    place = re.search(r" \(at line (\d+), column \d+\)$", why)
    line = int(place.group(1)) if place else text.rstrip("\n").count("\n") + 1
    what = re.sub(r" \(at [^()]*\)$", "", why)
    return UserError(f"{origin}, line {line}: {what}", "the file is not TOML", "see https://toml.io/en/ for its rules")


def _recipe(table: Table, origin: str) -> Recipe:
    family = table.take_parsed("family", _family, "")
    if not family:
        raise table.problem("", "the key 'family' is missing")
    recognize = table.take_table("recognize")
    conditions = _conditions(recognize, "")
    instead_of = frozenset(recognize.take_texts("instead_of"))
    recognize.finish()
    if conditions.count == 0:
        raise table.problem("recognize", "nothing says how an image of this family is recognised")
    facts = tuple(_fact_rule(one) for one in table.take_tables("facts"))
    files = {name: table.parsed("files", text, parse_pattern) for name, text in table.take_pairs("files").items()}
    names = _Names(table, facts, files, conditions)
    boots = _boots(table, names)
    recipe = Recipe(
        family=family,
        name=table.take_text("name"),
        origin=origin,
        layout_only=table.take_flag("layout_only", True),
        conditions=conditions,
        instead_of=instead_of,
        facts=facts,
        files=files,
        boots=boots,
        unattended=tuple(_unattended(one, names, boots) for one in table.take_tables("unattended")),
        refusals=tuple(_refusal(one, names) for one in table.take_items("cannot_boot_from_network", "why")),
        notes=table.take_text("notes", ""),
    )
    table.finish()
    if not recipe.boots and not recipe.refusals:
        raise table.problem("", "it needs a [[boot]], or cannot_boot_from_network with the reason")
    return recipe


class _Names:
    """Which names a recipe's own patterns and facts give."""

    def __init__(
        self, table: Table, facts: Iterable[FactRule], files: Mapping[str, PathPattern], conditions: Conditions
    ) -> None:
        self.files = frozenset(files)
        self.facts = STANDARD_FACTS.union(*(_names_of_fact(rule) for rule in facts))
        captured = frozenset[str]().union(*(pattern.names for pattern in (*files.values(), *conditions.paths)))
        self.all = self.files | self.facts | captured
        taken = self.all & STATION_NAMES
        if taken:
            raise table.problem("files", f"the name {min(taken)!r} already is the station's own placeholder")

    def template(self, extra: Iterable[PathPattern] = ()) -> Callable[[str], Template]:
        """A parser of command lines that may use them."""
        known = self.all.union(*(pattern.names for pattern in extra))
        return lambda text: parse_template(text, known)


def _conditions(table: Table, prefix: str) -> Conditions:
    """``prefix`` stands before the keys in a ``[[boot]]``."""
    return Conditions(
        paths=_patterns(table, f"{prefix}paths"),
        no_paths=_patterns(table, f"{prefix}no_paths"),
        text=tuple(_text_condition(one) for one in table.take_tables(f"{prefix}text")),
        no_text=tuple(_text_condition(one) for one in table.take_tables(f"{prefix}no_text")),
        volume_id=table.take_parsed(f"{prefix}volume_id", _expression, None),
    )


def _patterns(table: Table, key: str) -> tuple[PathPattern, ...]:
    return tuple(table.parsed(key, text, parse_pattern) for text in table.take_texts(key))


def _text_condition(table: Table) -> TextCondition:
    condition = TextCondition(
        table.parsed("file", table.take_text("file"), parse_pattern),
        table.parsed("matches", table.take_text("matches"), _expression),
    )
    table.finish()
    return condition


def _fact_rule(table: Table) -> FactRule:
    """``file`` with ``matches``, or ``volume_id`` (an expression), or ``path`` (a pattern that captures)."""
    keys = [key for key in ("file", "volume_id", "path") if key in table]
    if len(keys) != 1:
        raise table.problem("", "it needs one of: file (with matches), volume_id, path")
    path = table.take_parsed(keys[0], parse_pattern, None) if keys != ["volume_id"] else None
    matches = table.take_parsed("volume_id", _expression, None)
    if keys == ["file"]:
        matches = table.parsed("matches", table.take_text("matches"), _expression)
    rule = FactRule(path, matches, table.take_pairs("set"))
    table.finish()
    if not _names_of_fact(rule):
        raise table.problem("", "nothing is learned: it needs (?P<version>...), a {name} in the path, or set = { ... }")
    return rule


def _names_of_fact(rule: FactRule) -> frozenset[str]:
    groups = frozenset(rule.matches.groupindex) if rule.matches else frozenset[str]()
    return groups | frozenset(rule.constants) | (rule.path.names if rule.path else frozenset())


def _boots(table: Table, names: _Names) -> tuple[BootRule, ...]:
    rules: list[BootRule] = []
    for one in table.take_tables_alike("boot"):
        if len(rules) >= MAX_BOOTS:
            raise table.problem("boot", f"more than {MAX_BOOTS} ways to boot")
        rules.append(_boot(one, names))
    return tuple(rules)


def _boot(table: Table, names: _Names) -> BootRule:
    start = table.take_choice("start", Start, Start.LINUX)
    kernel = _file_rule(_single(table, "kernel"), names.template(), Source.IMAGE)
    conditions = _conditions(table, "if_")
    patterns = [*conditions.paths, *([kernel.path] if kernel.path else [])]
    words = names.template(patterns)
    files = tuple(_file_rule(one, words, Source.IMAGE) for one in table.take_items("initrds", "path"))
    rule = BootRule(
        name=table.take_parsed("name", _family, ""),
        title=table.take_text("title", ""),
        start=start,
        firmware=_firmware(table, start),
        version=table.take_parsed("version", parse_range, VersionRange()),
        facts=_wanted_facts(table, names),
        conditions=conditions,
        kernel=kernel,
        files=files,
        inject=tuple(_injection(one, words) for one in table.take_tables("inject")),
        cmdline=table.take_parsed("cmdline", words, NO_WORDS),
        ram=table.parsed("ram_mb", str(ram), parse_formula) if (ram := table.take_number_or_text("ram_mb")) else None,
        ram_note=table.take_text("ram_note", ""),
        is_on_request=table.take_flag("on_request"),
        rewrite={
            path: table.choice("rewrite", word, Rewrite) for path, word in table.take_paths_pairs("rewrite").items()
        },
        package=table.take_text("package", ""),
    )
    table.finish()
    _check_boot(table, rule, names)
    return rule


def _check_boot(table: Table, rule: BootRule, names: _Names) -> None:
    if not rule.name:
        raise table.problem("", "the key 'name' is missing")
    unknown = (rule.ram.names - names.files - ALWAYS_KNOWN_SIZES) if rule.ram else frozenset[str]()
    if unknown:
        known = ", ".join(sorted(names.files | ALWAYS_KNOWN_SIZES))
        raise table.problem("ram_mb", f"{min(unknown)!r} has no size; those with one are {known}")
    if rule.inject and rule.start not in (Start.LINUX, Start.WIMBOOT):
        raise table.problem("inject", "only a Linux kernel and wimboot take such files")
    from_station = [one for one in (rule.kernel, *rule.files) if one.source is Source.STATION]
    if from_station and not rule.package:
        raise table.problem("", "files of the station are named; say in 'package' what brings them")
    if "rewritten" in rule.cmdline.names and not rule.rewrite:
        raise table.problem("cmdline", "{rewritten} is named; say in 'rewrite' which files are changed and how")


def _single(table: Table, key: str) -> Table:
    """The only item of a list, or what stands there without a list."""
    items = list(table.take_items(key, "path"))
    if len(items) != 1:
        raise table.problem("" if not items else key, f"the key {key!r} is missing" if not items else "only one fits")
    return items[0]


def _file_rule(table: Table, words: Callable[[str], Template], default: Source, needs_name: bool = True) -> FileRule:
    """A file by ``path`` (in the image), ``station`` (a path on this computer), ``text``, or ``source``."""
    source = default
    path, text = None, ""
    if "station" in table:
        source, path = Source.STATION, table.parsed("station", table.take_text("station"), parse_pattern)
    elif "text" in table:
        source, text = Source.TEXT, table.take_verbatim("text")
    elif "source" in table:
        source = table.take_choice("source", Source)
    else:
        path = table.parsed("path", table.take_text("path"), parse_pattern)
    rule = FileRule(
        source=source,
        path=path,
        text=text,
        name=table.take_parsed("name", _served_name, ""),
        arguments=table.take_parsed("arguments", words, NO_WORDS),
        is_optional=table.take_flag("optional"),
    )
    table.finish()
    if needs_name and source is Source.TEXT and not rule.name:
        raise table.problem("", "a text needs a name for the file")
    return rule


def _injection(table: Table, words: Callable[[str], Template]) -> Injection:
    """``at`` (the path inside the initrd) with one of ``text``, ``path``, ``source``, ``answers``."""
    path = table.parsed("at", table.take_text("at"), _inner_path)
    mode = table.take_number("mode", 0o644)
    if not 0 <= mode <= 0o777:
        raise table.problem("mode", "file permissions are 0o000 to 0o777")
    if "answers" in table:
        content = FileRule(Source.ANSWERS, name=table.take_parsed("answers", _served_name, ""))
        table.finish()
    else:
        content = _file_rule(table, words, Source.IMAGE, needs_name=False)
    return Injection(path, content, mode)


def _unattended(table: Table, names: _Names, boots: tuple[BootRule, ...]) -> UnattendedRule:
    words = names.template()
    rule = UnattendedRule(
        format=table.take_choice("format", UnattendedFormat),
        boots=frozenset(table.take_texts("boots")),
        version=table.take_parsed("version", parse_range, VersionRange()),
        facts=_wanted_facts(table, names),
        cmdline=table.take_parsed("cmdline", words, NO_WORDS),
        files=tuple(table.parsed("files", name, _served_name) for name in table.take_texts("files")),
        inject=tuple(_injection(one, words) for one in table.take_tables("inject")),
        note=table.take_text("note", ""),
    )
    table.finish()
    known = {boot.name for boot in boots}
    if rule.boots - known:
        raise table.problem("boots", f"there is no [[boot]] named {min(rule.boots - known)!r}")
    if not rule.files:
        raise table.problem("", "the key 'files' is missing: what the client fetches below {answers}")
    return rule


def _refusal(table: Table, names: _Names) -> Refusal:
    refusal = Refusal(
        table.take_text("why"), table.take_parsed("version", parse_range, VersionRange()), _wanted_facts(table, names)
    )
    table.finish()
    return refusal


def _wanted_facts(table: Table, names: _Names) -> dict[str, str]:
    wanted = table.take_pairs("when")
    for name in wanted:
        if name not in names.all:
            raise table.problem("when", f"no [[facts]] gives {name!r}")
    return wanted


def _firmware(table: Table, start: Start) -> frozenset[Firmware]:
    usual = {
        Start.MULTIBOOT: [Firmware.BIOS],
        Start.EFI: [Firmware.UEFI],
    }.get(start, [Firmware.BIOS, Firmware.UEFI])
    given = [table.choice("firmware", word, Firmware) for word in table.take_texts("firmware")]
    if start is Start.MULTIBOOT and Firmware.UEFI in given:
        raise table.problem("firmware", "iPXE starts Multiboot images on BIOS only; give UEFI a [[boot]] of its own")
    return frozenset(given or usual)


def _family(text: str) -> str:
    if not _FAMILY.fullmatch(text):
        raise ValueError("only lower-case letters, digits and single hyphens")
    return text


def _served_name(text: str) -> str:
    if not _SERVED_NAME.fullmatch(text) or text.startswith("."):
        raise ValueError("a file name of letters, digits, dots, hyphens and _")
    return text


def _inner_path(text: str) -> str:
    steps = [step for step in text.split("/") if step]
    if not steps or any(step in (".", "..") or not _SERVED_NAME.fullmatch(step) for step in steps):
        raise ValueError("a path inside the initrd, of letters, digits, dots, hyphens and _")
    return "/".join(steps)


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.MULTILINE)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None

"""Holds recipes against an image: which family it is of, and the ways in which this very image boots.

What an image says of itself is somebody else's text: facts are kept only when they are short and of harmless
characters, paths are percent-encoded where they become part of an address.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bootbeam.boot.boot_menu import menu_kernels
from bootbeam.boot.cmdline import STATION_NAMES, Template
from bootbeam.boot.matched import Boot, BootFile, InjectedFile, Match, Unattended, cpu_of
from bootbeam.boot.recipe import (
    BootRule,
    Conditions,
    FactRule,
    FileRule,
    Recipe,
    Source,
    TextCondition,
    UnattendedRule,
)
from bootbeam.boot.release import VersionRange, parse_version
from bootbeam.boot.tree import Found, PathPattern, Tree
from bootbeam.machine import Cpu, Firmware

MAX_TEXT_BYTES = 64 << 10
"""Of a file in which facts are looked for."""
_FACT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+~:-]{0,63}")
_PCS = (Cpu.X86_64, Cpu.I386)


def match(tree: Tree, recipes: Iterable[Recipe], station: Tree | None = None) -> Match | None:
    """What the image is: by the recipe that fits and asks most; None when none fits.

    Args:
        tree: the image's files.
        recipes: all there are.
        station: the files of the computer the station runs on, for images that need some of them.

    Raises:
        ImageError: the image cannot be read.
    """
    fitting = [recipe for recipe in recipes if _holds(tree, recipe.conditions)]
    outdone = {family for recipe in fitting for family in recipe.instead_of}
    ranked = sorted(
        (recipe for recipe in fitting if recipe.family not in outdone),
        key=lambda recipe: (-recipe.conditions.count, recipe.family),
    )
    return _describe(tree, ranked[0], station) if ranked else None


def _describe(tree: Tree, recipe: Recipe, station: Tree | None) -> Match:
    facts = _read_facts(tree, recipe)
    image = _Image(tree, station, recipe, facts)
    boots, reasons = list[Boot](), list[str]()
    for rule in recipe.boots:
        if not _is_wanted(rule.version, rule.facts, facts) or not _holds(tree, rule.conditions, facts):
            continue
        try:
            boots.append(_resolve(image, rule))
        except _Unfit as unfit:
            advice = f"; {_filled_text(rule.package, image.names)}" if unfit.is_stations else ""
            reasons.append(f"{rule.title or rule.name}: {unfit.why}{advice}")
    boots = [replace(boot, key=_key(boots, number)) for number, boot in enumerate(boots)]
    boots.sort(key=lambda boot: (boot.is_on_request, boot.ram_mb or 0))
    refusals = [one.why for one in recipe.refusals if _is_wanted(one.version, one.facts, facts)]
    return Match(recipe, facts, tuple(boots), (*refusals, *reasons))


def _key(boots: Sequence[Boot], number: int) -> str:
    """The name; with a number behind it from the second way of that name on."""
    earlier = sum(boot.name == boots[number].name for boot in boots[:number])
    return f"{boots[number].name}.{earlier + 1}" if earlier else boots[number].name


class _Unfit(Exception):
    """This image has not what a way to boot needs."""

    def __init__(self, why: str, is_stations: bool = False) -> None:
        self.why = why
        self.is_stations = is_stations
        """The station's computer has not got it: a package can bring it."""
        super().__init__(why)


class _Image:
    """One image, with what the recipe's patterns found in it."""

    def __init__(self, tree: Tree, station: Tree | None, recipe: Recipe, facts: Mapping[str, str]) -> None:
        self.tree = tree
        self.station = station
        self.recipe = recipe
        self.names: dict[str, str] = {**_captures_of(tree, recipe.conditions), **facts}
        self.sizes_bytes: dict[str, int] = {"iso": tree.size_bytes}
        for name, pattern in recipe.files.items():
            found = pattern.find(tree, self.names)
            if found is None:
                continue
            # Text of the image's own making never displaces what the recipe names.
            self.names = {**found.captures, **self.names, name: found.path}
            self.sizes_bytes[name] = found.size_bytes


def _resolve(image: _Image, rule: BootRule) -> Boot:
    names = _captures_of(image.tree, rule.conditions, image.names)
    kernel, names = _kernel(image, rule, names)
    files, names = _files(image, rule, names)
    sizes = {**image.sizes_bytes, "kernel": kernel.size_bytes, "initrds": sum(file.size_bytes for file in files)}
    return Boot(
        key=rule.name,
        name=rule.name,
        title=rule.title or rule.name,
        start=rule.start,
        firmware=_firmware(rule, image.names.get("architecture", "")),
        kernel=kernel,
        files=files,
        inject=_injected(image, rule, names),
        cmdline=_bound(rule.cmdline, names),
        ram_mb=rule.ram.ram_mb(sizes) if rule.ram else None,
        ram_note=rule.ram_note,
        is_on_request=rule.is_on_request,
        rewrite=rule.rewrite,
        unattended=tuple(
            Unattended(one.format, _bound(one.cmdline, names), one.files, _injected(image, one, names), one.note)
            for one in image.recipe.unattended
            if (not one.boots or rule.name in one.boots) and _is_wanted(one.version, one.facts, image.names)
        ),
    )


def _captures_of(tree: Tree, conditions: Conditions, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """What each ``{name}`` in the paths stands for, with those ``known``."""
    names = dict(known or {})
    for pattern in conditions.paths:
        found = pattern.find(tree, names)
        names = {**found.captures, **names} if found else names
    return names


def _kernel(image: _Image, rule: BootRule, names: Mapping[str, str]) -> tuple[BootFile, dict[str, str]]:
    """The kernel whose other files are there too. Of several, the one in the image's own menu, else the newest."""
    if rule.kernel.path is None or rule.kernel.source is not Source.IMAGE:
        kernel = _file(image, rule.kernel, names)
        if kernel is None:
            raise _Unfit("no kernel")
        return kernel, dict(names)
    found = [one for one in rule.kernel.path.find_all(image.tree, names) if not one.is_directory]
    if len(found) > 1:
        found = _in_order_of_menu(image.tree, found, rule.kernel.path)
    unfit = _Unfit(f"{rule.kernel.path.text} is not in the image")
    for one in found:
        known = {**names, **one.captures}
        try:
            _files(image, rule, known)
        except _Unfit as missing:
            unfit = missing
            continue
        return BootFile(Source.IMAGE, one.path, rule.kernel.name or _base_name(one.path), one.size_bytes), known
    raise unfit


def _in_order_of_menu(tree: Tree, found: Sequence[Found], pattern: PathPattern) -> list[Found]:
    """The pattern's alternatives in their order; those of one alternative as the image's own menu has them."""
    in_menu = [path.casefold() for path in menu_kernels(tree)]

    def rank(one: Found) -> tuple[int, int]:
        path = one.path.casefold()
        return _alternative(one.path, pattern), in_menu.index(path) if path in in_menu else len(in_menu)

    return sorted(found, key=rank)


def _alternative(path: str, pattern: PathPattern) -> int:
    return next(number for number, one in enumerate(pattern.alternatives) if pattern.fits(path, one))


def _files(image: _Image, rule: BootRule, names: Mapping[str, str]) -> tuple[tuple[BootFile, ...], dict[str, str]]:
    """The files beside the kernel, and the names known after them: what one captures, the next ones mean."""
    files, known = list[BootFile](), dict(names)
    for one in rule.files:
        file = _file(image, one, known)
        if file is None:
            continue
        files.append(file)
        if one.path is not None and file.source is Source.IMAGE:
            found = one.path.find(image.tree, known)
            known = {**found.captures, **known} if found else known
    return tuple(files), known


def _file(image: _Image, rule: FileRule, names: Mapping[str, str]) -> BootFile | None:
    """The file; None when it is optional and not there."""
    arguments = _bound(rule.arguments, names)
    match rule.source:
        case Source.TEXT:
            text = _filled_text(rule.text, names)
            return BootFile(Source.TEXT, "", rule.name, len(text.encode()), text, arguments)
        case Source.WHOLE_IMAGE:
            return BootFile(Source.WHOLE_IMAGE, "", rule.name or "image.iso", image.tree.size_bytes, "", arguments)
        case Source.ANSWERS:
            return BootFile(Source.ANSWERS, "", rule.name, 0, "", arguments)
    assert rule.path is not None, "files of the image and of the station have a path"
    is_stations = rule.source is Source.STATION
    tree = image.station if is_stations else image.tree
    found = rule.path.find(tree, names) if tree is not None else None
    if found is None or found.is_directory:
        if rule.is_optional:
            return None
        if is_stations:
            raise _Unfit(f"this computer does not have /{_filled_text(rule.path.text, names).lstrip('/')}", True)
        raise _Unfit(f"the image does not have {_filled_text(rule.path.text, names)}")
    path = f"/{found.path}" if is_stations else found.path
    return BootFile(rule.source, path, rule.name or _base_name(path), found.size_bytes, "", arguments)


def _filled_text(text: str, names: Mapping[str, str]) -> str:
    """Facts and captures in a text: ``{name}`` where such a name is known, everything else as it stands."""
    return re.sub(r"\{([a-z][a-z0-9_]*)\}", lambda match: names.get(match.group(1), match.group(0)), text)


def _injected(image: _Image, rule: BootRule | UnattendedRule, names: Mapping[str, str]) -> tuple[InjectedFile, ...]:
    injected: list[InjectedFile] = []
    for one in rule.inject:
        content = _file(image, one.content, names)
        if content is not None:
            injected.append(InjectedFile(one.at, content, one.mode))
    return tuple(injected)


def _bound(template: Template, names: Mapping[str, str]) -> Template:
    missing = template.names - STATION_NAMES - names.keys()
    if missing:
        raise _Unfit(f"the image does not tell {{{min(missing)}}}")
    return template.bound({name: value for name, value in names.items() if name in template.names})


def _firmware(rule: BootRule, architecture: str) -> frozenset[Firmware]:
    cpu = cpu_of(architecture)
    return rule.firmware if cpu is None or cpu in _PCS else rule.firmware - {Firmware.BIOS}


def _is_wanted(version: VersionRange, wanted: Mapping[str, str], facts: Mapping[str, str]) -> bool:
    return version.holds(parse_version(facts.get("version", ""))) and all(
        facts.get(name, "") == value for name, value in wanted.items()
    )


def _holds(tree: Tree, conditions: Conditions, known: Mapping[str, str] | None = None) -> bool:
    names = dict(known or {})
    if conditions.volume_id and not conditions.volume_id.search(tree.volume_id):
        return False
    for pattern in conditions.paths:
        found = pattern.find(tree, names)
        if found is None:
            return False
        names = {**found.captures, **names}
    if any(pattern.find(tree, names) for pattern in conditions.no_paths):
        return False
    return all(_has_text(tree, one, names) for one in conditions.text) and not any(
        _has_text(tree, one, names) for one in conditions.no_text
    )


def _has_text(tree: Tree, condition: TextCondition, names: Mapping[str, str]) -> bool:
    text = _text_of(tree, condition.file, names)
    return text is not None and condition.matches.search(text) is not None


def _text_of(tree: Tree, pattern: PathPattern, names: Mapping[str, str]) -> str | None:
    found = pattern.find(tree, names)
    if found is None or found.is_directory:
        return None
    data = tree.read(found.path, MAX_TEXT_BYTES)
    return None if data is None else data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _read_facts(tree: Tree, recipe: Recipe) -> dict[str, str]:
    """Each fact by the first rule that tells it."""
    facts: dict[str, str] = {}
    for rule in recipe.facts:
        for name, value in _facts_of(tree, rule, facts).items():
            if name not in facts and _FACT.fullmatch(value):
                facts[name] = value
    return facts


def _facts_of(tree: Tree, rule: FactRule, known: Mapping[str, str]) -> dict[str, str]:
    if rule.matches is None:
        assert rule.path is not None, "a rule looks at a path or at text"
        found = rule.path.find(tree, known)
        return {**found.captures, **_constants(rule, found.captures)} if found else {}
    text = tree.volume_id if rule.path is None else _text_of(tree, rule.path, known)
    matched = rule.matches.search(text) if text is not None else None
    if matched is None:
        return {}
    groups = {name: value.strip() for name, value in matched.groupdict().items() if value is not None}
    return {**groups, **_constants(rule, groups)}


def _constants(rule: FactRule, groups: Mapping[str, str]) -> dict[str, str]:
    return {name: _filled_text(value, groups) for name, value in rule.constants.items()}


def _base_name(path: str) -> str:
    return path.rsplit("/", maxsplit=1)[-1]

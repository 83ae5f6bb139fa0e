"""``bootbeam inspect FILE...``: what a file is, and how it would be booted."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bootbeam.cli.complaint import EXIT_USER_ERROR, print_error
from bootbeam.errors import UserError, printable


def inspect(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Kernels, ISOs, EFI programs: any file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    recipes: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A directory of boot recipes of your own; may be repeated.")
    ] = None,
) -> None:
    """Say what files are, from their bytes alone, on which firmware they boot, and how."""
    import os

    from bootbeam.library.inspection import inspect_file
    from bootbeam.library.recipe_files import load_recipes, recipe_directories

    named = tuple(recipes or ())
    known = load_recipes(recipe_directories(os.environ, named), named)
    found, failed = [], []
    for path in files:
        try:
            found.append(inspect_file(path, known))
        except UserError as error:
            failed.append(error)
            found.append({"file": str(path), "error": {"what": error.what, "why": error.why, "fix": error.fix}})
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(facts for facts in found if "error" not in facts)
        for each in failed:
            print_error(each)
    if failed:
        raise typer.Exit(EXIT_USER_ERROR)


def _print(found: Iterable[dict[str, Any]]) -> None:
    for number, facts in enumerate(found):
        if number:
            typer.echo()
        for label, text in _rows(facts):
            typer.echo(f"{printable(label):12} {printable(text)}".rstrip())


def _rows(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield facts["file"], ""
    yield "  is", facts["description"]
    if facts["truncated"]:
        yield "  but", "it is shorter than its own headers say: cut off, or still being written"
    yield from _iso_rows(facts)
    for way in facts["boots_on"]:
        grub = f" ({way['needs_grub']})" if way["needs_grub"] else ""
        yield "  boots on", f"{way['firmware']} {way['cpu']}, as {way['form']}{grub}"
    for boot in facts.get("boots", ()):
        yield from _boot_rows(boot)
    as_cd = _as_cd(facts.get("as_cd"))
    if as_cd:
        yield "  boots on", as_cd
    is_told_why_not = bool((facts.get("system") or {}).get("cannot_boot"))
    if not as_cd and not facts["boots_on"] and not facts.get("boots") and not is_told_why_not:
        yield "  boots on", "nothing by itself"
    if facts["to_do"]:
        yield "  to do", facts["to_do"]


def _iso_rows(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is in an ISO; nothing for any other file."""
    if facts.get("names_by"):
        yield "  names by", ", ".join(facts["names_by"])
    system = facts.get("system")
    if system:
        yield "  system", system["title"]
        if system["unattended"]:
            yield "  answers", ", ".join(system["unattended"])
        if system["cannot_boot"]:
            yield "  cannot", f"boot from a network: {system['cannot_boot']}"
    elif "boots" in facts:
        by_menu = "; what follows is from its own boot menu" if facts["boots"] else ""
        yield "  system", f"of no known family{by_menu}"


def _as_cd(cd: dict[str, Any] | None) -> str:
    """What its own boot loaders start it on; "" when it has none."""
    if not cd:
        return ""
    kinds = [*(["BIOS"] if cd["bios"] else []), *(f"UEFI {cpu}" for cpu in cd["uefi"])]
    return f"{' and '.join(kinds)}: by its own boot loader, read as a CD (--boot cd)" if kinds else ""


def _boot_rows(boot: dict[str, Any]) -> Iterator[tuple[str, str]]:
    request = ", only when asked for" if boot["on_request"] else ""
    yield "  boots on", f"{' and '.join(boot['firmware'])}: {boot['title']} (--boot {boot['name']}){request}"
    yield "    kernel", boot["kernel"]
    for initrd in boot["initrds"]:
        yield "    initrd", initrd
    for injected in boot["injected"]:
        yield "    adds", f"{injected} inside the initrd"
    if boot["cmdline"]:
        yield "    words", boot["cmdline"]
    if boot["ram_mb"]:
        yield "    memory", f"{boot['ram_mb']} MB"
    if boot["note"]:
        yield "    note", boot["note"]

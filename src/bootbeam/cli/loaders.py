"""``bootbeam loaders``: the boot loaders found on this computer; ``fetch`` brings newer ones."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bootbeam.library.loader_fetch import FetchReport
    from bootbeam.library.loaders import Loader, LoaderShelf, Purpose
    from bootbeam.machine import Cpu, Firmware

OLD_AFTER_DAYS = 3 * 365
"""An iPXE older than that lacks much of what this program would like to use."""
_SHORT_WORDS = {"AUTOEXEC": "autoexec", "INITRD_WRAPPING": "initrd", "SHIM_COMMAND": "shim"}
_USE_LETTERS = {"NETWORK_BOOT": "N", "FROM_GRUB": "G", "SECURE_BOOT": "S"}
PIPED_COLUMNS = 200
"""Where nobody watches, lines are not folded: grep is to find whole paths."""

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)


@app.callback()
def loaders(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Option("--loaders", metavar="DIR", help="A directory of boot loaders to look in first.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the boot loaders on this computer: for which machines, how old, and what they can do."""
    if context.invoked_subcommand:
        return
    from bootbeam.library.loaders import find_loaders

    shelf = find_loaders(directory)
    if as_json:
        typer.echo(json.dumps(_as_json(shelf), indent=2))
        return
    console = _console()
    _print_shelf(console, shelf)
    for line in _remarks(shelf, date.today()):
        console.print(line, soft_wrap=not console.is_terminal, highlight=False, markup=False)


@app.command("fetch")
def fetch(
    suite: Annotated[
        str | None, typer.Option(help="Release of your distribution to take them from; default: the newest known.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be brought.")] = False,
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another directory than bootbeam's own.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring newer boot loaders by this computer's own apt: checked, unpacked, and not installed. Needs no root."""
    from bootbeam.library.loader_fetch import fetch_loaders
    from bootbeam.library.loader_places import own_directories

    directory = into.absolute() if into else own_directories()[0]
    report = fetch_loaders(directory, suite, dry_run=dry_run, tell=lambda words: typer.echo(f"{words} ...", err=True))
    if as_json:
        typer.echo(json.dumps(_report_as_json(report), indent=2))
    else:
        _print_report(_console(), report, dry_run)


def _console() -> "Console":
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=PIPED_COLUMNS)


def _machines() -> Iterator[tuple[str, "Firmware", "Cpu"]]:
    """The kinds of machines there are loaders for, each with its name for people."""
    from bootbeam.machine import Cpu, Firmware

    yield "BIOS", Firmware.BIOS, Cpu.X86_64
    for words, cpu in (
        ("UEFI x64", Cpu.X86_64),
        ("UEFI ia32", Cpu.I386),
        ("UEFI arm64", Cpu.ARM64),
        ("UEFI riscv64", Cpu.RISCV64),
        ("UEFI loong64", Cpu.LOONG64),
    ):
        yield words, Firmware.UEFI, cpu


def _uses(shelf: "LoaderShelf", loader: "Loader") -> list["Purpose"]:
    """What this loader is the best one for."""
    from bootbeam.library.loaders import Purpose

    return [purpose for purpose in Purpose if shelf.best(loader.firmware, loader.cpu, purpose) == loader]


def _print_shelf(console: "Console", shelf: "LoaderShelf") -> None:
    """A row for each loader, the ones in use marked, and where they lie below: the paths are too long for a row."""
    from rich.text import Text

    places = list(dict.fromkeys((loader.path.parent, str(loader.package or "")) for loader in shelf.loaders))
    console.print(_table(shelf, places))
    for number, (directory, package) in enumerate(places, 1):
        console.print(Text(f"{number:>3}  {package or 'no package'}"), soft_wrap=True)
        console.print(Text(f"     {directory}", style="dim"), soft_wrap=True)
    console.print()
    console.print("N network boot, G from GRUB on the machine's disk, S Secure Boot: the one used", style="dim")


def _table(shelf: "LoaderShelf", places: list[tuple[Path, str]]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("machine", "use", "boot loader", "of", "can do", "in"):
        table.add_column(title, no_wrap=title != "can do", justify="right" if title == "in" else "left")
    for words, firmware, cpu in _machines():
        found = [loader for loader in shelf.loaders if (loader.firmware, loader.cpu) == (firmware, cpu)]
        found.sort(key=lambda loader: loader.age_key, reverse=True)
        found.sort(key=lambda loader: not _uses(shelf, loader))
        for index, loader in enumerate(found):
            uses = "".join(_USE_LETTERS[purpose.name] for purpose in _uses(shelf, loader))
            abilities = (["signed"] if loader.is_signed else []) + sorted(
                _SHORT_WORDS.get(feature.name, feature.value) for feature in loader.features
            )
            number = places.index((loader.path.parent, str(loader.package or ""))) + 1
            table.add_row(
                "" if index else words,
                Text(uses, style="green"),
                Text(loader.name, style="bold" if uses else ""),
                _day(loader) or (loader.version or "unknown").partition("-")[0],
                ", ".join(abilities),
                str(number),
            )
        if not found:
            table.add_row(words, "", Text("none", style="yellow"))
        table.add_section()
    return table


def _day(loader: "Loader") -> str:
    return loader.released.isoformat() if loader.released else ""


def _remarks(shelf: "LoaderShelf", today: date) -> Iterator[str]:
    """What to do about loaders that are missing or old."""
    from bootbeam.library.loader_packages import missing_loader_advice, read_distribution

    distribution = read_distribution()
    missing: dict[str, list[str]] = {}
    old: list[str] = []
    for words, firmware, cpu in _machines():
        best = shelf.best(firmware, cpu)
        if best is None:
            missing.setdefault(missing_loader_advice(firmware, cpu, distribution).fix, []).append(words)
        elif best.released and (today - best.released).days > OLD_AFTER_DAYS:
            old.append(f"{words} ({best.released.year})")
    if old:
        yield f"Old: iPXE for {', '.join(old)}. Newer: bootbeam loaders fetch"
    for fix, machines in missing.items():
        yield f"None for {', '.join(machines)}: {fix}"


def _as_json(shelf: "LoaderShelf") -> dict[str, object]:
    return {
        "loaders": [
            {
                "path": str(loader.path),
                "firmware": loader.firmware,
                "cpu": loader.cpu,
                "family": loader.family,
                "variant": loader.variant,
                "version": loader.version,
                "released": _day(loader) or None,
                "package": str(loader.package) if loader.package else None,
                "features": sorted(loader.features),
                "signed": loader.is_signed,
                "found": loader.place,
                "used_for": _uses(shelf, loader),
            }
            for loader in shelf.loaders
        ],
        "missing": [
            {"firmware": firmware, "cpu": cpu} for _, firmware, cpu in _machines() if shelf.best(firmware, cpu) is None
        ],
    }


def _print_report(console: "Console", report: "FetchReport", dry_run: bool) -> None:
    new = {name: version for name, version in report.candidates.items() if name not in report.present}
    lines = []
    if not new:
        lines.append(f"{report.release} has nothing newer than what is in {report.directory}")
    elif dry_run:
        lines.append(f"{report.release} would bring into {report.directory}:")
        lines += [f"  {name} {version}" for name, version in new.items()]
    else:
        width = max((len(brought.loader.name) for brought in report.brought), default=0)
        lines += [
            f"{brought.loader.name:{width}}  {brought.old_version or '(none)'} -> {brought.loader.version or 'unknown'}"
            for brought in report.brought
        ]
        lines.append(f"In {report.directory}")
    if report.missing:
        lines.append(f"Not in {report.release}: {', '.join(report.missing)}")
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _report_as_json(report: "FetchReport") -> dict[str, object]:
    return {
        "release": report.release,
        "directory": str(report.directory),
        "packages": report.candidates,
        "missing": report.missing,
        "present": report.present,
        "brought": [
            {
                "path": str(brought.loader.path),
                "firmware": brought.loader.firmware,
                "cpu": brought.loader.cpu,
                "old_version": brought.old_version,
                "version": brought.loader.version,
            }
            for brought in report.brought
        ],
    }

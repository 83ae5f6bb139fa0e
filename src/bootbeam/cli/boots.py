"""``bootbeam boots``: past boots; ``show`` tells one, ``export`` puts it in a file for a bug report."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bootbeam.journal.account import Row
    from bootbeam.journal.boot_database import BootRecords
    from bootbeam.journal.summary import Summary

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)
LISTED = 20
LAST = "last"

State = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where the station keeps them, if it was told so with --state.")
]
Json = Annotated[bool, typer.Option("--json", help="For a machine.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Of the boot, from the list; last: the newest.")]


@app.callback()
def boots(
    context: typer.Context,
    mac: Annotated[str | None, typer.Option(metavar="MAC", help="Of this machine only.")] = None,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="The newest so many.")] = LISTED,
    state: State = None,
    as_json: Json = False,
) -> None:
    """List the newest boots: machine, how it ended, how long it took."""
    context.obj = state
    if context.invoked_subcommand:
        return
    from bootbeam.journal.account import list_boots
    from bootbeam.journal.boot_json import summary_json
    from bootbeam.net.maker import maker_of

    wanted = mac.lower().replace("-", ":") if mac else None
    found = [summary for records in _open(state) for summary in records.newest(last, wanted)]
    newest = sorted(found, key=lambda summary: summary.began_at_s, reverse=True)[:last]
    if as_json:
        typer.echo(json.dumps([summary_json(each) for each in newest], indent=2, ensure_ascii=False))
    elif newest:
        _print(list_boots(newest, maker_of, _width()))
    else:
        typer.echo("No boot is known. A machine that boots from this station shows up here.")


@app.command("show")
def show(
    context: typer.Context,
    attempt: Id = LAST,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Tell one boot: every step, the silences between them, what was found wrong."""
    from bootbeam.journal.account import tell_boot
    from bootbeam.journal.boot_json import boot_json
    from bootbeam.net.maker import maker_of

    records, summary = _find(attempt, state or context.obj)
    events = records.events(summary.attempt)
    if as_json:
        typer.echo(json.dumps(boot_json(summary, events, maker_of), indent=2, ensure_ascii=False))
    else:
        _print(tell_boot(summary, events, maker_of, _width()))


@app.command("export")
def export(
    context: typer.Context,
    attempt: Id = LAST,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The zip file to write.")
    ] = None,
    state: State = None,
) -> None:
    """Put all that is known of one boot into a zip file, packets included, secrets left out."""
    from bootbeam.errors import UserError
    from bootbeam.journal.export import encode_report, gather_report
    from bootbeam.net.maker import maker_of

    records, summary = _find(attempt, state or context.obj)
    report = gather_report(records, summary)
    path = output or Path(f"bootbeam-boot-{summary.attempt}.zip")
    try:
        path.write_bytes(encode_report(report, maker_of))
    except OSError as error:
        raise UserError(
            f"{path} cannot be written",
            error.strerror or str(error),
            "name another file: bootbeam boots export -o FILE",
        ) from None
    typer.echo(
        f"{path}: {len(report.events)} events, {len(report.packets)} packets. Look through it before you send it."
    )


def _find(attempt: str, state: Path | None) -> "tuple[BootRecords, Summary]":
    """The boot of this id, and the records it is in."""
    from bootbeam.errors import UserError

    opened = _open(state)
    if attempt == LAST:
        newest = [(records, summary) for records in opened for summary in records.newest(1)]
        if newest:
            return max(newest, key=lambda found: found[1].began_at_s)
        raise UserError("no boot is known", "no machine has booted from this station", "start it: bootbeam serve IMAGE")
    for records in opened:
        summary = records.summary(attempt)
        if summary is not None:
            return records, summary
    raise UserError(f"there is no boot {attempt}", "", "see those that are known: bootbeam boots")


def _open(state: Path | None) -> "list[BootRecords]":
    """What stations of this computer keep; a station started with sudo does so where its caller keeps things."""
    from bootbeam.errors import UserError
    from bootbeam.journal.boot_store import BOOTS_FILE
    from bootbeam.library.cache import ROOT_STATE_DIRECTORY, state_directories

    own = [ROOT_STATE_DIRECTORY / "bootbeam", *state_directories()]
    directories = [state] if state else list(dict.fromkeys(own))
    opened, closed = [], []
    for directory in directories:
        path = directory / BOOTS_FILE
        if os.access(path, os.R_OK):
            opened.append(_opened(path))
        elif not _is_missing(path):
            closed.append(path)
    if closed and not opened:
        raise UserError(
            f"{closed[0]} cannot be read", "a station that ran as root keeps its boots there", "sudo bootbeam boots"
        )
    return opened


def _opened(path: Path) -> "BootRecords":
    from sqlalchemy.exc import DBAPIError

    from bootbeam.errors import UserError
    from bootbeam.journal.boot_database import BootRecords

    records = BootRecords(path)
    try:
        records.newest(1)
    except DBAPIError as error:
        raise UserError(
            f"{path} cannot be read as a record of boots",
            str(error.orig),
            "the next station that starts puts it aside and begins a new one: bootbeam serve IMAGE",
        ) from None
    return records


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except PermissionError:
        return False


def _width() -> int:
    """Of the terminal; 0, so that lines stay whole for grep, where there is none and nobody asks for a width."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        from rich.console import Console

        return Console().width
    return 0


def _print(rows: "Iterable[Row]") -> None:
    from rich.console import Console
    from rich.text import Text

    from bootbeam.cli.story_view import STYLES

    console = Console()
    for text, tone in rows:
        # What machines told of themselves is in there.
        printable = "".join(character if character.isprintable() else "?" for character in text)
        console.print(Text(printable, STYLES[tone]), soft_wrap=True, highlight=False)

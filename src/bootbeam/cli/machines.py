"""``bootbeam machines``: which machines are installed; ``forget`` lets one be installed again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bootbeam.library.machines import Machines

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)
State = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where the station remembers it, if it was told so with --state.")
]


@app.callback()
def machines(context: typer.Context, state: State = None) -> None:
    """List the machines that reported an installation; they are sent to their own disk."""
    context.obj = state
    if context.invoked_subcommand:
        return
    from datetime import UTC, datetime

    known = [row for kept in _open(state) for row in kept.all_installed()]
    if not known:
        typer.echo("No machine has reported an installation.")
    for mac, entry, at_s in known:
        typer.echo(f"{mac}  {datetime.fromtimestamp(at_s, UTC).astimezone():%Y-%m-%d %H:%M}  {entry}")


@app.command("forget")
def forget(
    context: typer.Context,
    mac: Annotated[str, typer.Argument(metavar="MAC", help="The machine's hardware address.")],
    state: State = None,
) -> None:
    """Let a machine be installed again the next time it boots from the network."""
    from bootbeam.errors import UserError

    wanted = mac.lower().replace("-", ":")
    forgotten = [kept.forget(wanted) for kept in _open(state or context.obj)]
    if not any(forgotten):
        raise UserError(f"no installation of {mac} is known", "", "see those that are: bootbeam machines")
    typer.echo(f"{wanted} may be installed again.")


def _open(state: Path | None) -> "list[Machines]":
    """What stations of this computer remember; a station started with sudo does so where its caller keeps things."""
    from bootbeam.library.cache import STATE_FILE, state_directories
    from bootbeam.library.machines import Machines

    directories = [state] if state else state_directories()
    return [Machines(path) for directory in directories if (path := directory / STATE_FILE).exists()]

"""``bootbeam machines``: what is remembered of machines; ``forget`` lets one be met as if for the first time."""

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
    """List the machines that were installed from here, and those whose firmware wants its answers in another form."""
    context.obj = state
    if context.invoked_subcommand:
        return
    from datetime import UTC, datetime

    places = _open(state)
    known = [row for kept in places for row in kept.all_installed()]
    if not known:
        typer.echo("No machine has reported an installation.")
    for mac, entry, at_s in known:
        typer.echo(f"{mac}  {datetime.fromtimestamp(at_s, UTC).astimezone():%Y-%m-%d %H:%M}  {entry}")
    for kept in places:
        for mac, (kind, variant) in sorted(kept.all_replies().items()):
            typer.echo(f"{mac}  {kind} firmware is answered with {variant}")


@app.command("forget")
def forget(
    context: typer.Context,
    mac: Annotated[str, typer.Argument(metavar="MAC", help="The machine's hardware address.")],
    state: State = None,
) -> None:
    """Let a machine be installed again the next time it boots from the network, and answer it as any other."""
    from bootbeam.errors import UserError

    wanted = mac.lower().replace("-", ":")
    forgotten = [kept.forget(wanted) for kept in _open(state or context.obj)]
    if not any(forgotten):
        raise UserError(f"nothing is known of {mac}", "", "see what is: bootbeam machines")
    typer.echo(f"{wanted} may be installed again.")


def _open(state: Path | None) -> "list[Machines]":
    """What stations of this computer remember; a station started with sudo does so where its caller keeps things."""
    from bootbeam.library.cache import STATE_FILE, state_directories
    from bootbeam.library.machines import Machines
    from bootbeam.library.regular_file import is_file

    directories = [state] if state else state_directories()
    return [Machines(path) for directory in directories if is_file(path := directory / STATE_FILE)]

"""``bootbeam machines``: which machines are installed; ``forget`` lets one be installed again."""

from typing import Annotated

import typer

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)


@app.callback()
def machines(context: typer.Context) -> None:
    """List the machines that reported an installation; they are sent to their own disk."""
    if context.invoked_subcommand:
        return
    from datetime import UTC, datetime

    from bootbeam.library.cache import state_directory
    from bootbeam.library.machines import Machines

    path = state_directory() / "state.db"
    known = Machines(path).all_installed() if path.exists() else []
    if not known:
        typer.echo("No machine has reported an installation.")
    for mac, entry, at_s in known:
        typer.echo(f"{mac}  {datetime.fromtimestamp(at_s, UTC).astimezone():%Y-%m-%d %H:%M}  {entry}")


@app.command("forget")
def forget(mac: Annotated[str, typer.Argument(metavar="MAC", help="The machine's hardware address.")]) -> None:
    """Let a machine be installed again the next time it boots from the network."""
    from bootbeam.errors import UserError
    from bootbeam.library.cache import state_directory
    from bootbeam.library.machines import Machines

    path = state_directory() / "state.db"
    wanted = mac.lower().replace("-", ":")
    if not path.exists() or not Machines(path).forget(wanted):
        raise UserError(f"no installation of {mac} is known", "", "see those that are: bootbeam machines")
    typer.echo(f"{wanted} may be installed again.")

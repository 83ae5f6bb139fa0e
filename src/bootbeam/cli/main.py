"""The ``bootbeam`` command: its subcommands, and how a person is told of an error."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from bootbeam import __version__
from bootbeam.cli import boots, demo, doctor, explain, grub, inspect, loaders, machines, serve
from bootbeam.errors import UserError

EXIT_USER_ERROR = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="bootbeam",
    help="A network boot station: point it at an image, and the machines on the LAN boot it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("inspect")(inspect.inspect)
app.command("explain")(explain.explain)
app.command("grub")(grub.grub)
app.add_typer(loaders.app, name="loaders")
app.add_typer(boots.app, name="boots")
app.add_typer(machines.app, name="machines")
app.command("demo")(demo.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bootbeam {__version__}")
        raise typer.Exit


@app.callback()
def bootbeam(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """A network boot station: point it at an image, and the machines on the LAN boot it."""


def main() -> None:
    """Run the command line; an error a person can put right is told in words, without a traceback."""
    try:
        app()
    except UserError as error:
        print_error(error)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


def print_error(error: UserError) -> None:
    """What happened, why, and the next step, on standard error."""
    console = Console(stderr=True)
    rows = [("error", error.what, "bold red"), ("why", error.why, ""), ("what to do", error.fix, "bold")]
    for label, text, style in rows:
        if text:
            console.print(Text.assemble((f"{label}: ", "bold"), (text, style)), soft_wrap=not console.is_terminal)

"""All commands of ``bootbeam``, their options and their help."""

from typing import Annotated

import typer

from bootbeam import __version__
from bootbeam.cli import boots, demo, doctor, explain, grub, inspect, loaders, machines, serve

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

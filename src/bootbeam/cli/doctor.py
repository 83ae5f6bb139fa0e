"""``bootbeam doctor [IMAGE...]``: what stands in the way of a boot, before the first one."""

import json
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bootbeam.cli import serve_options as option

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from bootbeam.doctor.finding import Finding

AREA = "TFTP"
EXIT_PROBLEM = 1
_STYLES = {"ok": "green", "warning": "bold yellow", "problem": "bold red"}
_COMMANDS = frozenset({"sudo", "bootbeam", "ip", "docker", "nmcli", "systemctl", "df", "ulimit", "cc"})
"""What a line that is a command begins with; any other is a sentence."""
_LEVEL_COLUMNS = 9
_AREA_COLUMNS = 10
_LEAST_TEXT_COLUMNS = 30


def doctor(
    images: Annotated[
        list[str] | None, typer.Argument(metavar="IMAGE", help="What is going to be served, as for serve.")
    ] = None,
    interface: option.Interfaces = None,
    ipv6: option.Ipv6 = True,
    http_port: option.HttpPort = 8080,
    loaders: option.Loaders = None,
    recipes: option.Recipes = None,
    state: option.State = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for what stands in the way of a boot: rights, ports, firewall, the network's DHCP, loaders, images.

    Changes nothing. Each line is ok, a warning or a problem with its fix; the exit code is 1 when there is a problem.
    """
    from bootbeam.doctor.examination import Plan, examine
    from bootbeam.doctor.finding import Level, summary

    plan = Plan(
        images=tuple(images or ()),
        interfaces=tuple(interface or ()),
        http_port=http_port,
        ipv6=ipv6,
        loader_directory=loaders,
        recipe_directories=tuple(recipes or ()),
        state_directory=state,
        looked_at=(compiled_part(),),
    )
    if as_json:
        found = examine(plan)
        typer.echo(json.dumps({"summary": summary(found), "findings": [asdict(each) for each in found]}, indent=2))
    else:
        console = _console()
        waiting = console.status("asking the network ...") if console.is_terminal else nullcontext()
        with waiting:
            found = examine(plan, lambda finding: _show(console, finding))
        console.print()
        console.print(summary(found), soft_wrap=not console.is_terminal, highlight=False, markup=False)
    if any(finding.level is Level.PROBLEM for finding in found):
        raise typer.Exit(EXIT_PROBLEM)


def compiled_part(library: "Path | None" = None) -> "Finding":
    """Whether TFTP has its part in C; ``library``: where that is looked for instead of where it belongs."""
    from bootbeam.doctor.finding import Finding, Level, ok
    from bootbeam.servers.tftp_library import find_trouble
    from bootbeam.servers.tftp_turn import LIBRARY

    trouble = find_trouble(library or LIBRARY)
    if trouble is None:
        return ok(AREA, "its compiled part is here and used")
    return Finding(Level.WARNING if trouble.is_refused else Level.OK, AREA, trouble.what, trouble.why, trouble.fix)


def _console() -> "Console":
    from rich.console import Console

    return Console()


def _show(console: "Console", finding: "Finding") -> None:
    """One finding: its level, where, what; the reason and the commands below."""
    from rich.text import Text

    indent = " " * (_LEVEL_COLUMNS + _AREA_COLUMNS)
    head = Text.assemble(
        (f"{finding.level:{_LEVEL_COLUMNS}}", _STYLES[finding.level]), f"{finding.area:{_AREA_COLUMNS}}"
    )
    for row in _wrap(console, finding.what, len(indent)):
        console.print(Text.assemble(head, row), soft_wrap=True, highlight=False)
        head = Text(indent)
    for row in _wrap(console, finding.why, len(indent)):
        console.print(Text.assemble(indent, (row, "dim")), soft_wrap=True, highlight=False)
    label = "fix: "
    for line in finding.fix.splitlines():
        # A command is never folded: it is there to be copied. One that is too long gets lines of its own.
        is_command = line.split()[0] in _COMMANDS
        is_too_long = console.is_terminal and len(indent) + len(label) + len(line) > console.width
        if is_command and is_too_long:
            if label.strip():
                console.print(Text.assemble(indent, label.rstrip()), highlight=False)
            console.print(Text(f"  {line}", "bold"), soft_wrap=True, highlight=False)
            label = " " * len(label)
            continue
        for row in [line] if is_command else _wrap(console, line, len(indent) + len(label)):
            console.print(Text.assemble(indent, label, (row, "bold")), soft_wrap=True, highlight=False)
            label = " " * len(label)


def _wrap(console: "Console", text: str, indent: int) -> list[str]:
    """Lines that fit beside the head; unbroken when nobody watches, so that grep finds whole lines."""
    import textwrap

    if not console.is_terminal:
        return [text] if text else []
    return textwrap.wrap(text, max(console.width - indent, _LEAST_TEXT_COLUMNS), break_on_hyphens=False)

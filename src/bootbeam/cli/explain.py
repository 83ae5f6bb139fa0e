"""``bootbeam explain CODE``: what a screen says means, and what to do about it. Offline."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bootbeam.journal.verdict.explain import Answer


def explain(
    what: Annotated[
        list[str],
        typer.Argument(metavar="CODE", help="PXE-E16, http://ipxe.org/2e008081, BB-020, or words from the screen."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a code, a number or a line on a machine's screen means, and what to do."""
    from bootbeam.journal.verdict.explain import explain as find

    answers = find(" ".join(what))
    if as_json:
        typer.echo(json.dumps([answer.as_json() for answer in answers], indent=2, ensure_ascii=False))
        return
    typer.echo("\n\n".join("\n".join(_lines(answer)) for answer in answers))


def _lines(answer: "Answer") -> Iterator[str]:
    where = f" on {answer.where}" if answer.where else ""
    yield f"{answer.name}{where}: {answer.words}" if answer.name else f"{answer.words} ({answer.where})"
    sure = f"{answer.sure}: " if answer.sure else ""
    yield from _rows("means", [f"{sure}{answer.meaning}"])
    yield from _rows("seen", [answer.sees] if answer.sees else [])
    yield from _rows("on screen", answer.screen)
    yield from _rows("what to do", answer.fix)
    yield from _rows("it may be", [f"{id}  {title}" for id, title in answer.findings])
    if answer.findings:
        yield from _rows("more", [f"bootbeam explain {answer.findings[0][0]}"])


def _rows(label: str, lines: "list[str] | tuple[str, ...]") -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"  {label if number == 0 else '':12}{line}".rstrip()

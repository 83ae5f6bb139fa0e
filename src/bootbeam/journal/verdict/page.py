"""docs/troubleshooting.md, made from the rules and the tables of codes."""

from collections.abc import Iterator

from bootbeam.journal.verdict.codes import BIOS, OTHERS, UEFI, ScreenCode
from bootbeam.journal.verdict.finding import EXAMPLE_VALUES, Rule
from bootbeam.journal.verdict.ipxe_errors import KNOWN, shown_number
from bootbeam.journal.verdict.rules import RULES

INTRODUCTION = """\
# When a boot fails

bootbeam watches every boot and says by itself what went wrong. Its terminal then shows a block like this:

```
12:00:14 52:54:00:12:34:56 BB-020: the machine's question to port 4011 does not arrive
           seen:           it took 192.168.1.77 and then did not ask port 4011 here, for 7 s; it did look for this
                           computer's network card (ARP)
           most likely:    a firewall, on this computer or between it and the machine, drops UDP port 4011
           on its screen:  PXE-E16: No valid offer received.
           what to do:     see what this computer's firewall holds back:
                               sudo bootbeam doctor
                           and let it through; with ufw:
                               sudo ufw allow 67,69,547,4011/udp
```

`BB-020` is the number of a finding: each has a section below, and `bootbeam explain BB-020` prints it. What a machine's
screen says can be looked up too, without a network: `bootbeam explain PXE-E16`, `bootbeam explain 2e008081`,
`bootbeam explain no valid offer`. A boot that goes well has no finding at all.

This page is made from the rules themselves (`make docs`). Addresses and names in it are examples: in a finding they are
those of your network.
"""


def render_page() -> str:
    """The whole page, in Markdown."""
    parts = [INTRODUCTION, "\n".join(_screens()), "\n".join(_numbers())]
    parts.append("## Findings\n")
    parts += ["\n".join(_section(rule)) for rule in sorted(RULES, key=lambda rule: rule.id)]
    return "\n".join(parts).rstrip("\n") + "\n"


def _screens() -> Iterator[str]:
    yield "## What the screen says\n"
    yield "The same code means different things on UEFI and BIOS.\n"
    for heading, codes in (("UEFI", UEFI), ("BIOS", BIOS), ("Boot loaders and systems", OTHERS)):
        yield f"### {heading}\n"
        yield "| screen | meaning | findings |"
        yield "|---|---|---|"
        yield from dict.fromkeys(_row(code) for code in codes if not code.code.startswith("PXE-E0") or code.findings)
        yield ""


def _row(code: ScreenCode) -> str:
    name = f"`{code.code}` " if code.code else ""
    findings = ", ".join(f"[{id}](#{id.lower()})" for id in code.findings)
    return f"| {name}{_cell(code.words)} | {_cell(code.meaning)} | {findings} |"


def _numbers() -> Iterator[str]:
    yield "### iPXE\n"
    yield "iPXE's numbers (`http://ipxe.org/2e008081`) end differently on BIOS and UEFI; the first six digits count.\n"
    yield "| number | screen | meaning |"
    yield "|---|---|---|"
    for number, error in KNOWN.items():
        meaning = error.meaning.format_map(EXAMPLE_VALUES)
        yield f"| `{shown_number(number)}` | {_cell(error.message)} | {_cell(meaning)} |"
    yield ""


def _section(rule: Rule) -> Iterator[str]:
    yield f'<a id="{rule.id.lower()}"></a>\n'
    yield f"### {rule.id}: {rule.example(rule.title)}\n"
    yield f"**Seen:** {rule.example(rule.sees)}.\n"
    yield f"**Cause, {rule.sure}:** {rule.example(rule.cause)}.\n"
    screens = [(where, line) for where, lines in rule.screens.items() for line in lines]
    if screens:
        yield "**On its screen:**\n"
        yield from (f"* {where}: `{_code(rule.example(line))}`" for where, line in screens)
        yield ""
    yield "**What to do:**\n"
    yield from _fix([rule.example(line) for line in rule.fix])
    yield ""


def _fix(lines: list[str]) -> Iterator[str]:
    """Words as they are, lines to paste in blocks."""
    is_open = False
    for line in lines:
        is_command = line.startswith("    ")
        if is_command != is_open:
            yield "```" if not is_open else "```\n"
            is_open = is_command
        yield line.strip() if is_command else f"{line[0].upper()}{line[1:]}\n"
    if is_open:
        yield "```"


def _code(line: str) -> str:
    return line.replace("`", "'")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")

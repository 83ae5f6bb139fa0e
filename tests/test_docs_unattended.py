"""docs/unattended.md: what it shows is taken by the real readers, what it names exists."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from bootbeam.cli.app import app
from bootbeam.errors import UserError
from bootbeam.install.answers import KINDS, AnswerFormat
from bootbeam.install.autoinstall import check_autoinstall
from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.finding import Severity
from bootbeam.install.short_form import parse_short_form
from bootbeam.install.stage import Stage
from bootbeam.install.template import FACTS, render_template

PAGE = (Path(__file__).parents[1] / "docs" / "unattended.md").read_text("utf-8")
REPORT_URL = "http://192.0.2.1:8080/report/52-54-00-12-34-56/"
FORMATS = {"--answer" if format is AnswerFormat.PROXMOX else f"--{format}": format for format in AnswerFormat}
WITHOUT_PACKAGES = (AnswerFormat.IGNITION, AnswerFormat.PROXMOX)
MACHINE = MachineFacts("52:54:00:12:34:56", serial="CZC1")
STAGES = {
    "begun": Stage.STARTED,
    "steps": Stage.PROGRESS,
    "installed": Stage.INSTALLED,
    "failed": Stage.FAILED,
    "first boot": Stage.FIRST_BOOT,
}


def block(language: str) -> str:
    [text] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


def table(heading: str) -> list[list[str]]:
    """The rows of the first table under the heading, its first row being its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if not row[0].startswith("--")]


def options() -> set[str]:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    serve = command.commands["serve"]
    return {name for parameter in serve.params for name in (*parameter.opts, *parameter.secondary_opts)}


def test_the_short_form_is_read_and_made_into_every_format() -> None:
    answers = parse_short_form(block("toml"), "abc")
    assert (answers.user, answers.packages, answers.timezone) == ("ann", ("git",), "Europe/Berlin")
    assert answers.ssh_keys
    assert answers.password_hash
    for format, kind in KINDS.items():
        if format is not AnswerFormat.AUTOUNATTEND:  # which takes no hash
            fitting = replace(answers, packages=()) if format in WITHOUT_PACKAGES else answers
            assert kind.render(fitting, MACHINE, StationFacts(REPORT_URL))[kind.file_name]


def test_every_key_of_the_short_form_is_explained() -> None:
    named = set(re.findall(r"`([a-z-]+)`", " ".join(row[0] for row in table("The short form"))))
    with pytest.raises(UserError, match="has no 'x'") as error:
        parse_short_form("x = 1\n", "abc")
    known = error.value.why.removeprefix("its keys are ").split(", ")
    assert named == set(known)


def test_the_template_is_filled_in_and_without_a_mistake() -> None:
    for machine, name in ((MACHINE, "czc1"), (MachineFacts("52:54:00:12:34:56"), "pc-525400123456")):
        text = render_template(block("yaml"), machine, "user-data.j2")
        assert f"hostname: {name}\n" in text
        assert not [finding for finding in check_autoinstall(text) if finding.severity is Severity.PROBLEM]
    assert all(f"`{fact}`" in PAGE for fact in FACTS)


def test_every_option_and_every_format_is_there() -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert named <= options()
    formats = {row[1].strip("`").split()[0] for row in table("Your own answers")[1:]}
    assert formats == set(FORMATS)
    for row in table("Your own answers")[1:]:
        format = FORMATS[row[1].strip("`").split()[0]]
        assert f"`{KINDS[format].file_name}`" in row[2]


def test_what_is_reported_is_what_the_answers_report() -> None:
    head, *rows = table("What is reported")
    short_form = parse_short_form('user = "ann"\npassword = "x"\n', "abc")
    assert {f"--{row[0].split()[0].strip(',')}" for row in rows} == set(FORMATS)
    for name, *cells in rows:
        kind = KINDS[FORMATS[f"--{name.split()[0].strip(',')}"]]
        text = kind.render(short_form, MACHINE, StationFacts(REPORT_URL))[kind.file_name]
        for column, cell in zip(head[1:], cells, strict=True):
            assert (f"{REPORT_URL}{STAGES[column]}" in text) == (cell == "yes"), f"{name}: {column}"

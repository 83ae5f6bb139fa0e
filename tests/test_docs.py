"""The documentation says what is: every row names a test that exists, every quirk in the source is listed."""

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from bootbeam.cli.app import app

PROJECT = Path(__file__).parents[1]
HARDWARE = (PROJECT / "docs" / "hardware.md").read_text("utf-8")
FIRMWARE_TESTS = "\n".join(path.read_text("utf-8") for path in (PROJECT / "tests" / "firmware").glob("test_*.py"))


def test_every_row_of_the_firmware_table_names_a_test_that_runs() -> None:
    rows = [
        line
        for line in HARDWARE.split("## What each boot was")[1].split("## Loaders")[0].splitlines()
        if line.startswith("| ")
    ][1:]
    assert len(rows) >= 10
    for row in rows:
        [name] = re.findall(r"`(test_\w+)`", row)
        assert f"def {name}(" in FIRMWARE_TESTS, row


def test_every_quirk_of_a_firmware_is_listed() -> None:
    listed = HARDWARE.split("## Quirks")[1].lower()
    found = 0
    for path in (PROJECT / "src" / "bootbeam").rglob("*.py"):
        if "formats" in path.parts:
            continue  # oddities of programs that write images, not of firmware
        for firmware in re.findall(r"# Quirk: ([^:]+):", path.read_text("utf-8")):
            found += 1
            assert firmware.lower() in listed, f"{path}: {firmware}"
    assert found >= 4


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_commands_of_the_readme_exist(name: str) -> None:
    text = (PROJECT / name).read_text("utf-8")
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make (\w+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    commands_of_app = (PROJECT / "src/bootbeam/cli/app.py").read_text("utf-8")
    commands = set(re.findall(r"(?:`|^sudo )(?:sudo )?(?:\S*/)?bootbeam ([a-z]+)", text, re.MULTILINE))
    assert {"serve", "grub", "loaders"} <= commands
    for command in commands:
        assert f'"{command}"' in commands_of_app, command


@pytest.mark.parametrize("path", [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")], ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", [PROJECT / "README.md", PROJECT / "README.ja.md", *(PROJECT / "docs").glob("*.md")])
def test_the_options_in_examples_exist(path: Path) -> None:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    for name, rest in re.findall(r"bootbeam ([a-z]+)\b([^`\n]*)", path.read_text("utf-8")):
        command = root.commands.get(name)
        if command is None:
            continue  # "bootbeam is ..."
        inner = list(command.commands.values()) if isinstance(command, TyperGroup) else []
        parameters = [parameter for each in (command, *inner) for parameter in each.params]
        known = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
        for option in re.findall(r"(?<!\S)(--?[a-z][a-z0-9-]*)", rest):
            assert option in {*known, "--help"}, f"bootbeam {name}{rest}"

"""``bootbeam explain``."""

import json

from typer.testing import CliRunner

from bootbeam.cli.app import app


def explained(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["explain", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_code_with_what_it_may_be() -> None:
    lines = explained("PXE-E16").splitlines()
    assert lines[0] == "PXE-E16 on UEFI: No valid offer received."
    assert lines[1].startswith("  means       offers came")
    assert lines[2].startswith("  it may be   BB-020")


def test_words_need_no_quotes() -> None:
    assert explained("no", "valid", "offer").startswith("PXE-E16 on UEFI")


def test_for_a_program() -> None:
    [answer] = json.loads(explained("BB-020", "--json"))
    assert answer["name"] == "BB-020"
    assert answer["sure"] == "most likely"
    assert any("4011/udp" in line for line in answer["fix"])

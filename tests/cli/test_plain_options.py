"""The options of a station that is started plainly, read beside typer: the same, or left to it."""

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from bootbeam.cli import serve
from bootbeam.cli.app import app
from bootbeam.cli.plain_options import read_plainly

WORDS = (
    *("a.iso", "b c.img", "", "-", "--", "x=y", "80", "65536", "-1", "auto", "always", "json", "TEXT", "٣", "1_0"),
    *("--kernel", "--initrd", "--cmdline", "--cmdline=a=b", "--cmdline=", "--recipes", "--default", "--timeout"),
    *("--timeout=5", "--mac", "--yes-to-any-machine", "--report", "--no-report", "--ipv6", "--no-ipv6", "--no-page"),
    *("--http-port", "--http-port=80", "--http-port=0", "--secure-boot", "--secure-boot=always", "--log-format"),
    *("--log-format=json", "--page", "--no-page=1", "--no", "--help", "-h", "--http", "--unknown", "--interface"),
)


def read_by_typer(words: list[str]) -> dict[str, Any] | None:
    """What typer hands on; None where it does not."""
    with patch.object(serve, "_run") as run:
        try:
            get_command(app).main(["serve", *words], standalone_mode=False)
        except Exception:  # typer has classes of its own for each mistake
            return None
    return dict(run.call_args.args[0]) if run.called else None


def read_here(words: list[str]) -> dict[str, Any] | None:
    options = read_plainly(serve.serve, words)
    if options is None:
        return None
    with patch.object(serve, "_run") as run:
        serve.serve(**options)
    return dict(run.call_args.args[0])


def told(options: dict[str, Any] | None) -> dict[str, Any] | None:
    """typer has a list without anything in it where nothing was given."""
    return options and {name: None if value == [] else value for name, value in options.items()}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a.iso",
        "a.iso --http-port 81 b.iso --interface eth0 --interface=eth1",
        "--kernel k --initrd i --initrd j --cmdline --quiet --log-format json",
        "--cmdline a=b --cmdline=c=d --no-ipv6 --ipv6 --no-report --no-page --secure-boot never",
        "--mac 52:54:00 --yes-to-any-machine --timeout 0 --keep-boots-mb 1 --page :80 --state /x --tree-boot x64=a",
    ],
)
def test_what_is_plain_is_read_as_typer_reads_it(line: str) -> None:
    options = read_here(line.split())
    assert options is not None
    assert told(options) == told(read_by_typer(line.split()))


@pytest.mark.parametrize(
    "line", ["--help", "--unknown", "a.iso --timeout", "--timeout x", "--timeout 3601", "--ipv6=yes", "--log-format x"]
)
def test_help_and_mistakes_are_left_to_typer(line: str) -> None:
    assert read_plainly(serve.serve, line.split()) is None


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_nothing_is_read_otherwise_than_typer_reads_it(words: list[str]) -> None:
    options = read_here(words)
    if options is not None:
        assert told(options) == told(read_by_typer(words)), words

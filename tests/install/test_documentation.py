"""docs/unattended.md: what it shows works, and nothing is missing from it."""

import re
import tomllib
from pathlib import Path

import yaml

from bootbeam.install.answers import KINDS
from bootbeam.install.short_form import ShortForm, parse_short_form
from bootbeam.install.template import FACTS, FILTERS, render_template
from tests.install.examples import KEY, MACHINE, SALT

PAGE = (Path(__file__).parents[2] / "docs" / "unattended.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found.group(1)


def test_the_short_form_that_is_shown_is_one_and_shows_the_defaults() -> None:
    text = block("toml").replace("ssh-ed25519 AAAA... ann@desk", KEY)
    form = parse_short_form(text, SALT)
    least = ShortForm(user="ann")
    for name in ("disk", "packages", "locale", "keyboard", "timezone"):
        assert getattr(form, name) == getattr(least, name)
    shown = set(tomllib.loads(text)) | {"password-hash"}
    assert shown == {
        name.replace("_", "-").replace("password-clear", "password") for name in ShortForm.__dataclass_fields__
    }


def test_the_template_that_is_shown_is_one() -> None:
    content = yaml.safe_load(render_template(block("yaml"), MACHINE, "user-data.j2"))
    assert content["autoinstall"]["identity"]["hostname"] == "pc-pf2abc12"


def test_every_format_filter_and_fact_is_named() -> None:
    for kind, offered in KINDS.items():
        assert f"| `{kind}` |" in PAGE
        assert f"`{offered.file_name}`" in PAGE
    assert all(f"`{name}`" in PAGE for name in (*FACTS, *FILTERS) if name != "d")

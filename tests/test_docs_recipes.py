"""docs/recipes.md and docs/systems.md: the example works, every key is explained, the table is today's."""

import re
from pathlib import Path

import pytest

from bootbeam.boot.cmdline import ADDRESSES, MACHINE_FACTS, WORDS, BootValues
from bootbeam.boot.matched import Boot, Match
from bootbeam.boot.recipe import Rewrite, Start
from bootbeam.boot.recipe_match import match
from bootbeam.boot.recipe_schema import parse_recipe
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import UserError
from bootbeam.library.recipe_files import load_recipes
from bootbeam.machine import Cpu, Firmware
from tests.image_listing import ListedImage
from tests.layouts.ubuntu import LAYERED_SERVER
from tests.systems_table import PAGE, page_with, render

PROJECT = Path(__file__).parents[1]
RECIPES_PAGE = (PROJECT / "docs" / "recipes.md").read_text("utf-8")
SYSTEMS_PAGE = PAGE.read_text("utf-8")
EXAMPLE = re.findall(r"```toml\n(.*?)```", RECIPES_PAGE, re.DOTALL)[0]
LISTING = " ".join(line[1:] for line in RECIPES_PAGE.splitlines() if line.startswith("/"))
VALUES = BootValues("http://192.0.2.1", "http://192.0.2.1/x.iso", "http://192.0.2.1/x/", "http://192.0.2.1/a/")


def boot_of(release: str, directory: Path) -> tuple[Match, Boot]:
    """What the page's example, put where the page says, makes of the page's image."""
    (directory / "acme.toml").write_text(EXAMPLE)
    image = ListedImage(LISTING, {"acme/release.txt": release}, {"acme/system.squashfs": 700}, size_mb=1000)
    found = match(image, load_recipes([directory]))
    assert found is not None
    assert found.family == "acme"
    boot = found.boot_for(Firmware.UEFI)
    assert boot is not None
    return found, boot


def test_the_example_recognises_and_boots_its_image(tmp_path: Path) -> None:
    found, boot = boot_of("ACME Linux 2.4 server", tmp_path)
    assert found.title == "ACME Linux 2.4 server (x86_64)"
    assert found.architecture is Cpu.X86_64
    assert (boot.name, boot.kernel.path, boot.files[0].path) == (
        "live",
        "acme/kernel-6.6.1",
        "acme/initrd-6.6.1.img",
    )
    assert boot.ram_mb == 1212
    assert boot.render_cmdline(VALUES, boot.unattended[0], "quiet") == (
        "boot=acme ip=dhcp fetch=http://192.0.2.1/x/acme/system.squashfs answers=http://192.0.2.1/a/acme.cfg quiet ---"
    )


def test_the_examples_old_releases_fetch_the_whole_image(tmp_path: Path) -> None:
    found, _ = boot_of("ACME Linux 1.9 server", tmp_path)
    old = found.boot_for(Firmware.BIOS, "old")
    assert old is not None
    assert old.render_cmdline(VALUES) == "boot=acme ip=dhcp fetch=http://192.0.2.1/x.iso ---"
    assert old.ram_mb == 2512


def test_the_mistake_on_the_page_is_told_in_these_words() -> None:
    shown = re.findall(r"^acme\.toml, line .*$", RECIPES_PAGE, re.MULTILINE)[0]
    wrong = EXAMPLE.replace(
        'cmdline = "boot=acme ip=dhcp fetch={tree}{system} {unattended} {extra} ---"',
        'cmdline = "boot=acme fetch={tre}{system}"',
    )
    with pytest.raises(UserError) as raised:
        parse_recipe(wrong, "acme.toml")
    assert raised.value.what == shown


def test_every_key_of_the_schema_is_explained() -> None:
    source = (PROJECT / "src/bootbeam/boot/recipe_schema.py").read_text("utf-8")
    keys = set(re.findall(r"take_\w+\(\s*\"(\w+)\"", source)) | {
        "like",
        "kernel",
        "initrds",
        "source",
        "file",
        "volume_id",
    }
    assert len(keys) > 35
    for key in keys:
        assert (
            f"`{key}`" in RECIPES_PAGE
            or f"`[[{key}]]`" in RECIPES_PAGE
            or f"`[{key}]`" in RECIPES_PAGE
            or (f"`{key} " in RECIPES_PAGE)
        ), key
    for key in ("paths", "no_paths", "text", "no_text", "volume_id"):
        assert f"`if_{key}`" in RECIPES_PAGE


@pytest.mark.parametrize("name", [*ADDRESSES, *MACHINE_FACTS, *WORDS])
def test_every_placeholder_is_explained(name: str) -> None:
    assert f"`{{{name}}}`" in RECIPES_PAGE


@pytest.mark.parametrize("word", [*UnattendedFormat, *Start, *Rewrite])
def test_every_word_that_can_be_chosen_is_named(word: str) -> None:
    assert re.search(rf"[`\"]{word}[`\"]", RECIPES_PAGE), word


def test_the_table_of_systems_is_todays() -> None:
    assert page_with(render(), SYSTEMS_PAGE) == SYSTEMS_PAGE, "rewrite it: .venv/bin/python -m tests.systems_table"


def test_a_recipe_that_claims_to_have_booted_has_a_test_that_boots_it() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in (PROJECT / "tests" / "firmware").glob("*.py"))
    for recipe in load_recipes():
        assert recipe.layout_only or f'"{recipe.family}"' in tests, recipe.family


@pytest.mark.parametrize(("name", "memory"), [("live", "4.3 GB"), ("plain", "6.0 GB"), ("nfs", "1.7 GB")])
def test_the_memory_that_ubuntu_is_said_to_need(name: str, memory: str) -> None:
    info = {".disk/info": 'Ubuntu-Server 24.04 LTS "Noble Numbat" - Release amd64 (20240423)'}
    found = match(ListedImage(LAYERED_SERVER, info, {"casper/initrd": 70}, size_mb=2627), load_recipes())
    assert found is not None
    boot = found.boot_for(Firmware.BIOS, name)
    assert boot is not None
    assert boot.ram_mb is not None
    assert f"{boot.ram_mb / 1024:.1f} GB" == memory
    assert f"| `{name}` | {memory} |" in SYSTEMS_PAGE

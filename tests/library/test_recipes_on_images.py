"""Recipes against real ISO 9660 images: each layout written by xorriso, read by our own reader."""

import subprocess
from pathlib import Path

import pytest

from bootbeam.boot.cmdline import BootValues
from bootbeam.boot.recipe_match import match
from bootbeam.formats.image_tree import ImageTree, open_image_tree
from bootbeam.library.iso_boots import RecipeTree
from bootbeam.library.recipe_files import load_recipes
from bootbeam.machine import Firmware
from tests.image_listing import Layout
from tests.layouts.every import LAYOUTS

RECIPES = load_recipes()
VALUES = BootValues(
    "http://192.0.2.1",
    "http://192.0.2.1/x.iso",
    "http://192.0.2.1/x/",
    rewritten="http://192.0.2.1/r/",
    mac="52:54:00:12:34:56",
)
IMAGES = [layout for layout in LAYOUTS if layout.name.endswith(".iso")]


def write_image(layout: Layout, directory: Path) -> Path:
    root = directory / "root"
    for path in {*layout.paths.split(), *layout.texts}:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = layout.texts.get(path, "")
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    iso = directory / "image.iso"
    arguments = ["-R", "-J", "-joliet-long", "-V", layout.volume_id or "NONE", "-o", str(iso), str(root)]
    subprocess.run(["xorriso", "-as", "mkisofs", *arguments], check=True, capture_output=True, timeout=30)
    return iso


def open_image(iso: Path) -> RecipeTree:
    data = iso.read_bytes()

    def read_at(offset: int, size_bytes: int) -> bytes:
        return data[offset : offset + size_bytes]

    tree: ImageTree = open_image_tree(read_at, len(data))
    return RecipeTree(tree, len(data))


@pytest.mark.peer
@pytest.mark.parametrize("layout", IMAGES, ids=lambda layout: layout.name)
def test_an_image_laid_out_as_the_familys_own(layout: Layout, tmp_path: Path) -> None:
    found = match(open_image(write_image(layout, tmp_path)), RECIPES)
    assert found is not None
    assert (found.family, found.title) == (layout.family, layout.title)
    boot = found.boot_for(Firmware.BIOS if "BIOS" in layout.firmware else Firmware.UEFI)
    if not layout.boot:
        assert boot is None
        assert layout.why_not in found.why_not
        return
    assert boot is not None
    assert (boot.name, boot.kernel.path.casefold()) == (layout.boot, layout.kernel.casefold())
    assert [file.path for file in boot.files] == list(layout.initrds)
    assert boot.render_cmdline(VALUES) == layout.cmdline

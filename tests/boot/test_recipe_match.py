"""Each family and release by an image laid out as its own; what is alike must not be taken for one another."""

import pytest

from bootbeam.boot.cmdline import BootValues
from bootbeam.boot.matched import Boot, Match
from bootbeam.boot.recipe_match import match
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import ImageError
from bootbeam.library.recipe_files import load_recipes
from bootbeam.machine import Firmware
from tests.image_listing import BrokenImage, Layout, ListedImage
from tests.layouts.every import LAYOUTS

RECIPES = load_recipes()
VALUES = BootValues(
    station="http://192.0.2.1",
    iso="http://192.0.2.1/x.iso",
    tree="http://192.0.2.1/x/",
    answers="http://192.0.2.1/a/",
    rewritten="http://192.0.2.1/r/",
    mac="52:54:00:12:34:56",
    hostname="node7",
)


def matched(layout: Layout) -> Match:
    found = match(layout.image(), RECIPES)
    assert found is not None, f"{layout.name} is of no family"
    return found


def default_boot(layout: Layout) -> Boot:
    found = matched(layout)
    firmware = Firmware.BIOS if "BIOS" in layout.firmware else Firmware.UEFI
    boot = found.boot_for(firmware)
    assert boot is not None, found.why_not
    return boot


each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
each_bootable = pytest.mark.parametrize("layout", [one for one in LAYOUTS if one.boot], ids=lambda layout: layout.name)


@each_layout
def test_family_version_edition_architecture(layout: Layout) -> None:
    found = matched(layout)
    assert found.family == layout.family
    assert (found.version, found.edition) == (layout.version, layout.edition)
    assert str(found.architecture or "") == layout.architecture
    assert found.title == layout.title


@each_layout
def test_which_firmware_it_boots_on(layout: Layout) -> None:
    found = matched(layout)
    names = [firmware.value for firmware in (Firmware.BIOS, Firmware.UEFI) if found.boot_for(firmware)]
    assert names == (layout.firmware.split() if layout.boot else [])


@each_bootable
def test_kernel_initrds_and_command_line(layout: Layout) -> None:
    boot = default_boot(layout)
    assert boot.name == layout.boot
    assert boot.kernel.path == layout.kernel
    assert tuple(file.path for file in boot.files) == layout.initrds
    assert boot.render_cmdline(VALUES) == layout.cmdline


@each_bootable
def test_memory(layout: Layout) -> None:
    if layout.ram_mb is not None:
        assert default_boot(layout).ram_mb == layout.ram_mb


@each_bootable
def test_unattended(layout: Layout) -> None:
    boot = default_boot(layout)
    assert tuple(one.format.value for one in boot.unattended) == tuple(format for format, _ in layout.unattended)
    for format, cmdline in layout.unattended:
        answers = boot.unattended_for(UnattendedFormat(format))
        assert boot.render_cmdline(VALUES, answers) == cmdline


@each_layout
def test_what_is_said_when_it_does_not_boot(layout: Layout) -> None:
    found = matched(layout)
    if layout.boot:
        assert found.why_not == ""
    else:
        assert layout.why_not in found.why_not


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.family)
def test_every_recipe_has_a_layout_that_it_matches(recipe: object) -> None:
    families = {layout.family for layout in LAYOUTS}
    assert getattr(recipe, "family", None) in families


@each_layout
def test_every_way_has_a_key_of_its_own(layout: Layout) -> None:
    keys = [boot.key for boot in matched(layout).boots]
    assert len(set(keys)) == len(keys)


@each_layout
def test_recognising_reads_little(layout: Layout) -> None:
    image = layout.image()
    match(image, RECIPES)
    assert len(image.reads) < 120


def test_nothing_known() -> None:
    assert match(ListedImage("README.txt docs/index.html"), RECIPES) is None


def test_a_broken_image_is_said_to_be_broken() -> None:
    with pytest.raises(ImageError, match="the image ends here"):
        match(BrokenImage(), RECIPES)

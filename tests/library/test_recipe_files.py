"""Recipes on disk: those that come with bootbeam, and a person's."""

import os
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library.recipe_files import SYSTEM_DIRECTORY, load_recipes, recipe_directories

RECIPE = """
family = "{family}"
name = "{name}"
[recognize]
paths = ["acme/kernel"]
[[boot]]
name = "live"
kernel = "acme/kernel"
"""


def write(directory: Path, file: str, family: str, name: str = "Mine") -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / file
    path.write_text(RECIPE.format(family=family, name=name))
    return path


def test_every_recipe_of_ours_is_in_the_file_named_after_its_family() -> None:
    for recipe in load_recipes():
        assert Path(recipe.origin).name == f"{recipe.family}.toml"


def test_a_persons_recipe_is_added(tmp_path: Path) -> None:
    write(tmp_path, "acme.toml", "acme")
    families = [recipe.family for recipe in load_recipes([tmp_path])]
    assert "acme" in families
    assert families == sorted(families)
    assert len(families) == len(load_recipes()) + 1


def test_a_persons_recipe_takes_the_place_of_ours_by_its_family(tmp_path: Path) -> None:
    write(tmp_path / "one", "any-name.toml", "arch", "Mine")
    write(tmp_path / "two", "arch.toml", "arch", "Mine again")
    recipes = {recipe.family: recipe for recipe in load_recipes([tmp_path / "one", tmp_path / "two"])}
    assert recipes["arch"].name == "Mine again"
    assert len(recipes) == len(load_recipes())


def test_other_files_and_missing_directories_are_nothing(tmp_path: Path) -> None:
    write(tmp_path, ".hidden.toml", "a")
    write(tmp_path, "acme.toml~", "b")
    (tmp_path / "directory.toml").mkdir()
    assert len(load_recipes([tmp_path, tmp_path / "none"])) == len(load_recipes())


def test_a_directory_that_was_named_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with pytest.raises(UserError, match="no directory of recipes"):
        load_recipes([missing], [missing])


def test_a_mistake_names_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path, "acme.toml", "acme")
    path.write_text(path.read_text() + "cmdlne = 'x'\n")
    with pytest.raises(UserError, match=rf"^{path}, line 9: cmdlne of boot 1: there is no such key"):
        load_recipes([tmp_path])


def test_two_recipes_for_one_family_in_one_directory(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", "acme")
    write(tmp_path, "b.toml", "acme")
    with pytest.raises(UserError, match=r"b\.toml: the family 'acme' is also in .*a\.toml"):
        load_recipes([tmp_path])


def test_instead_of_a_family_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, "a.toml", "acme")
    path.write_text(path.read_text().replace("[[boot]]", 'instead_of = ["ubunto"]\n[[boot]]'))
    with pytest.raises(UserError, match="there is no family 'ubunto'") as raised:
        load_recipes([tmp_path])
    assert "'ubuntu'" in raised.value.why


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"family = 'x'\nname = '\xff'\n")
    with pytest.raises(UserError, match=r"a\.toml, line 2: not UTF-8"):
        load_recipes([tmp_path])


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").symlink_to("/proc/self/mem")
    with pytest.raises(UserError, match=r"a\.toml"):
        load_recipes([tmp_path])


@pytest.mark.parametrize(
    ("environment", "last"),
    [
        ({"HOME": "/home/a"}, "/home/a/.config/bootbeam/recipes"),
        ({"HOME": "/home/a", "XDG_CONFIG_HOME": "/cfg"}, "/cfg/bootbeam/recipes"),
        ({"HOME": "/home/a", "XDG_CONFIG_HOME": "relative"}, "/home/a/.config/bootbeam/recipes"),
        ({}, "/root/.config/bootbeam/recipes"),
        ({"SUDO_USER": "nobody-of-that-name", "HOME": "/h"}, "/h/.config/bootbeam/recipes"),
    ],
)
def test_where_people_put_recipes(environment: dict[str, str], last: str) -> None:
    assert recipe_directories(environment) == (SYSTEM_DIRECTORY, Path(last))


def test_under_sudo_the_callers_own_recipes_are_meant() -> None:
    directories = recipe_directories({"SUDO_USER": "daemon", "HOME": "/root"})
    expected = "/usr/sbin/.config/bootbeam/recipes" if os.geteuid() == 0 else "/root/.config/bootbeam/recipes"
    assert directories[1] == Path(expected)


def test_named_directories_count_most(tmp_path: Path) -> None:
    assert recipe_directories({"HOME": "/h"}, [tmp_path])[-1] == tmp_path

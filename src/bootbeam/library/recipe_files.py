"""Finds the boot recipes: those that come with bootbeam, and the directories in which people put their own.

A recipe of a person's takes the place of the one with the same family that comes with bootbeam.
"""

import os
import pwd
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from bootbeam.boot.recipe import Recipe
from bootbeam.boot.recipe_schema import MAX_RECIPE_BYTES, parse_recipe
from bootbeam.errors import UserError
from bootbeam.library.regular_file import is_directory

SYSTEM_DIRECTORY = Path("/etc/bootbeam/recipes")
MAX_FILES = 1000
"""Of one directory."""


def recipe_directories(environment: Mapping[str, str], named: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Where people put recipes, the last one counting most.

    Args:
        environment: of this process.
        named: directories given on the command line; they must exist.
    """
    home = environment.get("XDG_CONFIG_HOME", "")
    configuration = Path(home) if home.startswith("/") else _home(environment) / ".config"
    return (SYSTEM_DIRECTORY, configuration / "bootbeam" / "recipes", *named)


def load_recipes(directories: Iterable[Path] = (), named: Sequence[Path] = ()) -> tuple[Recipe, ...]:
    """Every recipe there is, by family.

    Args:
        directories: people's; one that does not exist holds nothing. A later one counts more than an earlier one.
        named: of these, the ones that must exist.

    Raises:
        UserError: a file is no recipe, or cannot be read.
    """
    recipes = _by_family(files("bootbeam") / "recipes")
    for directory in directories:
        if is_directory(directory):
            recipes |= _by_family(directory)
        elif directory in named:
            raise UserError(f"{directory} is no directory of recipes", "", f"look at it: ls -l {directory}")
    for recipe in recipes.values():
        for family in recipe.instead_of - recipes.keys():
            near = get_close_matches(family, recipes, 1)
            raise UserError(
                f"{recipe.origin}: instead_of of recognize: there is no family {family!r}",
                f"the nearest is {near[0]!r}" if near else "",
                f"the families are {', '.join(sorted(recipes))}",
            )
    return tuple(recipes[family] for family in sorted(recipes))


def _by_family(directory: Traversable) -> dict[str, Recipe]:
    recipes: dict[str, Recipe] = {}
    for file in _files_of(directory):
        recipe = parse_recipe(_text_of(file), str(file))
        if recipe.family in recipes:
            raise UserError(
                f"{file}: the family {recipe.family!r} is also in {recipes[recipe.family].origin}",
                "a directory has one recipe for each family",
                f"give one of them another name: sed -i 's/^family = .*/family = \"NAME\"/' {file}",
            )
        recipes[recipe.family] = recipe
    return recipes


def _files_of(directory: Traversable) -> list[Traversable]:
    try:
        children = [child for child in directory.iterdir() if child.name.endswith(".toml") and child.name[0] != "."]
        if len(children) > MAX_FILES:
            raise UserError(f"{directory} holds {len(children)} recipes, more than {MAX_FILES}")
        return sorted((child for child in children if child.is_file()), key=lambda child: child.name)
    except OSError as error:
        raise UserError(f"{directory} cannot be read", error.strerror or "", f"ls -l {directory}") from error


def _text_of(file: Traversable) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_RECIPE_BYTES + 1)
        return data.decode("utf-8")
    except OSError as error:
        raise UserError(f"{file} cannot be read", error.strerror or "", f"ls -l {file}") from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{file}, line {line}: not UTF-8", "a recipe is a text file", f"file {file}") from None


def _home(environment: Mapping[str, str]) -> Path:
    """Of the person who called ``sudo``, when somebody did."""
    user = environment.get("SUDO_USER", "")
    if user and os.geteuid() == 0:
        try:
            return Path(pwd.getpwnam(user).pw_dir)
        except KeyError:
            pass
    return Path(environment.get("HOME") or "/root")

"""Where a mistake is: the line of a key, whatever stands around it."""

import pytest

from bootbeam.boot.recipe_table import RecipeText

TEXT = '''family = "x"
notes = """
version = "not a key"
[facts]
"""

[recognize]
paths = [
  "a",
]
[[boot]]
name = "one"
cmdline = "a=b"
[[boot]]
# name = "no"
  name = "two"   # with a comment
[boot.when]
edition = "server"
[files]
"squashfs" = "a"
'''


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("family",), 1),
        (("notes",), 2),
        (("version",), None),
        (("recognize",), 7),
        (("recognize", "paths"), 8),
        (("recognize", "pathz"), 7),
        (("boot", "0"), 11),
        (("boot", "0", "name"), 12),
        (("boot", "0", "cmdline"), 13),
        (("boot", "1", "name"), 16),
        (("boot", "1", "kernel"), 14),
        (("boot", "1", "initrds", "0", "path"), 14),
        (("files", "squashfs"), 20),
        ((), None),
    ],
)
def test_the_line_of_a_key(where: tuple[str, ...], line: int | None) -> None:
    problem = RecipeText("r.toml", TEXT).problem(where, "is wrong")
    assert problem.what.startswith(f"r.toml, line {line}:" if line else "r.toml:")
    assert problem.what.endswith("is wrong")
    assert problem.fix


def test_a_place_is_spelt_for_people() -> None:
    problem = RecipeText("r.toml", TEXT).problem(("boot", "1", "initrds", "0", "path"), "is wrong")
    assert problem.what == "r.toml, line 14: path of initrds 1 of boot 2: is wrong"

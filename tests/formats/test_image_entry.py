import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import (
    Budget,
    Extent,
    ImageEntry,
    checked_name,
    decoded_name,
    joined_extents,
)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/", "a\0b", "line\nfeed", "\x1b[2J", "\x7f", "\x9b2J", "\ud800"]
)
def test_a_name_that_leads_elsewhere_or_moves_the_cursor_is_an_image_error(name: str) -> None:
    with pytest.raises(ImageError):
        checked_name(name)


@pytest.mark.parametrize("name", ["...", " ", "größe-漢字-😀", "a\\b", "no\u00a0break", "x" * 255])
def test_unusual_names_are_kept(name: str) -> None:
    assert checked_name(name) == name


def test_a_name_without_end_is_an_image_error() -> None:
    with pytest.raises(ImageError):
        checked_name("x" * 2000)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_name_or_an_image_error(raw: bytes) -> None:
    try:
        name = checked_name(decoded_name(raw))
    except ImageError:
        return
    name.encode("utf-8")
    assert not set(name) & set("/\0\n\x1b")


def test_names_are_utf_8_or_else_latin_1() -> None:
    assert decoded_name("größe".encode()) == "größe"
    assert decoded_name("größe".encode("latin-1")) == "größe"


def test_neighbouring_extents_become_one_and_empty_ones_go() -> None:
    assert joined_extents([Extent(0, 10), Extent(10, 5), Extent(7, 0), Extent(15, 1), Extent(17, 2)]) == (
        Extent(0, 16),
        Extent(17, 2),
    )
    assert joined_extents([]) == ()
    assert joined_extents([Extent(10, 5), Extent(10, 5)]) == (Extent(10, 5), Extent(10, 5))


def test_only_a_files_contents_can_be_asked_for() -> None:
    assert ImageEntry("f", False, 3, (Extent(5, 3),)).readable_extents() == (Extent(5, 3),)
    for entry, words in (
        (ImageEntry("d", True, 0), "d is a directory"),
        (ImageEntry("l", False, 0, symlink_target="f"), "l is a symlink"),
        (ImageEntry("z", False, 3, unreadable="is compressed"), "z is compressed"),
    ):
        with pytest.raises(ImageError, match=words):
            entry.readable_extents()


def test_a_budget_ends() -> None:
    budget = Budget(3)
    budget.spend()
    budget.spend(2)
    with pytest.raises(ImageError):
        budget.spend()

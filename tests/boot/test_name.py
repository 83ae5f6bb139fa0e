"""Served names are safe everywhere and never the same twice."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.name import MAX_NAME_CHARACTERS, iso_name, served_name, title_name


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("bitvisor.elf", "bitvisor.elf"),
        ("ubuntu-20.04.3-live-server-amd64.iso", "ubuntu-20.04.3-live-server-amd64.iso"),
        ("my kernel (new).efi", "my-kernel-new.efi"),
        ("${evil}.elf", "evil.elf"),
        ("カーネル", "image-3a596a"),
        ("日本.iso", "image-340834.iso"),
        ("東京.iso", "image-d46c01.iso"),
        ("版 2.iso", "2-d44923.iso"),
        ("Über Linux – neu.iso", "Uber-Linux-neu.iso"),
        ("Ｌｉｎｕｘ.iso", "Linux.iso"),
        ("\udce6\udc97.iso", "image-c4490c.iso"),
        ("😀.iso", "image-785bd1.iso"),
        (".hidden", "hidden"),
        ("..", "image-5ec1f7"),
    ],
)
def test_names(file_name: str, name: str) -> None:
    assert served_name(file_name, set()) == name


def test_a_taken_name_gets_a_number_and_keeps_its_extension() -> None:
    assert served_name("initrd.gz", {"initrd.gz", "initrd-2.gz"}) == "initrd-3.gz"


def test_a_name_that_cannot_be_kept_depends_on_nothing_but_itself() -> None:
    """So that a restart, with more files or fewer, gives the same."""
    for names in (["日本.iso", "東京.iso"], ["東京.iso", "京都.iso", "日本.iso"]):
        taken: dict[str, str] = {}
        for name in names:
            taken[name] = served_name(name, set(taken.values()))
        assert (taken["日本.iso"], taken["東京.iso"]) == ("image-340834.iso", "image-d46c01.iso")


@pytest.mark.parametrize(
    ("file_name", "name"),
    [("a.iso", "a.iso"), ("A.ISO", "A.iso"), ("a", "a.iso"), ("日本.ISO", "image-340834.iso")],
)
def test_an_iso_ends_in_its_extension(file_name: str, name: str) -> None:
    assert iso_name(file_name, set()) == name


def test_composed_and_decomposed_letters_are_the_same_name() -> None:
    """macOS writes some letters in two pieces."""
    assert served_name("か\u3099.iso", set()) == served_name("が.iso", set())
    assert served_name("U\u0308ber.iso", set()) == "Uber.iso"


def test_what_was_changed_is_told_apart_by_what_it_was() -> None:
    assert served_name("my kernel.efi", {"my-kernel.efi"}) == served_name("my kernel.efi", {"my-kernel.efi", "other"})
    assert re.fullmatch(r"my-kernel-[0-9a-f]{6}\.efi", served_name("my kernel.efi", {"my-kernel.efi"}))


@pytest.mark.parametrize(
    ("name", "file_name", "shown"),
    [
        ("my-kernel.efi", "my kernel.efi", "my-kernel.efi"),
        ("image-340834.iso", "日本.iso", "image-340834.iso (日本.iso)"),
        ("image-0.iso", "日\x1b[31m\udce6.iso", "image-0.iso (日?[31m?.iso)"),
    ],
)
def test_a_title_has_the_name_that_people_know(name: str, file_name: str, shown: str) -> None:
    assert title_name(name, file_name) == shown


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=80), max_size=20))
def test_any_names_become_safe_and_distinct(file_names: list[str]) -> None:
    taken: set[str] = set()
    for file_name in file_names:
        name = served_name(file_name, taken)
        assert name not in taken
        assert re.fullmatch(r"[A-Za-z0-9._+-]+", name)
        assert not name.startswith(".")
        assert len(name) <= MAX_NAME_CHARACTERS
        taken.add(name)

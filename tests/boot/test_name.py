"""Served names are safe everywhere and never the same twice."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.name import MAX_NAME_CHARACTERS, served_name


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("bitvisor.elf", "bitvisor.elf"),
        ("ubuntu-20.04.3-live-server-amd64.iso", "ubuntu-20.04.3-live-server-amd64.iso"),
        ("my kernel (new).efi", "my-kernel-new.efi"),
        ("${evil}.elf", "evil.elf"),
        ("カーネル", "image"),
        ("日本語.iso", "image.iso"),
        ("版 2.iso", "2.iso"),
        (".hidden", "hidden"),
        ("..", "image"),
    ],
)
def test_names(file_name: str, name: str) -> None:
    assert served_name(file_name, set()) == name


def test_a_taken_name_gets_a_number_and_keeps_its_extension() -> None:
    assert served_name("initrd.gz", {"initrd.gz", "initrd-2.gz"}) == "initrd-3.gz"


@given(st.lists(st.text(max_size=80), max_size=20))
def test_any_names_become_safe_and_distinct(file_names: list[str]) -> None:
    taken: set[str] = set()
    for file_name in file_names:
        name = served_name(file_name, taken)
        assert name not in taken
        assert re.fullmatch(r"[A-Za-z0-9._+-]+", name)
        assert not name.startswith(".")
        assert len(name) <= MAX_NAME_CHARACTERS
        taken.add(name)

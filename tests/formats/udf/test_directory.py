import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import Budget
from bootbeam.formats.udf.directory import FileIdentifier, decode_directory, decode_symlink
from bootbeam.formats.udf.file_entry import Address
from tests.formats.udf.blocks import PARENT, identifier, name_of, sealed


def decoded(data: bytes) -> list[FileIdentifier]:
    return list(decode_directory(data, Budget(100)))


def test_entries_name_a_file_entry() -> None:
    data = (
        PARENT
        + identifier(name_of("Größe"), 7)
        + identifier(name_of("漢字😀"), 8, characteristics=2, use=b"left out", partition=1)
        + identifier(name_of("deleted"), 9, characteristics=4)
        + identifier(name_of("hidden"), 10, characteristics=1)
    )
    assert decoded(data) == [
        FileIdentifier("Größe", False, Address(0, 7)),
        FileIdentifier("漢字😀", True, Address(1, 8)),
        FileIdentifier("hidden", False, Address(0, 10)),
    ]
    assert decoded(b"") == []


@pytest.mark.parametrize(
    "data",
    [PARENT[:-1], PARENT + b"x", PARENT + bytes(64), sealed(256, 2, bytes(40)), identifier(b"\x05name", 7)],
)
def test_something_else_than_whole_entries_is_an_image_error(data: bytes) -> None:
    with pytest.raises(ImageError):
        decoded(data)


def test_every_entry_is_paid_for() -> None:
    with pytest.raises(ImageError):
        list(decode_directory(PARENT * 5, Budget(4)))


def component(kind: int, name: bytes = b"") -> bytes:
    return bytes([kind, len(name), 0, 0]) + name


@pytest.mark.parametrize(
    ("data", "target"),
    [
        (component(3) + component(4) + component(5, name_of("漢")), ".././漢"),
        (component(2) + component(5, b"\x08etc"), "/etc"),
        (component(2), "/"),
        (b"", ""),
    ],
)
def test_a_symlinks_components_are_put_together(data: bytes, target: str) -> None:
    assert decode_symlink(data) == target


@pytest.mark.parametrize(
    "data", [b"\5", b"\5\7\0\0ab", component(9), component(5, b"\x08a\nb"), component(5, b"\x07a")]
)
def test_broken_components_are_an_image_error(data: bytes) -> None:
    with pytest.raises(ImageError):
        decode_symlink(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_directory_or_symlink_or_an_image_error(data: bytes) -> None:
    with contextlib.suppress(ImageError):
        decoded(data)
    with contextlib.suppress(ImageError):
        decoded(PARENT + sealed(257, 2, data))
    with contextlib.suppress(ImageError):
        decode_symlink(data)

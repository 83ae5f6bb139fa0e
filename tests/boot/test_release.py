"""Versions as systems write them, and ranges of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.release import VersionRange, parse_range, parse_version

versions = st.lists(st.integers(0, 9999), min_size=1, max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("20.04.3", (20, 4, 3)),
        ("20.04.3 LTS", (20, 4, 3)),
        ("15-SP6", (15, 6)),
        ("2024.1a", (2024, 1)),
        ("7.0U3d", (7, 0, 3)),
        ("v1.10.0-beta.2", (1, 10, 0, 2)),
        ("bookworm", ()),
        ("", ()),
        ("42.20250410.3.1", (42, 20250410, 3, 1)),
    ],
)
def test_numbers_of_a_version(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_version(text) == numbers


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=20.04", ["20.04", "20.04.3", "22.04", "26.04.1"], ["18.04.6", "19.10"]),
        ("<20.04", ["18.04.6", "14.04"], ["20.04", "20.04.1"]),
        (">=20.04, <22.04", ["20.04.6", "21.10"], ["22.04", "22.04.1", "19.10"]),
        ("<25.04,>=20.04", ["24.10"], ["25.04", "25.10"]),
        (">=9", ["9", "9.4", "10.0"], ["8.10"]),
    ],
)
def test_ranges(text: str, inside: list[str], outside: list[str]) -> None:
    wanted = parse_range(text)
    assert [version for version in inside if not wanted.holds(parse_version(version))] == []
    assert [version for version in outside if wanted.holds(parse_version(version))] == []


@pytest.mark.parametrize("text", ["", "20.04", "==20.04", ">20.04", "<=22.04", ">=", ">=a", ">=1,>=2", ">=1 <2", "<1,"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match="a range is written"):
        parse_range(text)


def test_an_unknown_version_is_in_no_range_with_bounds() -> None:
    assert VersionRange().holds(())
    assert not parse_range(">=1").holds(())
    assert not parse_range("<99").holds(())


@given(versions, versions)
def test_a_bound_divides_all_versions_in_two(version: tuple[int, ...], bound: tuple[int, ...]) -> None:
    assert VersionRange(at_least=bound).holds(version) != VersionRange(below=bound).holds(version)

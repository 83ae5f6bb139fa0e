import os

import pytest

from bootbeam.formats.identity import Identity, Kind
from bootbeam.library import kept_versions
from bootbeam.library.kept_versions import MAX_KEPT_VERSIONS, KeptVersions
from bootbeam.library.open_version import OpenVersion
from bootbeam.library.settling import Stamp


def version(digit: str, size_bytes: int = 10) -> OpenVersion:
    fd = os.memfd_create("version")
    return OpenVersion(fd, size_bytes, Stamp(1, 2, size_bytes, 3, 4), Identity(Kind.UNKNOWN, "", None), digit * 64)


def test_the_newest_three_are_kept_and_older_ones_closed() -> None:
    kept = KeptVersions()
    versions = [version(digit) for digit in "12345"]
    assert kept.newest is None
    for one in versions:
        kept.add(one)
        assert kept.newest is one
    assert [one.is_closed for one in versions] == [True, True, False, False, False]
    assert kept.find("3" * 12) is versions[2]
    assert kept.find("1" * 12) is None
    assert MAX_KEPT_VERSIONS == 3
    kept.clear()
    assert all(one.is_closed for one in versions)


def test_large_versions_are_kept_fewer_and_the_newest_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_versions, "MAX_KEPT_BYTES", 100)
    kept = KeptVersions()
    small, large, larger = version("1", 30), version("2", 60), version("3", 5000)
    kept.add(small)
    kept.add(large)
    assert not small.is_closed
    kept.add(larger)
    assert (small.is_closed, large.is_closed, kept.newest) == (True, True, larger)
    kept.clear()


def test_the_same_bytes_built_again_take_the_place_of_the_old() -> None:
    kept = KeptVersions()
    first, again = version("1"), version("1")
    kept.add(first)
    kept.add(version("2"))
    kept.add(again)
    assert first.is_closed
    assert kept.find("1" * 12) is again
    assert kept.newest is again
    kept.clear()


def test_a_version_can_be_dropped() -> None:
    kept = KeptVersions()
    first, second = version("1"), version("2")
    kept.add(first)
    kept.add(second)
    kept.drop(second)
    assert kept.newest is first
    assert second.is_closed
    kept.clear()

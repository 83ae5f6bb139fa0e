"""Rights, clock, disks and limits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bootbeam.doctor.computer import ComputerReading, check_computer, check_permissions, read_computer
from bootbeam.doctor.finding import Level

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = ComputerReading(True, 0, "", NOW, NOW - timedelta(days=3), {"/var/cache/bootbeam": 50 << 30}, 16384)


def test_all_is_well() -> None:
    assert {finding.level for finding in check_computer(GOOD)} == {Level.OK}


@pytest.mark.parametrize(
    ("reading", "area"),
    [
        (replace(GOOD, now=datetime(1970, 1, 2, tzinfo=UTC), newest_file=None), "clock"),
        (replace(GOOD, newest_file=NOW + timedelta(days=2)), "clock"),
        (replace(GOOD, free_bytes={"/": 5 << 30, "/var/cache/bootbeam": 100 << 20}), "disk"),
        (replace(GOOD, open_files=256), "limits"),
    ],
)
def test_what_can_be_wrong(reading: ComputerReading, area: str) -> None:
    wrong = [finding for finding in check_computer(reading) if finding.level is not Level.OK]
    assert [(finding.level, finding.area) for finding in wrong] == [(Level.WARNING, area)]
    assert wrong[0].fix


def test_rights() -> None:
    assert check_permissions(GOOD).level is Level.OK
    assert "given up to ann" in check_permissions(replace(GOOD, given_up_to="ann")).what
    other = replace(GOOD, is_root=False)
    assert check_permissions(replace(other, capabilities=1 << 10 | 1 << 13)).level is Level.OK
    assert check_permissions(replace(other, capabilities=1 << 10)).level is Level.WARNING


def test_reading_needs_nothing_to_be_there(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"")
    reading = read_computer(NOW, [image, tmp_path / "gone"], [tmp_path / "not" / "yet"])
    assert reading.newest_file is not None
    assert reading.free_bytes[str(tmp_path / "not" / "yet")] > 0

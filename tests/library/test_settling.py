import os
from dataclasses import replace
from pathlib import Path

import pytest

from bootbeam.library.settling import CLOCK_SLACK_S, SETTLE_S, Settling, Stamp

NOW_S = 1_800_000_000.0


class Hands:
    """Two clocks that a test moves."""

    def __init__(self) -> None:
        self.clock_s = NOW_S
        self.monotonic_s = 50.0

    def pass_s(self, seconds: float) -> None:
        self.clock_s += seconds
        self.monotonic_s += seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def settling(hands: Hands) -> Settling:
    return Settling(lambda: hands.clock_s, lambda: hands.monotonic_s)


def stamp(mtime_s: float, ctime_s: float | None = None, size_bytes: int = 100) -> Stamp:
    return Stamp(1, 2, size_bytes, int(mtime_s * 1e9), int((mtime_s if ctime_s is None else ctime_s) * 1e9))


@pytest.mark.parametrize("age_s", [SETTLE_S, 3600, NOW_S])
def test_a_file_that_is_old_at_the_first_look_has_settled(settling: Settling, age_s: float) -> None:
    assert settling.missing_s(stamp(NOW_S - age_s)) == 0


def test_a_file_that_changed_a_moment_ago_has_not(settling: Settling, hands: Hands) -> None:
    assert settling.missing_s(stamp(NOW_S - 0.3)) == pytest.approx(0.7, abs=1e-3)
    hands.pass_s(0.6)
    assert settling.missing_s(stamp(NOW_S - 0.3)) == pytest.approx(0.1, abs=1e-3)
    hands.pass_s(0.2)
    assert settling.missing_s(stamp(NOW_S - 0.3)) == 0


def test_a_modification_time_that_was_set_back_does_not_hide_the_change(settling: Settling) -> None:
    assert settling.missing_s(stamp(NOW_S - 86_400, ctime_s=NOW_S - 0.25)) == pytest.approx(0.75, abs=1e-3)


@pytest.mark.parametrize("ahead_s", [0.5, 60, 86_400 * 365])
def test_a_time_in_the_future_holds_a_file_back_for_a_moment_and_not_for_ever(
    settling: Settling, hands: Hands, ahead_s: float
) -> None:
    future = stamp(NOW_S + ahead_s)
    assert settling.missing_s(future) == SETTLE_S
    hands.pass_s(SETTLE_S / 2)
    assert 0 < settling.missing_s(future) <= SETTLE_S / 2
    hands.pass_s(SETTLE_S / 2)
    assert settling.missing_s(future) == 0


def test_each_change_begins_the_wait_anew(settling: Settling, hands: Hands) -> None:
    for size_bytes in range(1, 10):
        assert settling.missing_s(stamp(hands.clock_s, size_bytes=size_bytes)) == pytest.approx(SETTLE_S, abs=1e-3)
        hands.pass_s(SETTLE_S * 0.9)


def test_a_file_servers_clock_that_is_behind_is_not_believed(settling: Settling, hands: Hands) -> None:
    settling.missing_s(stamp(NOW_S - 3600, size_bytes=1))
    hands.pass_s(0.5)
    # Written just now, stamped by a clock that is a minute behind.
    behind = stamp(hands.clock_s - 60, size_bytes=2)
    assert settling.missing_s(behind) == SETTLE_S
    hands.pass_s(SETTLE_S)
    assert settling.missing_s(behind) == 0


def test_the_kernels_coarse_clock_is_believed(settling: Settling, hands: Hands) -> None:
    settling.missing_s(stamp(NOW_S - 3600, size_bytes=1))
    just_before_the_look = stamp(NOW_S - 0.01, size_bytes=2)
    hands.pass_s(SETTLE_S)
    assert settling.missing_s(just_before_the_look) == 0


def test_our_own_clock_stepping_back_does_not_hold_a_file_for_ever(settling: Settling, hands: Hands) -> None:
    written = stamp(NOW_S)
    settling.missing_s(written)
    hands.clock_s -= 7200
    hands.monotonic_s += SETTLE_S
    assert settling.missing_s(written) == 0


def test_a_longer_wait_can_be_asked_for(settling: Settling) -> None:
    assert settling.missing_s(stamp(NOW_S - 4), settle_s=10.0) == pytest.approx(6.0, abs=1e-3)


def test_a_stamp_tells_every_kind_of_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    before = Stamp.of(path.stat())
    assert Stamp.of(path.stat()) == before
    other = tmp_path / "other"
    other.write_bytes(b"two")
    os.utime(other, ns=(before.mtime_ns, before.mtime_ns))
    other.replace(path)
    after = Stamp.of(path.stat())
    assert (after.size_bytes, after.mtime_ns) == (before.size_bytes, before.mtime_ns)
    assert after != before
    assert after != replace(before, ctime_ns=after.ctime_ns)


def test_a_finished_file_is_left_alone_until_a_write_would_show(settling: Settling, hands: Hands) -> None:
    finished = stamp(NOW_S)
    settling.finish(finished)
    assert settling.missing_s(finished) == pytest.approx(CLOCK_SLACK_S, abs=1e-3)
    hands.pass_s(CLOCK_SLACK_S)
    assert settling.missing_s(finished) == pytest.approx(0, abs=1e-3)
    written = stamp(hands.clock_s)
    assert settling.missing_s(written) == pytest.approx(SETTLE_S, abs=1e-3)


@pytest.mark.parametrize("field", ["device", "inode", "size_bytes", "mtime_ns", "ctime_ns"])
def test_a_stamp_is_compared_by_all_that_it_has(tmp_path: Path, field: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    stamp = Stamp.of(path.stat())
    assert stamp.is_of(path.stat())
    assert not replace(stamp, **{field: getattr(stamp, field) + 1}).is_of(path.stat())

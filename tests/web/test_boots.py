"""Boots on disk and boots in memory are one list."""

import time
from pathlib import Path

from tests.boot_events import good_boot
from tests.web.asking import ask, ask_json
from tests.web.conftest import FAILED_MAC
from tests.web.recorded_station import RecordedStation


def test_boots_are_listed_before_and_after_they_are_written(station: RecordedStation, good: str, failed: str) -> None:
    for _ in range(2):
        assert [each["attempt"] for each in ask_json(station, "/api/v1/boots")["boots"]] == [good, failed]
        of_one = ask_json(station, f"/api/v1/boots?mac={FAILED_MAC.upper()}")
        assert [each["attempt"] for each in of_one["boots"]] == [failed]
        station.wait_until_written(failed)
        station.wait_until_written(good)


def test_where_no_boot_is_kept_those_in_memory_are_told() -> None:
    with RecordedStation(None) as station:
        attempt = station.record(good_boot())
        told = ask_json(station, f"/api/v1/boots/{attempt}")
        assert len(told["events"]) == len(good_boot())
        assert ask(station, f"/api/v1/boots/{attempt}/export.zip")[0] == 200


def test_a_broken_database_is_no_error(tmp_path: Path) -> None:
    with RecordedStation(tmp_path / "state") as station:
        attempt = station.record(good_boot())
        station.wait_until_written(attempt)
        (tmp_path / "state" / "boots.db").write_bytes(b"no database" * 1000)
        assert [each["attempt"] for each in ask_json(station, "/api/v1/boots")["boots"]] == [attempt]


def test_what_is_not_written_yet_is_told_after_what_is(station: RecordedStation) -> None:
    events = good_boot()
    attempt = station.record(events[:10], at_s=time.time() - 60)
    for seen in range(11, len(events) + 1):
        station.record(events[seen - 1 : seen], at_s=time.time() - 60 + events[seen - 1].at_s - events[0].at_s)
        told = ask_json(station, f"/api/v1/boots/{attempt}")
        assert [each["kind"] for each in told["events"]] == [each.kind.value for each in events[:seen]]
        time.sleep(0.1)
    assert told["outcome"] == "booted"

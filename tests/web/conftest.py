"""A page that was shown some boots."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boot_events import good_boot
from tests.web.recorded_station import RecordedStation
from tests.web.stories import READY, failed_boot

GOOD_MAC = "f4:4d:30:01:02:03"
FAILED_MAC = "d4:be:d9:10:20:30"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[RecordedStation]:
    """The station is ready, and no machine was heard."""
    directory = tmp_path / "state"
    with RecordedStation(directory) as made:
        made.record([READY], at_s=time.time() - 9000)
        yield made


@pytest.fixture
def failed(station: RecordedStation) -> str:
    """The id of a boot that failed, long ago."""
    return station.record(failed_boot(), at_s=time.time() - 2000, mac=FAILED_MAC)


@pytest.fixture
def good(station: RecordedStation) -> str:
    """The id of a boot that went well, later."""
    return station.record(good_boot(), at_s=time.time() - 1000, mac=GOOD_MAC)

"""The process that writes boots, by what comes in and what comes out."""

import io
import json
import pickle
from pathlib import Path

from bootbeam.journal.boot_database import BootRecords
from bootbeam.journal.boot_process import run
from tests.journal.test_boot_store import keeping, seen


def test_what_came_whole_is_written_when_the_station_is_killed_in_the_midst_of_the_rest(tmp_path: Path) -> None:
    first, second = pickle.dumps([seen("a1")]), pickle.dumps([seen("a2")])
    for number, cut in enumerate((0, 1, 2, len(second) // 2, len(second) - 1)):
        path = tmp_path / str(number) / "boots.db"
        run(io.BytesIO(pickle.dumps(keeping(path)) + first + second[:cut]), io.StringIO())
        with BootRecords(path) as records:
            assert [each.attempt for each in records.newest(10)] == ["a1"]


def test_a_station_that_says_nothing_leaves_nothing(tmp_path: Path) -> None:
    whole = pickle.dumps(keeping(tmp_path / "boots.db"))
    for cut in (0, len(whole) // 2, len(whole)):
        run(io.BytesIO(whole[:cut]), io.StringIO())
    assert list(tmp_path.iterdir()) == []


def test_complaints_are_lines_of_json(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    complaints = io.StringIO()
    messages = (keeping(tmp_path / "file" / "boots.db"), [seen()], None)
    run(io.BytesIO(b"".join(pickle.dumps(each) for each in messages)), complaints)
    [what, _, fix] = json.loads(complaints.getvalue())
    assert what == "boots are not being kept"
    assert "df " in fix

"""What is written: a part that was not measured keeps its tables, and the words around them stay as they are."""

import json
import os
from pathlib import Path

import pytest

from bootbeam.bench import report
from bootbeam.bench.__main__ import PAGE, RESULTS, TITLES
from bootbeam.bench.ratios import Cell
from bootbeam.errors import UserError

BEFORE = "# Performance\n\nWords before.\n\n"
AFTER = "\n\n## What was found\n\nWords behind.\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "performance.md"
    path.write_text(f"{BEFORE}{report.BEGIN}\n\nold tables\n\n{report.END}{AFTER}", "utf-8")
    return path


def write(page: Path, **parts: float) -> str:
    """Measure these parts with such a result; the page as it then is."""
    results = page.with_suffix(".json")
    for part, value in parts.items():
        report.write_json(results, {part: [Cell(f"a cell of {part}", "MB/s", 1.0, {"bootbeam": [value]})]})
    report.write_page(page, results, TITLES)
    return page.read_text("utf-8")


def test_only_what_is_between_the_marks_changes(page: Path) -> None:
    text = write(page, tftp=123.0)
    assert text.startswith(BEFORE + report.BEGIN)
    assert text.endswith(report.END + AFTER)
    assert "old tables" not in text
    assert "| a cell of tftp | 123 | 1 |" in text


def test_a_part_that_is_not_measured_keeps_its_tables_and_its_results(page: Path) -> None:
    write(page, tftp=100.0, http=200.0, dhcp=300.0)
    before = json.loads(page.with_suffix(".json").read_text("utf-8"))
    text = write(page, http=222.0)
    assert "| a cell of tftp | 100 |" in text
    assert "| a cell of http | 222 |" in text
    assert "| a cell of dhcp | 300 |" in text
    assert "| a cell of http | 200 |" not in text
    after = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert {name: after[name] for name in ("tftp", "dhcp")} == {name: before[name] for name in ("tftp", "dhcp")}


def test_writing_twice_changes_nothing(page: Path) -> None:
    assert write(page, tftp=100.0) == write(page)


def test_parts_come_in_the_order_of_the_titles_whatever_was_measured_first(page: Path) -> None:
    text = write(page, scale=1.0, dhcp=1.0, tftp=1.0)
    headings = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")]
    assert headings == ["TFTP", "DHCP", "What does not grow"]


def test_a_table_for_each_unit_and_a_line_for_who_failed(page: Path) -> None:
    results = page.with_suffix(".json")
    cells = [Cell("one", "MB/s", 1.0, {"bootbeam": [1.0, 2.0]}), Cell("two", "ms", None, {"bootbeam": [3.0]})]
    cells[0].failures["atftpd"] = "7 of 500 clients did not finish"
    cells[0].repeated, cells[-1].repeated = 1, 2
    report.write_json(results, {"tftp": cells})
    report.write_page(page, results, TITLES)
    text = page.read_text("utf-8")
    assert text.index("In MB/s:") < text.index("| one |") < text.index("In ms:") < text.index("| two |")
    assert 'atftpd in "one": 7 of 500 clients did not finish' in text
    assert "2 runs each" in text
    assert "had taken the processors away: 3." in text


@pytest.mark.parametrize(
    "text",
    ["no marks", f"{report.END} {report.BEGIN}", report.BEGIN, f"{report.BEGIN}{report.END}{report.BEGIN}{report.END}"],
)
def test_a_page_without_a_place_for_tables_is_left_alone(page: Path, text: str) -> None:
    page.write_text(text, "utf-8")
    with pytest.raises(UserError, match="no place for the tables"):
        write(page, tftp=1.0)
    assert page.read_text("utf-8") == text


def test_files_stay_their_owners(page: Path) -> None:
    page.chmod(0o640)
    os.chown(page, os.geteuid(), os.getegid())
    before = page.stat()
    write(page, tftp=1.0)
    after = page.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert sorted(each.name for each in page.parent.iterdir()) == ["performance.json", "performance.md"]


def test_the_page_of_this_project_is_what_its_results_say(tmp_path: Path) -> None:
    copy = tmp_path / "performance.md"
    copy.write_text(PAGE.read_text("utf-8"), "utf-8")
    report.write_page(copy, RESULTS, TITLES)
    ours, made = (sorted(path.read_text("utf-8").splitlines()) for path in (PAGE, copy))
    assert made == ours, "make bench writes the tables; nobody else"


def test_the_machine_is_named_without_telling_which() -> None:
    words = report.machine()
    assert " cores, " in words
    assert "Linux" in words
    assert os.uname().nodename not in words

"""What is made of the runs: medians, ratios, their spread, and whether a target was reached."""

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from bootbeam.bench.place import LoadFailed
from bootbeam.bench.ratios import Cell, measure, number, table


def cell(
    *,
    target: float | None = None,
    limit: float | None = None,
    is_less_better: bool = False,
    **results: list[float],
) -> Cell:
    return Cell("a cell", "MB/s", target, results, is_less_better=is_less_better, limit=limit)


def turns(*values: float | LoadFailed) -> Callable[[], float]:
    """A contender that has these results, one after the other."""
    left = list(values)

    def run() -> float:
        value = left.pop(0)
        if isinstance(value, LoadFailed):
            raise value
        return value

    return run


def test_the_ratio_is_the_median_of_the_runs_ratios_to_the_one_best_peer() -> None:
    seen = cell(bootbeam=[10.0, 30.0, 20.0], one=[20.0, 10.0, 10.0], other=[1.0, 1.0, 100.0])
    assert seen.medians == {"bootbeam": 20.0, "one": 10.0, "other": 1.0}
    assert seen.best_peer == "one"
    assert seen.ratios == [0.5, 3.0, 2.0]
    assert seen.ratio == 2.0


def test_a_round_that_one_of_the_two_did_not_finish_has_no_ratio() -> None:
    seen = measure(cell(), 3, {"bootbeam": turns(10.0, 20.0, 30.0), "one": turns(10.0, LoadFailed("late"), 10.0)})
    assert seen.ratios == [1.0, 3.0]


def test_where_less_is_better_over_one_is_better_still() -> None:
    seen = cell(bootbeam=[2.0], one=[4.0], other=[8.0], is_less_better=True)
    assert seen.best_peer == "one"
    assert seen.ratio == 2.0


def test_without_a_peer_there_is_no_ratio() -> None:
    for seen in (cell(bootbeam=[1.0]), cell(bootbeam=[1.0], one=[])):
        assert (seen.best_peer, seen.ratios, seen.ratio) == (None, [], None)


@pytest.mark.parametrize(
    ("seen", "is_missed"),
    [
        (cell(target=1.5, bootbeam=[15.0], one=[10.0]), False),
        (cell(target=1.5, bootbeam=[14.99], one=[10.0]), True),
        (cell(target=1.0, bootbeam=[], one=[10.0]), True),
        (cell(target=1.0, bootbeam=[10.0], one=[]), False),
        (cell(bootbeam=[1.0], one=[10.0]), False),
        (cell(limit=10.0, bootbeam=[10.0]), False),
        (cell(limit=10.0, bootbeam=[9.0]), True),
        (cell(limit=10.0, bootbeam=[9.0], is_less_better=True), False),
        (cell(limit=10.0, bootbeam=[11.0], is_less_better=True), True),
        (cell(limit=1.0, bootbeam=[0.0], is_less_better=True), False),
        (cell(limit=10.0, bootbeam=[], is_less_better=True), True),
    ],
)
def test_a_target_is_reached_or_missed_and_the_table_says_so(seen: Cell, is_missed: bool) -> None:
    assert seen.is_missed == is_missed
    assert ("(missed)" in table([seen])) == is_missed


@pytest.mark.parametrize(
    ("seen", "has_collapsed"),
    [
        (cell(bootbeam=[1.0], one=[10.0]), False),
        (cell(bootbeam=[0.99], one=[10.0]), True),
        (cell(bootbeam=[], one=[10.0]), True),
        (cell(limit=10.0, bootbeam=[1.0], one=[1000.0]), False),
        (cell(limit=10.0, bootbeam=[0.99]), True),
        (cell(limit=10.0, bootbeam=[0.0]), True),
        (cell(limit=10.0, bootbeam=[100.0], is_less_better=True), False),
        (cell(limit=10.0, bootbeam=[101.0], is_less_better=True), True),
        (cell(limit=1.0, bootbeam=[0.0], is_less_better=True), False),
        (cell(bootbeam=[5.0]), False),
    ],
)
def test_the_guard_lets_pass_what_is_within_ten_times(seen: Cell, has_collapsed: bool) -> None:
    assert seen.has_collapsed(0.1) == has_collapsed


def test_contenders_take_turns() -> None:
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return 1.0

    measure(cell(), 2, {"bootbeam": lambda: run("bootbeam"), "one": lambda: run("one")})
    assert order == ["bootbeam", "one", "one", "bootbeam"]


@pytest.mark.parametrize(("short_s", "rounds"), [(0.0, 3), (3600.0, 5)])
def test_what_is_over_soon_is_measured_more_often(short_s: float, rounds: int) -> None:
    seen = measure(cell(), 3, {"bootbeam": lambda: 1.0, "one": lambda: 2.0}, short_s)
    assert seen.results == {"bootbeam": [1.0] * rounds, "one": [2.0] * rounds}


def test_who_fails_once_goes_on_and_who_fails_twice_in_a_row_is_left_out() -> None:
    no = LoadFailed("it did not finish")
    seen = measure(cell(), 4, {"bootbeam": turns(1.0, no, 2.0, 3.0), "one": turns(4.0, no, no)})
    assert seen.results == {"bootbeam": [1.0, 2.0, 3.0], "one": [4.0]}
    assert seen.failures == {"bootbeam": "it did not finish", "one": "it did not finish"}


def test_a_table_has_medians_ratio_and_spread() -> None:
    seen = cell(target=1.5, bootbeam=[3000.0, 2000.0], one=[1000.0, 1000.0], other=[])
    assert table([seen]).splitlines() == [
        "| | bootbeam | one | other | ratio | spread | target |",
        "|---|---:|---:|---:|---:|---:|---:|",
        "| a cell | 2,500 | 1,000 | failed | **2.50** | 2.00 to 3.00 | 1.5 |",
    ]


def test_a_table_of_bootbeam_alone_has_no_ratio() -> None:
    assert table([cell(bootbeam=[0.1234], limit=1.0, is_less_better=True)]).splitlines() == [
        "| | bootbeam | target |",
        "|---|---:|---:|",
        "| a cell | 0.123 | 1 MB/s |",
    ]


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0"), (0.04321, "0.0432"), (99.94, "99.9"), (100.4, "100"), (12345.6, "12,346")]
)
def test_numbers(value: float, words: str) -> None:
    assert number(value) == words


def test_a_cell_comes_back_from_its_json_as_it_was() -> None:
    seen = cell(target=1.5, bootbeam=[3.0], one=[1.0])
    seen.failures["other"] = "it did not start"
    assert Cell(**json.loads(json.dumps(asdict(seen)))) == seen

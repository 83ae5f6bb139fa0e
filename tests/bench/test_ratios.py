"""What is made of the runs: medians, ratios, their spread, and whether a target was reached."""

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from bootbeam.bench.place import LoadFailed
from bootbeam.bench.ratios import Cell, measure, number, table


@pytest.fixture(autouse=True)
def _nothing_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bootbeam.bench.ratios._stolen_s", lambda: 0.0)


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


def ratios_of(*ratios: float, target: float | None = 1.0) -> Cell:
    return cell(target=target, bootbeam=list(ratios), one=[1.0] * len(ratios))


@pytest.mark.parametrize(
    ("seen", "is_decided"),
    [
        (ratios_of(1.0, 1.1, 1.2, 1.3, 1.4), True),
        (ratios_of(0.5, 0.6, 0.7, 0.8, 0.9), True),
        (ratios_of(0.9, 1.1, 1.2, 1.3, 1.4), False),
        (ratios_of(1.1, 1.2, 1.3, 1.4), False),
        (ratios_of(0.9, *[1.1] * 7), True),  # 9 of 256
        (ratios_of(0.9, *[1.1] * 6), False),  # 8 of 128
        (ratios_of(*[0.9] * 7, 1.1), True),
        (ratios_of(0.9, 1.1, target=None), True),
        (cell(target=1.0, bootbeam=[0.5]), True),
    ],
)
def test_it_is_decided_when_chance_would_hardly_do_it(seen: Cell, is_decided: bool) -> None:
    assert seen.is_decided == is_decided


def test_a_table_calls_open_what_may_as_well_be_chance() -> None:
    assert "| 1 (open) |" in table([ratios_of(0.9, 1.1, 1.1, 1.1, 1.1)])
    assert "| 1 |" in table([ratios_of(1.1, 1.1, 1.1, 1.1, 1.1)])
    assert "| 1 (missed) |" in table([ratios_of(0.9, 0.9, 0.9, 1.1, 1.1)])


def contenders(rounds: list[float], **others: float) -> dict[str, Callable[[], float]]:
    """bootbeam with these results, and others that always have the same."""
    return {"bootbeam": turns(*rounds), **{name: turns(*[value] * 50) for name, value in others.items()}}


def test_a_cell_that_is_open_has_more_rounds_for_those_who_matter() -> None:
    seen = measure(cell(target=1.0), 5, contenders([8.0] + [12.0] * 7, one=10.0, near=7.0, far=6.9))
    assert {name: len(runs) for name, runs in seen.results.items()} == {"bootbeam": 8, "one": 8, "near": 8, "far": 5}
    assert seen.ratio == 1.2


def test_where_less_is_better_those_who_matter_take_hardly_longer() -> None:
    seen = cell(target=1.0, is_less_better=True, bootbeam=[2.0], one=[7.0], near=[9.9], far=[10.1])
    assert seen.close_peers == {"one", "near"}
    assert cell(bootbeam=[1.0]).close_peers == set()


def test_a_cell_that_stays_open_ends_all_the_same() -> None:
    seen = measure(cell(target=1.0), 5, contenders([8.0, 12.0] * 13, one=10.0))
    assert len(seen.results["bootbeam"]) == len(seen.results["one"]) == 25


def taken_away(monkeypatch: pytest.MonkeyPatch, *stolen_s: float) -> None:
    """The host takes so much of the processors' time during each run."""
    told = [each for number, later in enumerate(stolen_s) for each in (100.0 * number, 100.0 * number + later)]
    monkeypatch.setattr("bootbeam.bench.ratios._stolen_s", lambda: told.pop(0))


def test_a_run_without_the_processors_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_away(monkeypatch, 5.0, 0.0)
    seen = measure(cell(), 1, {"bootbeam": turns(1.0, 12.0)})
    assert (seen.results, seen.repeated) == ({"bootbeam": [12.0]}, 1)


def test_a_run_that_fails_without_the_processors_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_away(monkeypatch, 5.0, 0.0)
    seen = measure(cell(), 1, {"bootbeam": turns(LoadFailed("too late"), 12.0)})
    assert (seen.results, seen.failures) == ({"bootbeam": [12.0]}, {})


def test_a_host_that_always_takes_them_away_ends_the_measurement_no_less(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_away(monkeypatch, 5.0, 5.0)
    seen = measure(cell(), 1, {"bootbeam": turns(1.0, 2.0, 3.0)})
    assert (seen.results, seen.repeated) == ({"bootbeam": [3.0]}, 2)


def test_what_fails_undisturbed_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_away(monkeypatch, 0.0)
    assert measure(cell(), 1, {"bootbeam": turns(LoadFailed("no"))}).failures == {"bootbeam": "no"}


@pytest.mark.parametrize("rounds", [[8.0, 12.0], [12.0, 12.0]])
def test_a_quick_look_has_no_more_rounds_than_it_was_asked_for(rounds: list[float]) -> None:
    assert measure(cell(target=1.0), 2, contenders(rounds, one=10.0)).rounds == {"bootbeam": [0, 1], "one": [0, 1]}


def test_a_cell_without_a_target_has_no_more_rounds_either() -> None:
    assert len(measure(cell(), 5, contenders([8.0, 12.0] * 3, one=10.0)).results["one"]) == 5


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
        "| a cell | 2,500 | 1,000 | failed | **2.50** | 2.00 to 3.00 | 1.5 (open) |",
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

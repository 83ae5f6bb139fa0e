"""What is fetched again and again is told as one thing with a count."""

from bootbeam.library.repeats import MAX_REMEMBERED, MOMENT_S, TOLD_A_MOMENT, Repeats

WHAT = ("52:54:00:12:34:56", "Linux")


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_first_of_a_moment_are_told_one_by_one_and_the_rest_with_the_first_of_the_next() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    assert [repeats.add(WHAT) for _ in range(TOLD_A_MOMENT + 5)] == [1] * TOLD_A_MOMENT + [0] * 5
    clock.now_s += MOMENT_S
    assert repeats.add(WHAT) == 6
    assert repeats.add(WHAT) == 1


def test_all_that_were_fetched_are_told_while_it_goes_on() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    told = 0
    for number in range(10_000):
        clock.now_s = 100.0 + number * 0.001
        told += repeats.add(WHAT)
    clock.now_s += MOMENT_S
    assert told + repeats.add(WHAT) == 10_001


def test_once_in_a_while_is_told_each_time() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    for _ in range(100):
        assert repeats.add(WHAT) == 1
        clock.now_s += 0.1


def test_what_was_counted_before_a_silence_is_not_told_as_of_now() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    for _ in range(TOLD_A_MOMENT + 5):
        repeats.add(WHAT)
    clock.now_s += 3600
    assert repeats.add(WHAT) == 1


def test_each_machine_and_each_script_is_counted_by_itself() -> None:
    repeats = Repeats(Clock())
    for _ in range(TOLD_A_MOMENT + 1):
        repeats.add(WHAT)
    assert repeats.add(WHAT) == 0
    assert repeats.add((WHAT[0], "the menu")) == 1
    assert repeats.add(("52:54:00:00:00:01", WHAT[1])) == 1


def test_no_more_are_remembered_than_there_is_room_for() -> None:
    repeats = Repeats(Clock())
    for _ in range(TOLD_A_MOMENT):
        repeats.add(WHAT)
    for number in range(MAX_REMEMBERED):
        repeats.add((str(number), "Linux"))
    assert repeats.add(WHAT) == 1, "forgotten, and so told"

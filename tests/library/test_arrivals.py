"""What comes into a directory that is served, and what goes: complete, told once, never half."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from bootbeam.formats.identity import Kind
from bootbeam.journal.events import EventKind
from bootbeam.library.arrivals import FULL_LOOK_S, GONE_AFTER_S, SETTLE_S, Arrivals, Change
from bootbeam.library.taking import WRITER_SETTLE_S
from tests.image_bytes import iso9660
from tests.library.recorded import Recorded

SCRIPT = b"#!ipxe\nshell\n"
NOTHING = Change()


class Bench:
    """A directory, and a clock that goes on when it is told to. What is written to it changes at the clock's time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now_s = 1000.0
        self.told = Recorded()
        self.served: set[Path] = set()
        self.clock_s = 0.0
        """What is written has times from after it, which are not believed."""
        self.arrivals = Arrivals([directory], self.told, lambda: self.clock_s, lambda: self.now_s)

    def look(self, after_s: float = 0.0) -> Change:
        self.now_s += after_s
        return self.arrivals.look(lambda: self.served)

    def write(self, name: str, data: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(data)
        return path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "there.ipxe").write_bytes(SCRIPT)
    (tmp_path / "readme").write_bytes(b"not an image")
    return Bench(tmp_path)


def test_what_was_there_is_no_news(bench: Bench) -> None:
    for _ in range(3):
        assert bench.look(SETTLE_S) == NOTHING


def test_a_file_arrives_once_it_has_been_left_alone(bench: Bench) -> None:
    path = bench.write("new.ipxe", SCRIPT)
    assert bench.look() == NOTHING
    assert bench.look(SETTLE_S - 0.1) == NOTHING
    [file] = bench.look(0.1).arrived
    assert (file.path, file.identity.kind, file.from_directory) == (path, Kind.IPXE_SCRIPT, True)
    assert bench.look(SETTLE_S) == NOTHING


def test_a_file_that_grows_is_waited_for(bench: Bench) -> None:
    for number in range(1, 9):
        bench.write("new.ipxe", SCRIPT * number)
        assert bench.look(SETTLE_S - 0.5) == NOTHING
    assert bench.look(SETTLE_S).arrived


def test_a_file_that_somebody_holds_open_is_waited_for_longer(bench: Bench) -> None:
    with (bench.directory / "new.ipxe").open("wb") as file:
        file.write(SCRIPT)
        file.flush()
        assert bench.look() == NOTHING
        assert bench.look(SETTLE_S) == NOTHING
        assert bench.look(WRITER_SETTLE_S).arrived


def test_half_an_iso_is_told_of_and_the_whole_one_arrives(bench: Bench) -> None:
    whole = iso9660(sectors=400)
    bench.write("disc.iso", whole[: len(whole) // 2])
    bench.look()
    for _ in range(3):
        assert bench.look(SETTLE_S) == NOTHING
    [held] = bench.told.of(EventKind.IMAGE_HELD_BACK)
    assert held["file"] == "disc.iso"
    bench.write("disc.iso", whole)
    bench.look()
    [file] = bench.look(SETTLE_S).arrived
    assert file.identity.kind is Kind.ISO_IMAGE


def moved_in(bench: Bench, elsewhere: Path, data: bytes, age_s: float = 3600.0) -> Path:
    """A file that was written some time ago, and put into the directory now."""
    bench.clock_s = time.time()
    source = elsewhere / "disc.iso"
    source.write_bytes(data)
    os.utime(source, (bench.clock_s - age_s,) * 2)
    return source.rename(bench.directory / "disc.iso")


def test_an_iso_that_is_moved_in_arrives_at_once(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = moved_in(bench, tmp_path_factory.mktemp("elsewhere"), iso9660(sectors=400))
    [file] = bench.look().arrived
    assert (file.path, file.identity.kind) == (path, Kind.ISO_IMAGE)


@pytest.mark.parametrize(("data", "age_s"), [(iso9660(sectors=400), SETTLE_S / 2), (SCRIPT, 3600.0)])
def test_what_was_written_a_moment_ago_or_does_not_tell_its_size_is_left_alone_first(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory, data: bytes, age_s: float
) -> None:
    moved_in(bench, tmp_path_factory.mktemp("elsewhere"), data, age_s)
    assert bench.look() == NOTHING
    assert bench.look(SETTLE_S).arrived


def test_half_an_iso_that_is_moved_in_never_arrives(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = iso9660(sectors=400)
    moved_in(bench, tmp_path_factory.mktemp("elsewhere"), whole[: len(whole) // 2])
    assert bench.look() == NOTHING
    assert bench.look(SETTLE_S) == NOTHING
    assert bench.told.of(EventKind.IMAGE_HELD_BACK)


def test_an_iso_that_is_copied_with_its_times_arrives_when_the_copy_is_closed(bench: Bench) -> None:
    bench.clock_s = time.time()
    whole = iso9660(sectors=400)
    path = bench.directory / "disc.iso"
    with path.open("wb") as file:
        file.write(whole)
        file.flush()
        os.utime(path, (bench.clock_s - 3600.0,) * 2)
        assert bench.look() == NOTHING  # it has its size, and its time, and somebody writes it
    assert bench.look().arrived


def test_what_is_no_file_or_hidden_never_arrives(bench: Bench) -> None:
    bench.write(".hidden.ipxe", SCRIPT)
    os.mkfifo(bench.directory / "pipe")
    (bench.directory / "deeper").mkdir()
    (bench.directory / "nowhere").symlink_to("gone")
    bench.look()
    assert bench.look(WRITER_SETTLE_S) == NOTHING


def test_what_is_taken_out_is_gone_after_a_while_and_may_come_again(bench: Bench) -> None:
    path = bench.directory / "there.ipxe"
    bench.served.add(path)
    path.unlink()
    assert bench.look() == NOTHING
    assert bench.look(GONE_AFTER_S - 0.1) == NOTHING
    assert bench.look(0.1).gone == {path}
    bench.served.clear()
    bench.write(path.name, SCRIPT)
    bench.look()
    assert bench.look(SETTLE_S).arrived


def test_what_is_made_anew_in_between_is_not_gone(bench: Bench) -> None:
    path = bench.directory / "there.ipxe"
    bench.served.add(path)
    path.unlink()
    bench.look()
    bench.write(path.name, SCRIPT)
    bench.look(GONE_AFTER_S)
    path.unlink()
    assert bench.look(GONE_AFTER_S) == NOTHING


def test_of_a_directory_that_cannot_be_read_nothing_is_gone(bench: Bench, tmp_path: Path) -> None:
    bench.served.add(bench.directory / "there.ipxe")
    bench.directory.rename(tmp_path.with_name("unmounted"))
    try:
        bench.look()
        assert bench.look(GONE_AFTER_S) == NOTHING
    finally:
        tmp_path.with_name("unmounted").rename(bench.directory)


def test_a_directory_without_news_is_not_listed_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "there.ipxe"
    path.write_bytes(SCRIPT)
    os.utime(tmp_path, (1000, 1000))
    now_s = 2000.0
    arrivals = Arrivals([tmp_path], Recorded(), lambda: 2000.0, lambda: now_s)
    listed = 0
    scan = os.scandir

    def count(directory: Path) -> Any:
        nonlocal listed
        listed += 1
        return scan(str(directory))

    monkeypatch.setattr("bootbeam.library.arrivals.os.scandir", count)
    for _ in range(5):
        assert arrivals.look(lambda: {path}) == NOTHING
    assert listed == 0
    now_s += FULL_LOOK_S
    assert arrivals.look(lambda: {path}) == NOTHING
    assert listed == 1
    os.utime(tmp_path, (1001, 1001))
    assert arrivals.look(lambda: {path}) == NOTHING
    assert listed == 2


def test_what_could_not_be_taken_up_is_news_again(bench: Bench) -> None:
    path = bench.write("new.ipxe", SCRIPT)
    bench.look()
    assert bench.look(SETTLE_S).arrived
    bench.arrivals.forget({path})
    bench.look()
    assert bench.look(SETTLE_S).arrived

"""What comes into a directory that is served, and what goes: complete, told once, never half."""

import os
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
        self.arrivals = Arrivals([directory], self.told, lambda: 0.0, lambda: self.now_s)

    def look(self, after_s: float = 0.0) -> Change:
        self.now_s += after_s
        return self.arrivals.look(self.served)

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
        assert arrivals.look({path}) == NOTHING
    assert listed == 0
    now_s += FULL_LOOK_S
    assert arrivals.look({path}) == NOTHING
    assert listed == 1
    os.utime(tmp_path, (1001, 1001))
    assert arrivals.look({path}) == NOTHING
    assert listed == 2


def test_what_could_not_be_taken_up_is_news_again(bench: Bench) -> None:
    path = bench.write("new.ipxe", SCRIPT)
    bench.look()
    assert bench.look(SETTLE_S).arrived
    bench.arrivals.forget({path})
    bench.look()
    assert bench.look(SETTLE_S).arrived

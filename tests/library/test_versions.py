import gzip
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.formats.identity import Identity, Kind
from bootbeam.journal.events import EventKind
from bootbeam.library import first_look, taking, versions
from bootbeam.library.content import Content, Missing, NotReady
from bootbeam.library.first_look import Seen, look_into
from bootbeam.library.refresher import Refresher
from bootbeam.library.settling import CLOCK_SLACK_S
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.versions import ImageFile
from tests.image_bytes import elf32, iso9660, multiboot1
from tests.library.recorded import Recorded


def kernel(letter: str, size_bytes: int = 5000) -> bytes:
    """A build of a Multiboot kernel, all of one letter."""
    return elf32(multiboot1() + letter.encode() * size_bytes)


class Bench:
    """One image file and the hands to turn its clock."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "kernel.elf"
        self.journal = Recorded()
        self.copies: Path | None = directory
        self.ahead_s = 0.0
        self.slept_s: list[float] = []

    def pass_s(self, seconds: float) -> None:
        self.ahead_s += seconds

    def _sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.pass_s(seconds)

    def image(
        self, seen: Seen | None = None, *, unpack_gzip: bool = False, copy_limit_bytes: int = 1 << 20
    ) -> ImageFile:
        return ImageFile(
            self.path,
            "kernel.elf",
            "kernel",
            SnapshotStorage(self.copies),
            self.journal,
            unpack_gzip=unpack_gzip,
            copy_limit_bytes=copy_limit_bytes,
            clock=lambda: time.time() + self.ahead_s,
            monotonic=lambda: time.monotonic() + self.ahead_s,
            sleep=self._sleep,
            seen=seen,
        )

    def loaded(self, data: bytes, *, copy_limit_bytes: int = 1 << 20, unpack_gzip: bool = False) -> ImageFile:
        self.path.write_bytes(data)
        self.pass_s(10)
        image = self.image(copy_limit_bytes=copy_limit_bytes, unpack_gzip=unpack_gzip)
        image.load()
        return image

    def settle(self, image: ImageFile, seconds: float = 1.1) -> None:
        """Let the file be seen as it is now, then leave it alone: the time is only moved on for our side."""
        image.refresh()
        self.pass_s(seconds)

    def rebuild(self, image: ImageFile, data: bytes) -> None:
        """Rewrite the file in place and leave it alone until it has settled."""
        self.path.write_bytes(data)
        self.settle(image)

    def held_back(self) -> list[str]:
        return [str(facts["reason"]) for facts in self.journal.of(EventKind.IMAGE_HELD_BACK)]

    def replace(self, data: bytes) -> None:
        other = self.path.with_name("new")
        other.write_bytes(data)
        other.replace(self.path)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def received(answer: Content | Missing | NotReady) -> bytes:
    assert isinstance(answer, Content), answer
    try:
        data = answer.read_at(0, answer.size_bytes)
        answer.check()
        assert len(data) == answer.size_bytes
        return data
    finally:
        answer.close()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# What a boot gets


def test_the_first_version_is_there_after_loading_and_the_journal_names_it(bench: Bench) -> None:
    data = kernel("a")
    image = bench.loaded(data)
    assert received(image.open()) == data
    (facts,) = bench.journal.of(EventKind.IMAGE_LOADED)
    assert facts == {
        "file": "kernel.elf",
        "description": "Multiboot 1 kernel (32-bit ELF, i386)",
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "mtime_s": bench.path.stat().st_mtime_ns / 1e9,
    }
    assert image.identity.kind is Kind.MULTIBOOT_KERNEL
    assert bench.held_back() == []


def test_a_content_names_file_role_and_version(bench: Bench) -> None:
    data = kernel("a")
    content = bench.loaded(data).open()
    assert isinstance(content, Content)
    assert (content.name, content.role, content.size_bytes) == ("kernel.elf", "kernel", len(data))
    assert content.version is not None
    assert content.version.size_bytes == len(data)
    assert content.version.sha256() == hashlib.sha256(data).hexdigest()
    assert content.version.mtime_s == bench.path.stat().st_mtime_ns / 1e9
    content.close()


@pytest.mark.parametrize("how", ["replaced", "rewritten in place"])
def test_after_a_rebuild_a_boot_gets_the_old_version_for_a_moment_and_then_the_new_one(bench: Bench, how: str) -> None:
    old, new = kernel("a"), kernel("b", 7000)
    image = bench.loaded(old)
    bench.replace(new) if how == "replaced" else bench.path.write_bytes(new)
    assert received(image.open()) == old
    bench.pass_s(1.1)
    assert received(image.open()) == new
    assert len(bench.journal.of(EventKind.IMAGE_LOADED)) == 2


def test_a_transfer_under_way_ends_with_the_version_it_began_with(bench: Bench) -> None:
    old, new = kernel("a"), kernel("b")
    image = bench.loaded(old)
    content = image.open()
    assert isinstance(content, Content)
    beginning = content.read_at(0, 1000)
    bench.rebuild(image, new)
    assert received(image.open()) == new
    content.check()
    assert beginning + content.read_at(1000, len(old)) == old
    content.close()


def test_a_file_that_keeps_changing_is_held_back_and_the_journal_says_so_once(bench: Bench) -> None:
    old = kernel("a")
    image = bench.loaded(old)
    for size_bytes in range(100, 2000, 100):
        bench.path.write_bytes(kernel("b", size_bytes))
        bench.pass_s(0.6)
        image.refresh()
        assert received(image.open()) == old
    (reason,) = bench.held_back()
    assert "may still be being written; clients get the version before" in reason


def test_a_file_its_headers_contradict_is_held_back_until_it_is_whole(bench: Bench) -> None:
    old, new = kernel("a"), kernel("b", 9000)
    image = bench.loaded(old)
    bench.rebuild(image, new[:4000])
    for _ in range(5):
        bench.pass_s(100)
        image.refresh()
        assert received(image.open()) == old
    assert sum("headers say" in reason for reason in bench.held_back()) == 1
    bench.rebuild(image, new)
    assert received(image.open()) == new


def test_an_emptied_file_is_held_back(bench: Bench) -> None:
    old = kernel("a")
    image = bench.loaded(old)
    os.truncate(bench.path, 0)
    bench.settle(image)
    image.refresh()
    assert received(image.open()) == old
    assert "it is empty" in bench.held_back()[-1]


def test_space_set_aside_for_a_download_is_held_back(bench: Bench) -> None:
    old = kernel("a")
    image = bench.loaded(old)
    bench.rebuild(image, bytes(100_000))
    assert received(image.open()) == old


def test_without_an_earlier_version_a_client_is_asked_to_wait(bench: Bench) -> None:
    bench.path.write_bytes(kernel("a")[:1000])
    bench.pass_s(10)
    image = bench.image()
    assert image.load().kind is Kind.MULTIBOOT_KERNEL
    answer = image.open()
    assert isinstance(answer, NotReady)
    assert "headers say" in answer.reason
    assert isinstance(image.current_version(), NotReady)
    assert "clients are asked to wait" in bench.held_back()[0]
    whole = kernel("a")
    bench.rebuild(image, whole)
    assert received(image.open()) == whole


def test_modification_times_set_back_hide_nothing(bench: Bench) -> None:
    old, new = kernel("a"), kernel("b")
    image = bench.loaded(old)
    before = bench.path.stat()
    bench.path.write_bytes(new)
    os.utime(bench.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert received(image.open()) == old  # it changed a moment ago, whatever its modification time says
    bench.pass_s(1.1)
    assert received(image.open()) == new


def test_a_modification_time_in_the_future_holds_nothing_for_ever(bench: Bench) -> None:
    image = bench.loaded(kernel("a"))
    new = kernel("b")
    bench.path.write_bytes(new)
    os.utime(bench.path, (time.time() + 1e7, time.time() + 1e7))
    image.refresh()
    bench.pass_s(1.1)
    assert received(image.open()) == new


def test_a_symbolic_link_turned_to_another_build_is_followed(bench: Bench) -> None:
    builds = [bench.path.with_name(f"build-{letter}") for letter in "ab"]
    for build, letter in zip(builds, "ab", strict=True):
        build.write_bytes(kernel(letter))
    bench.path.symlink_to(builds[0])
    bench.pass_s(10)
    image = bench.image()
    image.load()
    link = bench.path.with_name("link")
    link.symlink_to(builds[1])
    link.replace(bench.path)
    image.refresh()
    bench.pass_s(1.1)
    assert received(image.open()) == kernel("b")


def test_a_file_that_vanishes_is_served_on_and_followed_when_it_comes_back(bench: Bench) -> None:
    old, new = kernel("a"), kernel("b")
    image = bench.loaded(old)
    bench.path.unlink()
    image.refresh()
    image.refresh()
    assert received(image.open()) == old
    (reason,) = bench.held_back()
    assert reason.startswith("it is gone")
    bench.path.write_bytes(new)
    image.refresh()
    bench.pass_s(1.1)
    assert received(image.open()) == new
    bench.path.unlink()
    image.refresh()
    assert sum(reason.startswith("it is gone") for reason in bench.held_back()) == 2


def test_other_permissions_are_no_new_version(bench: Bench) -> None:
    data = kernel("a")
    image = bench.loaded(data)
    version = image.current_version()
    bench.path.chmod(0o600)
    bench.settle(image)
    assert received(image.open()) == data
    assert image.current_version() == version
    assert len(bench.journal.of(EventKind.IMAGE_LOADED)) == 1


def test_a_touched_file_is_named_with_its_new_time(bench: Bench) -> None:
    image = bench.loaded(kernel("a"))
    os.utime(bench.path, (1_600_000_000, 1_600_000_000))
    bench.settle(image)
    received(image.open())
    assert [facts["mtime_s"] for facts in bench.journal.of(EventKind.IMAGE_LOADED)][1] == 1_600_000_000


def test_a_packed_kernel_is_served_unpacked(bench: Bench) -> None:
    data = kernel("a")
    image = bench.loaded(gzip.compress(data), unpack_gzip=True)
    assert received(image.open()) == data
    assert image.identity.should_be_unpacked


def test_a_program_that_has_the_file_open_for_writing_is_waited_for_and_not_for_ever(bench: Bench) -> None:
    old, new = kernel("a"), kernel("b")
    image = bench.loaded(old)
    with bench.path.open("r+b") as writer:
        writer.write(new)
        writer.flush()
        bench.settle(image, 3)
        assert received(image.open()) == old
        assert "open for writing" in bench.held_back()[-1]
        bench.pass_s(8)
        assert received(image.open()) == new


# One boot, one build


def test_a_boot_gets_its_files_from_the_build_it_began_with(bench: Bench) -> None:
    image = bench.loaded(kernel("a"))
    first = image.current_version()
    assert isinstance(first, str)
    assert first == hashlib.sha256(kernel("a")).hexdigest()[:12]
    for letter in "bc":
        bench.rebuild(image, kernel(letter))
        assert received(image.open()) == kernel(letter)
        assert received(image.open(first)) == kernel("a")
    bench.rebuild(image, kernel("d"))
    assert received(image.open()) == kernel("d")
    answer = image.open(first)
    assert isinstance(answer, Missing)
    assert "boot again" in answer.reason


@pytest.mark.parametrize("version", ["", "0" * 12, "../../etc", "x" * 1000])
def test_an_unknown_version_is_missing(bench: Bench, version: str) -> None:
    assert isinstance(bench.loaded(kernel("a")).open(version), Missing)


# Large files


def test_a_large_file_is_served_from_where_it_lies(bench: Bench) -> None:
    data = kernel("a")
    image = bench.loaded(data, copy_limit_bytes=1000)
    assert received(image.open()) == data
    (facts,) = bench.journal.of(EventKind.IMAGE_LOADED)
    assert facts["sha256"] is None


def test_a_large_file_replaced_by_another_is_sent_to_its_end(bench: Bench) -> None:
    old, new = kernel("a"), kernel("b")
    image = bench.loaded(old, copy_limit_bytes=1000)
    content = image.open()
    bench.replace(new)
    assert received(image.open()) == old
    bench.pass_s(1.1)
    assert received(image.open()) == new
    assert received(content) == old


def test_a_large_file_being_rewritten_has_no_version_before(bench: Bench) -> None:
    new = kernel("b")
    image = bench.loaded(kernel("a"), copy_limit_bytes=1000)
    version = image.current_version()
    assert isinstance(version, str)
    bench.path.write_bytes(new)
    assert isinstance(image.open(), NotReady)
    assert isinstance(image.open(version), Missing)
    bench.pass_s(1.1)
    assert received(image.open()) == new


def test_a_full_disk_is_told_and_the_file_served_all_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bootbeam.library.snapshot.FREE_BYTES_LEFT", 1 << 62)
    image = bench.loaded(kernel("a"))
    assert received(image.open()) == kernel("a")
    (problem,) = bench.journal.of(EventKind.PROBLEM)
    assert "without a copy" in str(problem["what"])
    assert "no room" in str(problem["why"])


# Loading


def test_a_file_built_a_moment_ago_is_waited_for(bench: Bench) -> None:
    bench.path.write_bytes(kernel("a"))
    image = bench.image()
    assert image.load().kind is Kind.MULTIBOOT_KERNEL
    assert 0 < sum(bench.slept_s) <= 1.1
    assert received(image.open()) == kernel("a")


def test_an_iso_built_a_moment_ago_that_nobody_writes_is_there_at_once(bench: Bench) -> None:
    bench.path.write_bytes(iso9660(sectors=400))
    assert bench.image().load().kind is Kind.ISO_IMAGE
    assert sum(bench.slept_s) <= CLOCK_SLACK_S


def test_an_iso_that_somebody_holds_open_is_waited_for(bench: Bench) -> None:
    with bench.path.open("wb") as file:
        file.write(iso9660(sectors=400))
        file.flush()
        image = bench.image()
        image.load()
        assert isinstance(image.open(), NotReady)
        assert bench.held_back()


def test_what_was_seen_a_moment_ago_is_not_looked_into_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.path.write_bytes(kernel("a"))
    bench.pass_s(10)
    seen = look_into(bench.path)
    monkeypatch.setattr(first_look, "identify_open", _unexpected)
    monkeypatch.setattr(taking, "identify_open", _unexpected)
    image = bench.image(seen)
    assert image.load() is seen.identity
    assert received(image.open()) == kernel("a")


def _unexpected(fd: int, size_bytes: int) -> Identity:
    raise AssertionError(f"{size_bytes} bytes are looked into once more")


def test_what_was_seen_before_it_was_replaced_does_not_count(bench: Bench) -> None:
    bench.path.write_bytes(iso9660(sectors=400))
    seen = look_into(bench.path)
    bench.replace(kernel("a"))
    bench.pass_s(10)
    image = bench.image(seen)
    assert image.load().kind is Kind.MULTIBOOT_KERNEL
    assert received(image.open()) == kernel("a")


def test_a_file_that_goes_on_changing_is_not_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.path.write_bytes(kernel("a"))
    image = bench.image()
    sleep = bench._sleep

    def sleep_while_it_grows(seconds: float) -> None:
        sleep(seconds)
        bench.path.write_bytes(kernel("a", 6000 + len(bench.slept_s)))
        now_s = time.time() + bench.ahead_s
        os.utime(bench.path, (now_s, now_s))

    monkeypatch.setattr(image, "_sleep", sleep_while_it_grows)
    image.load()
    assert 1 < sum(bench.slept_s) < 5
    assert isinstance(image.open(), NotReady)


def _missing(path: Path) -> None:
    pass


def _empty(path: Path) -> None:
    path.touch()


def _broken(path: Path) -> None:
    path.write_bytes(b"\x7fELF\x09" + bytes(100))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (_missing, "cannot be read: No such file"),
        (_empty, "is empty"),
        (Path.mkdir, "is a directory"),
        (os.mkfifo, "is a pipe or socket"),
        (lambda path: path.symlink_to("/dev/null"), "is a device"),
        (_broken, "is broken"),
    ],
)
def test_what_can_never_be_served_is_told_with_what_to_do(
    bench: Bench, make: Callable[[Path], object], what: str
) -> None:
    make(bench.path)
    with pytest.raises(UserError) as error:
        bench.image().load()
    assert str(bench.path) in error.value.what
    assert what in error.value.what
    assert error.value.fix


# With the threads


@pytest.fixture
def refresher(bench: Bench) -> Iterator[Refresher]:
    refresher = Refresher(bench.journal)
    refresher.start()
    yield refresher
    refresher.close()


def test_a_rebuild_is_taken_without_anybody_asking(bench: Bench, refresher: Refresher) -> None:
    bench.path.write_bytes(kernel("a"))
    image = bench.image()
    image.load(refresher)
    bench.replace(kernel("b"))
    bench.journal.await_count(EventKind.IMAGE_HELD_BACK, 1)
    bench.journal.await_count(EventKind.IMAGE_LOADED, 2)
    assert received(image.open()) == kernel("b")
    image.close()


def test_a_settled_rebuild_is_never_answered_with_the_old_version(
    bench: Bench, refresher: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = bench.image()
    bench.path.write_bytes(kernel("a"))
    image.load(refresher)
    let_copy = threading.Event()
    copy = SnapshotStorage.copy
    monkeypatch.setattr(
        SnapshotStorage, "copy", lambda self, fd: copy(self, fd) if let_copy.wait(10) else pytest.fail("never let")
    )
    bench.replace(kernel("b"))
    bench.journal.await_count(EventKind.IMAGE_HELD_BACK, 1)
    bench.pass_s(1.1)
    started_s = time.monotonic()
    assert isinstance(image.open(), NotReady)
    assert isinstance(image.open(), NotReady)
    # Only one caller waits for a change, and not long: a DHCP answer may stand behind it.
    assert time.monotonic() - started_s < versions.OPEN_WAIT_S + 5
    let_copy.set()
    bench.journal.await_count(EventKind.IMAGE_LOADED, 2)
    assert received(image.open()) == kernel("b")
    image.close()


def test_opening_waits_a_moment_for_the_copy(
    bench: Bench, refresher: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "OPEN_WAIT_S", 30.0)
    image = bench.image()
    bench.path.write_bytes(kernel("a"))
    image.load(refresher)
    bench.replace(kernel("b"))
    bench.journal.await_count(EventKind.IMAGE_HELD_BACK, 1)
    bench.pass_s(1.1)
    assert received(image.open()) == kernel("b")
    image.close()


def test_a_large_files_digest_is_computed_in_the_background(bench: Bench, refresher: Refresher) -> None:
    data = kernel("a")
    image = bench.image(copy_limit_bytes=1000)
    bench.path.write_bytes(data)
    image.load(refresher)
    content = image.open()
    assert isinstance(content, Content)
    assert content.version is not None
    deadline_s = time.monotonic() + 20
    while content.version.sha256() is None and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert content.version.sha256() == hashlib.sha256(data).hexdigest()
    content.close()
    image.close()


def test_closing_gives_every_descriptor_back(bench: Bench, refresher: Refresher) -> None:
    before = descriptors()
    for copy_limit_bytes in (1 << 20, 1000):
        bench.path.write_bytes(kernel("a"))
        image = bench.image(copy_limit_bytes=copy_limit_bytes)
        image.load(refresher)
        for letter in "bcdef":
            bench.rebuild(image, kernel(letter))
            image.refresh()
            received(image.open())
        image.close()
        assert isinstance(image.open(), NotReady)
    deadline_s = time.monotonic() + 20
    while descriptors() > before and time.monotonic() < deadline_s:
        time.sleep(0.01)  # a digest may still be under way
    assert descriptors() == before


def test_a_transfer_outlives_the_closing_of_its_image(bench: Bench) -> None:
    before = descriptors()
    image = bench.loaded(kernel("a"))
    content = image.open()
    image.close()
    assert received(content) == kernel("a")
    assert descriptors() == before


@pytest.mark.parametrize("copy_limit_bytes", [1 << 20, 0])
def test_what_is_open_is_current_for_as_long_as_it_would_be_opened_again(bench: Bench, copy_limit_bytes: int) -> None:
    image = bench.loaded(kernel("a"), copy_limit_bytes=copy_limit_bytes)
    version = image.current_version()
    assert isinstance(version, str)
    newest, pinned = image.open(), image.open(version)
    assert isinstance(newest, Content)
    assert isinstance(pinned, Content)
    assert newest.is_current()
    assert pinned.is_current()
    bench.replace(kernel("b"))
    assert not newest.is_current(), "before the new version is taken, and while it settles"
    bench.settle(image)
    image.refresh()
    assert not newest.is_current()
    assert pinned.is_current(), "a boot that has begun goes on with it"
    again = image.open()
    assert isinstance(again, Content)
    assert again.is_current()
    bench.path.unlink()
    assert not again.is_current()
    image.close()
    assert not pinned.is_current()
    for content in (newest, pinned, again):
        content.close()


def test_a_version_that_was_overwritten_in_place_is_not_current(bench: Bench) -> None:
    image = bench.loaded(kernel("a"), copy_limit_bytes=0)
    version = image.current_version()
    assert isinstance(version, str)
    pinned = image.open(version)
    assert isinstance(pinned, Content)
    bench.path.write_bytes(kernel("b"))
    assert not pinned.is_current()
    pinned.close()

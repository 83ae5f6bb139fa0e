"""Real writers against real readers, by the real clocks: every read is wholly one version."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, ContentChanged, NotReady
from bootbeam.library.refresher import Refresher
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.versions import ImageFile
from tests.library.recorded import Recorded

# A build is its number, eight digits, again and again; how often also depends on the number.
WRITER = """
import os, random, subprocess, sys, time
path, seed, until_s = sys.argv[1], int(sys.argv[2]), time.monotonic() + float(sys.argv[3])
chance = random.Random(seed)
def build(number):
    return b"%08d" % number * (20_000 + number * 7919 % 60_000)
def in_place(data, keep):
    fd = os.open(path, os.O_WRONLY | (0 if keep else os.O_TRUNC))
    for start in range(0, len(data), 65536):
        os.write(fd, data[start:start + 65536])
        if chance.random() < 0.2:
            time.sleep(chance.random() * 0.1)
    os.ftruncate(fd, len(data))
    os.close(fd)
def by_program(data, *program):
    with open(path + ".source", "wb") as source:
        source.write(data)
    subprocess.run([*program], check=True)
number = 1
while time.monotonic() < until_s:
    number += 1
    data = build(number)
    way = chance.randrange(5)
    if way < 2:
        in_place(data, keep=way == 1)
    elif way == 2:
        by_program(data, "cp", path + ".source", path)
    elif way == 3:
        by_program(data, "dd", "if=" + path + ".source", "of=" + path, "bs=64k", "status=none")
    else:
        by_program(data, "mv", path + ".source", path)
    time.sleep(chance.choice([0, 0, 0.05, 1.3]))
print(number)
"""


def build(number: int) -> bytes:
    return b"%08d" % number * (20_000 + number * 7919 % 60_000)


def number_of(data: bytes) -> int:
    """Which build this is. Fails when it is not exactly one."""
    number = int(data[:8])
    assert data == build(number), f"a mixture that begins as build {number}"
    return number


@dataclass
class Reader:
    """Opens and reads an image over and over, in small pieces and not in a hurry."""

    image: ImageFile
    seen: list[int] = field(default_factory=list)
    broken_off: int = 0
    not_ready: int = 0
    failure: BaseException | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self.read_once()
        except BaseException as error:
            self.failure = error

    def read_once(self) -> None:
        answer = self.image.open()
        if isinstance(answer, NotReady):
            self.not_ready += 1
            time.sleep(0.02)
            return
        assert isinstance(answer, Content)
        try:
            pieces = []
            for offset in range(0, answer.size_bytes, 32_768):
                answer.check()
                pieces.append(answer.read_at(offset, 32_768))
                time.sleep(0.001)
            answer.check()
            self.seen.append(number_of(b"".join(pieces)))
        except ContentChanged:
            self.broken_off += 1
        finally:
            answer.close()


@pytest.fixture
def refresher() -> Iterator[Refresher]:
    refresher = Refresher(Recorded())
    refresher.start()
    yield refresher
    refresher.close()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.timeout(120)
def test_whatever_writers_do_every_read_is_wholly_one_version(tmp_path: Path, refresher: Refresher) -> None:
    path, copies = tmp_path / "image", tmp_path / "copies"
    copies.mkdir()
    path.write_bytes(build(1))
    before = descriptors()
    journal = Recorded()
    storage = SnapshotStorage(copies)
    images = [
        ImageFile(path, "copied", "initrd", storage, journal),
        ImageFile(path, "large", "initrd", storage, journal, copy_limit_bytes=1000),
    ]
    for image in images:
        image.load(refresher)
    readers = [Reader(image) for image in images for _ in range(2)]
    threads = [threading.Thread(target=reader.run) for reader in readers]
    for thread in threads:
        thread.start()
    written = subprocess.run(
        [sys.executable, "-c", WRITER, path, "7", "14"], check=True, capture_output=True, text=True, timeout=60
    )
    newest = int(written.stdout)
    time.sleep(1.5)  # the last build settles
    for image in images:
        answer = image.open()
        assert isinstance(answer, Content)
        assert number_of(answer.read_at(0, answer.size_bytes)) == newest
        answer.close()
    for reader in readers:
        reader.stop.set()
    for thread in threads:
        thread.join()
    for reader in readers:
        if reader.failure:
            raise reader.failure
    copied, large = readers[:2], readers[2:]
    assert all(reader.broken_off == 0 for reader in copied)
    assert all(reader.not_ready <= 5 for reader in copied)
    assert len({number for reader in copied for number in reader.seen}) >= 3
    assert all(reader.seen == sorted(reader.seen) for reader in copied)
    assert len({number for reader in large for number in reader.seen}) >= 3
    for image in images:
        image.close()
    time.sleep(0.2)
    assert descriptors() == before
    assert list(copies.iterdir()) == []


SLOW_WRITER = """
import sys, time
with open(sys.argv[1], "wb") as image:
    image.write(b"half")
    image.flush()
    time.sleep(2.5)
    image.write(b" and the other half")
"""


def test_a_writer_that_pauses_longer_than_the_settle_time_is_waited_for(tmp_path: Path, refresher: Refresher) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"the build before")
    journal = Recorded()
    image = ImageFile(path, "image", "initrd", SnapshotStorage(tmp_path), journal)
    image.load(refresher)
    with subprocess.Popen([sys.executable, "-c", SLOW_WRITER, path]) as writer:
        seen = set()
        deadline_s = time.monotonic() + 30
        while b"half and the other half" not in seen and time.monotonic() < deadline_s:
            answer = image.open()
            if isinstance(answer, Content):
                seen.add(answer.read_at(0, answer.size_bytes))
                answer.close()
            time.sleep(0.02)
        assert writer.wait(10) == 0
    assert seen == {b"the build before", b"half and the other half"}
    assert any("open for writing" in str(facts["reason"]) for facts in journal.of(EventKind.IMAGE_HELD_BACK))
    image.close()


def test_a_boot_long_after_a_rebuild_never_gets_the_old_version_even_without_a_look_between(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(build(1))
    image = ImageFile(path, "image", "initrd", SnapshotStorage(tmp_path), Recorded())
    image.load()
    path.write_bytes(build(2))
    time.sleep(1.1)
    answer = image.open()
    assert isinstance(answer, Content)
    assert number_of(answer.read_at(0, answer.size_bytes)) == 2
    answer.close()
    image.close()

"""The files inside an ISO, read where they lie. The ISOs are xorriso's, the expected bytes are the files they hold."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bootbeam.errors import ImageError
from bootbeam.formats.image_tree import ImageTree
from bootbeam.library import iso_files
from bootbeam.library.content import Content, Missing, NotReady
from tests.formats.disc_images import LARGE_FILE_BYTES, LARGE_FILE_MARKS, large_file_tree, sparse, xorriso_image
from tests.library.iso_bench import Bench


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "live" / "empty").mkdir(parents=True)
    (root / "live" / "vmlinuz").write_bytes(os.urandom(70_001))
    (root / "live" / "nothing").write_bytes(b"")
    (root / "pool").mkdir()
    (root / "pool" / 'a&b <c> "d" 100% #1 größe?.deb').write_bytes(b"deb")
    (root / "README").write_text("read me\n")
    return root


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Path], Bench]]:
    benches: list[Bench] = []

    def start(path: Path) -> Bench:
        benches.append(Bench(path, tmp_path))
        return benches[-1]

    yield start
    for bench in benches:
        bench.close()


def make_iso(tmp_path: Path, source: Path) -> Path:
    return xorriso_image(tmp_path / "disc.iso", source, "-r", "-J")


def test_a_file_is_its_extents_in_the_iso_itself(tmp_path: Path, source: Path, start: Callable[[Path], Bench]) -> None:
    iso = make_iso(tmp_path, source)
    bench = start(iso)
    assert bench.read("live/vmlinuz") == (source / "live/vmlinuz").read_bytes()
    assert bench.read("LIVE/VMLINUZ") == (source / "live/vmlinuz").read_bytes()
    assert bench.read("live/nothing") == b""
    with closing(bench.opened("live/vmlinuz")) as content:
        assert content.body is None
        assert {os.fstat(part.fd).st_ino for part in content.slices} == {iso.stat().st_ino}
        assert content.name == "iso/disc.iso/live/vmlinuz"
        assert content.size_bytes == 70_001
        assert content.version is not None
        assert content.version.size_bytes == iso.stat().st_size


def test_what_is_not_there_says_so(tmp_path: Path, source: Path, start: Callable[[Path], Bench]) -> None:
    bench = start(make_iso(tmp_path, source))
    for path in ("nothing", "README/below", "live/vmlinuz/below"):
        assert bench.files.open(path) == Missing("there is no such file in the image")


def test_every_file_can_be_reached_by_the_links_of_the_pages(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench]
) -> None:
    bench = start(make_iso(tmp_path, source))
    found: dict[str, bytes] = {}
    waiting = [""]
    while waiting:
        here = waiting.pop()
        for words, href in bench.links(here).items():
            if words == "../":
                assert href == f"/iso/disc.iso/{here}".rpartition("/")[0] + "/"
                continue
            path = href.removeprefix("/iso/disc.iso/")
            assert path.rstrip("/").rpartition("/")[2] == words.rstrip("/")
            if path.endswith("/"):
                waiting.append(path.rstrip("/"))
            else:
                found[path] = bench.read(path)
    assert found == {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*") if path.is_file()}


def test_a_page_shows_names_as_they_are_and_as_nothing_else(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench]
) -> None:
    bench = start(make_iso(tmp_path, source))
    with closing(bench.opened("pool")) as page:
        assert page.media_type.startswith("text/html")
        text = page.read_at(0, page.size_bytes).decode()
    assert "<c>" not in text
    assert 'href="/iso/disc.iso/pool/a%26b%20%3Cc%3E%20%22d%22%20100%25%20%231%20gr%C3%B6%C3%9Fe%3F.deb"' in text


def test_symlinks_to_directories_lead_to_the_directory_itself_so_that_no_mirror_runs_in_circles(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench]
) -> None:
    """Debian's own discs have ``debian -> .``."""
    (source / "debian").symlink_to(".")
    (source / "live" / "up").symlink_to("../pool")
    (source / "live" / "linux").symlink_to("vmlinuz")
    (source / "live" / "dangling").symlink_to("nowhere")
    (source / "live" / "out").symlink_to("/etc/passwd")
    (source / "live" / "circle").symlink_to("circle")
    bench = start(make_iso(tmp_path, source))
    assert bench.links("")["debian/"] == "/iso/disc.iso/"
    links = bench.links("live")
    assert links["up/"] == "/iso/disc.iso/pool/"
    assert links["linux"] == "/iso/disc.iso/live/linux"
    assert not {"dangling", "out", "circle"} & links.keys(), "they lead nowhere"
    assert bench.read("live/linux") == bench.read("debian/debian/live/vmlinuz")
    for path in ("live/dangling", "live/out", "live/circle"):
        assert isinstance(bench.files.open(path), Missing)


def test_a_file_of_more_than_4_gib_is_readable_to_its_end(tmp_path: Path, start: Callable[[Path], Bench]) -> None:
    root = tmp_path / "large"
    root.mkdir()
    command = ("xorriso", "-as", "mkisofs", "-quiet", "-iso-level", "3", "-r", large_file_tree(root))
    bench = start(sparse(tmp_path / "disc.iso", command))
    with closing(bench.opened("sources/install.wim")) as content:
        assert content.size_bytes == LARGE_FILE_BYTES
        for offset, mark in LARGE_FILE_MARKS.items():
            assert content.read_at(offset, len(mark)) == mark


def test_an_iso_that_is_cut_off_serves_what_is_there(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench]
) -> None:
    (source / "zzz").write_bytes(os.urandom(2_000_000))
    iso = xorriso_image(tmp_path / "whole.iso", source, "-r", "-J", "-no-pad")
    bench = start(iso)
    with closing(bench.opened("zzz")) as content:
        end = max(part.offset + part.size_bytes for part in content.slices)
    cut = tmp_path / "cut.iso"
    cut.write_bytes(iso.read_bytes()[: end - 1_000_000])
    # Held back as a whole by its own header, which says how long it is.
    bench.path.write_bytes(cut.read_bytes())
    bench.settle()
    assert isinstance(bench.files.open("README"), NotReady)


def test_a_broken_tree_is_missing_files_and_an_error_to_who_asks_for_the_tree(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench]
) -> None:
    iso = make_iso(tmp_path, source)
    data = bytearray(iso.read_bytes())
    for descriptor in range(16, 32):
        at = descriptor * 2048
        if data[at + 1 : at + 6] == b"CD001" and data[at] in (1, 2):
            data[at + 156 : at + 190] = b"\xff" * 34  # the root directory's record
    iso.write_bytes(data)
    bench = start(iso)
    with pytest.raises(ImageError), bench.files.reading():
        pass
    answer = bench.files.open("README")
    assert isinstance(answer, Missing)
    assert "cannot be read" in answer.reason


def test_a_new_version_has_its_own_tree_and_what_was_opened_before_stays_as_it_was(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench]
) -> None:
    bench = start(make_iso(tmp_path, source))
    before = bench.opened("README")
    (source / "README").write_text("read me, second edition\n")
    (source / "new").write_text("new\n")
    xorriso_image(tmp_path / "next.iso", source, "-r", "-J").replace(bench.path)
    bench.settle()
    assert bench.read("README") == b"read me, second edition\n"
    assert bench.read("new") == b"new\n"
    assert before.read_at(0, 100) == b"read me\n"
    before.close()


def test_a_rewrite_in_place_is_never_mixed_with_the_old_tree(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench]
) -> None:
    bench = start(make_iso(tmp_path, source))
    assert bench.read("README") == b"read me\n"
    with bench.path.open("r+b") as file:
        file.write(b"\0" * 40_000)
    assert isinstance(bench.files.open("README"), NotReady)
    with bench.files.reading() as read:
        assert isinstance(read, NotReady)


def test_readers_of_an_old_tree_keep_its_descriptor_until_they_are_done(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up is under way while the image is replaced: its descriptor must not become another file's."""
    bench = start(make_iso(tmp_path, source))
    find = ImageTree.find
    looking, replaced = threading.Event(), threading.Event()
    answers: list[Content | Missing | NotReady] = []

    def slow_find(self: ImageTree, path: str) -> object:
        if path == "README" and not looking.is_set():
            looking.set()
            assert replaced.wait(20)
        return find(self, path)

    monkeypatch.setattr(ImageTree, "find", slow_find)
    reader = threading.Thread(target=lambda: answers.append(bench.files.open("README")))
    reader.start()
    assert looking.wait(20)
    (source / "README").write_text("other\n")
    xorriso_image(tmp_path / "next.iso", source, "-r", "-J").replace(bench.path)
    for _ in range(5):  # more versions than are kept
        os.utime(bench.path)
        bench.settle()
        assert bench.read("live/nothing") == b""
    others = [os.open(source / "live/vmlinuz", os.O_RDONLY) for _ in range(50)]
    replaced.set()
    reader.join(20)
    for fd in others:
        os.close(fd)
    [answer] = answers
    assert isinstance(answer, Content), answer
    assert answer.read_at(0, 100) == b"read me\n"
    answer.close()


def test_a_page_of_very_many_names_ends_with_how_many_are_left_out(
    tmp_path: Path, source: Path, start: Callable[[Path], Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iso_files, "MAX_LISTED_ENTRIES", 2)
    bench = start(make_iso(tmp_path, source))
    assert set(bench.links("")) == {"README", "live/"}
    assert "1 more" in bench.read("").decode()


def test_nothing_is_left_open(tmp_path: Path, source: Path, start: Callable[[Path], Bench]) -> None:
    iso = make_iso(tmp_path, source)
    bench = start(iso)
    bench.read("README")
    bench.read("live")
    bench.files.open("nothing")
    bench.close()
    held = [
        link for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and os.path.realpath(link) == str(iso)
    ]
    assert held == []

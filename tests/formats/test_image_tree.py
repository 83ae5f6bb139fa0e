from collections.abc import Callable
from pathlib import Path

import pytest

from bootbeam.errors import ImageError
from bootbeam.formats import image_tree
from bootbeam.formats.image_entry import Extent
from bootbeam.formats.image_tree import ImageTree, Names, open_image_tree
from tests.formats import disc_images
from tests.formats.disc_images import contents, open_tree
from tests.formats.iso9660.records import ROOT, descriptor, directory, image, record, susp
from tests.formats.udf import blocks as udf
from tests.image_bytes import IPXE, iso9660, reading


def tree_of(data: bytes) -> ImageTree:
    return open_image_tree(reading(data), len(data))


def found_at(tree: ImageTree, path: str) -> str | None:
    entry = tree.find(path)
    return entry.name if entry else None


def test_paths_lead_to_files_and_directories(rock_ridge_image: Path, source: Path) -> None:
    tree = open_tree(rock_ridge_image)
    assert tree.volume_id == "Rock Ridge disc"
    for path in (
        "dir one/File With Spaces.deb",
        "/dir one//./File With Spaces.deb",
        "level1/../dir one/File With Spaces.deb",
    ):
        entry = tree.find(path)
        assert entry
        assert contents(rock_ridge_image, entry) == (source / "dir one" / "File With Spaces.deb").read_bytes()
    for path in ("", "/", ".", "level1/.."):
        root = tree.find(path)
        assert root
        assert (root.name, root.is_directory) == ("", True)
    for path in ("nothing", "README/below", "dir one/README", "..", "level1/../../README"):
        assert tree.find(path) is None


def test_the_letters_case_matters_only_when_both_are_there(tmp_path: Path) -> None:
    (tmp_path / "disc" / "Boot").mkdir(parents=True)
    for name in ("Boot/BCD", "Boot/bcd", "Boot/Straße"):
        (tmp_path / "disc" / name).write_text(name)
    tree = open_tree(disc_images.xorriso_image(tmp_path / "case.iso", tmp_path / "disc", "-r"))
    assert found_at(tree, "Boot/BCD") == "BCD"
    assert found_at(tree, "boot/bcd") == "bcd"
    assert found_at(tree, "BOOT/Bcd") == "BCD"
    assert found_at(tree, "BOOT/STRASSE") == "Straße"


def test_symlinks_are_followed_inside_the_image_only(rock_ridge_image: Path) -> None:
    tree = open_tree(rock_ridge_image)
    assert found_at(tree, "to file") == "File With Spaces.deb"
    assert found_at(tree, "to directory/file2") == "file2"
    assert found_at(tree, "to directory/../file1") == "file1"
    assert found_at(tree, "level1/up and down") == "README"
    for path in ("absolute", "out", "level1/out and back", "dangling", "long target"):
        assert tree.find(path) is None
    with pytest.raises(ImageError, match="circle"):
        tree.find("circle")
    links = {entry.name: entry.symlink_target for entry in tree.list() or () if entry.symlink_target is not None}
    assert links["out"] == "../README"
    assert links["absolute"] == "/README"


def test_a_directorys_entries_are_listed_by_name(rock_ridge_image: Path, source: Path) -> None:
    tree = open_tree(rock_ridge_image)
    for path in ("", "dir one", "to directory", "dir one/empty directory"):
        assert [entry.name for entry in tree.list(path) or ()] == sorted(it.name for it in (source / path).iterdir())
    assert tree.list("README") is None
    assert tree.list("nothing") is None


def test_the_beginning_of_a_file_can_be_read(rock_ridge_image: Path) -> None:
    tree = open_tree(rock_ridge_image)
    assert tree.read("README", 100) == b"read me\n"
    assert tree.read("readme", 4) == b"read"
    assert tree.read("Makefile.inc", 4) == b""
    assert tree.read("nothing", 4) is None
    assert tree.read("dir one", 4) is None


def test_reading_a_file_that_the_image_has_lost_since_is_an_image_error() -> None:
    data = bytearray(image(record(b"A;1", block=30, size_bytes=2048)))
    tree = open_image_tree(lambda offset, size_bytes: bytes(data[offset : offset + size_bytes]), len(data))
    assert tree.read("A", 5000) == bytes(2048)
    del data[30 * 2048 + 100 :]
    with pytest.raises(ImageError, match="behind the end"):
        tree.read("A", 5000)


def test_a_windows_disc_is_shown_as_udf(plain_source: Path, tmp_path: Path) -> None:
    hide = ("-hide", "*", "-hide-joliet", "nothing")
    disc = disc_images.genisoimage(tmp_path / "w.iso", plain_source, "-V", "CCCOMA", "-D", "-udf", *hide)
    tree = open_tree(disc)
    assert tree.names is Names.UDF
    assert tree.volume_id == "CCCOMA"
    assert tree.read("readme", 100) == b"read me\n"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("-r", "-J"), [Names.ROCK_RIDGE, Names.JOLIET]),
        (("-J",), [Names.JOLIET, Names.ISO_9660]),
        ((), [Names.ISO_9660]),
        (("-J", "-iso-level", "4"), [Names.JOLIET, Names.ISO_9660_1999, Names.ISO_9660]),
    ],
)
def test_the_best_names_are_shown(
    plain_source: Path, tmp_path: Path, options: tuple[str, ...], names: list[Names]
) -> None:
    tree = open_tree(disc_images.genisoimage(tmp_path / "n.iso", plain_source, "-D", *options))
    assert tree.names is names[0]
    assert tree.available_names == tuple(names)
    assert tree.notes == ()


def test_names_that_the_image_has_not_are_an_image_error(rock_ridge_image: Path) -> None:
    with pytest.raises(ImageError, match="UDF"):
        open_tree(rock_ridge_image, Names.UDF)


@pytest.mark.parametrize("data", [b"", bytes(100_000), b"\xff" * 100_000, iso9660()])
def test_what_has_no_tree_is_an_image_error(data: bytes) -> None:
    with pytest.raises(ImageError):
        tree_of(data)


def test_a_udf_side_that_cannot_be_read_leaves_the_other_and_a_note() -> None:
    metadata = udf.type_2_map(b"*UDF Metadata Partition")
    bridge = bytearray(udf.image(maps=(metadata,)))
    plain = image(record(b"README;1", block=30, size_bytes=3))
    for sector in (16, 17, ROOT):
        bridge[sector * 2048 : (sector + 1) * 2048] = plain[sector * 2048 : (sector + 1) * 2048]
    bridge[18 * 2048 : 21 * 2048] = b"".join(
        (b"\0" + word + b"\1").ljust(2048, b"\0") for word in (b"BEA01", b"NSR03", b"TEA01")
    )
    bridge[16 * 2048 + 158 : 16 * 2048 + 166] = bytes([22, 0, 0, 0, 0, 0, 0, 22])
    bridge[22 * 2048 : 23 * 2048] = plain[ROOT * 2048 : (ROOT + 1) * 2048]
    tree = tree_of(bytes(bridge))
    assert tree.names is Names.ISO_9660
    assert "metadata" in tree.notes[0]


def test_numbers_that_disagree_become_a_note() -> None:
    odd = bytearray(record(b"A;1", block=30, size_bytes=3))
    odd[17] ^= 1
    tree = tree_of(image(bytes(odd)))
    before = list(tree.notes)
    tree.list()
    assert before == []
    assert ["differ" in note for note in tree.notes] == [True]


def walked(tree: ImageTree) -> list[str]:
    return [path for path, _ in tree.walk()]


def test_a_walk_names_a_directory_before_what_it_holds() -> None:
    data = image(
        record(b"B", block=30, size_bytes=2048, flags=2),
        record(b"A;1", block=35, size_bytes=3),
        blocks={30: directory(30, record(b"C;1"), record(b"D", block=31, size_bytes=2048, flags=2)), 31: directory(31)},
    )
    assert walked(tree_of(data)) == ["A", "B", "B/C", "B/D"]


def test_directories_in_a_circle_are_an_image_error() -> None:
    inner = directory(30, record(b"BACK", block=ROOT, size_bytes=2048, flags=2))
    data = image(record(b"D", block=30, size_bytes=2048, flags=2), blocks={30: inner})
    tree = tree_of(data)
    assert found_at(tree, "D") == "D"
    with pytest.raises(ImageError, match="holds itself"):
        tree.find("D/BACK")
    with pytest.raises(ImageError, match="twice"):
        walked(tree)


def test_directories_in_a_circle_of_udf_are_an_image_error() -> None:
    back = udf.PARENT + udf.identifier(b"\x08BACK", udf.ROOT_ICB, characteristics=2)
    data = udf.image(
        udf.identifier(b"\x08D", 10, characteristics=2),
        blocks={10: udf.file_entry(10, 4, len(back), back, form=3)},
    )
    with pytest.raises(ImageError, match="holds itself"):
        tree_of(data).find("D/BACK/D")
    with pytest.raises(ImageError, match="twice"):
        walked(tree_of(data))


def test_a_moved_directory_that_holds_its_own_place_is_an_image_error() -> None:
    here = record(b"P;1", system_use=susp(b"CL", bytes([ROOT, 0, 0, 0, 0, 0, 0, ROOT])))
    with pytest.raises(ImageError, match="holds itself"):
        tree_of(image(here, rock_ridge=True)).find("P")


def test_empty_directories_that_take_no_space_are_no_circle() -> None:
    data = image(record(b"A", flags=2), record(b"B", flags=2))
    assert walked(tree_of(data)) == ["A", "B"]
    assert tree_of(data).list("A") == ()


def test_directories_that_multiply_are_an_image_error_soon() -> None:
    """Each level names the next one twice: 2^60 paths."""
    levels = {
        30 + level: directory(
            30 + level, *(record(name, block=31 + level, size_bytes=2048, flags=2) for name in (b"A", b"B"))
        )
        for level in range(60)
    }
    data = image(record(b"A", block=30, size_bytes=2048, flags=2), blocks=levels, size=120)
    with pytest.raises(ImageError):
        walked(tree_of(data))


def test_directories_deeper_than_any_are_an_image_error() -> None:
    levels = {
        30 + level: directory(30 + level, record(b"A", block=31 + level, size_bytes=2048, flags=2))
        for level in range(300)
    }
    data = image(record(b"A", block=30, size_bytes=2048, flags=2), blocks=levels, size=400)
    with pytest.raises(ImageError, match="deep"):
        walked(tree_of(data))
    with pytest.raises(ImageError, match="deep"):
        tree_of(data).find("A/" * 299)
    assert tree_of(data).find("A/" * 200)


def crowded(entries: int) -> Callable[[int, int], bytes]:
    """A root directory of that many files."""
    per_sector = 2048 // 42
    sectors = -(-entries // per_sector)
    data = bytearray(image(size=ROOT + sectors + 2))
    size = (1 + sectors) * 2048
    root = record(b"\0", block=ROOT, size_bytes=size, flags=2)
    data[16 * 2048 : 17 * 2048] = descriptor(1, root)
    for sector in range(sectors):
        numbers = range(sector * per_sector, min(entries, (sector + 1) * per_sector))
        names = b"".join(record(b"%08d" % number) for number in numbers)
        data[(ROOT + 1 + sector) * 2048 : (ROOT + 1 + sector) * 2048 + len(names)] = names
    return reading(bytes(data))


def test_more_entries_than_any_directory_has_are_an_image_error() -> None:
    read_at = crowded(101_000)
    with pytest.raises(ImageError, match="100000 entries"):
        open_image_tree(read_at, 1 << 40).list()
    assert len(open_image_tree(crowded(20_000), 1 << 40).list() or ()) == 20_000


def test_the_cache_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_tree, "MAX_CACHED_ENTRIES", 16)
    monkeypatch.setattr(image_tree, "MAX_CACHED_DIRECTORIES", 4)
    inner = {30 + n: directory(30 + n, record(b"X;1"), record(b"Y;1"), record(b"Z;1")) for n in range(9)}
    data = image(*(record(b"D%d" % n, block=30 + n, size_bytes=2048, flags=2) for n in range(9)), blocks=inner)
    read: list[int] = []

    def read_at(offset: int, size_bytes: int) -> bytes:
        read.append(offset // 2048)
        return data[offset : offset + size_bytes]

    tree = open_image_tree(read_at, len(data))
    for n in (*range(9), 0, 8, 8, 8):
        assert tree.find(f"D{n}/Y")
    assert read.count(30) == 2  # thrown out and read again
    assert read.count(38) == 1


def test_opening_and_the_first_file_take_a_few_reads(tmp_path: Path) -> None:
    root = tmp_path / "disc"
    for number in range(3000):
        (root / f"pool{number % 20}").mkdir(parents=True, exist_ok=True)
        (root / f"pool{number % 20}" / f"package-number-{number}.deb").write_bytes(b"x")
    disc = disc_images.xorriso_image(tmp_path / "many.iso", root, "-r", "-J")
    data, reads = disc.read_bytes(), list[int]()

    def read_at(offset: int, size_bytes: int) -> bytes:
        reads.append(size_bytes)
        return data[offset : offset + size_bytes]

    entry = open_image_tree(read_at, len(data)).find("pool7/package-number-2007.deb")
    assert entry
    assert len(reads) < 60
    assert sum(reads) < 400_000


def test_ipxes_own_cd_is_read() -> None:
    tree = open_tree(IPXE / "ipxe.iso")
    assert tree.names is Names.ROCK_RIDGE
    assert (tree.read("isolinux.cfg", 1000) or b"").lower().count(b"kernel ipxe.krn") == 1


def test_extents_never_reach_over_the_end_of_a_cut_off_image(rock_ridge_image: Path) -> None:
    whole = dict(open_tree(rock_ridge_image).walk())
    ends = sorted(extent.offset + extent.size_bytes for entry in whole.values() for extent in entry.extents)
    for cut in (ends[0] - 1, ends[len(ends) // 2], ends[-1] - 1):
        found = dict(open_image_tree(disc_images.reading_file(rock_ridge_image), cut).walk())
        assert found.keys() == whole.keys()
        for path, entry in whole.items():
            is_lost = any(extent.offset + extent.size_bytes > cut for extent in entry.extents)
            assert bool(found[path].unreadable) is is_lost
            assert found[path].extents == (() if is_lost else entry.extents)


def test_one_extent_serves_a_whole_file(rock_ridge_image: Path) -> None:
    entry = open_tree(rock_ridge_image).find("dir one/File With Spaces.deb")
    assert entry
    assert [extent.size_bytes for extent in entry.extents] == [100_001]
    assert isinstance(entry.extents[0], Extent)

import hashlib
import io
from pathlib import Path

import pycdlib
import pytest

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import MAX_DIRECTORY_BYTES, Budget, Extent, ImageEntry
from bootbeam.formats.image_tree import Names
from bootbeam.formats.udf.file_system import UdfTree
from tests.formats import disc_images
from tests.formats.disc_images import contents, open_tree
from tests.formats.udf import blocks
from tests.formats.udf.blocks import file_entry, identifier, image, name_of, short_ad
from tests.image_bytes import reading


def with_pycdlib(disc: Path) -> dict[str, tuple[bool, int]]:
    """(is a directory, size) by path."""
    found: dict[str, tuple[bool, int]] = {}
    iso = pycdlib.PyCdlib()
    iso.open(str(disc))
    for top, directories, files in iso.walk(udf_path="/"):
        for name in directories + files:
            path = f"{top.rstrip('/')}/{name}"
            is_directory = name in directories
            size_bytes = 0 if is_directory else iso.get_record(udf_path=path).get_data_length()
            found[path.lstrip("/")] = is_directory, size_bytes
    iso.close()
    return found


def listed(disc: Path) -> dict[str, tuple[bool, int]]:
    return {path: (entry.is_directory, entry.size_bytes) for path, entry in open_tree(disc, Names.UDF).walk()}


def test_a_bridge_disc_is_what_pycdlib_lists_and_every_file_is_whole(bridge_image: Path, plain_source: Path) -> None:
    assert listed(bridge_image) == with_pycdlib(bridge_image)
    ours = dict(open_tree(bridge_image, Names.UDF).walk())
    for path in plain_source.rglob("*"):
        name = str(path.relative_to(plain_source)).replace("😀", "_")  # genisoimage's UDF knows 16 bits
        if path.is_file() and name in ours:
            assert (
                hashlib.sha256(contents(bridge_image, ours[name])).digest()
                == hashlib.sha256(path.read_bytes()).digest()
            )
            assert ours[name].mtime_s == int(path.stat().st_mtime)
    assert len(ours) == len(list(plain_source.rglob("*")))


@pytest.mark.timeout(60)
def test_a_file_of_more_than_4_gib_is_whole(large_source: Path, tmp_path: Path) -> None:
    options = ("-quiet", "-udf", "-allow-limited-size", "-r", "-J")
    disc = disc_images.sparse(tmp_path / "large.iso", ["genisoimage", *options, large_source])
    for names in (Names.UDF, None):
        disc_images.check_large_file(disc, open_tree(disc, names).find("sources/install.wim"))
    assert listed(disc) == with_pycdlib(disc)
    cut = open_tree(disc, Names.ROCK_RIDGE).find("sources/install.wim")
    assert cut
    assert cut.size_bytes == disc_images.LARGE_FILE_BYTES - (4 << 30)  # why Rock Ridge alone is not believed


def test_what_pycdlib_writes_as_udf_2_60_is_read_with_its_symlinks(tmp_path: Path) -> None:
    disc = tmp_path / "pycdlib.iso"
    iso = pycdlib.PyCdlib()
    iso.new(udf="2.60", vol_ident="WRITTEN")
    iso.add_directory("/DIR", udf_path="/dir")
    iso.add_fp(io.BytesIO(b"contents"), 8, "/DIR/FILE.;1", udf_path="/dir/Größe 漢字.txt")
    iso.add_symlink(udf_symlink_path="/dir/link", udf_target="Größe 漢字.txt")
    iso.add_symlink(udf_symlink_path="/dir/up", udf_target="../dir/link")
    iso.write(str(disc))
    iso.close()
    tree = open_tree(disc, Names.UDF)
    assert [(entry.name, entry.symlink_target) for entry in tree.list("dir") or ()] == [
        ("Größe 漢字.txt", None),
        ("link", "Größe 漢字.txt"),
        ("up", "../dir/link"),
    ]
    assert tree.read("dir/up", 100) == b"contents"


def nodes(data: bytes) -> dict[str, ImageEntry]:
    tree, budget = UdfTree(reading(data), len(data)), Budget(1000)
    return {name: node.entry(name, budget) for name, node in tree.root.children(budget).items()}


def test_nothing_but_directories_is_read_before_it_is_asked_for() -> None:
    data = image(
        identifier(name_of("broken"), 50), identifier(name_of("whole"), 51), blocks={51: file_entry(51, 5, 0, b"")}
    )
    tree, budget = UdfTree(reading(data), len(data)), Budget(1000)
    assert (tree.volume_id, tree.revision) == ("NAME", "2.01")
    children = tree.root.children(budget)
    assert list(children) == ["broken", "whole"]
    assert children["whole"].entry("whole", budget).size_bytes == 0
    with pytest.raises(ImageError):
        children["broken"].entry("broken", budget)


def test_special_files_and_cut_off_ones_say_so() -> None:
    found = nodes(
        image(
            identifier(name_of("pipe"), 10),
            identifier(name_of("cut"), 11),
            identifier(name_of("fits"), 12),
            blocks={
                10: file_entry(10, 9, 0, b""),
                11: file_entry(11, 5, 4097, short_ad(4097, 98)),
                12: file_entry(12, 5, 4096, short_ad(4096, 98)),
            },
            size=400,
        )
    )
    assert "pipe" in found["pipe"].unreadable
    assert "ends 1 bytes behind the end" in found["cut"].unreadable
    assert found["fits"].extents == (Extent((300 + 98) * 2048, 4096),)


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\0b", "a\x1bb"])
def test_names_that_lead_elsewhere_are_an_image_error(name: str) -> None:
    with pytest.raises(ImageError, match="name"):
        nodes(image(identifier(name_of(name), 10), blocks={10: file_entry(10, 5, 0, b"")}))


@pytest.mark.parametrize(("characteristics", "kind"), [(0, 4), (2, 5)])
def test_a_directory_that_is_none_is_an_image_error(characteristics: int, kind: int) -> None:
    data = image(
        identifier(name_of("odd"), 10, characteristics=characteristics), blocks={10: file_entry(10, kind, 0, b"")}
    )
    with pytest.raises(ImageError, match="director"):
        nodes(data)
    tree = UdfTree(reading(data), len(data))
    child = tree.root.children(Budget(10))["odd"]
    if child.is_directory:
        with pytest.raises(ImageError, match="director"):
            child.children(Budget(10))


@pytest.mark.parametrize(
    "root",
    [
        file_entry(blocks.ROOT_ICB, 4, MAX_DIRECTORY_BYTES + 1, short_ad(MAX_DIRECTORY_BYTES + 1, 2)),
        file_entry(blocks.ROOT_ICB, 4, 200_000, short_ad(200_000, 2)),
        file_entry(blocks.ROOT_ICB, 4, 2048, short_ad(2048, 2, kind=1)),
        file_entry(blocks.ROOT_ICB, 5, 0, b""),
    ],
)
def test_a_root_that_cannot_be_is_an_image_error(root: bytes) -> None:
    data = image(blocks={blocks.ROOT_ICB: root}, size=390)
    with pytest.raises(ImageError):
        nodes(data)


def test_a_volume_without_a_file_set_is_an_image_error() -> None:
    for block in (bytes(2048), blocks.sealed(261, 0, bytes(496))):
        data = image(blocks={0: block})
        with pytest.raises(ImageError):
            UdfTree(reading(data), len(data))


def test_a_symlink_too_long_is_an_image_error() -> None:
    entry = file_entry(10, 12, 5000, short_ad(5000, 20))
    with pytest.raises(ImageError, match="larger"):
        nodes(image(identifier(name_of("link"), 10), blocks={10: entry}))

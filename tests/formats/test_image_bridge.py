from pathlib import Path

import pytest

from bootbeam.formats.image_tree import Names
from tests.formats import disc_images
from tests.formats.disc_images import contents, open_tree


def test_both_sides_of_a_bridge_are_shown_as_one(tmp_path: Path) -> None:
    source = tmp_path / "disc"
    (source / "dir").mkdir(parents=True)
    for name in ("both", "rock ridge", "udf", "dir/inside"):
        (source / name).write_text(name)
    (source / "link").symlink_to("dir/inside")
    options = ("-r", "-J", "-udf", "-hide", "udf", "-hide-joliet", "rock ridge")
    disc = disc_images.genisoimage(tmp_path / "bridge.iso", source, *options)
    tree = open_tree(disc)
    assert tree.names is Names.ROCK_RIDGE
    assert tree.available_names[:2] == (Names.ROCK_RIDGE, Names.UDF)
    found = dict(tree.walk())
    assert sorted(found) == ["both", "dir", "dir/inside", "link", "rock ridge", "udf"]
    assert found["link"].symlink_target == "dir/inside"
    for name in ("both", "rock ridge", "udf", "dir/inside"):
        assert contents(disc, found[name]) == name.encode()
    assert tree.read("link", 100) == b"dir/inside"
    alone = dict(open_tree(disc, Names.ROCK_RIDGE).walk())
    assert sorted(alone) == ["both", "dir", "dir/inside", "link", "rock ridge"]


@pytest.mark.timeout(60)
def test_a_large_file_is_whole_though_udf_names_it_differently(tmp_path: Path) -> None:
    source = tmp_path / "disc"
    below = source / ("a directory: " + "d" * 80)
    below.mkdir(parents=True)
    large = below / ("a: " + "x" * 53 + "0" + "long" * 30 + ".squashfs")
    with large.open("wb") as file:
        file.truncate((4 << 30) + 2048)
        file.seek(4 << 30)
        file.write(b"behind 4 GiB")
    (below / "hard link").hardlink_to(large)
    for number, text in enumerate(("", "small 2", "small 3"), 1):  # the same name, as far as it is sure
        (below / ("a: " + "x" * 53 + f"{number}" + "long" * 30)).write_text(text)
    (below / "link").symlink_to(large.name)
    (below / "empty?").touch()
    options = ("-quiet", "-r", "-J", "-udf", "-allow-limited-size", "-input-charset", "utf-8")
    disc = disc_images.sparse(tmp_path / "bridge.iso", ["genisoimage", *options, source])
    cut = {path: entry.size_bytes for path, entry in open_tree(disc, Names.ROCK_RIDGE).walk()}
    assert sorted(cut.values()) == [0, 0, 0, 0, 7, 7, 2048, 2048]
    found = dict(open_tree(disc).walk())
    assert found.keys() == cut.keys()
    for path in below.iterdir():
        entry = found[str(path.relative_to(source))]
        assert entry.size_bytes == (0 if path.is_symlink() else path.stat().st_size)
    for path in (large, below / "hard link"):
        entry = found[str(path.relative_to(source))]
        assert entry.size_bytes == (4 << 30) + 2048
        assert disc_images.piece(disc, entry, 4 << 30, 12) == b"behind 4 GiB"


def test_directories_that_cannot_be_told_apart_are_not_mixed(tmp_path: Path) -> None:
    source = tmp_path / "disc"
    names = ["d: " + "x" * 53 + f"{number}" + "y" * 30 for number in (1, 2)]
    for name in names:
        (source / name).mkdir(parents=True)
        (source / name / name[-31]).write_text(name)
    disc = disc_images.genisoimage(tmp_path / "twins.iso", source, "-r", "-J", "-udf")
    tree = open_tree(disc)
    for name in names:
        assert [entry.name for entry in tree.list(name) or ()] == [name[-31]]

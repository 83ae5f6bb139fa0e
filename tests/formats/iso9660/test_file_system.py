import hashlib
from dataclasses import replace
from pathlib import Path

import pycdlib
import pytest

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import Budget, Extent, ImageEntry
from bootbeam.formats.image_tree import Names
from bootbeam.formats.iso9660.file_system import IsoTree
from bootbeam.formats.iso9660.volume import TreeKind, read_volumes
from tests.formats import disc_images
from tests.formats.disc_images import Listed, contents, open_tree, xorriso_listing
from tests.formats.iso9660.records import ROOT, both, directory, image, record, susp
from tests.image_bytes import IPXE, reading


def listed(entry: ImageEntry) -> Listed:
    kind = "d" if entry.is_directory else "-" if entry.symlink_target is None else "l"
    return Listed(kind, entry.size_bytes, entry.symlink_target, entry.extents)


def check_against_xorriso(disc: Path) -> None:
    ours = {f"/{path}": listed(entry) for path, entry in open_tree(disc, Names.ROCK_RIDGE).walk()}
    theirs = xorriso_listing(disc)
    for path, found in theirs.items():
        if found.kind == "e":  # El Torito's boot catalog, whose place xorriso does not report
            theirs[path] = replace(found, kind="-", extents=ours[path].extents)
    assert ours == theirs


def check_contents(disc: Path, source: Path, names: Names) -> None:
    """Every file of ``source`` is there with its contents and its time."""
    ours = dict(open_tree(disc, names).walk())
    for path in source.rglob("*"):
        if path.is_file() and not path.is_symlink():
            entry = ours[str(path.relative_to(source))]
            assert hashlib.sha256(contents(disc, entry)).digest() == hashlib.sha256(path.read_bytes()).digest()
            assert entry.mtime_s == int(path.stat().st_mtime)


def test_rock_ridge_is_what_xorriso_lists(rock_ridge_image: Path, source: Path) -> None:
    check_against_xorriso(rock_ridge_image)
    check_contents(rock_ridge_image, source, Names.ROCK_RIDGE)


def test_rock_ridge_by_genisoimage_with_deep_directories_moved(plain_source: Path, tmp_path: Path) -> None:
    disc = disc_images.genisoimage(tmp_path / "moved.iso", plain_source, "-r", "-input-charset", "utf-8")
    assert b"RR_MOVED" in disc.read_bytes()
    check_against_xorriso(disc)
    check_contents(disc, plain_source, Names.ROCK_RIDGE)


def test_rock_ridge_by_xorriso_with_deep_directories_moved(source: Path, tmp_path: Path) -> None:
    disc = disc_images.xorriso_image(tmp_path / "moved.iso", source, "-r", "-rr_reloc_dir", "/aside")
    assert b"ASIDE" in disc.read_bytes()
    check_against_xorriso(disc)
    check_contents(disc, source, Names.ROCK_RIDGE)


def test_rock_ridge_behind_the_attributes_of_cd_xa(plain_source: Path, tmp_path: Path) -> None:
    disc = disc_images.genisoimage(tmp_path / "xa.iso", plain_source, "-xa", "-r", "-input-charset", "utf-8")
    assert b"UXA" in disc.read_bytes()
    check_contents(disc, plain_source, Names.ROCK_RIDGE)  # xorriso does not see Rock Ridge there


def test_ipxes_own_cd_is_what_xorriso_lists() -> None:
    check_against_xorriso(IPXE / "ipxe.iso")


def with_pycdlib(disc: Path, kind: str) -> dict[str, tuple[bool, int, int]]:
    """(is a directory, size, offset) by path; the version of plain names and their dot without extension removed."""
    found: dict[str, tuple[bool, int, int]] = {}
    iso = pycdlib.PyCdlib()
    iso.open(str(disc))
    for top, directories, files in iso.walk(**{kind: "/"}):
        for name in directories + files:
            path = f"{top.rstrip('/')}/{name}"
            it = iso.get_record(**{kind: path})
            shown = path.split(";")[0]
            is_directory = name in directories
            offset = it.extent_location() * 2048
            found[shown.removesuffix(".").lstrip("/")] = (
                is_directory,
                0 if is_directory else it.get_data_length(),
                offset,
            )
    iso.close()
    return found


def like_pycdlib(disc: Path, names: Names) -> dict[str, tuple[bool, int]]:
    return {path: (entry.is_directory, entry.size_bytes) for path, entry in open_tree(disc, names).walk()}


@pytest.mark.parametrize(("names", "kind"), [(Names.JOLIET, "joliet_path"), (Names.ISO_9660, "iso_path")])
def test_joliet_and_plain_names_are_what_pycdlib_lists(
    plain_source: Path, tmp_path: Path, names: Names, kind: str
) -> None:
    disc = disc_images.genisoimage(
        tmp_path / "j.iso", plain_source, "-J", "-joliet-long", "-input-charset", "utf-8", "-D"
    )
    theirs = with_pycdlib(disc, kind)
    assert like_pycdlib(disc, names) == {path: facts[:2] for path, facts in theirs.items()}
    for path, entry in open_tree(disc, names).walk():
        if entry.extents:
            assert entry.extents == (Extent(theirs[path][2], theirs[path][1]),)
    assert len(theirs) > 30


def test_joliet_names_are_the_files_own(
    rock_ridge_image: Path, source: Path, plain_source: Path, tmp_path: Path
) -> None:
    tree = open_tree(rock_ridge_image, Names.JOLIET)
    assert tree.find("größe-漢字-_.txt")  # xorriso: UCS-2 has no place for the last character
    entry = tree.find("dir one/File With Spaces.deb")
    assert entry
    assert contents(rock_ridge_image, entry) == (source / "dir one" / "File With Spaces.deb").read_bytes()
    wide = disc_images.xorriso_image(tmp_path / "wide.iso", plain_source, "-J", "-joliet-utf16")
    assert open_tree(wide, Names.JOLIET).find("größe-漢字-😀.txt")


def test_long_names_of_iso_9660_1999(plain_source: Path, tmp_path: Path) -> None:
    disc = disc_images.genisoimage(tmp_path / "4.iso", plain_source, "-iso-level", "4", "-input-charset", "iso8859-1")
    tree = open_tree(disc)
    assert tree.names is Names.ISO_9660_1999
    entry = tree.find("dir one/File With Spaces.deb")
    assert entry
    assert contents(disc, entry) == (plain_source / "dir one" / "File With Spaces.deb").read_bytes()


def test_files_packed_with_zisofs_are_listed_and_not_readable(tmp_path: Path) -> None:
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc" / "packed").write_bytes(bytes(500_000))
    (tmp_path / "disc" / "plain").write_bytes(b"not worth packing")
    disc = tmp_path / "z.iso"
    filters = ("-set_filter_r", "--zisofs", "/packed", "--")
    disc_images.run("xorriso", "-outdev", disc, "-zisofs", "default", "-map", tmp_path / "disc", "/", *filters)
    tree = open_tree(disc)
    packed, plain = tree.find("packed"), tree.find("plain")
    assert packed
    assert plain
    assert packed.size_bytes == 500_000
    with pytest.raises(ImageError, match="zisofs"):
        packed.readable_extents()
    assert contents(disc, plain) == b"not worth packing"


def test_a_symlink_that_genisoimage_damaged_leaves_its_directory_readable(tmp_path: Path) -> None:
    (tmp_path / "disc").mkdir()
    (tmp_path / "disc" / "link").symlink_to("x" * 200 + "/" + "y" * 200)
    (tmp_path / "disc" / "file").write_bytes(b"here")
    disc = disc_images.genisoimage(tmp_path / "long.iso", tmp_path / "disc", "-R")
    tree = open_tree(disc)
    link, file = tree.find("link"), tree.find("file")
    assert link
    assert file
    assert "damaged" in link.unreadable
    assert contents(disc, file) == b"here"


@pytest.mark.timeout(60)
def test_a_file_of_more_than_4_gib_is_whole(large_source: Path, tmp_path: Path) -> None:
    options = ("-quiet", "-r", "-J", "-iso-level", "3", "-o", "-")
    disc = disc_images.sparse(tmp_path / "l.iso", ["xorriso", "-as", "mkisofs", *options, large_source])
    check_against_xorriso(disc)
    for names in (Names.ROCK_RIDGE, Names.JOLIET):
        disc_images.check_large_file(disc, open_tree(disc, names).find("sources/install.wim"))


def root_nodes(data: bytes, size_bytes: int | None = None) -> dict[str, ImageEntry]:
    tree = IsoTree(
        reading(data), len(data) if size_bytes is None else size_bytes, read_volumes(reading(data))[TreeKind.PRIMARY]
    )
    budget = Budget(1000)
    return {name: node.entry(name, budget) for name, node in tree.root.children(budget).items()}


def test_sections_are_put_together_and_scattered_ones_stay_apart() -> None:
    data = image(
        record(b"APART;1", block=30, size_bytes=2048, flags=0x80),
        record(b"APART;1", block=35, size_bytes=10),
        record(b"JOINED;1", block=30, size_bytes=2048, flags=0x80),
        record(b"JOINED;1", block=31, size_bytes=10),
    )
    nodes = root_nodes(data)
    assert nodes["APART"].extents == (Extent(30 * 2048, 2048), Extent(35 * 2048, 10))
    assert nodes["JOINED"].extents == (Extent(30 * 2048, 2058),)
    assert nodes["APART"].size_bytes == nodes["JOINED"].size_bytes == 2058


@pytest.mark.parametrize("last", [(), (record(b"OTHER;1", block=31, size_bytes=10),)])
def test_a_file_whose_last_section_is_missing_is_an_image_error(last: tuple[bytes, ...]) -> None:
    with pytest.raises(ImageError, match="section"):
        root_nodes(image(record(b"A;1", block=30, size_bytes=2048, flags=0x80), *last))


def test_a_directory_in_sections_is_an_image_error() -> None:
    sections = [record(b"D", block=30, size_bytes=2048, flags=flags) for flags in (0x82, 0x02)]
    with pytest.raises(ImageError, match="section"):
        root_nodes(image(*sections))


def test_interleaved_and_cut_off_files_say_so_and_have_no_extents() -> None:
    woven = bytearray(record(b"WOVEN;1", block=30, size_bytes=4096))
    woven[26:28] = b"\1\1"
    nodes = root_nodes(image(bytes(woven), record(b"CUT;1", block=39, size_bytes=4096)))
    assert "interleaved" in nodes["WOVEN"].unreadable
    assert "behind the end" in nodes["CUT"].unreadable
    assert nodes["WOVEN"].extents == nodes["CUT"].extents == ()


def test_an_empty_file_may_lie_anywhere() -> None:
    entry = root_nodes(image(record(b"EMPTY;1", block=0xFFFFFFFF)))["EMPTY"]
    assert entry.readable_extents() == ()


def test_associated_files_are_left_out_and_older_versions_too() -> None:
    nodes = root_nodes(
        image(
            record(b"A;2", block=30, size_bytes=2),
            record(b"A;1", block=31, size_bytes=1),
            record(b"B;1", block=32, size_bytes=100, flags=4),
            record(b"B;1", block=33, size_bytes=3),
        )
    )
    assert {name: entry.size_bytes for name, entry in nodes.items()} == {"A": 2, "B": 3}


def test_the_extended_attribute_record_is_not_part_of_a_file() -> None:
    entry = root_nodes(image(record(b"A;1", block=30, size_bytes=5, attributes=2)))["A"]
    assert entry.extents == (Extent(32 * 2048, 5),)


@pytest.mark.parametrize(
    ("identifier", "name"), [(b"README.;1", "README"), (b"A.B;1", "A.B"), (b"NODOT", "NODOT"), (b"SEMI;X", "SEMI;X")]
)
def test_plain_names_lose_what_only_iso_9660_adds(identifier: bytes, name: str) -> None:
    assert list(root_nodes(image(record(identifier)))) == [name]


@pytest.mark.parametrize("name", [b"..", b".", b"a/b", b"a\0b", b"\x1b[2J", b""])
def test_a_rock_ridge_name_that_leads_elsewhere_is_an_image_error(name: bytes) -> None:
    data = image(record(b"A;1", system_use=susp(b"NM", b"\0" + name)), rock_ridge=True)
    with pytest.raises(ImageError, match="name"):
        root_nodes(data)


@pytest.mark.parametrize("identifier", [b"A/B;1", b"..;1", b"A\nB"])
def test_a_plain_name_that_leads_elsewhere_is_an_image_error(identifier: bytes) -> None:
    with pytest.raises(ImageError, match="name"):
        root_nodes(image(record(identifier)))


def test_rock_ridge_needs_its_word_in_the_root_directory() -> None:
    entry = record(b"A;1", system_use=susp(b"NM", b"\0long name"))
    assert list(root_nodes(image(entry, rock_ridge=True))) == ["long name"]
    assert list(root_nodes(image(entry, rock_ridge=False))) == ["A"]


def test_a_moved_directory_is_where_it_belongs_and_nowhere_else() -> None:
    data = image(
        record(b"PLACE;1", system_use=susp(b"NM", b"\0here") + susp(b"CL", both(30))),
        record(b"MOVED", block=30, size_bytes=2048, flags=2, system_use=susp(b"RE", b"")),
        rock_ridge=True,
        blocks={30: directory(30, record(b"FILE;1", block=31, size_bytes=3))},
    )
    tree = IsoTree(reading(data), len(data), read_volumes(reading(data))[TreeKind.PRIMARY])
    children = tree.root.children(Budget(100))
    assert list(children) == ["here"]
    assert list(children["here"].children(Budget(100))) == ["FILE"]


def test_a_moved_directory_that_is_none_is_an_image_error() -> None:
    data = image(record(b"P;1", system_use=susp(b"CL", both(31))), rock_ridge=True)
    with pytest.raises(ImageError):
        root_nodes(data)


def test_numbers_that_disagree_are_said() -> None:
    odd = bytearray(record(b"A;1", block=30, size_bytes=3))
    odd[17] ^= 1
    data = image(bytes(odd))
    tree = IsoTree(reading(data), len(data), read_volumes(reading(data))[TreeKind.PRIMARY])
    assert not tree.disagrees
    tree.root.children(Budget(100))
    assert tree.disagrees


def test_blocks_may_be_smaller_than_sectors() -> None:
    data = bytearray(image(record(b"A;1", block=30 * 4, size_bytes=3)))
    data[16 * 2048 + 128 : 16 * 2048 + 132] = b"\x00\x02\x02\x00"
    data[16 * 2048 + 158 : 16 * 2048 + 166] = both(ROOT * 4)
    assert root_nodes(bytes(data))["A"].extents == (Extent(30 * 2048, 3),)

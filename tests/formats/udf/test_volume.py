from pathlib import Path

import pytest

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import Extent
from bootbeam.formats.udf.volume import LogicalVolume, has_udf, read_logical_volume
from tests.formats import disc_images
from tests.formats.udf import blocks
from tests.image_bytes import iso9660, reading


def volume(data: bytes) -> LogicalVolume:
    return read_logical_volume(reading(data), len(data))


def test_the_volume_says_where_its_partition_and_its_file_set_are() -> None:
    found = volume(blocks.image())
    assert (found.volume_id, found.revision, found.block_bytes) == ("NAME", 0x0201, 2048)
    assert found.partitions == (Extent(300 * 2048, 100 * 2048),)
    assert found.offset_of(found.file_set.partition, found.file_set.block) == 300 * 2048
    assert found.offset_of(0, 99) == 399 * 2048


def test_addresses_outside_of_the_partitions_are_an_image_error() -> None:
    found = volume(blocks.image())
    for partition, block in ((0, 100), (1, 0), (0, 2**32 - 1)):
        with pytest.raises(ImageError):
            found.offset_of(partition, block)


@pytest.mark.parametrize("place", [256, 459, 459 - 256])
def test_each_of_the_three_anchors_will_do(place: int) -> None:
    anchor = blocks.anchor(place, (32, 16), (48, 16))
    assert volume(blocks.image(sectors={256: bytes(2048), place: anchor})).volume_id == "NAME"


def test_without_an_anchor_it_is_an_image_error() -> None:
    for anchor in (bytes(2048), blocks.anchor(257, (32, 16), (48, 16)), b"\xff" * 512):
        with pytest.raises(ImageError, match="anchor"):
            volume(blocks.image(sectors={256: anchor.ljust(2048, b"\0")}))


@pytest.mark.parametrize("sector", [32, 33])
def test_the_reserve_sequence_stands_in_for_a_damaged_main_one(sector: int) -> None:
    assert volume(blocks.image(sectors={sector: b"\xff" * 2048})).volume_id == "NAME"


def test_both_sequences_damaged_are_an_image_error() -> None:
    with pytest.raises(ImageError):
        volume(blocks.image(sectors={33: b"\xff" * 2048, 49: b"\xff" * 2048}))
    with pytest.raises(ImageError, match="without a logical volume"):
        volume(blocks.image(sectors={33: bytes(2048), 49: bytes(2048)}))


def test_of_each_descriptor_the_newest_counts() -> None:
    newer = {
        34: blocks.logical_volume(34, order=7, name=b"NEWER"),
        35: blocks.logical_volume(35, order=5, name=b"OLDER"),
        36: blocks.partition(36, order=6, start=310),
        37: blocks.terminating(37),
    }
    found = volume(blocks.image(sectors=newer))
    assert found.volume_id == "NEWER"
    assert found.partitions == (Extent(310 * 2048, 100 * 2048),)


def pointer(location: int, first: int, count: int) -> bytes:
    return blocks.sealed(
        3, location, blocks.body_of(512, _16=bytes(4), _20=blocks.u32(count * 2048) + blocks.u32(first))
    )


def test_a_sequence_may_go_on_elsewhere() -> None:
    moved = {
        32: pointer(32, 70, 3),
        70: blocks.partition(70),
        71: blocks.logical_volume(71, name=b"ELSEWHERE"),
        72: blocks.terminating(72),
    }
    assert volume(blocks.image(sectors=moved)).volume_id == "ELSEWHERE"


def test_sequences_in_a_circle_end() -> None:
    with pytest.raises(ImageError, match="without a logical volume"):
        volume(blocks.image(sectors={32: pointer(32, 32, 16), 48: pointer(48, 32, 16)}))


@pytest.mark.parametrize("kind", ["Virtual", "Sparable", "Metadata"])
def test_partitions_that_cannot_be_read_are_named(kind: str) -> None:
    found = volume(blocks.image(maps=(blocks.type_2_map(f"*UDF {kind} Partition".encode()), blocks.TYPE_1_MAP)))
    with pytest.raises(ImageError, match=f"a {kind.lower()} partition"):
        found.offset_of(0, 0)
    assert found.offset_of(1, 0) == 300 * 2048


@pytest.mark.parametrize("broken", [b"\x03\x06\0\0\0\0", b"\x01\x07\0\0\0\0\0", b"\x01\x00"])
def test_a_partition_map_of_no_known_kind_is_an_image_error(broken: bytes) -> None:
    with pytest.raises(ImageError):
        volume(blocks.image(maps=(broken,)))


def test_a_map_to_a_partition_that_is_not_described_is_named_when_used() -> None:
    found = volume(blocks.image(maps=(bytes([1, 6]) + blocks.u16(1) + blocks.u16(5),)))
    with pytest.raises(ImageError, match="missing"):
        found.offset_of(0, 0)


def test_udf_is_recognised_by_its_sequence(bridge_image: Path, rock_ridge_image: Path) -> None:
    assert has_udf(reading(blocks.image()))
    assert has_udf(disc_images.reading_file(bridge_image))
    assert not has_udf(disc_images.reading_file(rock_ridge_image))
    assert not has_udf(reading(iso9660()))
    assert not has_udf(reading(b""))


@pytest.mark.parametrize(
    "options",
    [
        ("--media-type=hd", "--blocksize=512", "--udfrev=1.02"),
        ("--media-type=hd", "--blocksize=1024", "--udfrev=1.50"),
        ("--media-type=hd", "--blocksize=2048", "--udfrev=2.00"),
        ("--media-type=hd", "--blocksize=4096", "--udfrev=2.01"),
        ("--media-type=dvd", "--udfrev=2.01"),
    ],
    ids=" ".join,
)
def test_volumes_of_mkudffs(tmp_path: Path, options: tuple[str, ...]) -> None:
    disc = tmp_path / "udf.img"
    with disc.open("wb") as file:
        file.truncate(8 << 20)
    disc_images.run("/usr/sbin/mkudffs", "--utf8", *options, "--lvid=Größe 漢字", disc)
    assert has_udf(disc_images.reading_file(disc))
    found = read_logical_volume(disc_images.reading_file(disc), disc.stat().st_size)
    assert found.volume_id == "Größe 漢字"
    assert f"{found.revision >> 8:x}.{found.revision & 255:02x}" == options[-1].removeprefix("--udfrev=")
    tree = disc_images.open_tree(disc)
    assert tree.volume_id == "Größe 漢字"
    assert tree.list() == ()


@pytest.mark.parametrize(("media", "kind"), [("cdrw", "sparable"), ("cdr", "virtual")])
def test_rewritable_media_of_mkudffs_are_refused_in_words(tmp_path: Path, media: str, kind: str) -> None:
    disc = tmp_path / "udf.img"
    with disc.open("wb") as file:
        file.truncate(8 << 20)
    disc_images.run("/usr/sbin/mkudffs", f"--media-type={media}", disc)
    with pytest.raises(ImageError, match=f"a {kind} partition"):
        disc_images.open_tree(disc)

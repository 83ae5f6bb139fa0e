"""Images with something changed in them: whatever it is, it is read or an ``ImageError``, and soon."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.image_tree import Names, open_image_tree
from bootbeam.formats.iso9660.el_torito import read_boot_catalog
from bootbeam.formats.iso9660.hybrid import read_hybrid_layout
from tests.formats import disc_images
from tests.formats.udf import blocks as udf
from tests.image_bytes import reading


def check_everything(data: bytes, size_bytes: int) -> None:
    """Whatever the image says, nothing but ``ImageError``, no extent outside of it and no end to what is read."""
    left_bytes = 200 << 20

    def read_at(offset: int, wanted_bytes: int) -> bytes:
        nonlocal left_bytes
        found = data[:size_bytes][offset : offset + wanted_bytes] if offset < size_bytes else b""
        left_bytes -= len(found) + 100
        assert left_bytes > 0
        return found

    for names in (None, *Names):
        try:
            tree = open_image_tree(read_at, size_bytes, names)
            for path, entry in tree.walk():
                assert not {"", ".", ".."} & set(path.split("/"))
                assert path.isprintable() or not set(path) & set(map(chr, range(32)))
                if not entry.unreadable:
                    assert entry.size_bytes == sum(extent.size_bytes for extent in entry.extents)
                assert all(it.offset >= 0 and it.offset + it.size_bytes <= size_bytes for it in entry.extents)
            tree.find("level1/level2/file2")
            tree.read("circle/readme", 10)
        except ImageError:
            continue
    for read in (read_boot_catalog, read_hybrid_layout):
        try:
            read(read_at, size_bytes)
        except ImageError:
            continue


@pytest.fixture(scope="session")
def small_discs(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A disc of each kind with a few files."""
    root = tmp_path_factory.mktemp("small")
    source = root / "disc"
    (source / "level1" / "level2").mkdir(parents=True)
    (source / "level1" / "level2" / "file2").write_text("2")
    (source / "readme").write_text("read me")
    (source / "bios.img").write_bytes(b"\xfa" * 3000)
    (source / "circle").symlink_to("level1/../circle")
    (source / ("long" * 50)).symlink_to("target/" * 30)
    boot = ("-b", "bios.img", "-no-emul-boot")
    mbr = (
        "--grub2-mbr",
        disc_images.HYBRID_MBR,
        "-appended_part_as_gpt",
        "-append_partition",
        "2",
        "0xef",
        source / "bios.img",
    )
    made = [
        disc_images.xorriso_image(root / "hybrid.iso", source, "-r", "-J", *boot, *mbr),
        disc_images.genisoimage(root / "bridge.iso", source, "-r", "-J", "-udf", "-no-pad", *boot),
    ]
    return [
        *(disc.read_bytes() for disc in made),
        udf.image(udf.identifier(b"\x08D", 10), blocks={10: udf.file_entry(10, 5, 3, b"abc", form=3)}),
    ]


def test_the_small_discs_are_whole(small_discs: list[bytes]) -> None:
    assert [len(list(open_image_tree(reading(disc), len(disc)).walk())) for disc in small_discs] == [8, 8, 1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_change_to_a_real_image_is_survived(small_discs: list[bytes], data: st.DataObject) -> None:
    disc = data.draw(st.sampled_from(small_discs), "disc")
    written = [sector for sector in range(len(disc) // 2048) if any(disc[sector * 2048 : sector * 2048 + 2048])]
    changed = bytearray(disc)
    for _ in range(data.draw(st.integers(1, 6), "changes")):
        sector = data.draw(st.sampled_from(written))
        end = len(disc[sector * 2048 : sector * 2048 + 2048].rstrip(b"\0"))
        offset = sector * 2048 + data.draw(st.integers(0, end))
        value = data.draw(st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\0", b"\xff", b"\x80"])))
        changed[offset : offset + len(value)] = value
        if data.draw(st.booleans(), "sealed again"):  # or UDF's checksums would find every change
            block = slice(sector * 2048, sector * 2048 + 2048)
            changed[block] = udf.sealed_again(bytes(changed[block]))
    size_bytes = data.draw(st.one_of(st.just(len(changed)), st.integers(0, len(changed))), "size")
    check_everything(bytes(changed), size_bytes)


@settings(max_examples=30, deadline=None)
@example(b"")
@given(st.binary(max_size=8192))
def test_any_bytes_are_an_image_or_an_image_error(behind: bytes) -> None:
    check_everything(bytes(32768) + b"\x01CD001\x01" + behind, 32768 + 7 + len(behind))
    check_everything(bytes(32768) + b"\x00BEA01\x01" + behind, 32768 + 7 + len(behind))

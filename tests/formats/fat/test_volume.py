"""FAT volumes: fsck.fat must find nothing wrong, and mtools must read back what was put in."""

import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.fat.geometry import MAX_VOLUME_BYTES
from bootbeam.formats.fat.volume import MAX_FILE_BYTES, MAX_FILES, FatFile, FatVolume, FileData, plan_volume

MIB = 1 << 20
SMALL = {
    "EFI/BOOT/BOOTX64.EFI": b"shim" * 1000,
    "EFI/BOOT/grubx64.efi": b"GRUB" * 3000,
    "EFI/debian/grub.cfg": b"echo 'hello'\n",
    "boot/grub/grub.cfg": b"",
    "boot/vmlinuz-6.1.0-40-amd64": bytes(range(256)) * 100,
    "boot/vmlinuz-6.1.0-41-amd64": b"x",
}


def planned(files: Mapping[str, bytes]) -> FatVolume:
    return plan_volume([FatFile(path, len(data)) for path, data in files.items()])


def written(files: Mapping[str, bytes], directory: Path) -> Path:
    volume = planned(files)
    image = directory / "volume.img"
    image.write_bytes(volume.encode(list(files.values())))
    assert image.stat().st_size == volume.size_bytes
    return image


def checked(image: Path) -> str:
    """What fsck.fat says, which changes nothing (-n) and looks at everything."""
    done = subprocess.run(["fsck.fat", "-n", "-v", str(image)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read_back(image: Path, directory: Path) -> dict[str, bytes]:
    target = directory / "out"
    target.mkdir()
    command = ["mcopy", "-s", "-n", "-i", str(image), "::/", str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


@pytest.mark.peer
def test_a_small_volume_is_fat16(tmp_path: Path) -> None:
    image = written(SMALL, tmp_path)
    said = checked(image)
    assert "FATs, 16 bit entries" in said
    assert ": 12 files, " in said, "and directories, and the label"
    assert read_back(image, tmp_path) == SMALL
    assert image.stat().st_size < 3 * MIB, "no larger than it must be"


@pytest.mark.peer
@pytest.mark.parametrize(
    ("size_bytes", "bits", "cluster_bytes"),
    [
        (3 * MIB, 16, 512),
        (5 * MIB, 16, 1024),
        (10 * MIB, 16, 2048),
        (20 * MIB, 16, 4096),
        (255 * MIB, 16, 4096),
        (257 * MIB, 32, 4096),
    ],
)
def test_the_size_chooses_the_kind(tmp_path: Path, size_bytes: int, bits: int, cluster_bytes: int) -> None:
    """Written with a hole where the large file lies, which the checkers do not read."""
    volume = plan_volume([FatFile("a/b/initrd.img", size_bytes), FatFile("z", 7)])
    image = tmp_path / "volume.img"
    with image.open("wb") as file:
        for piece in volume.pieces:
            if isinstance(piece, bytes):
                file.write(piece)
            elif piece.index == 1:
                file.write(b"the end")
            else:
                file.seek(piece.size_bytes, 1)
        file.truncate(volume.size_bytes)
    said = checked(image)
    assert f"FATs, {bits} bit entries" in said
    assert f"{cluster_bytes} bytes per cluster" in said
    assert volume.is_fat32 == (bits == 32)
    read = subprocess.run(["mtype", "-i", str(image), "::/z"], check=True, capture_output=True, timeout=20)
    assert read.stdout == b"the end"


NAMES = st.text("aAbB01~._-+ =[],;!#$%&'()@^`{}", min_size=1, max_size=30).map(lambda name: f"{name}x".lstrip(" "))
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=3000), min_size=1, max_size=12
)


@pytest.mark.peer
@settings(max_examples=25, deadline=None)
@given(files=TREES)
def test_any_tree_is_read_back(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    scratch = tmp_path_factory.mktemp("fat")
    try:
        image = written(files, scratch)
    except ImageError:
        folded = [path.upper() for path in files]
        steps = {"/".join(path.split("/")[:depth]) for path in folded for depth in range(1, path.count("/") + 1)}
        assert len(set(folded)) < len(folded) or steps & set(folded), "only what FAT cannot tell apart is refused"
        return
    checked(image)
    read = {path.upper(): data for path, data in read_back(image, scratch).items()}
    assert read == {path.upper(): data for path, data in files.items()}


@pytest.mark.peer
def test_names_that_look_alike_when_short(tmp_path: Path) -> None:
    files = {f"a directory/vmlinuz-6.1.0-{number}-amd64": str(number).encode() for number in range(150)}
    files |= {"ÄÖÜ.änderung": b"1", ".disk": b"2", "grub.cfg": b"3", "x" * 255: b"4"}
    image = written(files, tmp_path)
    checked(image)
    listed = subprocess.run(
        ["mdir", "-/", "-b", "-i", str(image), "::/"], check=True, capture_output=True, text=True, timeout=20
    ).stdout
    assert all(f"::/a directory/vmlinuz-6.1.0-{number}-amd64\n" in listed for number in range(150))
    assert "::/.disk\n" in listed


def test_the_fields_by_hand() -> None:
    """FAT 1.03: the boot sector, the table's first entries, the root directory with the volume's label, the cluster."""
    data = planned({"A.TXT": b"hello"}).encode([b"hello"])
    assert data[510:512] == b"\x55\xaa"
    sector, per_cluster, reserved, fats, root_entries, small_total, medium, fat_sectors = struct.unpack_from(
        "<HBHBHHBH", data, 11
    )
    assert (sector, per_cluster, reserved, fats, root_entries, small_total, medium) == (512, 1, 1, 2, 512, 0, 0xF8)
    assert struct.unpack_from("<I", data, 32) == (len(data) // 512,)
    assert data[54:62] == b"FAT16   "
    fat = data[512 : 512 + 512 * fat_sectors]
    assert fat[:6] == b"\xf8\xff\xff\xff\xff\xff"
    assert data[512 + 512 * fat_sectors :].startswith(fat), "the second copy"
    root = 512 + 2 * 512 * fat_sectors
    assert data[root : root + 12] == b"BOOTBEAM   \x08"
    assert data[root + 32 : root + 44] == b"A       TXT\x21"
    assert struct.unpack_from("<HI", data, root + 32 + 26) == (2, 5), "its cluster and size"
    assert data[root + 64] == 0, "no more entries"
    first_cluster = root + 512 * 32
    assert data[first_cluster : first_cluster + 6] == b"hello\0"


def test_files_of_gigabytes_are_never_read() -> None:
    volume = plan_volume([FatFile("kernel", 12 * MIB), FatFile("initrd", 2 << 30)])
    assert [piece for piece in volume.pieces if isinstance(piece, FileData)] == [
        FileData(0, 12 * MIB),
        FileData(1, 2 << 30),
    ]
    assert sum(len(piece) for piece in volume.pieces if isinstance(piece, bytes)) < 5 * MIB


@pytest.mark.parametrize(
    "path",
    ["", "/", "a//b", "a/", "a:b", "a\\b", "con\n", "end.", "end ", " start", "x" * 256, "\ud800", "a/" * 16 + "b"],
)
def test_paths_that_cannot_be(path: str) -> None:
    with pytest.raises(ImageError):
        plan_volume([FatFile(path, 1)])


@pytest.mark.parametrize("other", ["a/B", "A/b", "a", "a/b/c"])
def test_two_files_at_one_path(other: str) -> None:
    with pytest.raises(ImageError, match="have this path"):
        plan_volume([FatFile("a/b", 1), FatFile(other, 1)])


def test_limits() -> None:
    plan_volume([FatFile(str(number), 0) for number in range(MAX_FILES)])
    with pytest.raises(ImageError, match="1001 files"):
        plan_volume([FatFile(str(number), 0) for number in range(MAX_FILES + 1)])
    with pytest.raises(ImageError, match="larger than FAT"):
        plan_volume([FatFile("a", MAX_FILE_BYTES + 1)])
    with pytest.raises(ImageError, match="more than 4 GiB"):
        plan_volume([FatFile("a", MAX_VOLUME_BYTES // 2), FatFile("b", MAX_VOLUME_BYTES // 2)])

"""What one version of an ISO is: which of its files are what, and which ways are kept."""

from pathlib import Path

import pytest

from bootbeam.boot.entry import Method
from bootbeam.library.iso_boots import IsoBoots, RecipeTree, look_into
from bootbeam.library.iso_files import ReadTree
from bootbeam.machine import Firmware
from tests.image_bytes import bzimage, elf32, elf64, multiboot1, pe
from tests.library.iso_bench import RECIPES, Bench, write_iso


def look(tmp_path: Path, files: dict[str, bytes | str], volume_id: str = "DISC") -> IsoBoots:
    bench = Bench(write_iso(tmp_path / "disc.iso", files, volume_id=volume_id), tmp_path)
    try:
        with bench.files.reading() as read:
            assert isinstance(read, ReadTree)
            return look_into(read, RECIPES)
    finally:
        bench.close()


def test_a_recipe_sees_names_and_contents_as_the_image_has_them(tmp_path: Path) -> None:
    bench = Bench(write_iso(tmp_path / "disc.iso", {"a/b": "text"}, volume_id="LABEL"), tmp_path)
    with bench.files.reading() as read:
        assert isinstance(read, ReadTree)
        tree = RecipeTree(read.tree, read.image.size_bytes)
        assert (tree.volume_id, tree.size_bytes) == ("LABEL", bench.path.stat().st_size)
        assert list(tree.list("a")) == ["b"]
        assert list(tree.list("nothing")) == list(tree.list("a/b")) == []
        assert tree.read("a/b", 3) == b"tex"
        found = tree.find("A/B")
        assert found is not None
        assert found.size_bytes == 4
    bench.close()


@pytest.mark.parametrize(
    ("line", "kernel", "methods"),
    [
        ("linux /k", bzimage(), {Method.LINUX}),
        ("linux /k", b"unknown bytes", {Method.LINUX, Method.EFI_LINUX}),
        ("linux /k", pe(), {Method.EFI_LINUX}),
        ("multiboot /k", elf32(multiboot1() + bytes(100)), {Method.MULTIBOOT}),
        ("multiboot /k", elf64(multiboot1() + bytes(100)), set()),
        ("multiboot /k", bzimage(), set()),
    ],
    ids=["no-efi-stub", "unknown", "efi-only", "multiboot", "needs-grub", "no-multiboot"],
)
def test_the_kernels_bytes_decide_what_a_menu_leaves_open(
    tmp_path: Path, line: str, kernel: bytes, methods: set[Method]
) -> None:
    seen = look(tmp_path, {"boot/grub/grub.cfg": f"menuentry x {{ {line} }}\n", "k": kernel})
    assert {way.method for way in seen.ways} == methods
    assert len(seen.boots) == 1


NAME = b"\x06\x03\x55\x04\x03\x0c\x09Debian CA"


@pytest.mark.parametrize(
    ("kernel", "is_signed", "signers"),
    [
        (pe(), False, ()),
        (pe(certificate=b"\x18\0\0\0\0\2\2\0" + NAME), True, ("Debian CA",)),
        (b"unknown bytes", None, ()),
        (bzimage(), None, ()),
    ],
    ids=["unsigned", "signed", "unknown", "for BIOS alone"],
)
def test_whether_secure_boot_can_accept_it_is_known_beforehand(
    tmp_path: Path, kernel: bytes, is_signed: bool | None, signers: tuple[str, ...]
) -> None:
    path = write_iso(tmp_path / "disc.iso", {"boot/grub/grub.cfg": "menuentry x { linux /k }\n", "k": kernel})
    bench = Bench(path, tmp_path)
    try:
        entry = bench.entry().entry()
        assert (entry.is_signed, entry.signers) == (is_signed, signers)
    finally:
        bench.close()


def test_roles_and_boots_by_key(tmp_path: Path) -> None:
    menu = "menuentry a { linux /k\ninitrd /i }\nmenuentry b { linux /k2 }\n"
    seen = look(tmp_path, {"boot/grub/grub.cfg": menu, "k": "1", "i": "2", "k2": "3"})
    roles = {path: seen.role_of(path) for path in ("k", "i", "k2", "boot/grub/grub.cfg")}
    assert roles == {"k": "kernel", "i": "initrd", "k2": "kernel", "boot/grub/grub.cfg": "image"}
    assert [seen.boot_of_key(boot.key) for boot in seen.boots] == list(seen.boots)
    assert seen.boot_of_key("other") is None
    first = seen.boot_for(seen.ways[0])
    assert first is seen.boots[0]
    assert {way.firmware for way in seen.ways} == {Firmware.BIOS, Firmware.UEFI}


def test_an_empty_disc_is_nothing(tmp_path: Path) -> None:
    seen = look(tmp_path, {"README": "x"})
    assert (seen.match, seen.boots, seen.ways, seen.broken) == (None, (), (), "")

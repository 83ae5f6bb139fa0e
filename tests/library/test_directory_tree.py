"""A directory seen as an image."""

import os
from pathlib import Path

from bootbeam.boot.recipe_match import match
from bootbeam.library.directory_tree import DirectoryTree
from bootbeam.library.recipe_files import load_recipes


def test_files_directories_and_what_is_neither(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "linux").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("boot/linux")
    (tmp_path / "broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    tree = DirectoryTree(tmp_path, "LABEL")
    found = tree.find("boot/linux")
    assert found is not None
    assert (found.size_bytes, found.is_directory) == (5, False)
    directory = tree.find("boot")
    assert directory is not None
    assert directory.is_directory
    assert tree.find("link") == found
    assert tree.find("broken") is None
    assert tree.find("pipe") is None
    assert sorted(tree.list("")) == ["boot", "broken", "link", "pipe"]
    assert tree.list("none") == ()
    assert tree.read("boot/linux", 3) == b"123"
    assert tree.read("boot", 3) is None
    assert tree.volume_id == "LABEL"


def test_paths_stay_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "inner").mkdir()
    tree = DirectoryTree(tmp_path / "inner")
    assert tree.find("../secret") is None
    assert tree.read("../secret", 9) is None
    assert tree.list("..") == ()
    assert tree.find("a\0b") is None


def test_a_directory_of_files_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "bitvisor.elf").write_bytes(b"x")
    found = match(DirectoryTree(tmp_path), load_recipes())
    assert found is not None
    assert found.family == "bitvisor"


def test_debians_own_netboot_files_are_found_where_its_package_puts_them() -> None:
    tree = DirectoryTree(Path("/"))
    directory = "usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64"
    for name in ("linux", "initrd.gz"):
        found = tree.find(f"{directory}/{name}")
        assert found is not None, "the package debian-installer-12-netboot-amd64 is not installed"
        assert found.size_bytes > 1 << 20

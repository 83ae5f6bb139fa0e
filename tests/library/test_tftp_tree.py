"""A tree is given out as it is, and nothing that lies outside it."""

import os
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library.content import Content, ContentChanged, Missing, Peer
from bootbeam.library.tftp_tree import LOOK_AGAIN_S, MAX_TEXT_BYTES, TftpTree, open_tree
from bootbeam.settings.model import StationSettings
from tests.loader_bytes import efi, grub, packed_nbp, shim

PEER = Peer("192.168.1.7", "192.168.1.50", "tftp", "eth0")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "pxelinux.cfg").mkdir(parents=True)
    (root / "pxelinux.0").write_bytes(packed_nbp())
    (root / "pxelinux.cfg" / "default").write_text("DEFAULT linux\n")
    (tmp_path / "secret").write_text("not for strangers")
    return root


def fetch(tree: TftpTree, path: str) -> tuple[str, bytes]:
    content = tree.open(path, PEER)
    assert isinstance(content, Content), content
    try:
        return content.role, content.read_at(0, content.size_bytes)
    finally:
        content.close()


def miss(tree: TftpTree, path: str) -> Missing:
    missing = tree.open(path, PEER)
    assert isinstance(missing, Missing)
    return missing


def test_files_are_given_out_and_an_edit_counts_at_once(root: Path) -> None:
    tree = TftpTree(root)
    tree.check()
    assert fetch(tree, "pxelinux.0") == ("loader", packed_nbp())
    assert fetch(tree, "pxelinux.cfg/default") == ("configuration", b"DEFAULT linux\n")
    (root / "pxelinux.cfg" / "default").write_text("DEFAULT other\n")
    assert fetch(tree, "pxelinux.cfg/default") == ("configuration", b"DEFAULT other\n")
    (root / "initrd").write_bytes(b"i" * (MAX_TEXT_BYTES + 1))
    assert fetch(tree, "initrd") == ("image", b"i" * (MAX_TEXT_BYTES + 1))
    (root / "empty").touch()
    assert fetch(tree, "empty") == ("image", b"")


def test_a_program_that_is_no_known_boot_loader_need_not_be_one(root: Path) -> None:
    """A memory test is never heard of again, and that is no trouble."""
    (root / "bootx64.efi").write_bytes(efi())
    (root / "grubx64.efi").write_bytes(grub())
    tree = TftpTree(root)
    tree.check()
    assert fetch(tree, "bootx64.efi")[0] == "image"
    assert fetch(tree, "grubx64.efi")[0] == "loader"


def test_a_large_file_that_is_rewritten_under_a_transfer_breaks_it_off(root: Path) -> None:
    (root / "initrd").write_bytes(b"i" * (MAX_TEXT_BYTES + 1))
    content = TftpTree(root).open("initrd", PEER)
    assert isinstance(content, Content)
    content.check()
    assert content.version is not None
    assert content.version.sha256() == "", "nobody computes it"
    (root / "initrd").write_bytes(b"j" * (MAX_TEXT_BYTES + 5))
    with pytest.raises(ContentChanged):
        content.check()
    [part] = content.slices
    content.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(part.fd)


def test_nothing_outside_the_tree_is_given_out(root: Path, tmp_path: Path) -> None:
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to(tmp_path)
    (root / "absolute").symlink_to("/etc/passwd")
    (root / "loop").symlink_to("loop")
    (root / "inside").symlink_to("pxelinux.cfg/default")
    tree = TftpTree(root)
    assert fetch(tree, "inside")[1] == b"DEFAULT linux\n"
    for path in ("link", "up/secret", "absolute"):
        missing = miss(tree, path)
        assert "out of the tree" in missing.reason
        assert str(tmp_path) not in missing.reason, "the client is told nothing of this computer's directories"
    for path in ("loop", "../secret", "x" * 300, "pxelinux.0/x"):
        miss(tree, path)


def test_a_directory_turned_into_a_link_at_the_last_moment_leads_nowhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "default").write_text("secret")
    tree, opened = TftpTree(root), os.open

    def swap_then_open(path: Path, flags: int) -> int:
        (root / "pxelinux.cfg").rename(root / "moved")
        (root / "pxelinux.cfg").symlink_to(tmp_path / "outside")
        return opened(path, flags)

    monkeypatch.setattr(os, "open", swap_then_open)
    assert "moved" in miss(tree, "pxelinux.cfg/default").reason


def test_only_plain_files_that_everybody_may_read(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "private").write_text("for root alone")
    (root / "private").chmod(0o600)
    tree = TftpTree(root)
    assert "directory" in miss(tree, "pxelinux.cfg").reason
    assert "regular" in miss(tree, "pipe").reason
    if os.geteuid() == 0:
        assert "chmod o+r" in miss(tree, "private").reason


def test_a_search_is_no_fault_but_its_end_is(root: Path) -> None:
    tree = TftpTree(root)
    assert miss(tree, "pxelinux.cfg/01-52-54-00-12-34-56").is_searched
    (root / "pxelinux.cfg" / "default").unlink()
    for path, words in [
        ("pxelinux.cfg/default", "write pxelinux.cfg/default"),
        ("grub/grub.cfg", "grub/grub.cfg"),
        ("ldlinux.c32", "syslinux-common"),
        ("vmlinuz", "no such file"),
    ]:
        missing = miss(tree, path)
        assert not missing.is_searched
        assert words in missing.reason


def test_a_program_that_is_put_in_or_taken_out_counts(root: Path) -> None:
    now = 100.0
    tree = TftpTree(root, clock=lambda: now)
    assert [program.path for program in tree.offering().programs] == ["pxelinux.0"]
    (root / "bootx64.efi").write_bytes(efi())
    (root / "pxelinux.0").unlink()
    now += LOOK_AGAIN_S + 0.1
    assert [program.path for program in tree.offering().programs] == ["bootx64.efi"]


def test_a_tree_behind_a_link_that_is_switched_over(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("two")
    (root / "file").write_text("one")
    current = tmp_path / "current"
    current.symlink_to(root)
    tree = TftpTree(current)
    assert fetch(tree, "file")[1] == b"one"
    current.unlink()
    current.symlink_to(other)
    assert fetch(tree, "file")[1] == b"two"


def test_a_file_of_any_name_counts_when_a_person_names_it(root: Path) -> None:
    (root / "loader.bin").write_bytes(efi())
    tree = TftpTree(root, {"x64": "/loader.bin"})
    tree.check()
    assert "loader.bin" in [program.path for program in tree.offering().programs]
    with pytest.raises(UserError, match="no boot program other"):
        TftpTree(root, {"x64": "other"}).check()


def test_what_will_not_do_as_a_tree_is_said_with_what_would(root: Path, tmp_path: Path) -> None:
    for directory, words in [
        (tmp_path / "nowhere", "cannot be read"),
        (root / "pxelinux.0", "is a file"),
        (root / "pxelinux.cfg", "nothing that a machine could begin with"),
    ]:
        with pytest.raises(UserError, match=words) as error:
            TftpTree(directory).check()
        assert error.value.fix


@pytest.mark.parametrize("file", ["pxelinux.cfg/default", "boot/pxelinux.cfg/01-52-54-00-12-34-56", "boot.scr.uimg"])
def test_a_tree_for_u_boot_needs_no_program(tmp_path: Path, file: str) -> None:
    """U-Boot reads configurations by itself, and scripts of its own."""
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("DEFAULT linux\n")
    TftpTree(tmp_path).check()


def test_a_tree_whose_only_programs_will_not_do_is_refused_with_the_reason_of_each(tmp_path: Path) -> None:
    (tmp_path / "bootx64.efi").write_bytes(shim())
    (tmp_path / "half.efi").write_bytes(efi()[:3000])
    with pytest.raises(UserError) as error:
        TftpTree(tmp_path).check()
    assert "no EFI program" not in error.value.why
    assert "bootx64.efi is a shim" in error.value.why
    assert "half.efi has 3,000 bytes" in error.value.why
    assert "grubx64.efi" in error.value.fix


def test_a_program_that_a_person_named_and_will_not_do_is_refused_with_the_reason(root: Path) -> None:
    (root / "half.efi").write_bytes(efi()[:3000])
    with pytest.raises(UserError, match=r"--tree-boot x64=half\.efi") as error:
        TftpTree(root, {"x64": "half.efi"}).check()
    assert "3,000 bytes" in error.value.why


def test_a_tree_and_images_do_not_go_together(root: Path, tmp_path: Path) -> None:
    for settings in (
        StationSettings(tree=root, images=(tmp_path / "secret",)),
        StationSettings(tree=root, cmdline="quiet"),
        StationSettings(tree=root, answers=(("preseed", tmp_path / "secret"),)),
    ):
        with pytest.raises(UserError, match="does not go together"):
            open_tree(settings)
    with pytest.raises(UserError, match="without --tree"):
        open_tree(StationSettings(tree_boot=(("x64", "a.efi"),)))
    assert open_tree(StationSettings()) is None
    assert open_tree(StationSettings(tree=root)) is not None

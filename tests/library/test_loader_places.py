"""Names and directories of boot loaders."""

import os
from pathlib import Path

import pytest

from bootbeam.formats.boot_loader import LoaderFamily
from bootbeam.library import loader_places
from bootbeam.library.loader_places import LoaderVariant, files_in, name_of_loader, own_directories, own_directory


@pytest.mark.parametrize(
    ("name", "family", "variant"),
    [
        ("undionly.kpxe", LoaderFamily.IPXE, LoaderVariant.UNDIONLY),
        ("ipxe.pxe", LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
        ("ipxe.kpxe", LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
        ("ipxe.lkrn", LoaderFamily.IPXE, LoaderVariant.LKRN),
        ("snponly.efi", LoaderFamily.IPXE, LoaderVariant.SNPONLY),
        ("ipxe-snponly-x86_64.efi", LoaderFamily.IPXE, LoaderVariant.SNPONLY),
        ("snp-arm64.efi", LoaderFamily.IPXE, LoaderVariant.SNP),
        ("ipxe.efi", LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
        ("ipxe-amd64.efi", LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
        ("ipxe-loong64.efi", LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
        ("shimx64.efi.signed", LoaderFamily.SHIM, LoaderVariant.PLAIN),
        ("shimx64.efi.signed.latest", LoaderFamily.SHIM, LoaderVariant.PLAIN),
        ("shimaa64.efi", LoaderFamily.SHIM, LoaderVariant.PLAIN),
        ("mmx64.efi.signed", LoaderFamily.MOK_MANAGER, LoaderVariant.PLAIN),
        ("grubnetaa64.efi.signed", LoaderFamily.GRUB, LoaderVariant.NETWORK),
        ("grubx64.efi", LoaderFamily.GRUB, LoaderVariant.NETWORK),
        ("gcdx64.efi.signed", LoaderFamily.GRUB, LoaderVariant.REMOVABLE),
        ("pxelinux.0", LoaderFamily.PXELINUX, LoaderVariant.PLAIN),
        ("lpxelinux.0", LoaderFamily.PXELINUX, LoaderVariant.PLAIN),
        ("memdisk", LoaderFamily.MEMDISK, LoaderVariant.PLAIN),
        ("wimboot", LoaderFamily.WIMBOOT, LoaderVariant.PLAIN),
        ("wimboot.x86_64.efi", LoaderFamily.WIMBOOT, LoaderVariant.PLAIN),
    ],
)
def test_names_of_packages(name: str, family: LoaderFamily, variant: LoaderVariant) -> None:
    found = name_of_loader(name)
    assert found is not None
    assert (found.family, found.variant) == (family, variant)


@pytest.mark.parametrize(
    "name",
    [
        "ipxe.iso",
        "ipxe.usb",
        "undionly.kkpxe",
        # Arch's, with a script inside that boots Arch and nothing else.
        "ipxe-arch.efi",
        "ipxe-arch.lkrn",
        "virtio-net.rom",
        # For a disk alone: it does not look for its configuration where it was loaded from.
        "grubx64.efi.signed",
        "grubnetx64-installer.efi.signed",
        "fbx64.efi.signed",
        "xsnponly.efi",
        "snponly.efi.bak",
        "snponly.efi\n",
        "vmlinuz",
        "",
    ],
)
def test_names_that_are_none(name: str) -> None:
    assert name_of_loader(name) is None


def test_own_directory() -> None:
    home = Path("/home/anna")
    assert own_directory({}, False, home) == Path("/home/anna/.local/share/bootbeam/loaders")
    assert own_directory({"XDG_DATA_HOME": "/data"}, False, home) == Path("/data/bootbeam/loaders")
    # XDG Base Directory Specification: a relative path is to be passed over.
    assert own_directory({"XDG_DATA_HOME": "data"}, False, home) == Path("/home/anna/.local/share/bootbeam/loaders")
    assert own_directory({"XDG_DATA_HOME": "/data"}, True, home) == Path("/var/lib/bootbeam/loaders")


def test_user_reads_roots_directory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert own_directories() == (Path("/data/bootbeam/loaders"), Path("/var/lib/bootbeam/loaders"))


def test_root_by_sudo_reads_the_users_directory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "daemon")
    daemon = Path("~daemon").expanduser() / ".local/share/bootbeam/loaders"
    assert own_directories() == (Path("/var/lib/bootbeam/loaders"), daemon)
    monkeypatch.setenv("SUDO_USER", "nobody-of-this-name")
    assert own_directories() == (Path("/var/lib/bootbeam/loaders"),)
    monkeypatch.delenv("SUDO_USER")
    assert own_directories() == (Path("/var/lib/bootbeam/loaders"),)


def test_files_in_goes_as_deep_as_told(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for directory in (tmp_path, tmp_path / "a", deep):
        (directory / "file").touch()
    assert len(list(files_in(tmp_path, 0))) == 1
    assert len(list(files_in(tmp_path, 1))) == 2
    assert list(files_in(tmp_path, 5)) == [tmp_path / "file", tmp_path / "a" / "file", deep / "file"]


def test_files_in_follows_no_link_and_looks_into_nothing_hidden(tmp_path: Path) -> None:
    hidden = tmp_path / ".new-x"
    hidden.mkdir()
    (hidden / "snponly.efi").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list(files_in(tmp_path, 5)) == [tmp_path / "loop"]


def test_files_in_stops_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader_places, "MAX_FILES", 10)
    for number in range(20):
        (tmp_path / f"{number:02}").touch()
    assert len(list(files_in(tmp_path, 0))) == 10

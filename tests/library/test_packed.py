"""Packed images and archives: each comes with the command that really unpacks it."""

import bz2
import gzip
import lzma
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import BootForm, BootsOn, Identity, Kind
from bootbeam.library.entries import NamedFile, plan_entries
from bootbeam.library.inspection import inspect_file
from bootbeam.library.packed import may_have_to_be_unpacked, unpacking
from bootbeam.machine import Cpu, Firmware
from tests.image_bytes import bzimage, iso9660, newc, reading

ISO = iso9660(sectors=60)
UEFI_X64 = BootsOn(Firmware.UEFI, Cpu.X86_64, BootForm.EFI)
KERNEL = Identity(Kind.LINUX_KERNEL, "Linux kernel", 1000, boots_on=(UEFI_X64,))


def identify_file(path: Path) -> Identity:
    data = path.read_bytes()
    return identify(reading(data), len(data))


def tar_of(data: bytes, packed: Path) -> None:
    inside = packed.with_name("disc.iso")
    inside.write_bytes(data)
    command = ("tar", "--create", "--auto-compress", "--file", packed, "--directory", packed.parent, "disc.iso")
    subprocess.run(command, check=True, timeout=30)
    inside.unlink()


def zip_of(data: bytes, packed: Path) -> None:
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("disc.iso", data)


PACKERS: dict[str, Callable[[Path], object]] = {
    "disc.iso.gz": lambda path: path.write_bytes(gzip.compress(ISO)),
    "disc.iso.xz": lambda path: path.write_bytes(lzma.compress(ISO)),
    "disc.ISO.lzma": lambda path: path.write_bytes(lzma.compress(ISO, lzma.FORMAT_ALONE)),
    "disc.iso.bz2": lambda path: path.write_bytes(bz2.compress(ISO)),
    "a disc": lambda path: path.write_bytes(gzip.compress(ISO)),
    "disc.tar": lambda path: tar_of(ISO, path),
    "disc.tar.gz": lambda path: tar_of(ISO, path),
    "disc.txz": lambda path: tar_of(ISO, path),
    "disc.zip": lambda path: zip_of(ISO, path),
}


@pytest.mark.parametrize("name", PACKERS)
def test_what_comes_out_is_what_was_packed(name: str, tmp_path: Path) -> None:
    packed = tmp_path / name
    PACKERS[name](packed)
    facts = inspect_file(packed, [])
    command = unpacking(packed, identify_file(packed))
    assert facts["packed"]
    assert facts["to_do"] == f"unpack it, and serve what comes out: {command}"
    subprocess.run(["sh", "-ec", command], cwd=tmp_path, check=True, timeout=30)
    [out] = [path for path in tmp_path.iterdir() if path != packed]
    assert out.read_bytes() == ISO
    for before in ([], [NamedFile(Path("linux"), KERNEL)]):
        with pytest.raises(UserError) as caught:
            plan_entries([*before, NamedFile(packed, identify_file(packed))], "")
        assert caught.value.fix.endswith(command)
    assert plan_entries([NamedFile(packed, identify_file(packed), from_directory=True)], "") == []


def test_a_name_that_looks_like_an_option_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    packed = Path("-disc.iso.gz")
    packed.write_bytes(gzip.compress(ISO))
    subprocess.run(["sh", "-ec", unpacking(packed, identify_file(packed))], check=True, timeout=30)
    assert Path("-disc.iso").read_bytes() == ISO


@pytest.mark.parametrize("name", ["initrd.img.xz", "disk.img.xz", "initrd.img-6.1"])
def test_what_may_be_an_initrd_is_told_of_in_both_ways(name: str, tmp_path: Path) -> None:
    packed = tmp_path / name
    packed.write_bytes(lzma.compress(newc()))
    facts = inspect_file(packed, [])
    assert not facts["packed"]
    assert "an initrd is served as it is" in facts["to_do"]
    assert f"xz -d{'k' if name.endswith('xz') else 'c'} {packed}" in facts["to_do"]


def test_a_packed_kernel_and_a_packed_cpio_archive_boot_as_they_are(tmp_path: Path) -> None:
    for name, data in (("vmlinuz", bzimage()), ("initrd", newc())):
        packed = tmp_path / name
        packed.write_bytes(gzip.compress(data))
        facts = inspect_file(packed, [])
        assert (facts["packed"], facts["to_do"]) == (False, None)
        assert not may_have_to_be_unpacked(identify_file(packed))


def test_what_is_not_packed_needs_no_command(tmp_path: Path) -> None:
    plain = tmp_path / "linux"
    plain.write_bytes(bzimage())
    assert unpacking(plain, identify_file(plain)) == ""
    assert inspect_file(plain, [])["to_do"] is None

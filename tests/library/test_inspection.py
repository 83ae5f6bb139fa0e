"""What ``bootbeam inspect`` finds out about files that are not as they should be."""

import subprocess
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library.inspection import inspect_file
from tests.image_bytes import bzimage, iso9660


def test_an_image_that_was_fetched_by_half_is_said_to_be_so(tmp_path: Path) -> None:
    whole = iso9660(sectors=400)
    image = tmp_path / "half.iso"
    image.write_bytes(whole[:60_000])
    with pytest.raises(UserError) as caught:
        inspect_file(image, [])
    assert caught.value.what == f"{image} is not complete"
    assert str(len(whole)) in caught.value.why
    assert "60000" in caught.value.why
    assert "fetch it again" in caught.value.fix


def test_a_web_page_in_place_of_an_image_is_said_to_be_one(tmp_path: Path) -> None:
    page = tmp_path / "debian.iso"
    page.write_bytes(b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n")
    assert "web page" in inspect_file(page, [])["description"]


@pytest.mark.parametrize(
    ("options", "names_by"), [(["-R", "-J"], ["Rock Ridge", "Joliet"]), (["-J", "--norock"], ["Joliet", "ISO 9660"])]
)
def test_by_what_an_iso_names_its_files(tmp_path: Path, options: list[str], names_by: list[str]) -> None:
    files, image = tmp_path / "files", tmp_path / "image.iso"
    files.mkdir()
    (files / "a long name").write_text("hello")
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", *options, "-o", image, files], check=True)
    assert inspect_file(image, [])["names_by"] == names_by


def test_what_a_linux_boots_on_by_way_of_grub_and_u_boot_is_told_too(tmp_path: Path) -> None:
    """The station starts a kernel without an EFI stub by its own GRUB, and a bare arm64 Image by U-Boot."""
    kernel, image = tmp_path / "vmlinuz", tmp_path / "Image"
    kernel.write_bytes(bzimage(xloadflags=0))
    image.write_bytes(bytes(0x38) + b"ARM\x64" + bytes(4096))
    told = [(way["firmware"], way["cpu"], bool(way["needs_grub"])) for way in inspect_file(kernel, [])["boots_on"]]
    assert told[0][0] == "BIOS"
    assert set(told[1:]) == {("UEFI", "x86_64", True), ("UEFI", "i386", True)}
    assert ("U-Boot", "arm64") in [(way["firmware"], way["cpu"]) for way in inspect_file(image, [])["boots_on"]]

"""What ``bootbeam inspect`` finds out about files that are not as they should be."""

import subprocess
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library.inspection import inspect_file
from tests.image_bytes import iso9660


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

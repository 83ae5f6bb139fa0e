"""What is said of each image before it is served."""

import gzip
from pathlib import Path

from bootbeam.doctor.finding import Finding, Level
from bootbeam.doctor.images import check_images, read_images
from tests.image_bytes import bzimage, iso9660, newc


def judge(*names: Path | str) -> list[Finding]:
    return check_images(read_images([str(name) for name in names], (), ""))


def test_a_kernel_and_its_initrd(tmp_path: Path) -> None:
    kernel, initrd = tmp_path / "linux", tmp_path / "initrd"
    kernel.write_bytes(bzimage())
    initrd.write_bytes(newc())
    first, second = judge(kernel, initrd)
    assert (first.level, second.level) == (Level.OK, Level.OK)
    assert "boots on BIOS" in first.what
    assert "for the kernel before it" in second.what
    [alone] = judge(initrd)
    assert alone.level is Level.PROBLEM
    assert f"bootbeam serve KERNEL {initrd}" in alone.fix


def test_what_is_not_there_or_no_image(tmp_path: Path) -> None:
    text, empty = tmp_path / "notes", tmp_path / "empty"
    text.write_text("hello, this is no image\n" * 50)
    empty.mkdir()
    found = judge(tmp_path / "gone", text, empty)
    assert {finding.level for finding in found} == {Level.PROBLEM}
    assert "does not exist" in found[0].what
    assert "cannot be booted" in found[1].what
    assert found[2].what.endswith("is an empty directory")


def test_one_that_is_packed_comes_with_the_command(tmp_path: Path) -> None:
    image = tmp_path / "disc.iso.gz"
    image.write_bytes(gzip.compress(iso9660(sectors=60)))
    [finding] = judge(image)
    assert finding.level is Level.PROBLEM
    assert "is packed: ISO 9660" in finding.what
    assert finding.fix.endswith(f"gzip -dk {image}")


def test_one_that_is_cut_off(tmp_path: Path) -> None:
    image = tmp_path / "linux"
    image.write_bytes(bzimage()[:-512])
    [finding] = judge(image)
    assert finding.level is Level.PROBLEM
    assert "shorter than its own headers say" in finding.what


def test_directories_and_addresses_are_for_later(tmp_path: Path) -> None:
    (tmp_path / "linux").write_bytes(bzimage())
    assert [finding.level for finding in judge(tmp_path, "https://example.org/x.iso")] == [Level.OK, Level.OK]


def test_an_image_for_root_only_keeps_the_station_root(tmp_path: Path) -> None:
    kernel = tmp_path / "linux"
    kernel.write_bytes(bzimage())
    kernel.chmod(0o600)
    [finding] = check_images(read_images([str(kernel)], (), "nobody"))
    assert finding.level is Level.WARNING
    assert "sudo chmod a+r" in finding.fix
    [finding] = check_images(read_images([str(kernel)], (), "nonesuch-user"))
    assert finding.level is Level.OK

"""``bootbeam grub`` as a person types it; tests/firmware/test_grub_disk.py boots machines from what it writes."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bootbeam.cli.app import app
from bootbeam.errors import UserError
from tests.image_bytes import iso9660


def grub(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["grub", *map(str, arguments), "--server", "192.168.1.50"])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_the_command_for_the_station_can_be_pasted(tmp_path: Path) -> None:
    image = tmp_path / "it's $(touch x)"
    image.touch()
    told = grub(image, "--port", "9000", "--output", tmp_path / "out")
    [line] = [line for line in told.splitlines() if "bootbeam serve" in line]
    assert line.split()[:3] == ["Then", "on", "192.168.1.50:"]
    command = shlex.split(line.partition(": ")[2])
    assert command == ["sudo", "bootbeam", "serve", str(image), "--http-port", "9000"]
    assert (tmp_path / "out/boot/it-s-touch-x.ipxe").exists()


def test_the_usual_port_is_not_named(tmp_path: Path) -> None:
    image = tmp_path / "image.elf"
    image.touch()
    assert "--http-port" not in grub(image, "--output", tmp_path / "out")


@pytest.mark.parametrize(
    ("file", "name"),
    [("disc.iso", "disc.iso"), ("DISC.ISO", "DISC.iso"), ("disc", "disc.iso"), ("my.img", "my.img.iso")],
)
def test_an_iso_is_called_as_the_station_calls_it(file: str, name: str, tmp_path: Path) -> None:
    """Images(...) names it so: see ``boot.name.iso_name``."""
    image = tmp_path / file
    image.write_bytes(iso9660(sectors=60))
    grub(image, "--output", tmp_path / "out")
    assert f"/start/{name}.ipxe" in (tmp_path / "out" / "boot" / f"{name}.ipxe").read_text()


def test_what_is_no_image_is_told_before_anything_is_written(tmp_path: Path) -> None:
    for image, words in ((tmp_path / "gone", "does not exist"), (tmp_path, "is a directory")):
        with pytest.raises(UserError, match=words):
            grub(image, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    image = tmp_path / "image.elf"
    image.touch()
    with pytest.raises(UserError) as caught:
        grub(image, "--output", image)
    assert "nothing can be written" in caught.value.what
    assert "--output" in caught.value.fix

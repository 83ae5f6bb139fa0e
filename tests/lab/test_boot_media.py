"""Media with boot loaders of their own, as sfdisk, mtools and xorriso see them."""

import json
import struct
import subprocess
from pathlib import Path

import pytest

from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.initrd import LinuxPayload
from bootbeam.machine import Firmware
from tests.formats.disc_images import run

ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"


@pytest.fixture
def payload(tmp_path: Path) -> LinuxPayload:
    made = LinuxPayload(tmp_path / "linux", tmp_path / "initrd")
    made.kernel.write_bytes(b"kernel" * 1000)
    made.initrd.write_bytes(b"initrd" * 1000)
    return made


@pytest.mark.parametrize("firmware", [Firmware.BIOS, Firmware.UEFI])
def test_a_disk_has_a_valid_table_and_the_loader_that_was_asked_for(
    payload: LinuxPayload, tmp_path: Path, firmware: Firmware
) -> None:
    disk = make_disk_image(tmp_path / "disk.img", MediumSpec(payload, "quiet", frozenset({firmware})))
    table = json.loads(run("sfdisk", "--json", disk))["partitiontable"]
    core, esp = table["partitions"]
    assert (table["label"], esp["type"]) == ("gpt", ESP)
    data = disk.read_bytes()
    has_code = any(data[:440])
    assert has_code is (firmware is Firmware.BIOS)
    if has_code:
        assert struct.unpack_from("<Q", data, 0x5C)[0] == core["start"], "the boot sector loads the core from there"
        assert struct.unpack_from("<Q", data, core["start"] * 512 + 0x1F4)[0] == core["start"] + 1
    inside = f"{disk}@@{esp['start'] * 512}"
    kernel = subprocess.check_output(["mtype", "-i", inside, "::/vmlinuz"], timeout=10)
    assert kernel == payload.kernel.read_bytes()
    found = subprocess.run(["mtype", "-i", inside, "::/EFI/BOOT/BOOTX64.EFI"], capture_output=True, timeout=10)
    assert found.stdout.startswith(b"MZ") is (firmware is Firmware.UEFI)


@pytest.mark.parametrize(
    ("firmware", "platforms"),
    [({Firmware.BIOS}, ["BIOS"]), ({Firmware.UEFI}, ["UEFI"]), ({Firmware.BIOS, Firmware.UEFI}, ["BIOS", "UEFI"])],
)
def test_an_iso_has_the_boot_images_that_were_asked_for(
    payload: LinuxPayload, tmp_path: Path, firmware: set[Firmware], platforms: list[str]
) -> None:
    iso = make_boot_iso(tmp_path / "cd.iso", MediumSpec(payload, "quiet", frozenset(firmware)))
    report = run("xorriso", "-indev", iso, "-report_el_torito", "plain")
    lines = [line.split()[6:8] for line in report.splitlines() if line.startswith("El Torito boot img")]
    assert lines == [[platform, "y"] for platform in platforms]

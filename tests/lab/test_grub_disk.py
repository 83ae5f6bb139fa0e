import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab import grub_disk
from bootbeam.lab.firmware import OVMF, SEABIOS, Firmware
from bootbeam.lab.grub_disk import make_grub_disk
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.payload import fnv1a, make_efi_application, make_multiboot_elf

_CUSTOM_CFG = """
if [ "$grub_platform" = "efi" ]; then
  menuentry 'EFI program' {
    search --no-floppy --set=root --file /EFI/test/app.efi
    chainloader /EFI/test/app.efi said by grub
  }
else
  menuentry 'Multiboot kernel' {
    multiboot /kernel.elf said by grub
  }
fi
"""


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    with Lan(tmp_path, router=False) as made:
        yield made


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    boot, esp = tmp_path / "boot", tmp_path / "esp"
    (boot / "grub").mkdir(parents=True)
    (esp / "EFI/test").mkdir(parents=True)
    (boot / "grub/custom.cfg").write_text(_CUSTOM_CFG)
    make_multiboot_elf(boot / "kernel.elf")
    make_efi_application(esp / "EFI/test/app.efi")
    return make_grub_disk(tmp_path / "disk.img", boot, esp)


@pytest.mark.firmware
@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("firmware", "proof"),
    [(SEABIOS, r"^multiboot cmdline: said by grub$"), (OVMF, r"^efi options: said by grub$")],
    ids=["bios", "uefi"],
)
def test_one_disk_starts_its_first_entry_under_both_firmwares(
    lan: Lan, disk: Path, firmware: Firmware, proof: str
) -> None:
    with VirtualMachine(lan, PcSpec("pc", firmware, disk=disk)) as pc:
        pc.wait_for(proof, 60)
        pc.wait_for(rf"hash: {fnv1a(b'said by grub')}$", 60)


def test_the_partition_table_is_read_by_others_as_meant(disk: Path) -> None:
    columns = ["--noheadings", "--output", "NR,START,SECTORS,TYPE,SCHEME"]
    table = subprocess.check_output(["partx", "--show", *columns, disk], text=True, timeout=10)
    assert [line.split() for line in table.splitlines()] == [
        ["1", "2048", "32768", "0xef", "dos"],
        ["2", "34816", "98304", "0x83", "dos"],
    ]


def test_grubs_core_fits_before_the_first_partition_and_knows_its_length(disk: Path) -> None:
    content = disk.read_bytes()
    (first_sector,) = struct.unpack_from("<Q", content, 0x5C)
    assert first_sector == 1, "the boot sector loads the core from the sector behind itself"
    # The core's first sector ends with its list of blocks: start, length in sectors, segment.
    start, sectors, segment = struct.unpack_from("<QHH", content, 512 + 0x1F4)
    assert (start, segment) == (2, 0x820)
    assert 20 < sectors < 2048 - 2


def test_a_core_too_big_is_refused() -> None:
    with pytest.raises(UserError, match="3 bytes, 2 are free"):
        grub_disk._fit(b"abc", 2)


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grub_disk, "GRUB_DIR", tmp_path)
    with pytest.raises(UserError, match="missing") as caught:
        make_grub_disk(tmp_path / "disk.img", tmp_path, tmp_path)
    assert caught.value.fix == "apt-get install grub-efi-amd64-bin grub-pc-bin"

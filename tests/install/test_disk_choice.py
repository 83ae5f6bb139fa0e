"""The search for a disk, run by the shells of the installers over made-up machines."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.disk_choice import ANY_DISK, PATH, PATTERN, DiskChoice, render_disk_search, udev_pattern


@dataclass(frozen=True)
class Disk:
    name: str
    serial: str = ""
    model: str = ""
    size: int = 1000
    removable: int = 0
    ro: int = 0


DISKS = (
    Disk("loop0"),
    Disk("fd0"),
    Disk("sr0", removable=1),
    Disk("mmcblk0boot0"),
    Disk("zram0"),
    Disk("nvme9n1", size=0),
    Disk("sda", "USB1", "Stick", removable=1),
    Disk("sdb", "RO1", "Sealed", ro=1),
    Disk("sdc", "WD-WX11", "WDC_WD10EZEX-08WN4A0"),
    Disk("sdd", "S4EWNX0N", "Samsung_SSD_860_EVO_1TB"),
    Disk("vda", "WD-WX12", "WDC_WD10EZEX-08WN4A0"),
)
UDEVADM = """#!/bin/sh
# udevadm info -q property -n DEVICE
cat /sys/properties/"${5##*/}" 2>/dev/null
"""


def make_machine(root: Path, disks: tuple[Disk, ...]) -> None:
    for old in ("block", "properties"):
        subprocess.run(["rm", "-rf", root / "sys" / old], check=True)
    for needed in ("sys/block", "sys/properties", "tmp/udev"):
        (root / needed).mkdir(parents=True, exist_ok=True)
    (root / "tmp/udev/udevadm").write_text(UDEVADM)
    (root / "tmp/udev/udevadm").chmod(0o755)
    for disk in disks:
        folder = root / "sys/block" / disk.name
        folder.mkdir()
        for name in ("size", "removable", "ro"):
            (folder / name).write_text(f"{getattr(disk, name)}\n")
        properties = f"DEVTYPE=disk\nID_MODEL={disk.model}\nID_SERIAL={disk.model}_{disk.serial}\n"
        (root / "sys/properties" / disk.name).write_text(f"{properties}ID_SERIAL_SHORT={disk.serial}\n")


def searched(root: Path, shell: str, choice: DiskChoice) -> str:
    command = f'{render_disk_search(choice)}; printf %s "$disk"'
    if shell == "installer":
        run = ["chroot", str(root), "/bin/sh", "-c", command]
        path = "/tmp/udev:/bin:/usr/bin:/sbin:/usr/sbin"
    else:
        bind = f'mount --bind "{root}/sys" /sys && exec "$0" -c "$1"'
        run = ["unshare", "--mount", "sh", "-c", bind, shell, command]
        path = f"{root}/tmp/udev:/bin:/usr/bin:/sbin:/usr/sbin"
    return subprocess.run(run, check=True, capture_output=True, text=True, env={"PATH": path}).stdout


@pytest.mark.peer
@pytest.mark.parametrize("shell", ["installer", "bash", "dash"])
@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (ANY_DISK, "/dev/sdc"),
        (DiskChoice(serial="S4EW*"), "/dev/sdd"),
        (DiskChoice(serial="WD-WX12"), "/dev/vda"),
        (DiskChoice(serial="WD-WX1"), ""),
        (DiskChoice(model="WDC WD10EZEX-08WN4A0"), "/dev/sdc"),
        (DiskChoice(model="Samsung SSD *", serial="S4EWNX0?"), "/dev/sdd"),
        (DiskChoice(model="Samsung SSD *", serial="WD*"), ""),
        (DiskChoice(serial="USB1"), ""),
        (DiskChoice(serial="RO1"), ""),
        (DiskChoice(path="/dev/disk/by-id/x"), "/dev/disk/by-id/x"),
    ],
)
def test_the_disk_that_is_found(installer_root: Path, shell: str, choice: DiskChoice, found: str) -> None:
    make_machine(installer_root, DISKS)
    assert searched(installer_root, shell, choice) == found


@pytest.mark.peer
@pytest.mark.parametrize("shell", ["installer", "bash"])
def test_a_machine_without_a_disk_gives_none(installer_root: Path, shell: str) -> None:
    make_machine(installer_root, ())
    assert searched(installer_root, shell, ANY_DISK) == ""


@given(st.from_regex(PATTERN, fullmatch=True))
def test_whatever_a_label_says_the_shell_takes_it_for_a_pattern(text: str) -> None:
    command = render_disk_search(DiskChoice(model=text))
    subprocess.run(["sh", "-n", "-c", command], check=True)
    assert "\n" not in command


@pytest.mark.parametrize(
    "path", ["/dev/sda", "/dev/nvme0n1", "/dev/disk/by-id/ata-WDC_WD10-08_WD-1", "/dev/mapper/a+b"]
)
def test_paths_of_disks(path: str) -> None:
    assert PATH.fullmatch(path)


@pytest.mark.parametrize(
    "path", ["sda", "/dev/", "/dev/../x", "/dev/a/../b", "/dev/a b", "/dev/a;b", "/etc/x", "/dev/a/", "/dev//a"]
)
def test_what_is_no_path_of_a_disk(path: str) -> None:
    assert not PATH.fullmatch(path)


def test_a_space_may_be_an_underscore() -> None:
    assert udev_pattern("WD Blue*") == "WD?Blue*"
    assert ANY_DISK.is_auto
    assert not DiskChoice(model="x").is_auto

"""What the live ISO starts by on a PC of its own, as xorriso and mtools see it."""

import subprocess
from pathlib import Path

from bootbeam.boot.grub_config import parse_grub_config
from bootbeam.lab.live_iso_boot import write_boot_files
from tests.formats.disc_images import run


def test_grub_for_both_firmwares_and_a_menu_that_starts_the_live_system(tmp_path: Path) -> None:
    tree, scratch, iso = tmp_path / "tree", tmp_path / "scratch", tmp_path / "image.iso"
    tree.mkdir()
    scratch.mkdir()
    options = write_boot_files(scratch, tree)
    run("xorriso", "-as", "mkisofs", "-quiet", "-r", *options, "-o", iso, tree)
    report = run("xorriso", "-indev", iso, "-report_el_torito", "plain")
    assert [line.split()[6:8] for line in report.splitlines() if line.startswith("El Torito boot img")] == [
        ["BIOS", "y"],
        ["UEFI", "y"],
    ]
    assert {"/boot/grub/grub_eltorito", "/boot/grub/efi.img"} <= set(report.split())
    loader = subprocess.check_output(["mtype", "-i", tree / "boot/grub/efi.img", "::/EFI/boot/bootx64.efi"], timeout=10)
    assert loader == (tree / "EFI/boot/bootx64.efi").read_bytes()
    assert loader.startswith(b"MZ")
    menu = parse_grub_config((tree / "boot/grub/grub.cfg").read_text())
    assert {(entry.kernel, entry.initrds) for entry in menu.entries} == {("live/vmlinuz", ("live/initrd.img",))}
    assert menu.entries[0].cmdline.startswith("boot=live components")
    assert menu.includes == ("boot/grub/config.cfg",)

"""What a live ISO starts by on a PC of its own: GRUB for BIOS and UEFI, as El Torito boot images, and its menu."""

from pathlib import Path

from bootbeam.lab.claim import run_tool

GRUB_DIRECTORY = "boot/grub"
MENU = """\
source /boot/grub/config.cfg

# Live boot
menuentry "Live system (amd64)" --hotkey=l {
  linux /live/vmlinuz boot=live components quiet splash findiso=${iso_path}
  initrd /live/initrd.img
}
menuentry "Live system (amd64 fail-safe mode)" {
  linux /live/vmlinuz boot=live components noapic noapm nodma nomce nosmp nosplash vga=788
  initrd /live/initrd.img
}
"""
SETTINGS = """\
set default=0
set timeout=5
"""
_START = """\
search --no-floppy --file --set=root /.disk/info
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
"""
"""Of the UEFI build, which comes from the small FAT image and has to find the ISO first."""
_MODULES = ("iso9660", "normal", "configfile", "linux", "search", "search_fs_file", "echo", "test")
_EFI_IMAGE_KIB = 2880


def write_boot_files(scratch: Path, tree: Path) -> tuple[str, ...]:
    """Write GRUB, its menu and its boot images into ``tree``; returns what xorriso needs to be told of them.

    Args:
        scratch: a directory for what is needed on the way.
        tree: the files of the ISO to be.

    Raises:
        UserError: a program or a file of GRUB's is missing.
    """
    grub = tree / GRUB_DIRECTORY
    grub.mkdir(parents=True)
    (grub / "grub.cfg").write_text(MENU)
    (grub / "config.cfg").write_text(SETTINGS)
    bios = ("-O", "i386-pc-eltorito", "-p", f"/{GRUB_DIRECTORY}", "-o", str(grub / "grub_eltorito"))
    run_tool("grub-mkimage", *bios, "biosdisk", *_MODULES)
    _write_efi_image(scratch, tree)
    return (
        *("-b", f"{GRUB_DIRECTORY}/grub_eltorito", "-c", f"{GRUB_DIRECTORY}/boot.cat"),
        *("-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info"),
        *("-eltorito-alt-boot", "-e", f"{GRUB_DIRECTORY}/efi.img", "-no-emul-boot"),
    )


def _write_efi_image(scratch: Path, tree: Path) -> None:
    start, image = scratch / "start.cfg", tree / GRUB_DIRECTORY / "efi.img"
    start.write_text(_START)
    directory = tree / "EFI" / "boot"
    directory.mkdir(parents=True)
    loader = directory / "bootx64.efi"
    uefi = ("-O", "x86_64-efi", "-p", f"/{GRUB_DIRECTORY}", "-c", str(start), "-o", str(loader))
    run_tool("grub-mkimage", *uefi, "part_gpt", "fat", "all_video", *_MODULES)
    run_tool("mkfs.fat", "-C", "-n", "EFI", str(image), str(_EFI_IMAGE_KIB))
    run_tool("mmd", "-i", str(image), "::/EFI", "::/EFI/boot")
    run_tool("mcopy", "-i", str(image), str(loader), "::/EFI/boot/bootx64.efi")

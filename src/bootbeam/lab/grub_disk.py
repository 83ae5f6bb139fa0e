"""The disk of a test PC with Debian's GRUB on it, made as a file: no loop device, nothing mounted.

One disk starts under both firmwares: a master boot record and GRUB's core behind it for BIOS, an EFI system partition
for UEFI. Layout: partition 1 the EFI system partition (FAT), partition 2 /boot (ext2), as an installer makes them.
"""

import shutil
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.errors import UserError
from bootbeam.lab.claim import run_tool

SECTOR_BYTES = 512
GRUB_DIR = Path("/usr/lib/grub")
_ESP_START, _ESP_SECTORS = 2048, 16 << 11
_BOOT_START, _BOOT_SECTORS = _ESP_START + _ESP_SECTORS, 48 << 11
_TYPE_ESP, _TYPE_LINUX = 0xEF, 0x83
_PREFIX = "(hd0,msdos2)/grub"
_CORE_MODULES = ("part_msdos", "ext2", "fat", "normal")

GRUB_CFG = """\
# As Debian's own: the entries a person adds are in custom.cfg. The first one starts at once.
set default=0
set timeout=0
if [ -f ${config_directory}/custom.cfg ]; then
  source ${config_directory}/custom.cfg
fi
"""

_TOOLS = {
    "grub-mkimage": "grub-common",
    "mkfs.fat": "dosfstools",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
}


def make_grub_disk(path: Path, boot: Path, esp: Path) -> Path:
    """Write a raw disk image to ``path`` whose GRUB starts the first entry of ``boot``'s ``grub/custom.cfg``.

    Args:
        path: the image to write.
        boot: directory with what is to stand in /boot.
        esp: directory with what is to stand in the EFI system partition.

    Raises:
        UserError: a program or GRUB's files are missing; names the package.
    """
    _check_tools()
    with TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        core = _make_core("i386-pc", scratch / "core.img", "biosdisk")
        parts = [
            (_ESP_START, _make_esp(scratch, esp)),
            (_BOOT_START, _make_boot(scratch, boot)),
        ]
        with path.open("wb") as image:
            image.truncate((_BOOT_START + _BOOT_SECTORS) * SECTOR_BYTES)
            image.write(_master_boot_record())
            # GRUB's boot sector looks for the core at sector 1, where it stands up to the first partition.
            image.write(_fit(core.read_bytes(), (_ESP_START - 1) * SECTOR_BYTES))
            for start, part in parts:
                image.seek(start * SECTOR_BYTES)
                with part.open("rb") as content:
                    shutil.copyfileobj(content, image)
    return path


def _master_boot_record() -> bytes:
    code = (GRUB_DIR / "i386-pc" / "boot.img").read_bytes()[:446]
    table = b"".join(
        # Start and end in cylinders, heads and sectors say "see the sector numbers".
        struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", start, sectors)
        for kind, start, sectors in (
            (_TYPE_ESP, _ESP_START, _ESP_SECTORS),
            (_TYPE_LINUX, _BOOT_START, _BOOT_SECTORS),
        )
    )
    return code + table.ljust(64, b"\0") + b"\x55\xaa"


def _make_core(platform: str, path: Path, *modules: str) -> Path:
    run_tool("grub-mkimage", "-O", platform, "-p", _PREFIX, "-o", str(path), *_CORE_MODULES, *modules)
    return path


def _make_esp(scratch: Path, files: Path) -> Path:
    part, tree = scratch / "esp.img", scratch / "esp"
    shutil.copytree(files, tree)
    (tree / "EFI" / "BOOT").mkdir(parents=True, exist_ok=True)
    _make_core("x86_64-efi", tree / "EFI" / "BOOT" / "BOOTX64.EFI")
    _make_sparse(part, _ESP_SECTORS)
    run_tool("mkfs.fat", "-n", "ESP", str(part))
    for entry in sorted(tree.iterdir()):
        run_tool("mcopy", "-s", "-i", str(part), str(entry), "::")
    return part


def _make_boot(scratch: Path, files: Path) -> Path:
    part, tree = scratch / "boot.img", scratch / "boot"
    shutil.copytree(files, tree)
    (tree / "grub").mkdir(exist_ok=True)
    (tree / "grub" / "grub.cfg").write_text(GRUB_CFG)
    for platform in ("i386-pc", "x86_64-efi"):
        modules = tree / "grub" / platform
        modules.mkdir()
        for module in [*(GRUB_DIR / platform).glob("*.mod"), *(GRUB_DIR / platform).glob("*.lst")]:
            shutil.copyfile(module, modules / module.name)
    _make_sparse(part, _BOOT_SECTORS)
    run_tool("mke2fs", "-q", "-F", "-t", "ext2", "-L", "boot", "-d", str(tree), str(part))
    return part


def _make_sparse(path: Path, sectors: int) -> None:
    with path.open("wb") as file:
        file.truncate(sectors * SECTOR_BYTES)


def _fit(content: bytes, size_bytes: int) -> bytes:
    if len(content) > size_bytes:
        raise UserError(f"GRUB's core has {len(content)} bytes, {size_bytes} are free before the first partition")
    return content


def _check_tools() -> None:
    missing = {package for tool, package in _TOOLS.items() if shutil.which(tool) is None}
    for platform, package in (("i386-pc", "grub-pc-bin"), ("x86_64-efi", "grub-efi-amd64-bin")):
        if not (GRUB_DIR / platform / "normal.mod").exists():
            missing.add(package)
    if missing:
        raise UserError("programs for making a disk are missing", "", f"apt-get install {' '.join(sorted(missing))}")

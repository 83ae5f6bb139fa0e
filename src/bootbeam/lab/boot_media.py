"""Media that boot Linux by a boot loader of their own: a disk image with a GPT, and an ISO with El Torito.

Their GRUB has its few commands inside, and there is no menu in a file: what reads the medium from outside finds nothing
to start but the boot loader itself.
"""

import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from bootbeam.errors import UserError
from bootbeam.lab.claim import run_tool
from bootbeam.lab.grub_disk import GRUB_DIR, SECTOR_BYTES
from bootbeam.lab.initrd import LinuxPayload
from bootbeam.machine import Cpu, Firmware

BOTH = frozenset({Firmware.BIOS, Firmware.UEFI})
_CORE_START, _CORE_SECTORS = 2048, 2048
_ESP_START = _CORE_START + _CORE_SECTORS
_ESP_SECTORS, _ARM64_ESP_SECTORS = 24 << 11, 64 << 11
"""Room for a boot loader and a kernel; arm64's are not packed."""
_GPT_SECTORS = 2048
_TYPE_BIOS_BOOT, _TYPE_ESP = "21686148-6449-6E6F-744E-656564454649", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
_BOOT_SECTOR_CORE, _CORE_BLOCK_LIST = 0x5C, 0x1F4
"""Where GRUB's boot.img has the sector its core begins at, and the core the sector it goes on at: 64 bits each."""
_KERNEL, _INITRD = "vmlinuz", "initrd.img"
_EFI_SUFFIXES = {Cpu.I386: "ia32", Cpu.X86_64: "x64", Cpu.ARM64: "aa64"}
_GRUB_PLATFORMS = {Cpu.I386: "i386-efi", Cpu.X86_64: "x86_64-efi"}
_EFI_IMAGE_KIB, _SIGNED_EFI_IMAGE_KIB = 2880, 16 << 10


@dataclass(frozen=True, slots=True)
class MediumSpec:
    """What a medium boots."""

    payload: LinuxPayload
    cmdline: str
    firmware: frozenset[Firmware] = BOTH
    """It has a boot loader for these."""
    signed_loaders: Path | None = None
    """A directory with Debian's signed shim and GRUB: the boot loader for UEFI, accepted by Secure Boot. None makes a
    GRUB, which there is for 32-bit and 64-bit x86."""
    cpu: Cpu = Cpu.X86_64
    """The processor its boot loader for UEFI is for."""

    @property
    def esp_sectors(self) -> int:
        """The size of a disk image's EFI system partition."""
        return _ARM64_ESP_SECTORS if self.cpu is Cpu.ARM64 else _ESP_SECTORS

    @property
    def efi_path(self) -> str:
        """Where UEFI looks for a boot loader (UEFI Specification 2.10 §3.5.1.1)."""
        return f"EFI/BOOT/BOOT{_EFI_SUFFIXES[self.cpu].upper()}.EFI"


def make_disk_image(path: Path, spec: MediumSpec) -> Path:
    """Write a raw disk image with a GPT to ``path``: one partition for GRUB's core, and an EFI system partition with
    kernel and initrd, from which both firmwares boot.

    Raises:
        UserError: a program or a file of GRUB's is missing.
    """
    with TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        with path.open("wb") as image:
            image.truncate((_ESP_START + spec.esp_sectors + _GPT_SECTORS) * SECTOR_BYTES)
        _partition(path, spec.esp_sectors)
        script = _grub_script(scratch, spec, "")
        prefix = "(,gpt2)/"
        esp = _esp(scratch, spec)
        if spec.signed_loaders is not None:
            _add_signed_chain(esp, spec, spec.signed_loaders, script)
            _copy_into_fat(esp, script, "boot/grub/grub.cfg")
        elif Firmware.UEFI in spec.firmware:
            loader = scratch / "boot.efi"
            _grub_image(_GRUB_PLATFORMS[spec.cpu], loader, prefix, script, "part_gpt", "fat", "linux")
            _copy_into_fat(esp, loader, spec.efi_path)
        with path.open("r+b") as image:
            if Firmware.BIOS in spec.firmware:
                core = scratch / "core.img"
                _grub_image("i386-pc", core, prefix, script, "part_gpt", "fat", "biosdisk", "linux")
                _write_core(image, core.read_bytes())
            image.seek(_ESP_START * SECTOR_BYTES)
            with esp.open("rb") as content:
                shutil.copyfileobj(content, image)
    return path


def make_boot_iso(path: Path, spec: MediumSpec) -> Path:
    """Write an ISO with El Torito boot images for the firmwares of ``spec`` to ``path``.

    Raises:
        UserError: a program or a file of GRUB's is missing.
    """
    with TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        tree = scratch / "tree"
        (tree / "boot").mkdir(parents=True)
        shutil.copyfile(spec.payload.kernel, tree / _KERNEL)
        shutil.copyfile(spec.payload.initrd, tree / _INITRD)
        script = _grub_script(scratch, spec, f"search --no-floppy --file --set=root /{_KERNEL}\n")
        modules = ("iso9660", "linux", "search", "search_fs_file")
        options: list[str] = []
        if Firmware.BIOS in spec.firmware:
            _grub_image("i386-pc-eltorito", tree / "boot" / "bios.img", "/boot", script, "biosdisk", *modules)
            options += ["-b", "boot/bios.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"]
            options += ["--grub2-boot-info"]
        if Firmware.UEFI in spec.firmware:
            fat = tree / "boot" / "efi.img"
            size_kib = _EFI_IMAGE_KIB if spec.signed_loaders is None else _SIGNED_EFI_IMAGE_KIB
            run_tool("mkfs.fat", "-C", str(fat), str(size_kib))
            if spec.signed_loaders is not None:
                _add_signed_chain(fat, spec, spec.signed_loaders, script)
                _add_debians_marks(tree, script)
            else:
                loader = scratch / "boot.efi"
                _grub_image(_GRUB_PLATFORMS[spec.cpu], loader, "/boot", script, "part_gpt", "fat", *modules)
                _copy_into_fat(fat, loader, spec.efi_path)
            options += [*(["-eltorito-alt-boot"] if options else []), "-e", "boot/efi.img", "-no-emul-boot"]
        run_tool("xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "LAB", *options, "-o", str(path), str(tree))
    return path


def _grub_script(scratch: Path, spec: MediumSpec, before: str) -> Path:
    script = scratch / "start.cfg"
    script.write_text(f"{before}linux /{_KERNEL} {spec.cmdline}\ninitrd /{_INITRD}\nboot\n")
    return script


def _grub_image(form: str, target: Path, prefix: str, script: Path, *modules: str) -> None:
    run_tool("grub-mkimage", "-O", form, "-p", prefix, "-c", str(script), "-o", str(target), *modules, "boot")


def _partition(path: Path, esp_sectors: int) -> None:
    lines = [
        "label: gpt",
        f"start={_CORE_START}, size={_CORE_SECTORS}, type={_TYPE_BIOS_BOOT}",
        f"start={_ESP_START}, size={esp_sectors}, type={_TYPE_ESP}",
    ]
    command = ["sfdisk", "--quiet", "--no-tell-kernel", "--no-reread", str(path)]
    try:
        done = subprocess.run(
            command, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=20, check=False
        )
    except FileNotFoundError as error:
        raise UserError("the lab needs the program sfdisk", "it is not installed", "apt-get install fdisk") from error
    if done.returncode != 0:
        raise UserError("sfdisk made no partitions", done.stderr.strip())


def _write_core(image: BinaryIO, core: bytes) -> None:
    """GRUB's boot sector before the protective MBR's table, and its core into its partition."""
    if len(core) > _CORE_SECTORS * SECTOR_BYTES:
        raise UserError(f"GRUB's core has {len(core)} bytes, its partition {_CORE_SECTORS * SECTOR_BYTES}")
    boot = bytearray((GRUB_DIR / "i386-pc" / "boot.img").read_bytes()[:440])
    struct.pack_into("<Q", boot, _BOOT_SECTOR_CORE, _CORE_START)
    moved = bytearray(core)
    struct.pack_into("<Q", moved, _CORE_BLOCK_LIST, _CORE_START + 1)
    image.write(boot)
    image.seek(_CORE_START * SECTOR_BYTES)
    image.write(moved)


def _esp(scratch: Path, spec: MediumSpec) -> Path:
    esp = scratch / "esp.img"
    run_tool("mkfs.fat", "-n", "ESP", "-C", str(esp), str(spec.esp_sectors // 2))
    _copy_into_fat(esp, spec.payload.kernel, _KERNEL)
    _copy_into_fat(esp, spec.payload.initrd, _INITRD)
    return esp


def _add_signed_chain(fat: Path, spec: MediumSpec, loaders: Path, script: Path) -> None:
    """shim, and the GRUB for removable media, which looks for its script in /boot/grub, else beside itself."""
    suffix = _EFI_SUFFIXES[spec.cpu]
    (shim,) = loaders.rglob(f"shim{suffix}.efi.signed")
    (grub,) = loaders.rglob(f"gcd{suffix}.efi.signed")
    _copy_into_fat(fat, shim, spec.efi_path)
    for file, name in ((grub, f"grub{suffix}.efi"), (script, "grub.cfg")):
        run_tool("mcopy", "-i", str(fat), str(file), f"::/EFI/BOOT/{name}")


def _add_debians_marks(tree: Path, script: Path) -> None:
    """By which that GRUB finds the disc, and its script on it."""
    (tree / ".disk").mkdir()
    (tree / ".disk" / "info").write_text("lab\n")
    (tree / "boot" / "grub").mkdir()
    shutil.copyfile(script, tree / "boot" / "grub" / "grub.cfg")


def _copy_into_fat(fat: Path, file: Path, path: str) -> None:
    steps = path.split("/")[:-1]
    for depth in range(len(steps)):
        run_tool("mmd", "-i", str(fat), f"::/{'/'.join(steps[: depth + 1])}")
    run_tool("mcopy", "-i", str(fat), str(file), f"::/{path}")

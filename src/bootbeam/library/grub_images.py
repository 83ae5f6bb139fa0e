"""GRUB images, made on this computer from the distribution's GRUB when a machine needs one.

iPXE starts no Multiboot kernel under UEFI, and for 32-bit UEFI no distribution packages an iPXE at all. A GRUB with the
station's address inside does both. It is made in a moment and kept by its contents: a station has as many as it has
addresses, entries and kinds of machines.
"""

import io
import shutil
import subprocess
import tarfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.boot.decision import LOCAL_DISK
from bootbeam.boot.grub_script import GrubStart, render_own_disk, render_start
from bootbeam.errors import UserError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, Missing
from bootbeam.library.loader_packages import Distribution, read_distribution
from bootbeam.machine import Cpu, Firmware
from bootbeam.wire.url import url_host

PROGRAMS = ("grub-mkimage", "grub2-mkimage")
MODULE_DIRECTORIES = (Path("/usr/lib/grub"), Path("/usr/share/grub2"), Path("/usr/lib/grub2"))
"""Debian, Fedora and Arch; openSUSE."""
BUILD_TIMEOUT_S = 20.0
MAX_KEPT_IMAGES = 64
"""About 40 MB."""
SHOWN_CHARACTERS = 500
"""How much of GRUB's own words an error repeats."""

_MODULES = (
    *("normal", "memdisk", "tar", "configfile", "echo", "test", "true", "sleep", "boot", "net", "http", "tftp"),
    *("linux", "gzio", "minicmd"),
)
_X86_MODULES = ("multiboot", "multiboot2")
_EFI_MODULES = ("efinet", "chain", "all_video", "regexp", "part_gpt", "part_msdos", "fat")


@dataclass(frozen=True, slots=True)
class GrubPlatform:
    """What GRUB is built for."""

    name: str
    """As the directory of its modules is called."""
    format: str
    """Of the image, for grub-mkimage."""
    modules: tuple[str, ...]
    file_name: str
    """Under which it is served; the firmware's kind of program by its ending."""
    packages: tuple[str, str, str]
    """Debian, Fedora, openSUSE."""

    @property
    def has_multiboot(self) -> bool:
        """It starts Multiboot kernels."""
        return "multiboot" in self.modules


_PC = GrubPlatform(
    "i386-pc",
    "i386-pc-pxe",
    (*_MODULES, *_X86_MODULES, "pxe"),
    "grub.pxe",
    ("grub-pc-bin", "grub2-pc-modules", "grub2-i386-pc"),
)
_X64 = GrubPlatform(
    "x86_64-efi",
    "x86_64-efi",
    (*_MODULES, *_X86_MODULES, *_EFI_MODULES),
    "grub.efi",
    ("grub-efi-amd64-bin", "grub2-efi-x64-modules", "grub2-x86_64-efi"),
)
_IA32 = GrubPlatform(
    "i386-efi",
    "i386-efi",
    (*_MODULES, *_X86_MODULES, *_EFI_MODULES),
    "grub.efi",
    ("grub-efi-ia32-bin", "grub2-efi-ia32-modules", "grub2-i386-efi"),
)
_ARM64 = GrubPlatform(
    "arm64-efi",
    "arm64-efi",
    (*_MODULES, *_EFI_MODULES),
    "grub.efi",
    ("grub-efi-arm64-bin", "grub2-efi-aa64-modules", "grub2-arm64-efi"),
)
PLATFORMS = {
    (Firmware.BIOS, Cpu.X86_64): _PC,
    (Firmware.UEFI, Cpu.X86_64): _X64,
    (Firmware.UEFI, Cpu.I386): _IA32,
    (Firmware.UEFI, Cpu.ARM64): _ARM64,
}
_WITHOUT_IPXE = frozenset({(Firmware.UEFI, Cpu.I386)})
_BY_NAME = {platform.name: platform for platform in PLATFORMS.values()}


class GrubImages:
    """Makes and keeps GRUB images. Safe to ask from several threads.

    Args:
        http_port: the station's.
        record: the journal.
        module_directories: where GRUB's modules may be.
        distribution: None: this computer's.
    """

    def __init__(
        self,
        http_port: int,
        record: Record,
        module_directories: Sequence[Path] = MODULE_DIRECTORIES,
        distribution: Distribution | None = None,
    ) -> None:
        self._http_port = http_port
        self._record = record
        self._module_directories = module_directories
        self._distribution = distribution or read_distribution()
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def advice(self) -> dict[tuple[Firmware, Cpu], str]:
        """For each kind of machine that no image can be made for: the command that brings what is missing."""
        return {kind: advice for kind, platform in PLATFORMS.items() if (advice := self._advice(platform)) is not None}

    @property
    def only_loader_advice(self) -> dict[tuple[Firmware, Cpu], str]:
        """The same for the kinds that no distribution has an iPXE for: there, GRUB is the only loader."""
        return {kind: advice for kind, advice in self.advice.items() if kind in _WITHOUT_IPXE}

    @property
    def paths(self) -> dict[tuple[Firmware, Cpu], str]:
        """For each kind of machine that an image can be made for: the path of one that boots what is on offer."""
        return {kind: path_of(*kind) for kind, platform in PLATFORMS.items() if self._advice(platform) is None}

    def open(self, platform_name: str, local_address: str, chosen: str | None = None) -> Content | Missing:
        """The image for a platform, as GRUB calls it, for clients that reach the station at ``local_address``.

        Args:
            platform_name: "x86_64-efi" ...
            local_address: the station's address that goes into it.
            chosen: the entry that it boots; None: what is on offer.
        """
        platform = _BY_NAME.get(platform_name)
        if platform is None:
            return Missing(f"no GRUB is made for the platform {platform_name!r}")
        host = url_host(local_address)
        start = GrubStart(
            station=f"http://{host}:{self._http_port}",
            fallback=f"tftp://{host}",
            chosen=chosen,
            has_multiboot=platform.has_multiboot,
        )
        return self._content(platform, render_start(start), f"{chosen}/" if chosen else "")

    def open_for_own_disk(self, platform_name: str) -> Content | Missing:
        """The image that starts the machine's own disk and asks nobody; its GRUB comes back when there is nothing."""
        platform = _BY_NAME.get(platform_name)
        if platform is None or not platform.file_name.endswith(".efi"):
            return Missing(f"no GRUB for a machine's own disk is made for the platform {platform_name!r}")
        return self._content(platform, render_own_disk(), f"{LOCAL_DISK}/")

    def _content(self, platform: GrubPlatform, script: str, step: str) -> Content | Missing:
        try:
            image = self._image(platform, script)
        except UserError as error:
            self._record(EventKind.PROBLEM, what=error.what, why=error.why, fix=error.fix)
            return Missing(f"{error.what}: {error.why}")
        media_type = "application/efi" if platform.file_name.endswith(".efi") else "application/octet-stream"
        name = f"grub/{platform.name}/{step}{platform.file_name}"
        return Content(name, len(image), media_type, role="loader", body=image)

    def _image(self, platform: GrubPlatform, script: str) -> bytes:
        key = (platform.name, script)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                kept = self._kept[key] = self._make(platform, script)
            self._kept.move_to_end(key)
            while len(self._kept) > MAX_KEPT_IMAGES:
                self._kept.popitem(last=False)
            return kept

    def _make(self, platform: GrubPlatform, script: str) -> bytes:
        """Raises ``UserError`` when GRUB's program is missing, fails or does not come to an end."""
        program, modules = self._program(), self._modules(platform)
        if program is None or modules is None:
            raise UserError(
                f"a GRUB for {platform.name} cannot be made", "it is not installed here", self._advice(platform) or ""
            )
        with TemporaryDirectory(prefix="bootbeam-grub-") as scratch:
            memdisk, image = Path(scratch) / "memdisk.tar", Path(scratch) / "image"
            memdisk.write_bytes(_tar_of("boot/grub/grub.cfg", script.encode()))
            # GRUB's simpler way, a configuration inside the image itself, knows neither "if" nor loops. With a memdisk
            # the prefix is (memdisk)/boot/grub.
            command = [program, "--format", platform.format, "--directory", str(modules)]
            command += ["--memdisk", str(memdisk), "--output", str(image), *platform.modules]
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=BUILD_TIMEOUT_S,
                    check=False,
                )
                if done.returncode == 0:
                    return image.read_bytes()
                why = done.stderr.strip()[-SHOWN_CHARACTERS:]
            except (OSError, subprocess.TimeoutExpired) as error:
                why = str(error)[-SHOWN_CHARACTERS:]
        raise UserError(f"{Path(program).name} made no GRUB for {platform.name}", why, f"try it: {' '.join(command)}")

    def _advice(self, platform: GrubPlatform) -> str | None:
        if self._program() is not None and self._modules(platform) is not None:
            return None
        debian, fedora, suse = platform.packages
        if self._distribution.is_like("debian", "ubuntu"):
            return f"sudo apt install grub-common {debian}"
        if self._distribution.is_like("fedora", "rhel", "centos"):
            return f"sudo dnf install grub2-tools-minimal {fedora}"
        if self._distribution.is_like("suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles"):
            return f"sudo zypper install grub2 {suse}"
        if self._distribution.is_like("arch"):
            return "sudo pacman -S grub"
        return f"install GRUB's program grub-mkimage and its modules for {platform.name}"

    @staticmethod
    def _program() -> str | None:
        return next((path for name in PROGRAMS if (path := shutil.which(name))), None)

    def _modules(self, platform: GrubPlatform) -> Path | None:
        """The directory with all of them, or None."""
        for directory in self._module_directories:
            modules = directory / platform.name
            if all((modules / f"{module}.mod").is_file() for module in platform.modules):
                return modules
        return None


def path_of(firmware: Firmware, cpu: Cpu, chosen: str | None = None) -> str:
    """The path under which the image for a kind of machine is served.

    Args:
        firmware: of the machine.
        cpu: of the machine.
        chosen: the entry that it boots; None: what is on offer.
    """
    platform = PLATFORMS[firmware, cpu]
    return "/".join(("grub", platform.name, *((chosen,) if chosen else ()), platform.file_name))


def _tar_of(name: str, data: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return archive.getvalue()

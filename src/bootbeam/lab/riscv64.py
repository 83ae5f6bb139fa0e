"""A riscv64 machine with UEFI, and what it boots, from Debian 13: QEMU before 8.1 does not start that firmware.

The emulator is unpacked with every library it needs and started by its own dynamic linker, so that nothing of a newer
release is installed on this computer.
"""

import fcntl
import shlex
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.errors import UserError
from bootbeam.lab.claim import run_tool
from bootbeam.lab.firmware import Firmware
from bootbeam.lab.initrd import BUSYBOX_PACKAGE, LinuxPayload, make_foreign_payload
from bootbeam.library.apt_download import PrivateApt, WantedPackage, explain_apt_failure, native_architecture
from bootbeam.library.apt_sources import sources_for_suite
from bootbeam.library.loader_fetch import APT_DIRECTORY, ARCHIVES, read_sources
from bootbeam.library.loader_packages import read_distribution

SUITE = "trixie"
PLAN_TIMEOUT_S = 60
ARCHITECTURE = "riscv64"
NATIVE_PACKAGES = ("qemu-system-riscv", "qemu-efi-riscv64", "debian-installer-13-netboot-riscv64")
"""With all they depend on."""
_KERNEL = "usr/lib/debian-installer/images/13/riscv64/text/debian-installer/riscv64/linux"
_LINKER, _LIBRARIES = "usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu"
_DONE = ".complete"


def fetch_riscv64_machine(cache: Path) -> Firmware:
    """The machine; ``cache`` keeps what is downloaded for it, about 100 MB.

    Raises:
        UserError: this is no Debian on a 64-bit PC, or apt cannot get the packages.
    """
    root = _fetch(cache)
    flash = root / "usr/share/qemu-efi-riscv64"
    return Firmware(
        name="EDK2 riscv64",
        emulator=str(_emulator(root)),
        machine="virt",
        package="qemu-efi-riscv64",
        code=flash / "RISCV_VIRT_CODE.fd",
        variables=flash / "RISCV_VIRT_VARS.fd",
        nic_rom="",
        nic_models=("virtio-net-pci",),
        memory_mib=1024,
        arguments=("-device", "virtio-rng-pci"),  # no random numbers, no network
        takes_boot_order=False,
    )


def make_riscv64_linux_payload(directory: Path, cache: Path) -> LinuxPayload:
    """Debian 13's kernel, and the initrd that proves itself, written into ``directory``.

    Raises:
        UserError: they cannot be had.
    """
    root = _fetch(cache)
    (busybox,) = (root / ARCHITECTURE).glob("**/bin/busybox")
    return make_foreign_payload(directory, root / _KERNEL, busybox)


def _fetch(cache: Path) -> Path:
    root = cache.resolve() / f"{ARCHITECTURE}-machine"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{ARCHITECTURE}-machine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two labs at a time fetch it once
        if not (root / _DONE).exists():
            shutil.rmtree(root, ignore_errors=True)
            _unpack_packages(root)
            (root / _DONE).touch()
    return root


def _unpack_packages(root: Path) -> None:
    distribution, native = read_distribution(), native_architecture()
    if distribution.id != "debian" or native != "amd64":
        raise UserError("a riscv64 machine is fetched on Debian on a 64-bit PC only")
    origin = ARCHIVES[distribution.id].origin
    sources = sources_for_suite(read_sources(APT_DIRECTORY), distribution.id, distribution.codename, SUITE)
    with TemporaryDirectory(prefix="bootbeam-lab-") as work:
        apt = PrivateApt(Path(work), sources, origin, (native, ARCHITECTURE), f"{origin} {SUITE}")
        said = apt.update()
        # apt knows of nothing that is installed here, and so names everything down to the C library.
        plan = apt.run(
            ["apt-get", "install", "--simulate", "--no-install-recommends", *NATIVE_PACKAGES], PLAN_TIMEOUT_S
        )
        names = [line.split()[1] for line in plan.stdout.splitlines() if line.startswith("Inst ")]
        if not names:
            raise explain_apt_failure(said + plan.stderr, f"{origin} {SUITE}")
        busybox = WantedPackage(BUSYBOX_PACKAGE, ARCHITECTURE)
        for deb in apt.download([*(WantedPackage(name, "") for name in names), busybox]):
            is_foreign = deb.name.endswith(f"_{ARCHITECTURE}.deb")
            target = root / ARCHITECTURE if is_foreign else root
            target.mkdir(parents=True, exist_ok=True)
            run_tool("dpkg-deb", "--extract", str(deb), str(target))


def _emulator(root: Path) -> Path:
    """A program that starts the emulator with its own linker, libraries and data."""
    program = root / "qemu-system-riscv64"
    command = shlex.join(
        (
            *(str(root / _LINKER), "--library-path", str(root / _LIBRARIES)),
            *(str(root / "usr/bin/qemu-system-riscv64"), "-L", str(root / "usr/share/qemu")),
        )
    )
    text = f'#!/bin/sh\nexec {command} "$@"\n'
    if not program.exists() or program.read_text("utf-8") != text:
        program.write_text(text, "utf-8")
        program.chmod(0o755)
    return program

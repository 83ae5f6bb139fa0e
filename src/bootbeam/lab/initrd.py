"""The smallest Linux userland that proves it ran: busybox and a script in a cpio archive of 1 MB.

The proof is computed: the script hashes a nonce it finds on the kernel's command line. A marker that stood in the
script could be an echo of the script; this one nobody on the way to userland knows.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from bootbeam.errors import UserError
from bootbeam.lab.foreign import fetch_from_package
from bootbeam.machine import Cpu

KERNEL = Path("/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/linux")
KERNEL_PACKAGE = "debian-installer-12-netboot-amd64"
ARM64_KERNEL = Path("/usr/lib/debian-installer/images/12/arm64/text/debian-installer/arm64/linux")
ARM64_KERNEL_PACKAGE = "debian-installer-12-netboot-arm64"
BUSYBOX = Path("/bin/busybox")
BUSYBOX_PACKAGE = "busybox-static"
SERIAL_PORTS = {Cpu.X86_64: "ttyS0", Cpu.ARM64: "ttyAMA0", Cpu.RISCV64: "ttyS0"}
"""What Linux calls the first one."""
MARKER_DIGITS = 16

_INIT = """\
#!/bin/busybox sh
# Started by the kernel as the first program. Switching off ends the virtual PC: it has no more to say.
B=/bin/busybox
$B mount -t proc proc /proc
$B mount -t devtmpfs dev /dev
exec >/dev/console 2>&1
for word in $($B cat /proc/cmdline); do
  case "$word" in nonce=*) nonce=${word#nonce=};; esac
done
echo
echo "cmdline: $($B cat /proc/cmdline)"
echo "userland: $(echo -n "$nonce" | $B sha256sum | $B cut -c 1-DIGITS)"
$B sync
$B sleep 1
$B poweroff -f
"""

_REGULAR, _DIRECTORY = 0o100755, 0o040755
_TRAILER = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class LinuxPayload:
    """A kernel and an initrd to boot."""

    kernel: Path
    initrd: Path


def make_linux_payload(directory: Path) -> LinuxPayload:
    """Write the initrd for x64 into ``directory`` and name the kernel that goes with it.

    Raises:
        UserError: the kernel or busybox is not installed; names the package.
    """
    _check_installed(BUSYBOX, BUSYBOX_PACKAGE)
    _check_installed(KERNEL, KERNEL_PACKAGE)
    return make_foreign_payload(directory, KERNEL, BUSYBOX)


def make_arm64_linux_payload(directory: Path, cache: Path) -> LinuxPayload:
    """The same for arm64; ``cache`` keeps the busybox that is downloaded for it.

    Raises:
        UserError: the kernel is not installed, or busybox cannot be had.
    """
    busybox = fetch_from_package(cache, BUSYBOX_PACKAGE, "arm64", "bin/busybox")
    _check_installed(ARM64_KERNEL, ARM64_KERNEL_PACKAGE)
    return make_foreign_payload(directory, ARM64_KERNEL, busybox)


def _check_installed(path: Path, package: str) -> None:
    if not path.exists():
        raise UserError(f"{path} is not on this machine", "", f"apt-get install {package}")


def make_foreign_payload(directory: Path, kernel: Path, busybox: Path) -> LinuxPayload:
    """The same with a kernel and a busybox for whatever processor."""
    initrd = directory / "initrd.img"
    initrd.write_bytes(
        encode_newc(
            {
                "bin": None,
                "dev": None,
                "proc": None,
                "bin/busybox": busybox.read_bytes(),
                "init": _INIT.replace("DIGITS", str(MARKER_DIGITS)).encode(),
            }
        )
    )
    return LinuxPayload(kernel, initrd)


def command_line(nonce: str, cpu: Cpu = Cpu.X86_64) -> str:
    """The kernel's command line for a boot that is to prove itself with ``nonce`` (letters and digits)."""
    if not re.fullmatch(r"[A-Za-z0-9]+", nonce):
        raise ValueError(f"a nonce is letters and digits: {nonce!r}")
    return f"console={SERIAL_PORTS[cpu]} panic=-1 nonce={nonce}"


def expected_marker(nonce: str) -> str:
    """Regular expression of the line that only a userland started with ``nonce`` prints."""
    return rf"^userland: {hashlib.sha256(nonce.encode()).hexdigest()[:MARKER_DIGITS]}\b"


def encode_newc(members: dict[str, bytes | None]) -> bytes:
    """A cpio archive in the format "newc" (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).

    Args:
        members: path -> the content of an executable file, or None for a directory; parents come first.
    """
    archive = bytearray()
    for inode, (name, content) in enumerate([*members.items(), (_TRAILER, b"")], start=1):
        mode = 0 if name == _TRAILER else _DIRECTORY if content is None else _REGULAR
        data = content or b""
        path = name.encode() + b"\0"
        # ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
        archive += b"070701" + b"".join(b"%08X" % value for value in fields) + path
        archive += bytes(-len(archive) % 4) + data
        archive += bytes(-len(archive) % 4)
    return bytes(archive)

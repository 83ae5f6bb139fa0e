"""A small Debian live system on an ISO, laid out as Debian's own live images are: what a person has, to boot for real.

Made by Debian's own programs out of the packages that this machine's apt knows: mmdebstrap fills a directory,
mksquashfs packs it, xorriso writes the image. Nothing is installed, and what is mounted while the packages are
configured is mounted in a namespace that ends with them.

The system proves itself as ``initrd`` does, with the hash of the nonce on its command line, and tells the hash of the
squashfs it runs from as it has it in memory.
"""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.errors import UserError
from bootbeam.lab.initrd import MARKER_DIGITS
from bootbeam.lab.live_iso_boot import write_boot_files
from bootbeam.library.apt_sources import render_deb822_sources, sources_for_suite
from bootbeam.library.loader_fetch import APT_DIRECTORY, read_sources
from bootbeam.library.loader_packages import read_distribution

RELEASE = "bookworm"
ARCHITECTURE = "amd64"
PACKAGES = ("linux-image-cloud-amd64", "live-boot", "live-boot-initramfs-tools", "systemd-sysv", "udev")
"""Beside the essential ones. The kernel for clouds is the small one; it has the drivers of a virtual PC."""
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
ISO_NAME = "debian-live.iso"
MAX_ISO_BYTES = 160 << 20
SYSTEM_TIMEOUT_S = 240.0
"""For downloading and configuring some hundred packages; half a minute on a good line."""
PACK_TIMEOUT_S = 60.0
SQUASHFS_PATH = "live/filesystem.squashfs"
KERNEL_PATH, INITRD_PATH = "live/vmlinuz", "live/initrd.img"

_PROGRAMS = {"mmdebstrap": "mmdebstrap", "mksquashfs": "squashfs-tools", "xorriso": "xorriso", "unshare": "util-linux"}
_CACHE_PREFIX = "debian-live-"
_APT_SETTINGS = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Force", "Acquire::Retries")
"""What of the machine's configuration of apt says how the archive is reached; apt.conf(5)."""

_PROOF = f"""\
#!/bin/sh
# Started before anybody can log in.
for word in $(cat /proc/cmdline); do
  case "$word" in nonce=*) nonce=${{word#nonce=}};; esac
done
. /etc/os-release
{{
  echo
  echo "system: $ID $VERSION_ID, root on $(stat --file-system --format=%T /)"
  echo "squashfs: $(sha256sum </run/live/medium/{SQUASHFS_PATH} | cut -c 1-64)"
  echo "userland: $(printf %s "$nonce" | sha256sum | cut -c 1-{MARKER_DIGITS})"
}} >/dev/console
"""
_PROOF_UNIT = """\
[Unit]
Description=Proof that this system runs
Before=getty.target getty@tty1.service serial-getty@ttyS0.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/prove
"""


def make_live_iso(cache: Path) -> Path:
    """The ISO; built when ``cache`` does not have it from an earlier run.

    Raises:
        UserError: a program or a source of Debian's packages is missing, or one of them fails.
    """
    iso = cache / f"{_CACHE_PREFIX}{_key()}" / ISO_NAME
    if iso.exists():
        return iso
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{_CACHE_PREFIX}lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if iso.exists():
            return iso
        _check_programs()
        for stale in [path for path in cache.glob(f"{_CACHE_PREFIX}*") if path.is_dir()]:
            shutil.rmtree(stale)
        with TemporaryDirectory(prefix=f"{_CACHE_PREFIX}new-", dir=cache) as work_name:
            work = Path(work_name)
            work.chmod(0o755)  # apt downloads as a user of its own
            system = _make_system(work)
            _add_proof(system)
            made = _make_iso(work, system)
            iso.parent.mkdir()
            made.replace(iso)
    return iso


def _key() -> str:
    """Another one for any other system: this file and the one beside it say all there is to it."""
    sources = (Path(__file__), Path(__file__).with_name("live_iso_boot.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def _make_system(work: Path) -> Path:
    """The live system's directory: essential packages, a kernel, live-boot in its initrd."""
    system, sources, settings = work / "system", work / "debian.sources", work / "apt.conf"
    sources.write_text(_sources())
    settings.write_text(_apt_settings())
    _run(
        SYSTEM_TIMEOUT_S,
        *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
        *("mmdebstrap", "--mode=root", "--variant=essential", f"--architectures={ARCHITECTURE}"),
        f"--include={','.join(PACKAGES)}",
        f"--aptopt={settings}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
        *(RELEASE, str(system), str(sources)),
    )
    # They name this machine's mirror, proxy and name server, which is nobody else's business.
    shutil.rmtree(system / "etc/apt", ignore_errors=True)
    (system / "etc/resolv.conf").unlink(missing_ok=True)
    return system


def _sources() -> str:
    distribution = read_distribution()
    sources = sources_for_suite(read_sources(APT_DIRECTORY), "debian", distribution.codename, RELEASE)
    if distribution.id != "debian" or not sources:
        raise UserError(
            f"no source of Debian's own packages was found in {APT_DIRECTORY}",
            f"the live system is made of Debian's; this machine runs {distribution.name}",
            f"look at: cat {APT_DIRECTORY}/sources.list {APT_DIRECTORY}/sources.list.d/*",
        )
    return render_deb822_sources(sources, (ARCHITECTURE,))


def _apt_settings() -> str:
    lines = _run(PACK_TIMEOUT_S, "apt-config", "dump", "--format", '%F "%v";%n', "Acquire").splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith(_APT_SETTINGS))


def _add_proof(system: Path) -> None:
    """A host name, root without a password, and the proof before the first login prompt."""
    (system / "etc/hostname").write_text("debian\n")
    shadow = system / "etc/shadow"
    shadow.write_text(shadow.read_text().replace("root:*:", "root::", 1))
    proof = system / "usr/local/sbin/prove"
    proof.write_text(_PROOF)
    proof.chmod(0o755)
    units = system / "etc/systemd/system"
    (units / "prove.service").write_text(_PROOF_UNIT)
    wanted = units / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "prove.service").symlink_to("../prove.service")
    # systemd would rebuild its caches because /usr is newer than what it knows of it.
    for updated in (system / "etc/.updated", system / "var/.updated"):
        updated.touch()


def _make_iso(work: Path, system: Path) -> Path:
    tree, version = work / "iso", (system / "etc/debian_version").read_text().strip()
    live = tree / "live"
    live.mkdir(parents=True)
    (kernel,) = (system / "boot").glob("vmlinuz-*")
    (initrd,) = (system / "boot").glob("initrd.img-*")
    shutil.move(kernel, tree / KERNEL_PATH)
    shutil.move(initrd, tree / INITRD_PATH)
    packing = ("-comp", "zstd", "-Xcompression-level", "3", "-no-progress", "-quiet", "-e", "boot")
    _run(PACK_TIMEOUT_S, "mksquashfs", str(system), str(tree / SQUASHFS_PATH), *packing)
    disk = tree / ".disk"
    disk.mkdir()
    (disk / "info").write_text(f"Official Debian GNU/Linux Live {version}.0 standard 2024-01-01T00:00\n")
    boot_options = write_boot_files(work, tree)
    iso = work / ISO_NAME
    volume_id = f"d-live {version}.0 st {ARCHITECTURE}"
    writing = ("xorriso", "-as", "mkisofs", "-quiet", "-r", "-J", "-joliet-long", "-V", volume_id)
    _run(PACK_TIMEOUT_S, *writing, *boot_options, "-o", str(iso), str(tree))
    if iso.stat().st_size > MAX_ISO_BYTES:
        raise UserError(f"the live ISO has {iso.stat().st_size >> 20} MiB, more than {MAX_ISO_BYTES >> 20}")
    return iso


def _check_programs() -> None:
    missing = sorted({package for program, package in _PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        raise UserError("programs for making a live ISO are missing", "", f"apt-get install {' '.join(missing)}")


def _run(timeout_s: float, *argv: str) -> str:
    """Like ``run_tool``, for programs that take their time."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=timeout_s, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"`{' '.join(argv)}` did not finish in {timeout_s:.0f} s") from error
    if done.returncode != 0:
        raise UserError(f"`{' '.join(argv)}` failed", "\n".join(done.stderr.strip().splitlines()[-10:]))
    return done.stdout

"""A real bootable ISO: Debian's Memtest86+, fetched by the machine's own apt and never installed."""

from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.lab.claim import run_tool
from bootbeam.lab.payload import download_package

PACKAGE = "memtest86+"
ISO_PATH = "usr/lib/memtest86+/memtest86+x64.iso"


def fetch_memtest_iso(directory: Path) -> Path:
    """The ISO, unpacked into ``directory``, which keeps it for the next time.

    The package is not installed: it would put itself into the machine's own boot menu.
    """
    iso = directory / PACKAGE / Path(ISO_PATH).name
    if iso.exists():
        return iso
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory) as scratch:
        download_package(PACKAGE, Path(scratch))
        (package,) = Path(scratch).glob("*.deb")
        run_tool("dpkg-deb", "--extract", str(package), f"{scratch}/tree")
        iso.parent.mkdir(exist_ok=True)
        (Path(scratch) / "tree" / ISO_PATH).replace(iso)
    return iso

"""Debian's installer, unpacked from the package that holds its network boot image: its shell and its preseed reader."""

import subprocess
from pathlib import Path

import pytest

INSTALLER_INITRD = Path("/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/initrd.gz")
RECORDING_CONFMODULE = """
db_set() { shift_value "$@"; }
shift_value() { name=$1; shift; printf '%s\\t%s\\n' "$name" "$*" >> /tmp/answers; }
db_get() { RET=""; }
db_fset() { :; }
db_register() { :; }
db_subst() { :; }
db_input() { :; }
db_go() { :; }
"""
"""In the place of the installer's link to debconf: writes down each answer that is set."""


@pytest.fixture(scope="session")
def installer_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of the installer's own file system; what its reader sets is written to tmp/answers in it."""
    root = tmp_path_factory.mktemp("installer")
    with subprocess.Popen(["zcat", INSTALLER_INITRD], stdout=subprocess.PIPE) as unpacked:
        subprocess.run(
            ["cpio", "--extract", "--make-directories", "--quiet", "--no-absolute-filenames"],
            stdin=unpacked.stdout,
            cwd=root,
            check=False,  # device nodes cannot be made everywhere
            stderr=subprocess.DEVNULL,
        )
    assert (root / "bin/debconf-set-selections").exists()
    (root / "usr/share/debconf/confmodule").write_text(RECORDING_CONFMODULE)
    (root / "tmp").mkdir(exist_ok=True)
    (root / "var/lib/preseed").mkdir(parents=True, exist_ok=True)
    return root

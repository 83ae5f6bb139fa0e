"""Builds the optional part in C when bootbeam is installed from source on a computer that has a C compiler.

Without a compiler, or when it fails, bootbeam is installed all the same and does in Python what the library would do.
"""

import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any
from zlib import crc32

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SERVERS = "src/bootbeam/servers"
SOURCE, LIBRARY = "tftp_turn.c", "libbootbeam-tftp.so"


class CustomBuildHook(BuildHookInterface):
    """Called by hatchling for each wheel, the editable one of a checkout included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add the library to the wheel."""
        compiler = shutil.which("cc")
        if compiler is None:
            return
        directory = Path(self.root) / SERVERS
        target, source = directory / LIBRARY, directory / SOURCE
        # It is known by the checksum of what it was built from: bootbeam.servers.tftp_library.
        define = f"-DSOURCE_CRC32={crc32(source.read_bytes()):#010x}"
        arguments = ("-O2", "-shared", "-fPIC", define, "-o", str(target), str(source))
        done = subprocess.run((compiler, *arguments), capture_output=True, text=True)
        if done.returncode:
            target.unlink(missing_ok=True)
            self.app.display_warning(f"{SOURCE} was not built, TFTP will do without: {done.stderr.strip()}")
            return
        build_data["artifacts"].append(f"{SERVERS}/{LIBRARY}")
        # It calls nothing of Python's, so that it goes with every Python of this platform.
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

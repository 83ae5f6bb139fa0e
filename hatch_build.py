"""Builds the optional part in C when bootbeam is installed from source on a computer that has a C compiler.

Without a compiler, or when it fails, bootbeam is installed all the same and does in Python what the library would do.
"""

import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

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
        target = directory / LIBRARY
        arguments = ("-O2", "-shared", "-fPIC", "-o", str(target), str(directory / SOURCE))
        done = subprocess.run((compiler, *arguments), capture_output=True, text=True)
        if done.returncode:
            self.app.display_warning(f"{SOURCE} was not built, TFTP will do without: {done.stderr.strip()}")
            return
        build_data["artifacts"].append(f"{SERVERS}/{LIBRARY}")
        # It calls nothing of Python's, so that it goes with every Python of this platform.
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

"""Where bootbeam keeps what it can fetch or make again, and what it must not forget."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

ROOT_CACHE_DIRECTORY = Path("/var/cache")
ROOT_STATE_DIRECTORY = Path("/var/lib")
STATE_FILE = "state.db"
"""In the state directory: what is remembered of machines."""


def cache_directory(
    environment: Mapping[str, str] = os.environ, is_root: bool | None = None, home: Path | None = None
) -> Path:
    """The directory; it may not exist yet. Root's is the system's, anybody else's follows ``XDG_CACHE_HOME``."""
    if os.geteuid() == 0 if is_root is None else is_root:
        return ROOT_CACHE_DIRECTORY / "bootbeam"
    cache = environment.get("XDG_CACHE_HOME", "")
    base = Path(cache) if cache.startswith("/") else (home or Path.home()) / ".cache"
    return base / "bootbeam"


def state_directory(
    environment: Mapping[str, str] = os.environ, is_root: bool | None = None, home: Path | None = None
) -> Path:
    """The directory of what is remembered from run to run; anybody's but root's follows ``XDG_STATE_HOME``."""
    if os.geteuid() == 0 if is_root is None else is_root:
        return ROOT_STATE_DIRECTORY / "bootbeam"
    state = environment.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else (home or Path.home()) / ".local" / "state"
    return base / "bootbeam"


def state_directories(
    environment: Mapping[str, str] = os.environ, is_root: bool | None = None, home: Path | None = None
) -> list[Path]:
    """Where stations that this person started may have kept it: one started with sudo gives up root to its caller."""
    places = [state_directory(environment, is_root, home)]
    name = environment.get("SUDO_USER", "")
    if places[0].is_relative_to(ROOT_STATE_DIRECTORY) and name not in ("", "root"):
        try:
            places.append(state_directory({}, is_root=False, home=Path(pwd.getpwnam(name).pw_dir)))
        except KeyError:
            return places
    return places

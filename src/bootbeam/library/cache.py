"""Where bootbeam keeps what it can fetch or make again."""

import os
from collections.abc import Mapping
from pathlib import Path

ROOT_CACHE_DIRECTORY = Path("/var/cache")


def cache_directory(
    environment: Mapping[str, str] = os.environ, is_root: bool | None = None, home: Path | None = None
) -> Path:
    """The directory; it may not exist yet. Root's is the system's, anybody else's follows ``XDG_CACHE_HOME``."""
    if os.geteuid() == 0 if is_root is None else is_root:
        return ROOT_CACHE_DIRECTORY / "bootbeam"
    cache = environment.get("XDG_CACHE_HOME", "")
    base = Path(cache) if cache.startswith("/") else (home or Path.home()) / ".cache"
    return base / "bootbeam"

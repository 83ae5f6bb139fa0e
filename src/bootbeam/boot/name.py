"""Names that are safe wherever they end up: in a URL, a TFTP request, a script line, a menu."""

import re
from collections.abc import Container

MAX_NAME_CHARACTERS = 40
"""iPXE counts each file's URL against the 512 bytes of Multiboot command lines."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")


def served_name(file_name: str, taken: Container[str]) -> str:
    """The name under which a file is served: letters, digits and ``._+-`` of its own, different from those ``taken``.

    The extension is kept: installers and firmware look at it.
    """
    safe = _UNSAFE.sub("-", file_name).rstrip("-.")
    stem, dot, extension = safe.rpartition(".")
    if not stem or len(extension) > 12:
        stem, dot, extension = safe, "", ""
    stem = stem.strip("-.")[: MAX_NAME_CHARACTERS - len(extension) - 4].strip("-") or "image"
    name, number = f"{stem}{dot}{extension}", 2
    while name in taken:
        name, number = f"{stem}-{number}{dot}{extension}", number + 1
    return name

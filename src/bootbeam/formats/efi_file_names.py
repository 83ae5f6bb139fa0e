"""The files that an EFI application may open: the names that stand in it.

UEFI's file names are UTF-16 (UEFI Specification 2.10 §13.5), so that a program which opens a file of a fixed name has
that name in it. A hypervisor's loader opens the hypervisor so, a shell its start-up script.
"""

import re

from bootbeam.formats.fields import ReadAt

MAX_PROGRAM_BYTES = 8 << 20
"""How much of a program is looked at."""
MAX_NAMES = 4096
_NAME = re.compile(rb"(?:[A-Za-z0-9_+-]\0)(?:[A-Za-z0-9._+-]\0){0,61}(?:\.\0)(?:[A-Za-z0-9]\0){1,8}(?=\0\0|[^\0])")


def read_file_names(read_at: ReadAt, size_bytes: int) -> frozenset[str]:
    """The names in the program that look like a file's, in small letters: case does not count in EFI's file systems.

    Args:
        read_at: reads the program.
        size_bytes: the program's size.
    """
    data = read_at(0, min(size_bytes, MAX_PROGRAM_BYTES))
    names: set[str] = set()
    for found in _NAME.finditer(data):
        names.add(found.group().decode("utf-16-le").lower())
        if len(names) >= MAX_NAMES:
            break
    return frozenset(names)

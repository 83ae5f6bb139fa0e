"""Which disk a system goes on, and the search for it in shell, for the installers that cannot describe one."""

import re
import shlex
from dataclasses import dataclass

PATH = re.compile(r"/dev/[A-Za-z0-9][A-Za-z0-9_.:+@=-]*(/[A-Za-z0-9_:+@=-][A-Za-z0-9_.:+@=-]*)*")
PATTERN = re.compile(r"[A-Za-z0-9 ._:/+()=,*?-]{1,128}")

NO_DISKS = ("loop*", "ram*", "zram*", "sr*", "fd*", "dm-*", "md*", "nbd*", "mmcblk*boot*", "mmcblk*rpmb")
"""Block devices that nobody installs on."""


@dataclass(frozen=True, slots=True)
class DiskChoice:
    """The disk to install on; nothing given: the first one that is neither removable nor read-only."""

    path: str = ""
    """"/dev/nvme0n1" or "/dev/disk/by-id/..."."""
    serial: str = ""
    """As printed on the disk, ``*`` and ``?`` allowed."""
    model: str = ""
    """Likewise."""

    @property
    def is_auto(self) -> bool:
        """Whether any disk will do."""
        return not (self.path or self.serial or self.model)


ANY_DISK = DiskChoice()


def udev_pattern(text: str) -> str:
    """The pattern as udev's values are matched: a space may have become an underscore there."""
    return text.replace(" ", "?")


def render_disk_search(choice: DiskChoice) -> str:
    """A shell command, one line, that sets ``disk`` to the device to install on, or to nothing.

    Runs in the BusyBox of Debian's installer and in bash. Disks are taken in the order of their names.
    """
    if choice.path:
        return f"disk={shlex.quote(choice.path)}"
    conditions = [
        f'case "$(udevadm info -q property -n "$d" | sed -n s/^{key}=//p)" in {_glob(pattern)}) ;; *) continue ;; esac;'
        for key, pattern in (("ID_SERIAL_SHORT", choice.serial), ("ID_MODEL", choice.model))
        if pattern
    ]
    return " ".join(
        (
            'disk=""; for b in /sys/block/*; do d=/dev/${b##*/};',
            f'case "${{b##*/}}" in {"|".join(NO_DISKS)}) continue ;; esac;',
            'case "$(cat "$b/removable")$(cat "$b/ro")" in *1*) continue ;; esac;',
            '[ "$(cat "$b/size")" -gt 0 ] || continue;',
            *conditions,
            'disk="$d"; break; done',
        )
    )


def _glob(pattern: str) -> str:
    """The pattern for ``case``: everything quoted but ``*`` and ``?``."""
    parts = re.split(r"([*?])", udev_pattern(pattern))
    return "".join(part if part in ("*", "?", "") else shlex.quote(part) for part in parts)

"""The stages of an installation that are reported to the station."""

from enum import StrEnum


class Stage(StrEnum):
    """What is reported; the last step of the address."""

    STARTED = "started"
    """The installer has its answers."""
    PROGRESS = "progress"
    """A step of the installer's own, described in the request's body (JSON)."""
    INSTALLED = "installed"
    """The system is on the disk; the machine is not to be installed again."""
    FAILED = "failed"
    FIRST_BOOT = "first-boot"
    """The installed system runs."""

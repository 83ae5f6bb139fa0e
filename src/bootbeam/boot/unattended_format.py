"""The formats of answers to an unattended installation."""

from enum import StrEnum


class UnattendedFormat(StrEnum):
    """Formats of answers to an unattended installation."""

    AUTOINSTALL = "autoinstall"
    """Subiquity's, inside cloud-init's user-data."""
    PRESEED = "preseed"
    KICKSTART = "kickstart"
    AUTOYAST = "autoyast"
    AGAMA = "agama"
    IGNITION = "ignition"
    TALOS = "talos"
    PROXMOX = "proxmox"
    AUTOUNATTEND = "autounattend"
    ALPINE_OVERLAY = "alpine-overlay"
    """An apkovl archive."""
    SHELL_SCRIPT = "shell-script"
    XENSERVER = "xenserver"

"""What this computer runs inside: a container or a virtual machine has a network of its own, which is not the LAN."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

ROOT = Path("/")
_CONTAINER_MARKS = (".dockerenv", "run/.containerenv")
"""Docker and Podman leave these inside."""
CONTAINER_NETWORKS = (IPv4Network("172.16.0.0/12"), IPv4Network("10.88.0.0/16"), IPv4Network("10.89.0.0/16"))
"""Where Docker and Podman take a container's addresses from when nobody says otherwise."""
EMULATOR_GUEST = IPv4Address("10.0.2.15")
"""The address of a virtual machine behind QEMU's and VirtualBox's own address translation."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was seen."""

    is_container: bool = False
    is_wsl: bool = False
    """Windows Subsystem for Linux."""

    def why_cut_off(self, addresses: Sequence[IPv4Address]) -> tuple[str, str]:
        """Why machines on the LAN cannot reach these addresses, and what to do; ("", "") when nothing speaks for it."""
        if self.is_container and any(address in network for address in addresses for network in CONTAINER_NETWORKS):
            return (
                "the network of this container: broadcasts of the LAN do not get in",
                "start the container on the computer's own network: docker run --network host ...",
            )
        if self.is_wsl and any(address in CONTAINER_NETWORKS[0] for address in addresses):
            return (
                "Windows' own network for Linux: broadcasts of the LAN do not get in",
                "run bootbeam on a Linux computer, or switch WSL to mirrored networking: networkingMode=mirrored in "
                ".wslconfig",
            )
        if EMULATOR_GUEST in addresses:
            return (
                "a virtual machine's network behind address translation (NAT): broadcasts of the LAN do not get in",
                "switch the virtual machine's network card from NAT to bridged",
            )
        return "", ""


def read_surroundings(root: Path = ROOT) -> Surroundings:
    """Look for the marks."""
    try:
        release = (root / "proc/sys/kernel/osrelease").read_text("ascii", "replace").lower()
    except OSError:
        release = ""
    return Surroundings(any((root / mark).exists() for mark in _CONTAINER_MARKS), "microsoft" in release)

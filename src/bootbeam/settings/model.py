"""What a person can choose about a station, checked in one place."""

import json
import re
from dataclasses import asdict, dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from bootbeam.errors import UserError, printable
from bootbeam.machine import MACHINE_KINDS, SecureBootPolicy
from bootbeam.settings.reply_choice import MAX_CHOICES, ReplyChoice

LIMITS = {
    "http_port": (1, 65535),
    "menu_timeout_s": (0, 3600),
    "kept_boots": (0, 10_000_000),
    "kept_boots_mb": (1, 1_000_000),
    "tftp_blksize_cap": (8, 65464),
    "tftp_windowsize_cap": (1, 64),
}
"""Settings that are numbers: the smallest and the largest."""
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){2,5}")


def _shown(value: Any) -> Any:
    """``value`` made of what JSON has."""
    match value:
        case dict():
            return {str(name): _shown(each) for name, each in value.items()}
        case list() | tuple():
            return [_shown(each) for each in value]
        case None | bool() | int():
            return value
    return printable(str(value))


@dataclass(frozen=True, slots=True)
class StationSettings:
    """One station's settings, as the command line gives them.

    Raises:
        UserError: a number is not within its ``LIMITS``, or there are too many replies.
    """

    images: tuple[Path, ...] = ()
    """Images, and directories of images; an initrd belongs to the kernel before it."""
    tree: Path | None = None
    """A TFTP tree that is served as it is, in place of images."""
    tree_boot: tuple[tuple[str, str], ...] = ()
    """Kind of machine, and the program in the tree that it begins with."""
    kernel: Path | None = None
    """An image given by its part; with ``initrds`` and ``cmdline`` it is one entry."""
    initrds: tuple[Path, ...] = ()
    cmdline: str = ""
    """Kernel command line of every entry that takes one."""
    interfaces: tuple[str, ...] = ()
    """Interface names; empty: the one that leads to the LAN."""
    http_port: int = 8080
    page: tuple[str, int] | None = ("127.0.0.1", 8088)
    """Address and port of the page, the API and the metrics; None: they are not served."""
    ipv6: bool = True
    """Serve machines that boot over IPv6 too, on interfaces that have it."""
    default: str | None = None
    """Name of the menu entry that is taken when nobody chooses."""
    menu_timeout_s: int = 10
    """Seconds the menu waits; 0: for ever."""
    loader_directory: Path | None = None
    """A directory of boot loaders to look in first."""
    secure_boot: SecureBootPolicy = SecureBootPolicy.AUTO
    """When UEFI machines get the signed chain of boot loaders."""
    replies: tuple[ReplyChoice, ...] = ()
    """How the firmware of some machines is answered."""
    boot: str | None = None
    """Name of the way to boot an ISO, when it has several; None: the one that needs least memory."""
    nfs: str | None = None
    """Where an NFS server exports the files of the ISO, ``ADDRESS:/PATH``: for ways to boot that need it."""
    recipe_directories: tuple[Path, ...] = ()
    """Directories of a person's own boot recipes, which count more than those that come with bootbeam."""
    answers: tuple[tuple[str, Path], ...] = ()
    """A person's own answers to an unattended installation: format and file."""
    short_form: Path | None = None
    """Answers in bootbeam's short form, made into the format of the system that is booted."""
    macs: tuple[str, ...] = ()
    """Machines that may be wiped: MACs, or the first bytes of them."""
    yes_to_any_machine: bool = False
    """Any machine may be wiped."""
    reports: bool = True
    """Installers report back."""
    state_directory: Path | None = None
    """Where boots are kept, and which machines are installed; None: the computer's usual place."""
    kept_boots: int = 10_000
    """How many past boots are kept; 0: none."""
    kept_boots_mb: int = 512
    """How many megabytes they may take."""
    tftp_blksize_cap: int = 1468
    """Largest TFTP block granted, bytes; the interface's MTU bounds it too."""
    tftp_windowsize_cap: int = 16
    """Most TFTP blocks in flight granted."""

    def __post_init__(self) -> None:
        for name, (smallest, largest) in LIMITS.items():
            if not smallest <= getattr(self, name) <= largest:
                raise UserError(f"{getattr(self, name)} will not do for {name}", f"it is {smallest} to {largest}")
        if len(self.replies) > MAX_CHOICES:
            raise UserError(f"{len(self.replies)} replies are too many", f"{MAX_CHOICES} can be chosen")

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything that was named and has to be read."""
        one_by_one = (self.tree, self.kernel, *(path for _, path in self.answers))
        return (*self.images, *self.initrds, *(path for path in one_by_one if path is not None))

    def as_json(self) -> str:
        """What was chosen, for a bug report. Names of files may hold bytes that are no text."""
        usual = StationSettings()
        chosen = {each.name for each in fields(self) if getattr(self, each.name) != getattr(usual, each.name)}
        return json.dumps(_shown({name: value for name, value in asdict(self).items() if name in chosen}))

    def may_be_wiped(self, mac: str | None) -> bool:
        """Whether this machine was named for unattended installation."""
        return self.yes_to_any_machine or (
            mac is not None and any(mac == m or mac.startswith(f"{m}:") for m in self.macs)
        )


def parse_machine_or_group(text: str) -> str:
    """Read ``52:54:00:12:34:56``, or the first bytes that a group of machines has in common, ``52-54-00-*``.

    Raises:
        UserError: it does not read so.
    """
    mac = text.lower().replace("-", ":").removesuffix(":*").removesuffix(":")
    if not _MAC.fullmatch(mac):
        raise UserError(
            f"{text!r} will not do for --mac",
            "a MAC is six bytes in hex; its first three to five stand for a group",
            "bootbeam serve IMAGE --mac 52:54:00:12:34:56",
        )
    return mac


def parse_tree_boot(text: str) -> tuple[str, str]:
    """Read ``KIND=PATH``: a kind of machine, and the program it begins with.

    Raises:
        UserError: there is no such kind.
    """
    kind, _, path = text.partition("=")
    if kind not in (*MACHINE_KINDS, "ipxe"):
        raise UserError(
            f"{text!r} will not do for --tree-boot",
            f"a kind of machine is one of {', '.join(MACHINE_KINDS)}, ipxe; and the form is KIND=PATH",
            "bootbeam serve --tree DIR --tree-boot x64=PATH",
        )
    return kind, path


def parse_page_address(text: str) -> tuple[str, int]:
    """Address and port of ``127.0.0.1:8088``, ``localhost:8088``, ``:8088`` or ``[::1]:8088``.

    Raises:
        UserError: it does not read so.
    """
    host, colon, port = text.rpartition(":")
    host = "127.0.0.1" if host in ("", "localhost") else host.removeprefix("[").removesuffix("]")
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if not colon or address is None or not (port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
        raise UserError(
            f"{text!r} will not do for --page",
            "it is an address of this computer and a port; 0.0.0.0:8088 is every address",
            "bootbeam serve IMAGE --page 127.0.0.1:8088",
        )
    return str(address), int(port)

"""What a person can choose about a station, checked in one place."""

import json
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bootbeam.errors import printable
from bootbeam.machine import MACHINE_KINDS, SecureBootPolicy
from bootbeam.settings.reply_choice import MAX_CHOICES, ReplyChoice

Port = Annotated[int, Field(ge=1, le=65535)]


_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){2,5}")


def _mac_or_prefix(text: str) -> str:
    mac = text.lower().replace("-", ":").removesuffix(":*").removesuffix(":")
    if not _MAC.fullmatch(mac):
        raise ValueError("a MAC is six bytes in hex, 52:54:00:12:34:56; its first three to five stand for a group")
    return mac


def _kind_of_machine(word: str) -> str:
    if word not in (*MACHINE_KINDS, "ipxe"):
        raise ValueError(f"a kind of machine is one of {', '.join(MACHINE_KINDS)}, ipxe; and the form is KIND=PATH")
    return word


def _page_address(given: Any) -> Any:
    """Address and port of "127.0.0.1:8088" or "[::1]:8088"; an address that is no text stays as it is."""
    if not isinstance(given, str):
        return given
    text, colon, port = given.rpartition(":")
    text = "127.0.0.1" if text in ("", "localhost") else text.removeprefix("[").removesuffix("]")
    try:
        address = ip_address(text)
    except ValueError:
        address = None
    if not colon or address is None or not (port.isascii() and port.isdigit()):
        raise ValueError("it is an address of this computer and a port, 127.0.0.1:8088; 0.0.0.0:8088 is every address")
    return str(address), int(port)


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


class StationSettings(BaseModel):
    """One station's settings, as the command line gives them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: tuple[Path, ...] = ()
    """Images, and directories of images; an initrd belongs to the kernel before it."""
    tree: Path | None = None
    """A TFTP tree that is served as it is, in place of images."""
    tree_boot: tuple[tuple[Annotated[str, AfterValidator(_kind_of_machine)], str], ...] = ()
    """Kind of machine, and the program in the tree that it begins with."""
    kernel: Path | None = None
    """An image given by its part; with ``initrds`` and ``cmdline`` it is one entry."""
    initrds: tuple[Path, ...] = ()
    cmdline: str = ""
    """Kernel command line of every entry that takes one."""
    interfaces: tuple[str, ...] = ()
    """Interface names; empty: the one that leads to the LAN."""
    http_port: Port = 8080
    page: Annotated[tuple[str, Port] | None, BeforeValidator(_page_address)] = ("127.0.0.1", 8088)
    """Address and port of the page, the API and the metrics; None: they are not served."""
    ipv6: bool = True
    """Serve machines that boot over IPv6 too, on interfaces that have it."""
    default: str | None = None
    """Name of the menu entry that is taken when nobody chooses."""
    menu_timeout_s: Annotated[int, Field(ge=0, le=3600)] = 10
    """Seconds the menu waits; 0: for ever."""
    loader_directory: Path | None = None
    """A directory of boot loaders to look in first."""
    secure_boot: SecureBootPolicy = SecureBootPolicy.AUTO
    """When UEFI machines get the signed chain of boot loaders."""
    replies: Annotated[tuple[ReplyChoice, ...], Field(max_length=MAX_CHOICES)] = ()
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
    macs: tuple[Annotated[str, AfterValidator(_mac_or_prefix)], ...] = ()
    """Machines that may be wiped: MACs, or the first bytes of them."""
    yes_to_any_machine: bool = False
    """Any machine may be wiped."""
    reports: bool = True
    """Installers report back."""
    state_directory: Path | None = None
    """Where boots are kept, and which machines are installed; None: the computer's usual place."""
    kept_boots: Annotated[int, Field(ge=0, le=10_000_000)] = 10_000
    """How many past boots are kept; 0: none."""
    kept_boots_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 512
    """How many megabytes they may take."""
    tftp_blksize_cap: Annotated[int, Field(ge=8, le=65464)] = 1468
    """Largest TFTP block granted, bytes; the interface's MTU bounds it too."""
    tftp_windowsize_cap: Annotated[int, Field(ge=1, le=64)] = 16
    """Most TFTP blocks in flight granted."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything that was named and has to be read."""
        one_by_one = (self.tree, self.kernel, *(path for _, path in self.answers))
        return (*self.images, *self.initrds, *(path for path in one_by_one if path is not None))

    def as_json(self) -> str:
        """What was chosen, for a bug report. Names of files may hold bytes that are no text."""
        return json.dumps(_shown(self.model_dump(exclude_defaults=True)))

    def may_be_wiped(self, mac: str | None) -> bool:
        """Whether this machine was named for unattended installation."""
        return self.yes_to_any_machine or (
            mac is not None and any(mac == m or mac.startswith(f"{m}:") for m in self.macs)
        )

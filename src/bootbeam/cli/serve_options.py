"""The options of ``bootbeam serve``, each with the words a person reads in ``--help``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bootbeam.machine import SecureBootPolicy


class LogFormat(StrEnum):
    """How events are shown."""

    TEXT = "text"
    JSON = "json"


_UNATTENDED = "Unattended installation (a machine's disk is wiped)"
_MENU = "Menu"
_NETWORK = "Network"
_RECORD = "What is remembered"
_PAGE = "Page, API and metrics"


def _answers(whose: str) -> Any:
    return typer.Option(metavar="FILE", help=f"Answers: {whose}.", rich_help_panel=_UNATTENDED)


Images = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="IMAGE",
        help="Images to boot, directories of them, or their http(s) addresses. Several make a menu.",
    ),
]
Tree = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="A TFTP tree you have (pxelinux.0, grub.cfg, ...), served as it is, in place of images."
    ),
]
TreeBoot = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND=PATH",
        help="What a kind of machine gets from --tree: bios, x64, ia32, arm64, arm32, riscv64, loong64 or ipxe; may be "
        "repeated. Default: found by itself.",
    ),
]
Kernel = Annotated[Path | None, typer.Option(help="A kernel or hypervisor, when its parts are named one by one.")]
Initrd = Annotated[list[Path] | None, typer.Option(help="An initrd or Multiboot module for --kernel; may be repeated.")]
Cmdline = Annotated[str, typer.Option(help="Command line of the kernel.")]
Boot = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Which way to boot an ISO that has several; see: bootbeam inspect."),
]
Nfs = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS:/PATH", help="NFS export of the ISO's files, for a way to boot that needs one."),
]
Recipes = Annotated[
    list[Path] | None, typer.Option(metavar="DIR", help="A directory of boot recipes of your own; may be repeated.")
]
Default = Annotated[str | None, typer.Option(help="Menu entry that boots when nobody chooses.", rich_help_panel=_MENU)]
Timeout = Annotated[
    int, typer.Option(min=0, max=3600, help="Seconds the menu waits; 0: for ever.", rich_help_panel=_MENU)
]
LogFormatOption = Annotated[LogFormat, typer.Option(help="The story for a person, or JSON lines for a machine.")]

Interfaces = Annotated[
    list[str] | None,
    typer.Option(
        help="Interface of the LAN to serve; may be repeated. Default: found by itself.", rich_help_panel=_NETWORK
    ),
]
Ipv6 = Annotated[
    bool,
    typer.Option(help="Serve machines that boot over IPv6, where the interface has it.", rich_help_panel=_NETWORK),
]
HttpPort = Annotated[int, typer.Option(min=1, max=65535, help="TCP port for HTTP.", rich_help_panel=_NETWORK)]
Loaders = Annotated[
    Path | None, typer.Option(help="A directory of boot loaders to look in first.", rich_help_panel=_NETWORK)
]
SecureBoot = Annotated[
    SecureBootPolicy,
    typer.Option(
        help="When UEFI machines get the signed shim and GRUB in place of iPXE; auto: once they refused iPXE.",
        rich_help_panel=_NETWORK,
    ),
]
Reply = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MACHINES:FORM",
        help=(
            "Answer the firmware of some machines in another form, as in x64:answer=menu. MACHINES: a MAC, its first "
            "bytes, bios, uefi or x64; FORM: answer=none, take-file or menu, offer= the same, file=yes or no. May be "
            "repeated. Without it other forms are tried by themselves, one at each boot that fails."
        ),
        rich_help_panel=_NETWORK,
    ),
]
TftpBlksize = Annotated[
    int, typer.Option(min=8, max=65464, help="Largest TFTP block granted, bytes.", rich_help_panel=_NETWORK)
]
TftpWindowsize = Annotated[
    int, typer.Option(min=1, max=64, help="Most TFTP blocks in flight granted.", rich_help_panel=_NETWORK)
]

Autoinstall = Annotated[Path | None, _answers("Ubuntu's user-data")]
Preseed = Annotated[Path | None, _answers("Debian's preseed.cfg")]
Kickstart = Annotated[Path | None, _answers("Fedora's and RHEL's ks.cfg")]
Autoyast = Annotated[Path | None, _answers("SUSE's autoinst.xml")]
Ignition = Annotated[Path | None, _answers("CoreOS's and Flatcar's config.ign")]
ProxmoxAnswer = Annotated[Path | None, _answers("Proxmox's answer.toml")]
Autounattend = Annotated[Path | None, _answers("Windows' autounattend.xml")]
Unattended = Annotated[
    Path | None, _answers("bootbeam's short form, for any system; auto: ~/.config/bootbeam/unattended.toml")
]
Macs = Annotated[
    list[str] | None,
    typer.Option(
        "--mac",
        metavar="MAC",
        help="A machine that may be wiped, or a group's first bytes; may be repeated.",
        rich_help_panel=_UNATTENDED,
    ),
]
YesToAnyMachine = Annotated[
    bool,
    typer.Option("--yes-to-any-machine", help="Any machine that boots may be wiped.", rich_help_panel=_UNATTENDED),
]
Report = Annotated[
    bool, typer.Option("--report/--no-report", help="Installers report back.", rich_help_panel=_UNATTENDED)
]
State = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Where boots are kept, and which machines are installed.", rich_help_panel=_RECORD
    ),
]
KeepBoots = Annotated[int, typer.Option(min=0, help="How many past boots are kept; 0: none.", rich_help_panel=_RECORD)]
KeepBootsMb = Annotated[int, typer.Option(min=1, help="How many megabytes they may take.", rich_help_panel=_RECORD)]
Page = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS:PORT",
        help="Where the page is, for browsers. Whoever reaches it can read it: 0.0.0.0:8088 is all the network.",
        rich_help_panel=_PAGE,
    ),
]
NoPage = Annotated[bool, typer.Option("--no-page", help="No page, no API, no metrics.", rich_help_panel=_PAGE)]

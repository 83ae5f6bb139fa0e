"""``bootbeam serve IMAGE...``: be a boot station until Ctrl-C."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bootbeam.settings.model import StationSettings


PANEL = "Unattended installation (a machine's disk is wiped)"


class LogFormat(StrEnum):
    """How events are shown."""

    TEXT = "text"
    JSON = "json"


def _answers(whose: str) -> Any:
    return typer.Option(metavar="FILE", help=f"Answers to an unattended installation: {whose}.", rich_help_panel=PANEL)


def serve(
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGE...",
            help="Images to boot, directories of them, or their http(s) addresses. Several make a menu.",
        ),
    ] = None,
    kernel: Annotated[
        Path | None, typer.Option(help="A kernel or hypervisor, when its parts are named one by one.")
    ] = None,
    initrd: Annotated[
        list[Path] | None, typer.Option(help="An initrd or Multiboot module for --kernel; may be repeated.")
    ] = None,
    cmdline: Annotated[str, typer.Option(help="Command line of the kernel.")] = "",
    interface: Annotated[
        list[str] | None, typer.Option(help="Interface of the LAN to serve; may be repeated. Default: found by itself.")
    ] = None,
    http_port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port for HTTP.")] = 8080,
    default: Annotated[str | None, typer.Option(help="Menu entry that boots when nobody chooses.")] = None,
    timeout: Annotated[int, typer.Option(min=0, max=3600, help="Seconds the menu waits; 0: for ever.")] = 10,
    autoinstall: Annotated[Path | None, _answers("Ubuntu's user-data")] = None,
    preseed: Annotated[Path | None, _answers("Debian's preseed.cfg")] = None,
    kickstart: Annotated[Path | None, _answers("Fedora's and RHEL's ks.cfg")] = None,
    autoyast: Annotated[Path | None, _answers("SUSE's autoinst.xml")] = None,
    ignition: Annotated[Path | None, _answers("CoreOS's and Flatcar's config.ign")] = None,
    answer: Annotated[Path | None, _answers("Proxmox's answer.toml")] = None,
    autounattend: Annotated[Path | None, _answers("Windows' autounattend.xml")] = None,
    unattended: Annotated[Path | None, _answers("bootbeam's short form, for any system")] = None,
    mac: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MAC", help="A machine that may be wiped, or the first bytes of a group; may be repeated."
        ),
    ] = None,
    yes_to_any_machine: Annotated[
        bool, typer.Option("--yes-to-any-machine", help="Any machine that boots may be wiped.")
    ] = False,
    report: Annotated[bool, typer.Option(help="Let installers report their progress.")] = True,
    loaders: Annotated[Path | None, typer.Option(help="A directory of boot loaders to look in first.")] = None,
    tftp_blksize: Annotated[int, typer.Option(min=8, max=65464, help="Largest TFTP block granted, bytes.")] = 1468,
    tftp_windowsize: Annotated[int, typer.Option(min=1, max=64, help="Most TFTP blocks in flight granted.")] = 16,
    log_format: Annotated[
        LogFormat, typer.Option(help="The story for a person, or JSON lines for a machine.")
    ] = LogFormat.TEXT,
) -> None:
    """Serve images to every machine on the LAN that is set to network boot.

    Answers beside the DHCP server that is there (proxyDHCP); nothing on the router changes. Ctrl-C ends it.
    """
    from bootbeam.cli.fetching import local_images
    from bootbeam.cli.terminal import EventPrinter, view_for
    from bootbeam.net.maker import maker_of
    from bootbeam.station import Station

    own_answers = {
        "autoinstall": autoinstall,
        "preseed": preseed,
        "kickstart": kickstart,
        "autoyast": autoyast,
        "ignition": ignition,
        "proxmox": answer,
        "autounattend": autounattend,
    }
    settings = _checked(
        answers=tuple((format, path) for format, path in own_answers.items() if path is not None),
        short_form=unattended,
        macs=tuple(mac or ()),
        yes_to_any_machine=yes_to_any_machine,
        reports=report,
        images=local_images(images or ()),
        kernel=kernel,
        initrds=tuple(initrd or ()),
        cmdline=cmdline,
        interfaces=tuple(interface or ()),
        http_port=http_port,
        default=default,
        menu_timeout_s=timeout,
        loader_directory=loaders,
        tftp_blksize_cap=tftp_blksize,
        tftp_windowsize_cap=tftp_windowsize,
    )
    with EventPrinter(view_for(log_format, maker_of)) as printer:
        station = Station(settings, printer.watch)
        station.run()


def _checked(**chosen: Any) -> "StationSettings":
    """The settings, or what is wrong with them in words."""
    from pydantic import ValidationError

    from bootbeam.errors import UserError
    from bootbeam.settings.model import StationSettings

    try:
        return StationSettings(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{first['input']!r} will not do for {first['loc'][0]}", str(first["msg"])) from None

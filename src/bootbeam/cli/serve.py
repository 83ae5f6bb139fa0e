"""``bootbeam serve IMAGE...``: be a boot station until Ctrl-C."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class LogFormat(StrEnum):
    """How events are shown."""

    TEXT = "text"
    JSON = "json"


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
    from bootbeam.settings.model import StationSettings
    from bootbeam.station import Station

    settings = StationSettings(
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

"""``bootbeam serve IMAGE...``: be a boot station until Ctrl-C."""

from typing import TYPE_CHECKING, Any

from bootbeam.cli import serve_options as option

if TYPE_CHECKING:
    from bootbeam.settings.model import StationSettings


def serve(
    images: option.Images = None,
    kernel: option.Kernel = None,
    initrd: option.Initrd = None,
    cmdline: option.Cmdline = "",
    recipes: option.Recipes = None,
    default: option.Default = None,
    timeout: option.Timeout = 10,
    autoinstall: option.Autoinstall = None,
    preseed: option.Preseed = None,
    kickstart: option.Kickstart = None,
    autoyast: option.Autoyast = None,
    ignition: option.Ignition = None,
    answer: option.ProxmoxAnswer = None,
    autounattend: option.Autounattend = None,
    unattended: option.Unattended = None,
    macs: option.Macs = None,
    yes_to_any_machine: option.YesToAnyMachine = False,
    report: option.Report = True,
    state: option.State = None,
    interface: option.Interfaces = None,
    ipv6: option.Ipv6 = True,
    http_port: option.HttpPort = 8080,
    loaders: option.Loaders = None,
    tftp_blksize: option.TftpBlksize = 1468,
    tftp_windowsize: option.TftpWindowsize = 16,
    log_format: option.LogFormatOption = option.LogFormat.TEXT,
) -> None:
    """Serve images to every machine on the LAN that is set to network boot.

    Answers beside the DHCP server that is there (proxyDHCP); nothing on the router changes. Ctrl-C ends it.
    """
    own_answers = {
        "autoinstall": autoinstall,
        "preseed": preseed,
        "kickstart": kickstart,
        "autoyast": autoyast,
        "ignition": ignition,
        "proxmox": answer,
        "autounattend": autounattend,
    }
    chosen = {
        "kernel": kernel,
        "initrds": tuple(initrd or ()),
        "cmdline": cmdline,
        "recipe_directories": tuple(recipes or ()),
        "default": default,
        "menu_timeout_s": timeout,
        "answers": tuple((format, path) for format, path in own_answers.items() if path is not None),
        "short_form": unattended,
        "macs": tuple(macs or ()),
        "yes_to_any_machine": yes_to_any_machine,
        "reports": report,
        "state_directory": state,
        "interfaces": tuple(interface or ()),
        "ipv6": ipv6,
        "http_port": http_port,
        "loader_directory": loaders,
        "tftp_blksize_cap": tftp_blksize,
        "tftp_windowsize_cap": tftp_windowsize,
    }
    _run(images or [], chosen, log_format)


def _run(images: list[str], chosen: dict[str, Any], log_format: option.LogFormat) -> None:
    from bootbeam.cli.fetching import local_images
    from bootbeam.cli.terminal import EventPrinter, view_for
    from bootbeam.net.maker import maker_of
    from bootbeam.station import Station

    settings = _checked(images=local_images(images), **chosen)
    with EventPrinter(view_for(log_format, maker_of)) as printer:
        Station(settings, printer.watch).run()


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

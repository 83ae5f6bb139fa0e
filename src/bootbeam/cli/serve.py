"""``bootbeam serve IMAGE...``: be a boot station until Ctrl-C."""

import gc
from typing import Any

from bootbeam.cli import serve_options as option
from bootbeam.machine import SecureBootPolicy

ANSWER_FORMATS = {
    "autoinstall": "autoinstall",
    "preseed": "preseed",
    "kickstart": "kickstart",
    "autoyast": "autoyast",
    "ignition": "ignition",
    "answer": "proxmox",
    "autounattend": "autounattend",
}
"""Options that name a file of answers -> its format."""
SETTINGS = {
    "initrd": "initrds",
    "recipes": "recipe_directories",
    "timeout": "menu_timeout_s",
    "unattended": "short_form",
    "report": "reports",
    "state": "state_directory",
    "keep_boots": "kept_boots",
    "keep_boots_mb": "kept_boots_mb",
    "interface": "interfaces",
    "loaders": "loader_directory",
    "reply": "replies",
    "tftp_blksize": "tftp_blksize_cap",
    "tftp_windowsize": "tftp_windowsize_cap",
}
"""Options whose setting has another name."""


def serve(
    images: option.Images = None,
    tree: option.Tree = None,
    tree_boot: option.TreeBoot = None,
    kernel: option.Kernel = None,
    initrd: option.Initrd = None,
    cmdline: option.Cmdline = "",
    boot: option.Boot = None,
    nfs: option.Nfs = None,
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
    keep_boots: option.KeepBoots = 10_000,
    keep_boots_mb: option.KeepBootsMb = 512,
    interface: option.Interfaces = None,
    ipv6: option.Ipv6 = True,
    http_port: option.HttpPort = 8080,
    loaders: option.Loaders = None,
    secure_boot: option.SecureBoot = SecureBootPolicy.AUTO,
    reply: option.Reply = None,
    page: option.Page = "127.0.0.1:8088",
    no_page: option.NoPage = False,
    tftp_blksize: option.TftpBlksize = 1468,
    tftp_windowsize: option.TftpWindowsize = 16,
    log_format: option.LogFormatOption = option.LogFormat.TEXT,
) -> None:
    """Serve images to every machine on the LAN that is set to network boot.

    Answers beside the DHCP server that is there (proxyDHCP); nothing on the router changes. Ctrl-C ends it.
    """
    _run(dict(locals()))


def _run(options: dict[str, Any]) -> None:
    # Nearly everything that is made until the station is ready stays: looking through it for garbage takes 30 ms, and
    # finds none. The station begins with that when it is ready.
    gc.disable()
    from bootbeam.library.loader_packages import EarlyAnswer
    from bootbeam.library.loader_places import files_named_like_loaders

    # Asked first: the package database takes 40 ms to answer, and the rest is loaded beside it.
    packages = EarlyAnswer(files_named_like_loaders())
    from bootbeam.cli.fetching import local_images
    from bootbeam.cli.terminal import EventPrinter, view_for
    from bootbeam.net.maker import maker_of
    from bootbeam.settings.model import StationSettings, parse_machine_or_group, parse_page_address, parse_tree_boot
    from bootbeam.settings.reply_choice import parse_reply_choice
    from bootbeam.station import Station

    log_format, images = options.pop("log_format"), local_images(options.pop("images") or [])
    answers = {format: options.pop(option) for option, format in ANSWER_FORMATS.items()}
    given = tuple((format, path) for format, path in answers.items() if path is not None)
    page = None if options.pop("no_page") else parse_page_address(options.pop("page"))
    chosen: dict[str, Any] = {
        SETTINGS.get(name, name): tuple(value) if isinstance(value, list) else value
        for name, value in options.items()
        if value is not None
    }
    for name, parse in (
        ("replies", parse_reply_choice),
        ("macs", parse_machine_or_group),
        ("tree_boot", parse_tree_boot),
    ):
        chosen[name] = tuple(parse(text) for text in chosen.get(name, ()))
    settings = StationSettings(images=images, answers=given, **{**chosen, "page": page})
    with EventPrinter(view_for(log_format, maker_of)) as printer:
        Station(settings, printer.watch, packages).run()

"""The composition root: settings in, a running station out.

Binds everything, gives up root, serves, drains, stops. Every part gets here what it needs; no part knows another.
"""

import asyncio
import os
import signal
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from bootbeam.boot.boot_file import BootFileChoice
from bootbeam.boot.decision import Offering
from bootbeam.boot.recipe import UnattendedFormat
from bootbeam.errors import UserError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Journal, Record, Watcher
from bootbeam.library.answers import Answers, short_form_file
from bootbeam.library.cache import state_directory
from bootbeam.library.catalogue import Catalogue
from bootbeam.library.images import ImageLibrary
from bootbeam.library.loader_files import LoaderFiles
from bootbeam.library.machine_book import MachineBook
from bootbeam.library.machines import Machines
from bootbeam.library.recipe_files import recipe_directories
from bootbeam.library.scripts import Scripts
from bootbeam.net.interfaces import Interface, choose_interfaces, list_interfaces
from bootbeam.net.neighbours import Neighbours
from bootbeam.net.ports import bind_tcp, explain_bind_failure
from bootbeam.net.privileges import drop_to_invoking_user, raise_open_files_limit
from bootbeam.net.udp import bind_udp
from bootbeam.pxe.proxydhcp import ProxyDhcp
from bootbeam.pxe.reply import BOOT_SERVER_PORT, DHCP_SERVER_PORT
from bootbeam.servers.dhcp import DhcpServer, DhcpSocket
from bootbeam.servers.http import HttpServer
from bootbeam.servers.reports import Reports
from bootbeam.servers.tftp import TftpLimits, TftpListener, TftpServer
from bootbeam.settings.model import StationSettings

TFTP_PORT = 69
DRAIN_S = 3.0
"""How long transfers under way may take to finish after Ctrl-C."""
IP_UDP_TFTP_HEADERS_BYTES = 32
"""IPv4, UDP and TFTP headers together: what a block's packet has beside the block."""


@dataclass(slots=True)
class Sockets:
    """Everything the station listens on."""

    dhcp: list[DhcpSocket] = field(default_factory=list)
    tftp: list[TftpListener] = field(default_factory=list)
    http: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        """Close them all."""
        for sock in (*(each.sock for each in self.dhcp), *(each.sock for each in self.tftp), *self.http):
            sock.close()


class Station:
    """One boot station.

    Args:
        settings: what a person chose.
        watcher: shown every event.
    """

    def __init__(self, settings: StationSettings, watcher: Watcher) -> None:
        self._settings = settings
        self._neighbours = Neighbours()
        self._journal = Journal(time.time, self._neighbours.mac_of)
        self._journal.watch(watcher)

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM.

        Raises:
            UserError: an image, an interface, a port or a loader is not as it must be.
        """
        raise_open_files_limit()
        with ExitStack() as stack:
            record = self._journal.record
            interfaces = choose_interfaces(list_interfaces(), self._settings.interfaces)
            loaders = stack.enter_context(LoaderFiles(self._settings.loader_directory, record))
            sockets = bind_all(interfaces, self._settings)
            stack.callback(sockets.close)
            drop_to_invoking_user(self._settings.paths)
            answers = _answers(self._settings, record)
            images = stack.enter_context(ImageLibrary(self._settings, record, answers))
            machines = Machines(state_directory() / "state.db" if answers.is_given else None)
            stack.callback(machines.close)
            asyncio.run(self._serve(interfaces, sockets, Stock(images, loaders, answers, machines)))

    async def _serve(self, interfaces: list[Interface], sockets: Sockets, stock: "Stock") -> None:
        record = self._journal.record
        offering = _Offerings(stock, self._settings)
        book = MachineBook(stock.machines, self._settings.may_be_wiped, time.time)
        self._journal.watch(book.watch)
        scripts = Scripts(offering, stock.images.resolve, self._settings.http_port, record, book.complete)
        catalogue = Catalogue(stock.images.files, stock.loaders.files, scripts, stock.images.isos, stock.answers)
        proxy = ProxyDhcp(BootFileChoice(offering, self._settings.http_port))
        dhcp = DhcpServer(sockets.dhcp, proxy, record, time.monotonic, self._neighbours.learn)
        tftp = TftpServer(sockets.tftp, catalogue, record, _tftp_limits(self._settings, interfaces))
        http = HttpServer(catalogue, record, sockets.http, Reports(record, book.set_installed).routes)
        stopped = _stop_on_signals()
        await http.start()
        tftp.start()
        dhcp.start()
        self._record_ready(interfaces, offering(), stock)
        reason = await stopped
        dhcp.stop()
        await asyncio.gather(http.stop(DRAIN_S), asyncio.to_thread(tftp.stop, DRAIN_S))
        record(EventKind.STATION_STOPPED, reason=reason)

    def _record_ready(self, interfaces: list[Interface], offering: Offering, stock: "Stock") -> None:
        addresses = [f"{interface.name} {interface.addresses[0].ip}" for interface in interfaces]
        self._journal.record(
            EventKind.STATION_READY,
            interfaces=", ".join(addresses),
            http_port=self._settings.http_port,
            entries="\n".join(entry.title for entry in offering.entries),
            loaders="\n".join(stock.loaders.words),
        )
        for warning in stock.answers.warnings:
            self._journal.record(EventKind.PROBLEM, what=warning, why="", fix="")


@dataclass(frozen=True, slots=True)
class Stock:
    """What the station has to give, and what it remembers."""

    images: ImageLibrary
    loaders: LoaderFiles
    answers: Answers
    machines: Machines


class _Offerings:
    """What is on offer at the moment it is asked: images change while the station runs."""

    def __init__(self, stock: Stock, settings: StationSettings) -> None:
        self._images = stock.images
        self._loaders = stock.loaders
        self._settings = settings

    def __call__(self) -> Offering:
        return Offering(
            entries=self._images.entries(),
            loaders=self._loaders.paths,
            default=self._settings.default,
            menu_timeout_s=self._settings.menu_timeout_s,
            loader_advice=self._loaders.advice,
        )


def bind_all(interfaces: list[Interface], settings: StationSettings) -> Sockets:
    """Every socket of the station; the broadcast ports on each interface, HTTP on each address.

    Raises:
        UserError: what could not be bound, all of it together.
    """
    sockets, errors = Sockets(), []

    def udp(port: int, interface: Interface) -> socket.socket | None:
        try:
            return bind_udp("0.0.0.0", port, interface.name)
        except OSError as error:
            errors.append(explain_bind_failure(error, "udp", str(interface.addresses[0].ip), port))
            return None

    for interface in interfaces:
        for port in (DHCP_SERVER_PORT, BOOT_SERVER_PORT):
            if sock := udp(port, interface):
                sockets.dhcp.append(DhcpSocket(sock, port, interface))
        if sock := udp(TFTP_PORT, interface):
            sockets.tftp.append(TftpListener(sock, interface.name))
        for address in interface.addresses:
            try:
                sockets.http.append(bind_tcp(str(address.ip), settings.http_port))
            except OSError as error:
                errors.append(explain_bind_failure(error, "tcp", str(address.ip), settings.http_port, "--http-port"))
    if errors:
        sockets.close()
        raise _join(errors)
    return sockets


def _join(errors: list[UserError]) -> UserError:
    """All errors as one; the same cause or advice is said once."""
    whats, whys, fixes = (
        list(dict.fromkeys(getattr(error, part) for error in errors if getattr(error, part)))
        for part in ("what", "why", "fix")
    )
    return UserError("; ".join(whats), "; ".join(whys), "; ".join(fixes))


def _answers(settings: StationSettings, record: Record) -> Answers:
    files = {UnattendedFormat(format): path for format, path in settings.answers}
    short_form = settings.short_form
    if short_form is not None:
        # The recipes' own places without the last step: what people configure lies together.
        directories = [directory.parent for directory in reversed(recipe_directories(os.environ))]
        short_form = short_form_file(short_form, directories)
    return Answers(files, short_form, settings.reports, record)


def _tftp_limits(settings: StationSettings, interfaces: list[Interface]) -> TftpLimits:
    smallest_mtu = min(interface.mtu for interface in interfaces)
    return TftpLimits(
        blksize_cap=min(settings.tftp_blksize_cap, smallest_mtu - IP_UDP_TFTP_HEADERS_BYTES),
        windowsize_cap=settings.tftp_windowsize_cap,
    )


def _stop_on_signals() -> "asyncio.Future[str]":
    """Done with the reason when somebody ends the station."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[str] = loop.create_future()

    def stop(reason: str) -> None:
        if not stopped.done():
            stopped.set_result(reason)

    loop.add_signal_handler(signal.SIGINT, stop, "Ctrl-C")
    loop.add_signal_handler(signal.SIGTERM, stop, "SIGTERM")
    return stopped

"""The composition root: settings in, a running station out.

Binds everything, gives up root, serves, drains, stops. Every part gets here what it needs; no part knows another.
"""

import asyncio
import ctypes
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from bootbeam import __version__
from bootbeam.boot.boot_file import BootFileChoice
from bootbeam.boot.decision import Offering
from bootbeam.doctor.firewall import firewall_warnings
from bootbeam.errors import UserError
from bootbeam.journal.boot_store import BOOTS_FILE, BootStore, Keeping
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Journal, Watcher
from bootbeam.journal.verdict.watch import LOOK_INTERVAL_S as VERDICT_INTERVAL_S
from bootbeam.journal.verdict.watch import VerdictWatch
from bootbeam.library import first_programs, machine_book, reply_watch
from bootbeam.library.answers import NO_MACHINE_NAMED, Answers, open_answers
from bootbeam.library.cache import STATE_FILE, state_directory
from bootbeam.library.catalogue import Catalogue
from bootbeam.library.content import ContentSource
from bootbeam.library.first_programs import LOOK_INTERVAL_S, FirstProgramWatch
from bootbeam.library.grub_files import GrubFiles
from bootbeam.library.grub_images import GrubImages
from bootbeam.library.grub_scripts import GrubScripts
from bootbeam.library.images import ImageLibrary
from bootbeam.library.loader_files import LoaderFiles
from bootbeam.library.loader_packages import Package
from bootbeam.library.machine_book import InstalledMachines, MachineBook
from bootbeam.library.offerings import Offerings
from bootbeam.library.remembered_replies import SAVE_INTERVAL_S, RememberedReplies
from bootbeam.library.reply_watch import ReplyVariantWatch
from bootbeam.library.scripts import Scripts
from bootbeam.library.u_boot_files import UBootFiles
from bootbeam.net.addresses6 import beyond_link, read_addresses6
from bootbeam.net.interfaces import Interface, choose_interfaces, list_interfaces
from bootbeam.net.maker import maker_of
from bootbeam.net.neighbours import Neighbours
from bootbeam.net.privileges import drop_to_invoking_user, raise_open_files_limit
from bootbeam.pxe.dhcp6 import Dhcp6Boot
from bootbeam.pxe.ipv4_stand_in import Ipv4StandIn
from bootbeam.pxe.proxydhcp import ProxyDhcp
from bootbeam.servers import garbage
from bootbeam.servers.dhcp import DhcpServer
from bootbeam.servers.dhcp6 import Dhcp6Server
from bootbeam.servers.dhcp_thread import DhcpThread
from bootbeam.servers.held_back import PORT_OF_KIND, HeldBack
from bootbeam.servers.http import HttpServer
from bootbeam.servers.http_thread import HttpThread
from bootbeam.servers.listeners import Listeners, bind_all
from bootbeam.servers.overhearing import Overhearing
from bootbeam.servers.packet_keeping import PacketKeeping
from bootbeam.servers.pages import report_pages
from bootbeam.servers.tftp import TftpLimits, TftpServer
from bootbeam.servers.tftp_library import load_turn_libraries, refused_warnings
from bootbeam.settings.model import StationSettings
from bootbeam.web.server import PageServer, open_page
from bootbeam.wire.dhcp6_options import encode_uuid_duid

if TYPE_CHECKING:
    from bootbeam.library.tftp_tree import TftpTree

M_ARENA_MAX = -8
"""glibc <malloc.h>."""
DRAIN_S = 3.0
"""How long transfers under way may take to finish after Ctrl-C."""
SWITCH_INTERVAL_S = 0.0005
"""How long one thread may keep Python to itself: those that print and keep events must not hold up an answer. Python's
own 5 ms are more than a machine may wait for an OFFER."""
IP_UDP_TFTP_HEADERS_BYTES = 32
"""IPv4, UDP and TFTP headers together: what a block's packet has beside the block."""


class Station:
    """One boot station.

    Args:
        settings: what a person chose.
        watcher: shown every event.
        packages: finds the installed packages that boot loaders belong to.
    """

    def __init__(
        self, settings: StationSettings, watcher: Watcher, packages: Callable[[Sequence[Path]], dict[Path, Package]]
    ) -> None:
        self._settings = settings
        self._packages = packages
        self._neighbours = Neighbours()
        self._journal = Journal(time.time, self._neighbours.mac_of)
        self._journal.watch(watcher)
        self._page_listener: socket.socket | None = None

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM.

        Raises:
            UserError: an image, an interface, a port or a loader is not as it must be.
        """
        raise_open_files_limit()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        _share_one_heap()
        with ExitStack() as stack:
            record = self._journal.record
            usable = [each for each in list_interfaces() if each.addresses or self._settings.ipv6]
            interfaces = choose_interfaces(usable, self._settings.interfaces)
            tree = _open_tree(self._settings)
            if tree is not None:
                listeners = self._listen(stack, interfaces)
                drop_to_invoking_user(self._settings.paths)
                asyncio.run(self._serve(interfaces, listeners, self._goods_of_tree(tree)))
                return
            loaders = stack.enter_context(LoaderFiles(self._settings.loader_directory, record, self._packages))
            listeners = self._listen(stack, interfaces)
            drop_to_invoking_user(self._settings.paths)
            answers = open_answers(self._settings, record)
            if answers.is_given and not (self._settings.macs or self._settings.yes_to_any_machine):
                listeners.warnings.append(UserError(*NO_MACHINE_NAMED))
            images = stack.enter_context(ImageLibrary(self._settings, record, answers))
            loaders.check_signed(self._settings.secure_boot, images.entries())
            machines = _open_machines(stack, self._settings.state_directory) if answers.is_given else None
            stock = Stock(images, loaders, GrubImages(self._settings.http_port, record), answers, machines)
            asyncio.run(self._serve(interfaces, listeners, self._goods_of_images(stock)))

    def _listen(self, stack: ExitStack, interfaces: list[Interface]) -> Listeners:
        """Take the ports, and see whether the firewall lets anything reach them: both need root."""
        listeners = bind_all(interfaces, self._settings)
        stack.callback(listeners.close)
        self._page_listener, warning = open_page(self._settings)
        if self._page_listener is not None:
            stack.callback(self._page_listener.close)
        listeners.warnings += [warning] if warning else []
        listeners.warnings += refused_warnings()
        listeners.warnings += firewall_warnings(interfaces, self._settings.http_port, ipv6=self._settings.ipv6)
        return listeners

    async def _serve(self, interfaces: list[Interface], listeners: Listeners, goods: "Goods") -> None:
        record = self._journal.record
        offering, book = goods.offering, goods.book
        self._journal.watch(book.watch, machine_book.WATCHED_KINDS)
        programs = FirstProgramWatch(offering, record, time.monotonic)
        self._journal.watch(programs.watch, first_programs.WATCHED_KINDS)
        store = self._boot_store()
        self._journal.watch(store.watch)
        page = self._page()
        packets = PacketKeeping(self._journal.attempt_of, store.keep_packet, time.time)
        verdicts = VerdictWatch(record, time.time, time.monotonic)
        self._journal.watch(verdicts.watch)
        answering = DhcpThread()
        # What is remarked of a question is told after the question.
        tell = [partial(answering.call_soon, each) for each in (programs.note, programs.doubt)]
        choice = BootFileChoice(offering, self._settings.http_port, programs.standing, *tell)
        stand_in = Ipv4StandIn(choice)
        remembered = RememberedReplies((self._settings.state_directory or state_directory()) / STATE_FILE, record)
        variants = ReplyVariantWatch(self._settings.replies, remembered, record, time.monotonic, answering.call_soon)
        self._journal.watch(variants.watch, reply_watch.WATCHED_KINDS)
        proxy = ProxyDhcp(choice, stand_in, variants.choose)
        learn, has_loaded = self._neighbours.learn, self._journal.has_loaded
        dhcp = DhcpServer(listeners.dhcp, proxy, record, time.monotonic, learn, has_loaded, packets)
        dhcp6 = self._dhcp6_server(listeners, choice, stand_in, interfaces[0], packets)
        held_back = HeldBack(record, time.monotonic)
        self._journal.watch(held_back.watch, PORT_OF_KIND)
        overhearing = Overhearing(
            listeners.ears, record, time.monotonic, self._journal.is_booting, packets.heard, held_back.arrived
        )
        limits, libraries = _tftp_limits(self._settings, interfaces), load_turn_libraries()
        tftp = TftpServer(listeners.tftp, goods.source, record, limits, libraries)
        pages = report_pages(record, book.expects_report, book.set_installed)
        http = HttpThread(HttpServer(goods.source, record, listeners.http, pages))
        stopped = _stop_on_signals()
        await http.start()
        tftp.start()
        await answering.start(dhcp, dhcp6, overhearing)
        page.start()
        garbage.begin()
        self._record_ready(interfaces, goods, listeners.warnings, page.url)
        store.start()
        looks = (LOOK_INTERVAL_S, programs.tell_silent), (VERDICT_INTERVAL_S, verdicts.look), (1.0, page.advance)
        more = (_every(garbage.INTERVAL_S, garbage.find_all), _keep_replies(remembered))
        looking = [*map(asyncio.create_task, (*starmap(_every, looks), *more))]
        reason = await stopped
        for task in looking:
            task.cancel()
        await answering.stop()
        await asyncio.gather(http.stop(DRAIN_S), page.stop(), asyncio.to_thread(tftp.stop, DRAIN_S))
        remembered.save()
        record(EventKind.STATION_STOPPED, reason=reason)
        store.stop()

    def _boot_store(self) -> BootStore:
        settings, record = self._settings, self._journal.record

        def complain(what: str, why: str, fix: str) -> None:
            record(EventKind.PROBLEM, what=what, why=why, fix=fix)

        keeping = Keeping(
            path=(settings.state_directory or state_directory()) / BOOTS_FILE,
            max_attempts=settings.kept_boots,
            max_bytes=settings.kept_boots_mb * 1_000_000,
            version=__version__,
            settings=settings.as_json(),
        )
        return BootStore(keeping, complain)

    def _page(self) -> PageServer:
        settings = self._settings
        path = (settings.state_directory or state_directory()) / BOOTS_FILE if settings.kept_boots else None
        page = PageServer(self._page_listener, path, self._journal.events, self._journal.record, maker_of, time.time)
        for event in self._journal.events():  # of the images, which were opened before
            page.watch(event)
        self._journal.watch(page.watch)
        return page

    def _goods_of_images(self, stock: "Stock") -> "Goods":
        offering = Offerings(stock.images, stock.loaders, stock.grub, self._settings)
        book = MachineBook(stock.machines, self._settings.may_be_wiped, time.time)
        titles = [entry.title for entry in offering().entries]
        return Goods(
            self._catalogue(stock, offering, book), offering, book, titles, stock.loaders.words, stock.answers.warnings
        )

    def _goods_of_tree(self, tree: "TftpTree") -> "Goods":
        book = MachineBook(None, self._settings.may_be_wiped, time.time)
        titles = [f"what the tree {self._settings.tree} says, served as it is"]
        return Goods(tree, tree.on_offer, book, titles, tree.words(), ())

    def _catalogue(self, stock: "Stock", offering: Callable[[], Offering], book: MachineBook) -> Catalogue:
        images, http_port, record = stock.images, self._settings.http_port, self._journal.record
        u_boot = UBootFiles(offering, images.resolve, record, book.complete)
        self._journal.watch(u_boot.watch, [EventKind.CLIENT_SEEN])
        return Catalogue(
            images.files,
            stock.loaders.files,
            Scripts(offering, images.resolve, http_port, record, book.complete),
            images.isos,
            stock.answers,
            GrubFiles(
                stock.grub,
                GrubScripts(offering, images.resolve, http_port, record, book.complete, self._neighbours.mac_of),
                offering,
                beyond_link,
                stock.loaders.signed_disks,
            ),
            u_boot,
        )

    def _dhcp6_server(
        self,
        listeners: Listeners,
        choice: BootFileChoice,
        stand_in: Ipv4StandIn,
        interface: Interface,
        packets: PacketKeeping,
    ) -> Dhcp6Server:
        # The same at every start, so that a machine can renew its address, and not what this computer itself is
        # known by as a client.
        own, asking = (
            encode_uuid_duid(uuid5(NAMESPACE_OID, f"bootbeam{role} {interface.mac}")) for role in ("", " probe")
        )
        return Dhcp6Server(
            listeners.dhcp6,
            Dhcp6Boot(choice, own, asking, stand_in.note_booting),
            self._journal.record,
            time.monotonic,
            read_addresses6,
            self._neighbours.learn,
            self._neighbours.mac_of,
            packets,
        )

    def _record_ready(
        self, interfaces: list[Interface], goods: "Goods", warnings: Sequence[UserError], page: str | None
    ) -> None:
        addresses = [_address_words(interface, self._settings) for interface in interfaces]
        self._journal.record(
            EventKind.STATION_READY,
            interfaces=", ".join(addresses),
            http_port=self._settings.http_port,
            entries="\n".join(goods.titles),
            loaders="\n".join(goods.loaders),
            page=page,
        )
        for warning in (*warnings, *map(UserError, goods.warnings)):
            self._journal.record(EventKind.PROBLEM, what=warning.what, why=warning.why, fix=warning.fix)


@dataclass(frozen=True, slots=True)
class Stock:
    """What the station has to give, and what it remembers."""

    images: ImageLibrary
    loaders: LoaderFiles
    grub: GrubImages
    answers: Answers
    machines: InstalledMachines | None


@dataclass(frozen=True, slots=True)
class Goods:
    """What is served, whether images or a tree that somebody has."""

    source: ContentSource
    offering: Callable[[], Offering]
    book: MachineBook
    titles: Sequence[str]
    """What boots, for people."""
    loaders: Sequence[str]
    """What machines begin with, for people."""
    warnings: Sequence[str]


def _address_words(interface: Interface, settings: StationSettings) -> str:
    """Name and addresses, as in "eno1 192.168.1.50 and fd00::50"."""
    addresses = [str(address.ip) for address in interface.addresses[:1]]
    if settings.ipv6:
        addresses += [str(address.ip) for address in interface.addresses6[:1] if not address.is_link_local]
    return f"{interface.name} {' and '.join(addresses)}"


def _open_tree(settings: StationSettings) -> "TftpTree | None":
    if settings.tree or settings.tree_boot:
        # Loaded here: most stations serve images, and are ready 6 ms sooner without.
        from bootbeam.library.tftp_tree import open_tree

        return open_tree(settings)
    return None


def _open_machines(stack: ExitStack, directory: Path | None) -> InstalledMachines:
    # Imported here: the database's library takes a tenth of a second, and a station that installs nothing needs none.
    from bootbeam.library.machines import Machines

    machines = Machines((directory or state_directory()) / STATE_FILE)
    stack.callback(machines.close)
    return machines


async def _every(interval_s: float, look: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(interval_s)
        look()


async def _keep_replies(remembered: RememberedReplies) -> None:
    await asyncio.to_thread(remembered.load)
    while True:
        await asyncio.sleep(SAVE_INTERVAL_S)
        await asyncio.to_thread(remembered.save)


def _tftp_limits(settings: StationSettings, interfaces: list[Interface]) -> TftpLimits:
    smallest_mtu = min(interface.mtu for interface in interfaces)
    return TftpLimits(
        blksize_cap=min(settings.tftp_blksize_cap, smallest_mtu - IP_UDP_TFTP_HEADERS_BYTES),
        windowsize_cap=settings.tftp_windowsize_cap,
    )


def _share_one_heap() -> None:
    """Let all threads allocate from one heap (``M_ARENA_MAX``, mallopt(3)).

    The C library gives each its own, and what one has freed no other gets: a seventh of all memory when a thousand
    machines boot at once. Python's lock keeps them from waiting for each other there. Only glibc has the call.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)


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

"""A running ``TftpServer`` for the tests, with files of a directory as its source, and a plain client socket."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, ContentChanged, FileSlice, Missing, NotReady, Peer, Version
from bootbeam.net.udp import bind_udp
from bootbeam.servers.tftp import TftpLimits, TftpListener, TftpServer
from bootbeam.servers.tftp_turn import TurnLibrary
from tests import tftp_packets
from tests.servers.kept_events import Kept

ANSWER_TIMEOUT_S = 10.0
KERNEL = Random(1).randbytes(300_000)
LOOPBACK_LIMITS = TftpLimits(max_transfers_per_address=1000, blksize_cap=65464, windowsize_cap=64)


class Directory:
    """Serves the files of a directory, and whatever else a test puts at a path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made: dict[str, Callable[[Peer], Content | Missing | NotReady]] = {}
        self.peers: list[Peer] = []
        self.open_files = 0
        self.is_unchanging = False
        """Whether its files are private copies."""

    def all_closed(self) -> bool:
        """Whether every file opened has been closed, at once or in a moment: the event comes first."""
        deadline = time.monotonic() + 5
        while self.open_files and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self.open_files

    def open(self, path: str, peer: Peer) -> Content | Missing | NotReady:
        self.peers.append(peer)
        if path in self.made:
            return self.made[path](peer)
        try:
            fd = os.open(self.root / path, os.O_RDONLY)
        except FileNotFoundError:
            return Missing("no such file here")
        self.open_files += 1
        opened = os.fstat(fd)

        def check() -> None:
            now = os.fstat(fd)
            if (now.st_mtime_ns, now.st_size) != (opened.st_mtime_ns, opened.st_size):
                raise ContentChanged(f"{path} was rewritten while it was being sent")

        def close() -> None:
            os.close(fd)
            self.open_files -= 1

        whole = (FileSlice(fd, 0, opened.st_size),)
        version = Version(opened.st_size, opened.st_mtime, lambda: "0123456789abcdef" * 4)
        return Content(
            path,
            opened.st_size,
            role="kernel",
            slices=whole,
            version=version,
            check=check,
            on_close=close,
            is_unchanging=self.is_unchanging,
        )


class TftpStation:
    """The server on an ephemeral port of the loopback, stopped at the end of the ``with``."""

    def __init__(
        self,
        root: Path,
        limits: TftpLimits = LOOPBACK_LIMITS,
        address: str = "127.0.0.1",
        interface: str | None = None,
        libraries: Sequence[TurnLibrary] = (),
    ) -> None:
        self.journal = Kept()
        self.directory = Directory(root)
        sock = bind_udp(address, 0, interface)
        self.port = int(sock.getsockname()[1])
        self.server = TftpServer([TftpListener(sock, interface)], self.directory, self.journal, limits, libraries)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()

    def client(self, address: str = "127.0.0.1") -> "Client":
        return Client(self.port, address)


class Client:
    """One UDP socket that speaks TFTP by hand."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(ANSWER_TIMEOUT_S)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self.sock.bind(("127.0.0.1", 0))
        self.port = int(self.sock.getsockname()[1])
        self.server = (address, port)
        self.session: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()

    def ask(self, filename: str | bytes, *options: tuple[str, str], mode: str = "octet") -> None:
        self.sock.sendto(tftp_packets.rrq(filename, *options, mode=mode), self.server)

    def send(self, packet: bytes) -> None:
        """To the port that the server answered from."""
        assert self.session is not None
        self.sock.sendto(packet, self.session)

    def receive(self) -> bytes:
        packet, source = self.sock.recvfrom(70_000)
        self.session = source
        return packet

    def hears_nothing(self, for_s: float) -> bool:
        self.sock.settimeout(for_s)
        try:
            self.sock.recv(70_000)
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(ANSWER_TIMEOUT_S)
        return False

    def oack(self) -> dict[str, int]:
        return {name: int(value) for name, value in tftp_packets.read_oack(self.receive())}

    def error(self) -> tuple[int, str]:
        packet = self.receive()
        opcode, code = struct.unpack("!HH", packet[:4])
        assert opcode == 5, packet[:40]
        return code, packet[4:-1].decode("ascii")

    def data(self) -> tuple[int, bytes]:
        packet = self.receive()
        opcode, block = struct.unpack("!HH", packet[:4])
        assert opcode == 3, packet[:40]
        return block, packet[4:]

    def download(self, filename: str, **options: int) -> bytes:
        """The whole file, nothing being lost; options without an underscore are asked for."""
        self.ask(filename, *((name, str(value)) for name, value in options.items()))
        told = self.oack() if options else {}
        if options:
            self.send(tftp_packets.ack(0))
        content, expected, last = b"", 1, False
        pieces = [content]
        while not last:
            block, payload = self.data()
            assert block == expected & 0xFFFF, f"block {expected} expected, got {block}"
            pieces.append(payload)
            last = len(payload) < told.get("blksize", 512)
            if last or expected % told.get("windowsize", 1) == 0:
                self.send(tftp_packets.ack(expected))
            expected += 1
        return b"".join(pieces)


def running_station(root: Path) -> Iterator[TftpStation]:
    """For fixtures: a station that serves ``kernel``, and must have met no problem when the test is over."""
    (root / "kernel").write_bytes(KERNEL)
    with TftpStation(root) as running:
        yield running
    assert not running.journal.of(EventKind.PROBLEM), "a test that expects problems takes a station of its own"

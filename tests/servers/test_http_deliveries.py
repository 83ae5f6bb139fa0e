"""Whether a body that the kernel has whole counts as delivered when nothing more is heard of its client."""

import ctypes
import fcntl
import socket
import struct
import sys
import termios
import time
from asyncio.trsock import TransportSocket
from unittest.mock import Mock

from bootbeam.journal.events import EventKind
from bootbeam.net.packet_socket import SO_ATTACH_FILTER
from bootbeam.servers.http_deliveries import Deliveries
from tests.servers.http_station import HttpStation


def stop_listening(client: socket.socket) -> None:
    """From now on the client is like a machine whose TCP is gone: what comes is thrown away, and nothing answers it."""
    steps = (ctypes.c_ubyte * 8).from_buffer_copy(struct.pack("=HBBI", 0x06, 0, 0, 0))  # BPF: return 0, drop all
    program = struct.pack("HL", 1, ctypes.addressof(steps))
    client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def ask(station: HttpStation, size_bytes: int) -> tuple[socket.socket, int]:
    """A client that has asked for a loader, and how much of it there was room for in its window."""
    station.files.add_body("grub.efi", bytes(size_bytes), role="loader")
    client = station.connect(receive_buffer_bytes=65536)
    client.sendall(b"GET /grub.efi HTTP/1.1\r\nHost: station\r\n\r\n")
    waiting, before = 0, -1
    while waiting != before or not waiting:
        time.sleep(0.3)
        before, waiting = waiting, readable_bytes(client)
    return client, waiting


def load_and_start(station: HttpStation, beyond_bytes: int) -> socket.socket:
    """A client that gets what its window has room for, makes room for the rest, which is ``beyond_bytes`` long, and
    acknowledges nothing any more."""
    window_bytes = window_of_client()
    client, waiting = ask(station, window_bytes + beyond_bytes)
    assert 0 < waiting < window_bytes + beyond_bytes
    stop_listening(client)
    while readable_bytes(client):
        client.recv(1 << 16)
    return client


def window_of_client() -> int:
    with HttpStation() as another:
        client, window_bytes = ask(another, 250_000)
        client.close()
    return window_bytes


def readable_bytes(client: socket.socket) -> int:
    return int.from_bytes(fcntl.ioctl(client.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)


def test_a_loader_that_was_started_before_its_end_was_acknowledged_is_not_cut_off_by_a_stop() -> None:
    """Seen with iPXE, which had started a GRUB of 0.8 MB with the acknowledgement of 135 KB unsent."""
    with HttpStation() as station:
        client = load_and_start(station, 30_000)
    assert [event.facts["role"] for event in station.journal.of(EventKind.TRANSFER_FINISHED)] == ["loader"]
    assert station.journal.of(EventKind.TRANSFER_FAILED) == []
    client.close()


def test_nor_does_it_count_as_stalled_when_nothing_more_is_heard_of_it() -> None:
    with HttpStation(stall_timeout_s=4) as station:
        client = load_and_start(station, 30_000)
        station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert station.journal.of(EventKind.TRANSFER_FAILED) == station.journal.of(EventKind.TRANSFER_STALLED) == []
    client.close()


def test_what_was_not_even_sent_is_cut_off() -> None:
    with HttpStation() as station:
        client = load_and_start(station, 4 * window_of_client())
    (event,) = station.journal.of(EventKind.TRANSFER_FAILED)
    assert event.facts["reason"] == "the station was stopped"
    client.close()


def test_a_client_of_which_nothing_was_heard_since_it_asked_has_not_got_it() -> None:
    with HttpStation() as station, station.connect() as client:
        station.files.add_body("small", b"small", role="script")
        station.files.add_body("grub.efi", bytes(40_000), role="loader")
        client.sendall(b"GET /small HTTP/1.1\r\nHost: station\r\n\r\n")
        assert client.recv(1000)
        stop_listening(client)
        client.sendall(b"GET /grub.efi HTTP/1.1\r\nHost: station\r\n\r\n")
        station.journal.wait_for(EventKind.TRANSFER_STARTED)
        time.sleep(0.3)
    (event,) = station.journal.of(EventKind.TRANSFER_FAILED)
    assert event.facts["file"] == "grub.efi"


def test_who_asks_for_the_next_piece_has_the_one_before() -> None:
    """It is not looked at: the client has read nothing here."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        server = listener.accept()[0]
        deliveries, sent = Deliveries(TransportSocket(server)), Mock()
        deliveries.add(server.send(bytes(100_000)), sent)
        client.close()
        sent.finished.assert_not_called()
        deliveries.read()
        sent.finished.assert_called_once_with()
        assert not deliveries.is_waiting
        server.close()

"""Which address and interface answers come from."""

import socket
from pathlib import Path

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Peer
from tests.servers.tftp_station import KERNEL, TftpStation


def test_answers_come_from_the_address_that_was_asked(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, address="0.0.0.0") as station:
        for address in ("127.0.0.1", "127.0.0.77"):
            with station.client(address) as client:
                assert client.download("kernel", blksize=8192) == KERNEL
                assert client.session is not None
                assert client.session[0] == address
        assert [peer.local_address for peer in station.directory.peers] == ["127.0.0.1", "127.0.0.77"]


def test_a_broadcast_request_is_answered_from_an_address_of_ours(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, address="0.0.0.0") as station, station.client("127.255.255.255") as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        assert client.download("kernel", blksize=8192) == KERNEL
        assert client.session is not None
        assert client.session[0] == "127.0.0.1"
        assert station.directory.peers == [Peer("127.0.0.1", "127.0.0.1", "tftp", None)]


def test_a_listener_bound_to_an_interface_answers_by_it(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, interface="lo") as station, station.client() as client:
        assert client.download("kernel", blksize=8192) == KERNEL
        (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
        assert finished.interface == "lo"
        assert station.directory.peers[0].interface == "lo"

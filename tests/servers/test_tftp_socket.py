"""Which address and interface answers come from, and how large they may be on the way."""

import ctypes
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Peer
from tests.servers.tftp_station import KERNEL, TftpStation
from tests.tftp_packets import ack, error

CLONE_NEWNET = 0x40000000
"""Linux <sched.h>."""


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


def in_private_network(step: Callable[[], None]) -> None:
    """Run ``step`` in a thread with a network of its own, which is gone with it: a loopback whose MTU may change."""

    def enter_and_run() -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "a private network takes root")
        ip("link", "set", "lo", "up")
        step()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(enter_and_run).result()


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def test_blocks_are_no_larger_than_the_path_takes_unfragmented(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)

    def step() -> None:
        ip("link", "set", "lo", "mtu", "1400")
        with TftpStation(tmp_path) as station, station.client() as client:
            client.ask("kernel", ("blksize", "65464"))
            assert client.oack() == {"blksize": 1400 - 20 - 8 - 4}
            assert client.download("kernel", blksize=1500, windowsize=16) == KERNEL

    in_private_network(step)


def test_a_path_that_shrinks_ends_the_transfer_in_words_and_the_next_one_fits(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)

    def step() -> None:
        with TftpStation(tmp_path) as station, station.client() as client:
            for windowsize in ("1", "16"):
                ip("link", "set", "lo", "mtu", "1500")
                client.ask("kernel", ("blksize", "1468"), ("windowsize", windowsize))
                assert client.oack()["blksize"] == 1468
                ip("link", "set", "lo", "mtu", "1000")
                client.send(ack(0))
                assert client.error() == (0, "the way to the client takes blocks of 968 bytes only, ask again")
                assert client.download("kernel", blksize=1468, windowsize=16) == KERNEL
            assert len(station.journal.of(EventKind.TRANSFER_FAILED)) == 2

    in_private_network(step)


def test_a_link_that_goes_down_for_a_moment_does_not_end_the_transfer(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)

    def step() -> None:
        with TftpStation(tmp_path) as station, station.client() as client:
            client.ask("kernel", ("blksize", "10000"))
            client.oack()
            client.send(ack(0))
            client.data()
            client.send(ack(1))
            client.data()
            ip("link", "set", "lo", "down")
            time.sleep(1.5)
            ip("link", "set", "lo", "up")
            assert client.data()[0] == 2
            client.send(ack(2))
            assert client.data()[0] == 3
            assert not station.journal.of(EventKind.TRANSFER_FAILED)
            client.send(error(0))

    in_private_network(step)


def test_a_firewall_of_this_computer_is_named_when_nothing_gets_through(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)

    def step() -> None:
        with TftpStation(tmp_path) as station, station.client() as client:
            client.ask("kernel", ("timeout", "1"))
            client.oack()
            rules = (
                f"table ip t {{ chain c {{ type filter hook output priority 0; udp dport {client.port} drop; }}; }}\n"
            )
            subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
            (failed,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
            assert "a firewall on this computer" in str(failed.facts["reason"])

    in_private_network(step)

"""TFTP and HTTP over IPv6, on the loopback, with curl as the client."""

import subprocess
from pathlib import Path

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, Peer
from bootbeam.net.ports import bind_tcp6
from bootbeam.net.udp import bind_udp6
from bootbeam.servers.tftp import TftpListener, TftpServer
from tests.servers.http_station import HttpStation
from tests.servers.kept_events import Kept
from tests.servers.tftp_station import KERNEL, LOOPBACK_LIMITS, Directory


def curl(url: str, *options: str) -> bytes:
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail", "--globoff", "--max-time", "20", *options, url],
        capture_output=True,
        check=True,
    )
    return done.stdout


def test_a_file_comes_whole_by_tftp(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    journal, directory = Kept(), Directory(tmp_path)
    sock = bind_udp6(0, "lo")
    port = sock.getsockname()[1]
    server = TftpServer([TftpListener(sock, "lo")], directory, journal, LOOPBACK_LIMITS)
    server.start()
    try:
        assert curl(f"tftp://[::1]:{port}/kernel", "--tftp-blksize", "1428") == KERNEL
        assert curl(f"tftp://[::1]:{port}/kernel") == KERNEL
    finally:
        server.stop()
    assert directory.peers == [Peer("::1", "::1", "tftp", "lo")] * 2
    assert [event.facts["blksize"] for event in journal.of(EventKind.TRANSFER_FINISHED)] == [1428, 512]
    assert directory.all_closed()


def test_the_largest_block_leaves_room_for_ipv6s_longer_header(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    journal, directory = Kept(), Directory(tmp_path)
    sock = bind_udp6(0, "lo")
    port = sock.getsockname()[1]
    server = TftpServer([TftpListener(sock, "lo")], directory, journal, LOOPBACK_LIMITS)
    server.start()
    try:
        curl(f"tftp://[::1]:{port}/kernel", "--tftp-blksize", "65464")
    finally:
        server.stop()
    [finished] = journal.of(EventKind.TRANSFER_FINISHED)
    # The loopback's MTU is 65536: 40 bytes IPv6, 8 UDP, 4 TFTP.
    assert finished.facts["blksize"] == min(65464, 65536 - 52)


def test_a_file_comes_whole_by_http_and_the_source_learns_the_address_used() -> None:
    asked: list[Peer] = []

    def serve(peer: Peer) -> Content:
        asked.append(peer)
        return Content("kernel", len(KERNEL), body=KERNEL)

    with HttpStation(listener=bind_tcp6("lo", 0)) as station:
        station.files.served["kernel"] = serve
        assert curl(f"http://[::1]:{station.port}/kernel") == KERNEL
    assert [(peer.address, peer.local_address, peer.protocol) for peer in asked] == [("::1", "::1", "http")]

"""The same as Python's own calls do, and their errors."""

import errno
import os
import socket
from pathlib import Path

import pytest

from bootbeam.net import brief_calls


def test_a_socket_from_a_port_of_its_own_to_one_peer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer, brief_calls.open_udp() as sock:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(20)
        brief_calls.bind_and_connect(sock, "127.0.0.2", peer.getsockname())
        assert sock.getsockname()[0] == "127.0.0.2"
        assert sock.getpeername() == peer.getsockname()
        assert not sock.getblocking()
        assert not os.get_inheritable(sock.fileno())
        brief_calls.send(sock, b"a\0b")
        assert peer.recvfrom(10) == (b"a\0b", sock.getsockname())


def test_without_an_address_of_ours_the_kernel_takes_one() -> None:
    with brief_calls.open_udp() as sock:
        brief_calls.bind_and_connect(sock, "", ("127.0.0.1", 9))
        assert sock.getsockname()[0] == "127.0.0.1"


def test_errors_are_the_kernels() -> None:
    with brief_calls.open_udp() as sock:
        with pytest.raises(OSError, match=os.strerror(errno.EADDRNOTAVAIL)) as refused:
            brief_calls.bind_and_connect(sock, "192.0.2.1", ("127.0.0.1", 9))
        assert refused.value.errno == errno.EADDRNOTAVAIL
        with pytest.raises(OSError, match=os.strerror(errno.EDESTADDRREQ)) as refused:
            brief_calls.send(sock, b"to nobody")
        assert refused.value.errno == errno.EDESTADDRREQ
        with pytest.raises(OSError, match="illegal IP address"):
            brief_calls.bind_and_connect(sock, "fe80::1", ("127.0.0.1", 9))


def test_what_does_not_fit_is_the_same_error_as_pythons() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer, brief_calls.open_udp() as sock:
        peer.bind(("127.0.0.1", 0))
        brief_calls.bind_and_connect(sock, "127.0.0.1", peer.getsockname())
        with pytest.raises(OSError, match=os.strerror(errno.EMSGSIZE)):
            brief_calls.send(sock, bytes(65536))


def test_a_closed_socket_is_closed_once() -> None:
    sock = brief_calls.open_udp()
    fd = sock.fileno()
    brief_calls.close(sock)
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(fd)
    brief_calls.close(sock)
    assert sock.fileno() == -1


def test_waking() -> None:
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    try:
        brief_calls.wake(fd)
        brief_calls.wake(fd)
        assert os.eventfd_read(fd) == 2
    finally:
        os.close(fd)


@pytest.mark.parametrize("size", [0, 1, brief_calls.TABLE_READ_BYTES, 3 * brief_calls.TABLE_READ_BYTES + 1])
def test_a_table_is_read_whole_each_time(tmp_path: Path, size: int) -> None:
    table = tmp_path / "table"
    table.write_bytes(os.urandom(size))
    fd = os.open(table, os.O_RDONLY)
    try:
        assert brief_calls.read_table(fd) == table.read_bytes()
        table.write_bytes(b"other")
        assert brief_calls.read_table(fd) == b"other"
    finally:
        os.close(fd)


def test_the_kernels_table() -> None:
    fd = os.open("/proc/net/arp", os.O_RDONLY)
    try:
        assert brief_calls.read_table(fd).startswith(b"IP address")
    finally:
        os.close(fd)

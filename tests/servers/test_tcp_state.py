"""What the kernel says of a connection whose other end reads when the test says so."""

import socket
from collections.abc import Iterator

import pytest

from bootbeam.servers.tcp_state import (
    acknowledged_bytes,
    is_over,
    reset_when_closed,
    unacknowledged_bytes,
    unsent_bytes,
)
from tests.waiting import wait_until


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection, whose other one takes 4 KB without reading."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        theirs.connect(listener.getsockname())
        ours, _ = listener.accept()
        with ours:
            ours.setblocking(False)
            yield ours, theirs


def test_what_has_arrived_and_what_has_not_been_sent_make_all_that_was_given(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    given = ours.send(bytes(200_000))
    wait_until(lambda: acknowledged_bytes(ours) > 0)
    wait_until(lambda: acknowledged_bytes(ours) + unacknowledged_bytes(ours.fileno()) == given)
    wait_until(lambda: 0 < unsent_bytes(ours) <= unacknowledged_bytes(ours.fileno()))
    theirs.settimeout(10)
    read = 0
    while read < given:
        read += len(theirs.recv(65536))
    wait_until(lambda: unacknowledged_bytes(ours.fileno()) == 0)
    assert (acknowledged_bytes(ours), unsent_bytes(ours)) == (given, 0)


def test_connection_is_over_when_the_other_end_resets_it_and_not_when_it_only_ends(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    theirs.shutdown(socket.SHUT_WR)
    assert ours.recv(1) == b""
    assert not is_over(ours)
    reset_when_closed(theirs)
    theirs.close()
    wait_until(lambda: is_over(ours))

"""Many datagrams with one call, over the loopback, beside what the socket module reads and sends."""

import socket
from collections.abc import Iterator

import pytest

from bootbeam.net.bursts import MAX_MESSAGES, BurstReader, Sender
from bootbeam.net.udp import bind_udp, envelope, receive_burst


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with bind_udp("0.0.0.0", 0, "lo") as sock:
        yield sock


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


def destination(client: socket.socket) -> tuple[bytes, int]:
    address, port = client.getsockname()
    return socket.inet_aton(address), port


def test_all_that_waits_comes_in_order_and_none_is_lost(server: socket.socket, client: socket.socket) -> None:
    sent = [number.to_bytes(2, "big") * (number + 1) for number in range(MAX_MESSAGES + 5)]
    for data in sent:
        client.sendto(data, ("127.0.0.9", server.getsockname()[1]))
    reader = BurstReader(1500)
    first, second = receive_burst(reader, server), receive_burst(reader, server)
    assert [len(first), len(second)] == [MAX_MESSAGES, 5]
    assert [datagram.data for datagram in first + second] == sent
    assert {datagram.source for datagram in first + second} == {client.getsockname()}
    assert {datagram.local_address for datagram in first + second} == {"127.0.0.9"}
    assert {datagram.interface_index for datagram in first + second} == {socket.if_nametoindex("lo")}
    assert receive_burst(reader, server) == []


def test_a_longer_message_is_cut_off_and_spoils_no_other(server: socket.socket, client: socket.socket) -> None:
    for data in (b"a" * 100, b"b" * 5, b""):
        client.sendto(data, ("127.0.0.1", server.getsockname()[1]))
    assert [message.data for message in BurstReader(10).read(server)] == [b"a" * 10, b"b" * 5, b""]


def test_an_answer_leaves_from_the_address_that_was_asked(server: socket.socket, client: socket.socket) -> None:
    index, sender = socket.if_nametoindex("lo"), Sender()
    for number in (7, 8):
        data = bytes([number]) * 300
        sender.send(server, [(data, envelope(*destination(client), bytes([127, 0, 0, number]), index))])
        assert client.recvfrom(1000) == (data, (f"127.0.0.{number}", server.getsockname()[1]))


def test_answers_in_one_envelope_and_in_another_go_where_they_should(
    server: socket.socket, client: socket.socket
) -> None:
    sender, index = Sender(), socket.if_nametoindex("lo")
    first, second = (envelope(*destination(client), bytes([127, 0, 0, own]), index) for own in (7, 8))
    for used, own, data in ((first, 7, b"a" * 900), (first, 7, b"b"), (second, 8, b"c" * 30), (first, 7, b"d" * 31)):
        assert sender.send(server, [(data, used)]) == [None]
        assert client.recvfrom(1000) == (data, (f"127.0.0.{own}", server.getsockname()[1]))


def test_a_burst_arrives_whole_and_in_order(server: socket.socket, client: socket.socket) -> None:
    sender, index = Sender(), socket.if_nametoindex("lo")
    own = [envelope(*destination(client), bytes([127, 0, 0, number]), index) for number in (7, 8)]
    for size in (MAX_MESSAGES, 3):
        datagrams = [(bytes([number]) * (number + 1), own[number % 2]) for number in range(size)]
        assert sender.send(server, datagrams) == [None] * size
        came = [client.recvfrom(1000) for _ in datagrams]
        assert [data for data, _ in came] == [data for data, _ in datagrams]
        assert [source[0] for _, source in came] == [f"127.0.0.{7 + number % 2}" for number in range(size)]


def test_what_cannot_be_sent_is_an_os_error(server: socket.socket, client: socket.socket) -> None:
    index, to = socket.if_nametoindex("lo"), destination(client)
    good, bad = (envelope(*to, bytes([127, 0, 0, 1]), each) for each in (index, 999_999))
    datagrams = [(b"1", good), (b"2", bad), (b"3", bad), (b"4", good)]
    said = Sender().send(server, datagrams)
    assert [error and error.strerror for error in said] == [None, "No such device", "No such device", None]
    assert [client.recv(100) for _ in range(2)] == [b"1", b"4"]


def test_a_port_that_refuses_is_no_error_of_the_next_read(server: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    server.connect(("127.0.0.1", port))
    server.send(b"x")
    assert BurstReader(1500).read(server) == []


def test_a_closed_socket_is_an_os_error(server: socket.socket) -> None:
    server.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        BurstReader(1500).read(server)


def test_a_socket_that_tells_nothing_beside_the_datagram_is_read_too(client: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.bind(("127.0.0.1", 0))
        client.sendto(b"hello", plain.getsockname())
        [datagram] = receive_burst(BurstReader(1500), plain)
    assert (datagram.data, datagram.source) == (b"hello", client.getsockname())
    assert (datagram.local_address, datagram.interface_index) == ("0.0.0.0", 0)

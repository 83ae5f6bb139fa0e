"""A TFTP path that loses, doubles and reorders: a proxy between a real client and a real server, on the loopback."""

import os
import select
import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"


@dataclass
class _Flow:
    """One client's transfer: its two sockets, and where each forwards to."""

    client: tuple[str, int]
    server: tuple[str, int]
    towards_client: socket.socket
    towards_server: socket.socket
    held_back: dict[socket.socket, bytes] = field(default_factory=dict)


class LossyProxy:
    """Listens on ``port`` for clients of the server at ``server_port``.

    Of the packets of both directions together it loses every so-manieth, sends one twice, holds one back until another
    has gone the same way; 0: never.
    """

    def __init__(self, server_port: int, loses_every: int, doubles_every: int, holds_back_every: int) -> None:
        self._server = (LOOPBACK, server_port)
        self._loses_every, self._doubles_every, self._holds_back_every = loses_every, doubles_every, holds_back_every
        self._packets = 0
        self._listener = _udp_socket()
        self._flows: dict[tuple[str, int], _Flow] = {}
        self._poll = select.poll()
        self._wake = os.eventfd(0)
        self._thread = threading.Thread(target=self._run, name="lossy-proxy", daemon=True)
        self.port = int(self._listener.getsockname()[1])
        self.lost = self.doubled = self.held_back = 0

    def __enter__(self) -> Self:
        self._poll.register(self._listener, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        os.close(self._wake)
        self._listener.close()
        for flow in self._flows.values():
            flow.towards_client.close()
            flow.towards_server.close()

    def _run(self) -> None:
        while True:
            for fd, _ in self._poll.poll():
                if fd == self._wake:
                    return
                if fd == self._listener.fileno():
                    self._begin(*self._listener.recvfrom(70_000))
                else:
                    self._relay(fd)

    def _begin(self, packet: bytes, client: tuple[str, int]) -> None:
        flow = self._flows.get(client)
        if flow is None:
            flow = _Flow(client, self._server, _udp_socket(), _udp_socket())
            self._flows[client] = flow
            self._poll.register(flow.towards_client, select.POLLIN)
            self._poll.register(flow.towards_server, select.POLLIN)
        self._forward(flow, flow.towards_server, packet, self._server)

    def _relay(self, fd: int) -> None:
        for flow in self._flows.values():
            if fd == flow.towards_client.fileno():
                self._forward(flow, flow.towards_server, flow.towards_client.recv(70_000), flow.server)
            elif fd == flow.towards_server.fileno():
                packet, flow.server = flow.towards_server.recvfrom(70_000)
                self._forward(flow, flow.towards_client, packet, flow.client)

    def _forward(self, flow: _Flow, sock: socket.socket, packet: bytes, destination: tuple[str, int]) -> None:
        self._packets += 1
        if self._is_turn(self._loses_every):
            self.lost += 1
            return
        if self._is_turn(self._holds_back_every) and sock not in flow.held_back:
            self.held_back += 1
            flow.held_back[sock] = packet
            return
        sock.sendto(packet, destination)
        if self._is_turn(self._doubles_every):
            self.doubled += 1
            sock.sendto(packet, destination)
        if sock in flow.held_back:
            sock.sendto(flow.held_back.pop(sock), destination)

    def _is_turn(self, every: int) -> bool:
        return every > 0 and self._packets % every == 0


def _udp_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((LOOPBACK, 0))
    return sock

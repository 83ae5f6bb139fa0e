"""The packets of a boot between two machines, with nothing of bootbeam in them: which of them get through?

``python -m tests.firewall_talk station`` plays the station until its input ends, ``... client`` sends everything to it.
Each prints, one word a line, what reached it.
"""

import selectors
import socket
import struct
import sys
import time

STATION, CLIENT = "192.168.1.50", "192.168.1.7"
HTTP_PORT = 8080
CLIENT_S = 0.6


def udp(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
    sock.bind(("", port))
    return sock


def say(word: str) -> None:
    print(word, flush=True)


def send(sock: socket.socket, data: bytes, destination: tuple[str, int]) -> None:
    try:
        sock.sendto(data, destination)
    except OSError:  # EPERM: the firewall says so at once
        return


def station() -> None:
    selector = selectors.DefaultSelector()
    sockets = {udp(67): "67", udp(4011): "4011", udp(69): "69"}
    transfers: set[socket.socket] = set()
    web = socket.create_server(("", HTTP_PORT))
    for sock in (*sockets, web):
        selector.register(sock, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    say("ready")
    while True:
        for key, _ in selector.select():
            ready = key.fileobj
            if not isinstance(ready, socket.socket):
                return
            if ready is web:
                connection, _ = web.accept()
                connection.sendall(b"hello")
                connection.close()
                continue
            _, source = ready.recvfrom(2000)
            if ready in transfers:
                say("ack")
                continue
            word = sockets[ready]
            say(word)
            if word == "67":
                send(ready, b"offer", ("255.255.255.255", 68))
            elif word == "4011":
                send(ready, b"answer", source)
            else:
                transfer = udp(0)
                transfers.add(transfer)
                selector.register(transfer, selectors.EVENT_READ)
                send(transfer, b"data", source)


def client() -> None:
    # Ports of their own each time: connection tracking remembers those of the ruleset before.
    own, boot, tftp = udp(68), udp(0), udp(0)
    broadcast_discover()
    send(boot, b"request", (STATION, 4011))
    send(tftp, b"read", (STATION, 69))
    web = socket.socket()
    web.setblocking(False)
    web.connect_ex((STATION, HTTP_PORT))
    selector = selectors.DefaultSelector()
    for sock in (own, boot, tftp, web):
        selector.register(sock, selectors.EVENT_READ)
    deadline = time.monotonic() + CLIENT_S
    while (left := deadline - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            answered = key.fileobj
            assert isinstance(answered, socket.socket)
            try:
                data, source = answered.recvfrom(2000)
            except OSError:  # rejected
                data = b""
            if data:
                say({"hello": "http"}.get(data.decode(), data.decode()))
            if data == b"data":
                tftp.sendto(b"ack", source)
            if answered is web:
                selector.unregister(web)


def broadcast_discover() -> None:
    """From 0.0.0.0, as only a machine without an address sends: the frame is made by hand."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        mac = raw.getsockname()[4]
        payload = b"discover".ljust(300, b"\0")
        header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
        total = sum(struct.unpack(">10H", header))
        checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        header = header[:10] + struct.pack(">H", checksum) + header[12:]
        datagram = struct.pack(">HHHH", 68, 67, 8 + len(payload), 0) + payload
        raw.send(b"\xff" * 6 + mac + b"\x08\x00" + header + datagram)


if __name__ == "__main__":
    {"station": station, "client": client}[sys.argv[1]]()

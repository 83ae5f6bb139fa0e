"""A plain BIOS PXE ROM, as cards of 2000 to 2015 have it, at the level of packets. Nothing of bootbeam's in it.

It follows Intel's Preboot Execution Environment 2.1 (§2.2 the exchange, §2.3 packets, §2.4 option 43) to the letter:
collects offers, takes the address of one and the boot file of the proxy's, honours PXE_DISCOVERY_CONTROL, asks port
4011 where it has to, asks for the file's size first and breaks that off, then loads it in blocks of 1456 bytes.

Run inside a namespace with no address: ``python -m tests.bios_rom MAC DIRECTORY [WORD...]``; the program it loaded is
DIRECTORY/nbp, what it saw is one line of JSON. The words are those of ``Quirks``.
"""

import ipaddress
import json
import select
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

COLLECT_S = 2.0
"""The longest wait for answers; real ROMs wait 4 to 60 s."""
MORE_S = 0.3
"""How long it goes on listening when it has what it needs: for what nobody should send."""
ANSWER_S = 5.0
BLKSIZE = 1456
COOKIE = b"\x63\x82\x53\x63"
BIT_3 = 8
"""PXE_DISCOVERY_CONTROL: take the boot file of the offer; no prompt, no menu, no boot server discovery."""


class BootFailed(Exception):
    """The message a ROM would put on the screen."""


@dataclass(frozen=True)
class Quirks:
    """What ROMs do differently."""

    ignores_option_43: bool = False
    """Asks port 4011 in any case."""
    inform: bool = False
    """Asks it by INFORM, not by REQUEST."""
    from_4011: bool = False
    """Asks it from port 4011, not from 68."""
    garbage: bool = False
    """Sends rubbish after the last field of a TFTP request."""
    no_guid: bool = False
    """Sends no option 97."""
    no_options: bool = False
    """A TFTP of 1992: no size asked for, blocks of 512 bytes."""
    backslash: bool = False
    """Asks for the file with backslashes, and one before it."""


@dataclass(frozen=True)
class Reply:
    """A server's packet."""

    source: str
    yiaddr: str
    siaddr: str
    file: str
    options: dict[int, bytes]

    @property
    def boot_file(self) -> str:
        return self.file or self.options.get(67, b"").split(b"\0")[0].decode()

    @property
    def is_proxy(self) -> bool:
        return self.yiaddr == "0.0.0.0" and self.options.get(60, b"").startswith(b"PXEClient")


def build(kind: int, mac: bytes, xid: int, quirks: Quirks, extra: list[tuple[int, bytes]], ciaddr: str) -> bytes:
    """A packet of the client's (PXE 2.1, tables 2-1 and 2-5)."""
    address = ipaddress.IPv4Address(ciaddr).packed
    flags = 0x8000 if ciaddr == "0.0.0.0" else 0
    head = struct.pack(">BBBBIHH", 1, 1, 6, 0, xid, 4, flags) + address + bytes(12) + mac + bytes(10 + 64 + 128)
    wanted = bytes([1, 2, 3, 5, 6, 11, 12, 13, 15, 16, 17, 18, 43, 54, 60, 67, *range(128, 136)])
    fields = [(53, bytes([kind])), *extra, (55, wanted), (57, struct.pack(">H", 1260))]
    if not quirks.no_guid:
        fields.append((97, b"\0" + bytes(range(0x40, 0x50))))
    fields += [(93, b"\0\0"), (94, b"\x01\x02\x01"), (60, b"PXEClient:Arch:00000:UNDI:002001")]
    body = b"".join(struct.pack("BB", code, len(value)) + value for code, value in fields) + b"\xff"
    return (head + COOKIE + body).ljust(548, b"\0")


def take_apart(packet: bytes, source: str) -> Reply:
    """A server's packet, read strictly."""
    if packet[0] != 2 or packet[236:240] != COOKIE:
        raise BootFailed("PXE-E06: not a reply")
    options: dict[int, bytes] = {}
    at = 240
    while packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        size = packet[at + 1]
        options[packet[at]] = packet[at + 2 : at + 2 + size]
        at += 2 + size
    if 52 in options:
        raise BootFailed("PXE-E04: an overloaded packet, which this ROM cannot read")
    yiaddr, siaddr = (str(ipaddress.IPv4Address(packet[start : start + 4])) for start in (16, 20))
    return Reply(source, yiaddr, siaddr, packet[108:236].split(b"\0")[0].decode(), options)


class Rom:
    """One power-on."""

    def __init__(self, mac: str, directory: Path, quirks: Quirks) -> None:
        self.mac = bytes.fromhex(mac.replace(":", ""))
        self.directory = directory
        self.quirks = quirks
        self.xid = 0x28000000 | int.from_bytes(self.mac[3:], "big")
        self.address = "0.0.0.0"
        self.told: dict[str, object] = {"asked_4011": False}

    def boot(self) -> dict[str, object]:
        offers = self._discover()
        given = next((offer for offer in offers if offer.yiaddr != "0.0.0.0"), None)
        if given is None:
            raise BootFailed("PXE-E51: No DHCP or proxyDHCP offers were received.")
        proxy = next((offer for offer in offers if offer.is_proxy), None)
        if proxy is None:
            raise BootFailed("PXE-E53: No boot filename received")
        self._check_proxy(proxy)
        self._take_address(given)
        control = suboptions(proxy.options.get(43, b"")).get(6, b"\0")[0]
        boot = proxy
        if self.quirks.ignores_option_43 or not (control & BIT_3 and proxy.boot_file):
            boot = self._ask_4011(proxy)
        self.told |= {"file": boot.boot_file, "server": boot.siaddr, "control": control}
        self._load(boot.siaddr, boot.boot_file)
        return self.told

    def _discover(self) -> list[Reply]:
        with open_udp(68) as sock:
            return self._exchange(sock, build(1, self.mac, self.xid, self.quirks, [], "0.0.0.0"), 2, 2)

    def _exchange(self, sock: socket.socket, packet: bytes, kind: int, enough: int) -> list[Reply]:
        """Broadcast a packet; all answers of this kind that are for this machine, ``enough`` of them or more."""
        sock.sendto(packet, ("255.255.255.255", 67))
        replies: list[Reply] = []
        deadline = time.monotonic() + COLLECT_S
        while (left := deadline - time.monotonic()) > 0 and select.select([sock], [], [], left)[0]:
            data, source = sock.recvfrom(2048)
            if data[0] == 2 and data[4:8] == self.xid.to_bytes(4, "big") and data[28:34] == self.mac:
                reply = take_apart(data, source[0])
                if reply.options.get(53) == bytes([kind]):
                    replies.append(reply)
                    if len(replies) == enough:
                        deadline = time.monotonic() + MORE_S
        return replies

    def _check_proxy(self, offer: Reply) -> None:
        """What a proxy's offer may not hold (PXE 2.1 §2.2.3), and what it has to."""
        if set(offer.options) & {1, 3, 51, 58, 59}:
            raise BootFailed("a proxy that hands out leases")
        if offer.options.get(54) != ipaddress.IPv4Address(offer.source).packed:
            raise BootFailed("option 54 is not the server's address")
        if not self.quirks.no_guid and offer.options.get(97) != b"\0" + bytes(range(0x40, 0x50)):
            raise BootFailed("PXE-EC6: option 97 did not come back")

    def _take_address(self, offer: Reply) -> None:
        extra = [(50, ipaddress.IPv4Address(offer.yiaddr).packed), (54, offer.options[54])]
        with open_udp(68) as sock:
            request = build(3, self.mac, self.xid, self.quirks, extra, "0.0.0.0")
            acknowledged = self._exchange(sock, request, 5, 1)
        servers = [reply.source for reply in acknowledged]
        if servers != [offer.source]:
            raise BootFailed(f"PXE-E51: acknowledged by {servers}")
        self.address = offer.yiaddr
        subprocess.run(["ip", "address", "add", f"{self.address}/24", "dev", "eth0"], check=True)
        self.told["address"] = self.address

    def _ask_4011(self, proxy: Reply) -> Reply:
        kind, port = (8 if self.quirks.inform else 3), (4011 if self.quirks.from_4011 else 68)
        self.told["asked_4011"] = True
        with open_udp(port) as sock:
            sock.sendto(build(kind, self.mac, self.xid, self.quirks, [], self.address), (proxy.siaddr, 4011))
            sock.settimeout(ANSWER_S)
            try:
                data, source = sock.recvfrom(2048)
            except TimeoutError:
                raise BootFailed("PXE-E55: ProxyDHCP service did not reply to request on port 4011") from None
        if source != (proxy.siaddr, 4011):
            raise BootFailed(f"an answer from {source}")
        reply = take_apart(data, source[0])
        if reply.options.get(53) != b"\x05" or reply.yiaddr != "0.0.0.0":
            raise BootFailed("PXE-E55: what came is no acknowledgement of a proxy")
        self._check_proxy(reply)
        return reply

    def _load(self, server: str, file: str) -> None:
        name = ("\\" + file.replace("/", "\\") if self.quirks.backslash else file).encode()
        if not self.quirks.no_options:
            self.told["tsize"] = self._ask_size(server, name)
        data = self._read(server, name)
        if not self.quirks.no_options and len(data) != self.told["tsize"]:
            raise BootFailed(f"PXE-E3B: {len(data)} bytes came")
        (self.directory / "nbp").write_bytes(data)

    def _rrq(self, name: bytes, *options: bytes) -> bytes:
        garbage = b"\0\0\x7fROM\0x" if self.quirks.garbage else b""
        return b"\0\1" + b"".join(field + b"\0" for field in (name, b"octet", *options)) + garbage

    def _ask_size(self, server: str, name: bytes) -> int:
        with open_udp(2070) as sock:
            sock.settimeout(ANSWER_S)
            sock.sendto(self._rrq(name, b"tsize", b"0"), (server, 69))
            data, source = sock.recvfrom(2048)
            sock.sendto(b"\0\5\0\0TFTP Aborted\0", source)
        fields = data[2:].split(b"\0")
        if data[:2] != b"\0\6" or fields[0].lower() != b"tsize":
            raise BootFailed(f"PXE-T01: {data[:40]!r}")
        return int(fields[1])

    def _read(self, server: str, name: bytes) -> bytes:
        options = () if self.quirks.no_options else (b"blksize", str(BLKSIZE).encode())
        parts: list[bytes] = []
        with open_udp(2071) as sock:
            sock.settimeout(ANSWER_S)
            sock.sendto(self._rrq(name, *options), (server, 69))
            data, peer = sock.recvfrom(2048)
            size = 512
            if options:
                if data.rstrip(b"\0") != b"\0\6blksize\0" + str(BLKSIZE).encode():
                    raise BootFailed(f"PXE-E36: {data[:40]!r}")
                size = BLKSIZE
                sock.sendto(b"\0\4\0\0", peer)
                data = self._next(sock, peer)
            while True:
                expected = (len(parts) + 1) & 0xFFFF
                if data[:4] != struct.pack(">HH", 3, expected):
                    raise BootFailed(f"PXE-E36: {data[:40]!r}, block {expected} was due")
                parts.append(data[4:])
                sock.sendto(struct.pack(">HH", 4, expected), peer)
                if len(parts[-1]) < size:
                    return b"".join(parts)
                data = self._next(sock, peer)

    @staticmethod
    def _next(sock: socket.socket, peer: tuple[str, int]) -> bytes:
        data, source = sock.recvfrom(2048)
        if source != peer:
            raise BootFailed(f"a block from {source}")
        return bytes(data)


def suboptions(value: bytes) -> dict[int, bytes]:
    """What option 43 encapsulates, up to its own end mark."""
    found: dict[int, bytes] = {}
    while value and value[0] != 255:
        if value[0] == 0:
            value = value[1:]
            continue
        found[value[0]] = value[2 : 2 + value[1]]
        value = value[2 + value[1] :]
    return found


def open_udp(port: int) -> socket.socket:
    """A socket of the card's."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
    sock.bind(("", port))
    return sock


def main(mac: str, directory: str, *words: str) -> None:
    """Boot; print what was seen, or the ROM's message as ``failed``."""
    try:
        told = Rom(mac, Path(directory), Quirks(**dict.fromkeys(words, True))).boot()
    except (BootFailed, TimeoutError) as error:
        told = {"failed": str(error) or "PXE-E32: TFTP open timeout"}
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

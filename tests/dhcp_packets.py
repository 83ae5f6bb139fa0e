"""An independent builder and reader of DHCP packets: bytes written by hand after RFC 2131, nothing of bootbeam's."""

import ipaddress
import struct

COOKIE = bytes((99, 130, 83, 99))


def build(
    message_type: int,
    mac: str = "f4:4d:30:01:02:03",
    xid: int = 110268312,
    options: list[tuple[int, bytes]] | None = None,
    *,
    op: int = 1,
    secs: int = 0,
    flags: int = 0x8000,
    hops: int = 0,
    ciaddr: str = "0.0.0.0",
    giaddr: str = "0.0.0.0",
    htype: int = 1,
) -> bytes:
    """A client's packet: header, cookie, option 53, the options given, end."""
    chaddr = bytes.fromhex(mac.replace(":", ""))
    packet = struct.pack("!4B I 2H", op, htype, len(chaddr), hops, xid, secs, flags)
    for address in (ciaddr, "0.0.0.0", "0.0.0.0", giaddr):
        packet += ipaddress.IPv4Address(address).packed
    packet += chaddr + bytes(16 - len(chaddr)) + bytes(64) + bytes(128) + COOKIE
    for code, value in [(53, bytes([message_type])), *(options or [])]:
        packet += bytes((code, len(value))) + value
    return packet + b"\xff"


def pxe_options(
    architecture: int, undi: str, *, prefix: str = "PXEClient", guid: bytes | None = b"\0" + bytes(range(16))
) -> list[tuple[int, bytes]]:
    """Options 55, 57, 60, 93, 94 and 97 as firmware sends them; ``undi`` as in "003016"."""
    options = [
        (57, b"\x05\xc0"),
        (
            55,
            bytes(
                (1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97)
            ),
        ),
        (94, bytes((1, int(undi[:3]), int(undi[3:])))),
        (93, struct.pack("!H", architecture)),
        (60, f"{prefix}:Arch:{architecture:05}:UNDI:{undi}".encode()),
    ]
    return options if guid is None else [*options[:2], (97, guid), *options[2:]]


class Reply:
    """A server's packet taken apart: header fields by their RFC names, ``options`` as a list in wire order."""

    def __init__(self, packet: bytes) -> None:
        self.packet = packet
        self.op, self.htype, self.hlen, self.hops, self.xid, self.secs, self.flags = struct.unpack(
            "!4B I 2H", packet[:12]
        )
        names = ("ciaddr", "yiaddr", "siaddr", "giaddr")
        self.addresses = {
            name: str(ipaddress.IPv4Address(packet[12 + 4 * i : 16 + 4 * i])) for i, name in enumerate(names)
        }
        self.chaddr = packet[28 : 28 + self.hlen].hex(":")
        self.sname = packet[44:108].split(b"\0")[0]
        self.file = packet[108:236].split(b"\0")[0].decode()
        assert packet[236:240] == COOKIE
        self.options: list[tuple[int, bytes]] = []
        self.after_67: int | None = None
        offset = 240
        while packet[offset] != 255:
            if packet[offset] == 0:
                offset += 1
                continue
            code, size = packet[offset], packet[offset + 1]
            self.options.append((code, packet[offset + 2 : offset + 2 + size]))
            offset += 2 + size
            if code == 67:
                self.after_67 = packet[offset]

    @property
    def codes(self) -> list[int]:
        """Option numbers in wire order."""
        return [code for code, _ in self.options]

    def option(self, code: int) -> bytes:
        """The value of the only option with this number."""
        [value] = [value for number, value in self.options if number == code]
        return value

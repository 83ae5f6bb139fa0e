"""An independent builder and reader of DHCPv6 packets, after RFC 8415; nothing of bootbeam's. And recorded ones."""

import ipaddress
import struct

CLIENT_DUID = bytes.fromhex("0001000131daf503525400b00701")
"""DUID-LLT, Ethernet, as OVMF sends it."""

# Recorded from OVMF 2022.11 and iPXE 1.0.0+git-20190125 (Debian 12), the whole UDP payload.
OVMF_PXE_SOLICIT = bytes.fromhex(
    "01f85bb40001000e0001000131daf503525400b007010008000200000003000cba7aff77ffffffffffffffff00060008003b003c0017"
    "0010003e0003010300003d0002000700100026000001570020505845436c69656e743a417263683a30303030373a554e44493a303033"
    "303030"
)
OVMF_PXE_BOOT_SERVER_REQUEST = bytes.fromhex(
    "03f85bb400020012000436f73e299dfd53808618f2fd5904a48f0001000e0001000131daf503525400b0070100080002038400060008"
    "003b003c00170010003e0003010300003d0002000700100026000001570020505845436c69656e743a417263683a30303030373a554e"
    "44493a303033303030"
)
OVMF_HTTP_SOLICIT = bytes.fromhex(
    "01bd94ce0001000e0001000131daf527525400b007010008000200000003000c900cc704ffffffffffffffff00060008003b003c0017"
    "0010003e0003010300003d000200100010002700000157002148545450436c69656e743a417263683a30303031363a554e44493a3030"
    "33303030"
)
OVMF_ADDRESS_ONLY_SOLICIT = bytes.fromhex(
    "01f65bb40001000e0001000131daf503525400b007010008000200000003000cb36175ffffffffffffffffff000600020017"
)
"""OVMF's own address configuration, where the router says that addresses are managed: it boots nothing."""
IPXE_SOLICIT = bytes.fromhex(
    "013d7835000100120004000000000000000000000000000000000003000c71cd98b600000000000000000006000800170018003b003c"
    "00100026000001570020505845436c69656e743a417263683a30303030373a554e44493a303033303130003d00020007003e00030103"
    "0a000f0006000469505845000800020000"
)
IPXE_INFORMATION_REQUEST = bytes.fromhex(
    "0b3d7835000100120004000000000000000000000000000000000006000800170018003b003c00100026000001570020505845436c69"
    "656e743a417263683a30303030373a554e44493a303033303130003d00020007003e000301030a000f00060004695058450008000200"
    "00"
)
DNSMASQ_RELAYED_ADVERTISE = bytes.fromhex(
    "0d00fd00b007b00700010000000000000050fe80000000000000cc01b5fffeab98f00009006a02626236000100120004667ca5c8c14d"
    "5c3183650d1dfeb340c10002000e000100013294d87efa98392bbeb3000300280000000100005460000093a800050018fd00b007b007"
    "000100000000000001470000a8c00000a8c0000d00090000737563636573730007000100"
)
"""dnsmasq 2.90's answer to the station's own question, with the address fd00:b007:b007:1::147."""


def option(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value


def build6(
    message_type: int, options: list[tuple[int, bytes]], xid: int = 0x123456, duid: bytes | None = CLIENT_DUID
) -> bytes:
    """A message: header, the client's identifier unless it is None, the options given."""
    identifier = [] if duid is None else [(1, duid)]
    body = b"".join(option(code, value) for code, value in [*identifier, *options])
    return bytes([message_type]) + xid.to_bytes(3, "big") + body


def boot_options(architecture: int = 7, name: str = "PXEClient") -> list[tuple[int, bytes]]:
    """Options 6, 62, 61 and 16 as firmware sends them."""
    text = f"{name}:Arch:{architecture:05}:UNDI:003016".encode()
    return [
        (6, struct.pack("!4H", 59, 60, 23, 16)),
        (62, bytes((1, 3, 16))),
        (61, struct.pack("!H", architecture)),
        (16, struct.pack("!IH", 343, len(text)) + text),
    ]


def ia_na(iaid: int = 7, addresses: list[str] | None = None, status: int | None = None) -> tuple[int, bytes]:
    """Option 3 with addresses of no lifetime, as a client sends it."""
    value = struct.pack("!3I", iaid, 0, 0)
    for address in addresses or []:
        value += option(5, ipaddress.IPv6Address(address).packed + bytes(8))
    if status is not None:
        value += option(13, struct.pack("!H", status))
    return 3, value


def relay(
    inner: bytes, link: str, peer: str, options: list[tuple[int, bytes]] | None = None, *, hops: int = 0, kind: int = 12
) -> bytes:
    """``inner`` as a relay forwards it."""
    header = bytes((kind, hops)) + ipaddress.IPv6Address(link).packed + ipaddress.IPv6Address(peer).packed
    return header + b"".join(option(code, value) for code, value in options or []) + option(9, inner)


class Reply6:
    """A server's message taken apart; ``options`` as a list in wire order."""

    def __init__(self, packet: bytes) -> None:
        self.message_type = packet[0]
        self.xid = int.from_bytes(packet[1:4], "big")
        self.options = options_of(packet[4:])

    @property
    def codes(self) -> list[int]:
        return [code for code, _ in self.options]

    def option(self, code: int) -> bytes:
        """The value of the only option with this number."""
        [value] = [value for number, value in self.options if number == code]
        return value

    @property
    def url(self) -> str:
        return self.option(59).decode()

    @property
    def address(self) -> str | None:
        """The address in the only identity association; None when that holds none."""
        inner = options_of(self.option(3)[12:])
        found = [value for code, value in inner if code == 5]
        return str(ipaddress.IPv6Address(found[0][:16])) if found else None


def options_of(data: bytes) -> list[tuple[int, bytes]]:
    found, offset = [], 0
    while offset < len(data):
        code, size = struct.unpack_from("!HH", data, offset)
        assert offset + 4 + size <= len(data)
        found.append((code, data[offset + 4 : offset + 4 + size]))
        offset += 4 + size
    return found

"""The options PXE adds to DHCP: 43 (sub-options), 60, 77, 93, 94, 97 and iPXE's 175.

PXE 2.1 §2.2, RFC 4578, RFC 3004; iPXE's tags are from its feature list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from uuid import UUID

from bootbeam.errors import DecodeError
from bootbeam.wire.cursor import Cursor

PXE_CLIENT = b"PXEClient"
HTTP_CLIENT = b"HTTPClient"
SUBOPTION_END = 255


class PxeSuboption(IntEnum):
    """Tags inside option 43, PXE 2.1 table 2-1."""

    DISCOVERY_CONTROL = 6
    BOOT_SERVERS = 8
    BOOT_MENU = 9
    MENU_PROMPT = 10
    BOOT_ITEM = 71


DISCOVERY_CONTROL_TAKE_FILE = 0x08
"""Bit 3 of tag 6: "the boot file in this packet is the one": no prompt, no menu, no discovery."""
DISCOVERY_CONTROL_UNICAST = 0x03
"""Bits 0 and 1 of tag 6: boot servers are asked neither by broadcast nor by multicast, but those of tag 8."""
BOOT_ITEM_BYTES = 4
"""Type and layer, 16 bits each: the value of tag 71."""
PCI_BUS = 1
"""The kind of bus in iPXE's tag 177."""
BUS_ID_BYTES = 5
REMEMBERED_IDENTIFIERS = 1024
"""A machine asks several times with the same one."""
BIS_LAYER = 0x8000
"""Top bit of a boot item's layer: the client wants a signature by Boot Integrity Services, which nobody has."""


class IpxeTag(IntEnum):
    """Tags inside option 175: what an iPXE can do, and its version."""

    PRIORITY = 0x01
    """To iPXE: how this offer ranks among others, one signed byte; 0 when it is absent."""
    HTTP = 0x13
    HTTPS = 0x14
    TFTP = 0x15
    BZIMAGE = 0x18
    MULTIBOOT = 0x19
    ELF = 0x22
    EFI = 0x24
    MENU = 0x27
    NO_PXE_DHCP = 0xB0
    """To iPXE: take this offer without waiting for a proxy's."""
    BUS_ID = 0xB1
    """The network card: kind of bus, then vendor and device, 16 bits each."""
    VERSION = 0xEB


@dataclass(frozen=True, slots=True)
class IpxeAnnouncement:
    """What an iPXE tells of itself in option 175."""

    features: frozenset[int]
    """Tags present with a value other than zero; see ``IpxeTag``."""
    version: str | None
    """"1.21.1"; None when it does not say."""
    card: tuple[int, int] | None = None
    """PCI vendor and device of its network card; None when that is no PCI card, or it does not say."""


def decode_suboptions(value: bytes, what: str) -> dict[int, bytes]:
    """Tag-length-value triples up to tag 255 or the end; the first of a repeated tag counts.

    Raises:
        DecodeError: a length runs past the end.
    """
    cursor = Cursor(value)
    found: dict[int, bytes] = {}
    while cursor.remaining_bytes:
        tag = cursor.take_u8(f"{what} tag")
        if tag == SUBOPTION_END:
            break
        if tag == 0:
            continue
        size_bytes = cursor.take_u8(f"{what} length of tag {tag}")
        found.setdefault(tag, cursor.take(size_bytes, f"{what} tag {tag}"))
    return found


def encode_suboptions(suboptions: Iterable[tuple[int, bytes]]) -> bytes:
    """Tag-length-value triples ended by 255: the content of option 43."""
    return b"".join(bytes([tag, len(value)]) + value for tag, value in suboptions) + bytes([SUBOPTION_END])


def decode_architectures(value: bytes) -> tuple[int, ...]:
    """Option 93: 16-bit numbers (RFC 4578 §2.1).

    Raises:
        DecodeError: empty or an odd number of bytes.
    """
    if not value or len(value) % 2:
        raise DecodeError(f"option 93 is {len(value)} bytes long, 16-bit numbers are expected")
    return tuple(int.from_bytes(value[i : i + 2], "big") for i in range(0, len(value), 2))


def decode_class_architecture(vendor_class: bytes) -> int | None:
    """The number in ``PXEClient:Arch:00007:UNDI:003016`` (PXE 2.1 table 2-1); None when there is none."""
    steps = vendor_class.split(b":")
    if len(steps) >= 3 and steps[1] == b"Arch" and len(steps[2]) == 5 and steps[2].isdigit():
        return int(steps[2])
    return None


@lru_cache(REMEMBERED_IDENTIFIERS)
def decode_machine_identifier(value: bytes) -> UUID | None:
    """Option 97: type 0 and a GUID in SMBIOS byte order (RFC 4578 §2.3); None when it is anything else.

    Quirk: some Intel ROMs leave the GUID out or send the option empty; that is no reason to turn them away.
    """
    if len(value) == 17 and value[0] == 0:
        return UUID(bytes_le=value[1:])
    return None


def decode_user_classes(value: bytes) -> tuple[bytes, ...]:
    """Option 77: RFC 3004 length-prefixed classes, or bare text as iPXE sends it."""
    classes = []
    offset = 0
    while offset < len(value):
        size_bytes = value[offset]
        if size_bytes == 0 or offset + 1 + size_bytes > len(value):
            return (value,)
        classes.append(value[offset + 1 : offset + 1 + size_bytes])
        offset += 1 + size_bytes
    return tuple(classes)


def decode_ipxe(options: Mapping[int, bytes]) -> IpxeAnnouncement | None:
    """What iPXE says in option 175, given that option's tags (``decode_suboptions``); None when it is empty."""
    if not options:
        return None
    version = options.get(IpxeTag.VERSION, b"")
    return IpxeAnnouncement(
        features=frozenset(tag for tag, value in options.items() if any(value)),
        version=".".join(str(number) for number in version) if version else None,
        card=_pci_card(options.get(IpxeTag.BUS_ID, b"")),
    )


def _pci_card(bus_id: bytes) -> tuple[int, int] | None:
    if len(bus_id) != BUS_ID_BYTES or bus_id[0] != PCI_BUS:
        return None
    return int.from_bytes(bus_id[1:3], "big"), int.from_bytes(bus_id[3:5], "big")

"""What is inside DHCPv6 options: identity associations, DUIDs, classes, and those of network boot (RFC 5970).

Decoders raise ``DecodeError`` only. Sizes are bounded by the datagram.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv6Address
from uuid import UUID

from bootbeam.errors import DecodeError
from bootbeam.wire.cursor import Cursor
from bootbeam.wire.dhcp6 import OptionCode, decode_options, encode_option

INTEL_ENTERPRISE = 343
"""The enterprise number under which firmware puts ``PXEClient`` and ``HTTPClient`` into option 16 (UEFI 2.6 §24.3)."""

_ETHERNET = 1


class StatusCode(IntEnum):
    """Option 13, RFC 8415 §21.13."""

    SUCCESS = 0
    UNSPECIFIED_FAILURE = 1
    NO_ADDRESSES_AVAILABLE = 2
    NO_BINDING = 3
    NOT_ON_LINK = 4
    USE_MULTICAST = 5


@dataclass(frozen=True, slots=True)
class IaAddress:
    """Option 5: an address inside an identity association (RFC 8415 §21.6)."""

    address: IPv6Address
    preferred_s: int = 0
    """Preferred lifetime, seconds."""
    valid_s: int = 0
    """Valid lifetime, seconds."""


@dataclass(frozen=True, slots=True)
class IaNa:
    """Option 3: an identity association for addresses that stay (RFC 8415 §21.4)."""

    iaid: int
    """Chosen by the client, 32 bits."""
    t1_s: int = 0
    """When to renew, seconds."""
    t2_s: int = 0
    """When to ask any server, seconds."""
    addresses: tuple[IaAddress, ...] = ()
    status: int = StatusCode.SUCCESS


@dataclass(frozen=True, slots=True)
class VendorClass:
    """Option 16 (RFC 8415 §21.16)."""

    enterprise: int
    classes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Duid:
    """Options 1 and 2: what a client or server is known by (RFC 8415 §11)."""

    value: bytes
    mac: str | None = None
    """Of a DUID-LLT or DUID-LL with an Ethernet address: lower-case hex with colons."""
    uuid: bytes | None = None
    """Of a DUID-UUID (RFC 6355), 16 bytes as they came: edk2 has the order of SMBIOS, iPXE that of RFC 9562."""


def decode_duid(value: bytes) -> Duid:
    """Option 1 or 2.

    Raises:
        DecodeError: shorter than 3 or longer than 130 bytes.
    """
    if not 3 <= len(value) <= 130:
        raise DecodeError(f"a DUID of {len(value)} bytes")
    kind = int.from_bytes(value[:2], "big")
    if kind in (1, 3):
        hardware_type = int.from_bytes(value[2:4], "big")
        hardware_address = value[8:] if kind == 1 else value[4:]
        if hardware_type == _ETHERNET and len(hardware_address) == 6:
            return Duid(value, mac=hardware_address.hex(":"))
    if kind == 4 and len(value) == 18:
        return Duid(value, uuid=value[2:])
    return Duid(value)


def encode_uuid_duid(uuid: UUID) -> bytes:
    """A DUID-UUID (RFC 6355 §4)."""
    return b"\x00\x04" + uuid.bytes


def decode_ia_na(value: bytes) -> IaNa:
    """Option 3.

    Raises:
        DecodeError: too short, or an option inside is broken.
    """
    cursor = Cursor(value)
    iaid, t1_s, t2_s = (cursor.take_u32(what) for what in ("IAID", "T1", "T2"))
    addresses, status = [], int(StatusCode.SUCCESS)
    for code, inner in decode_options(cursor):
        if code == OptionCode.IA_ADDRESS:
            addresses.append(_decode_ia_address(inner))
        elif code == OptionCode.STATUS_CODE:
            status = decode_status_code(inner)
    return IaNa(iaid, t1_s, t2_s, tuple(addresses), status)


def encode_ia_na(association: IaNa) -> bytes:
    """The value of option 3, a status only when it is no success."""
    value = b"".join(number.to_bytes(4, "big") for number in (association.iaid, association.t1_s, association.t2_s))
    for address in association.addresses:
        inner = address.address.packed + address.preferred_s.to_bytes(4, "big") + address.valid_s.to_bytes(4, "big")
        value += encode_option(OptionCode.IA_ADDRESS, inner)
    if association.status != StatusCode.SUCCESS:
        value += encode_option(OptionCode.STATUS_CODE, encode_status_code(association.status))
    return value


def decode_status_code(value: bytes) -> int:
    """The number in option 13.

    Raises:
        DecodeError: shorter than 2 bytes.
    """
    return Cursor(value).take_u16("status code")


def encode_status_code(status: int, message: str = "") -> bytes:
    """The value of option 13."""
    return status.to_bytes(2, "big") + message.encode("utf-8")


def decode_vendor_class(value: bytes) -> VendorClass:
    """Option 16.

    Raises:
        DecodeError: too short, or a length runs past the end.
    """
    cursor = Cursor(value)
    return VendorClass(cursor.take_u32("enterprise number"), _decode_strings(cursor, "vendor class"))


def encode_vendor_class(vendor_class: VendorClass) -> bytes:
    """The value of option 16."""
    return vendor_class.enterprise.to_bytes(4, "big") + _encode_strings(vendor_class.classes)


def decode_user_classes(value: bytes) -> tuple[bytes, ...]:
    """Option 15.

    Raises:
        DecodeError: a length runs past the end.
    """
    return _decode_strings(Cursor(value), "user class")


def decode_option_request(value: bytes) -> frozenset[int]:
    """Option 6: the codes a client asks for.

    Raises:
        DecodeError: an odd number of bytes.
    """
    return frozenset(_decode_u16s(value, "option 6"))


def decode_architectures(value: bytes) -> tuple[int, ...]:
    """Option 61: architecture types in the client's order (RFC 5970 §3.3).

    Raises:
        DecodeError: empty, or an odd number of bytes.
    """
    numbers = _decode_u16s(value, "option 61")
    if not numbers:
        raise DecodeError("option 61 is empty")
    return numbers


def decode_elapsed_time(value: bytes) -> float:
    """Option 8: seconds since the client began.

    Raises:
        DecodeError: not 2 bytes long.
    """
    if len(value) != 2:
        raise DecodeError(f"option 8 is {len(value)} bytes long")
    return int.from_bytes(value, "big") / 100


def decode_network_interface(value: bytes) -> tuple[int, int, int]:
    """Option 62: type, major and minor number of the UNDI (RFC 5970 §3.4).

    Raises:
        DecodeError: not 3 bytes long.
    """
    if len(value) != 3:
        raise DecodeError(f"option 62 is {len(value)} bytes long")
    return value[0], value[1], value[2]


def decode_link_layer_address(value: bytes) -> str | None:
    """Option 79, which a relay adds: the client's MAC (RFC 6939); None when it is not Ethernet's."""
    if len(value) == 8 and int.from_bytes(value[:2], "big") == _ETHERNET:
        return value[2:].hex(":")
    return None


def decode_boot_parameters(value: bytes) -> tuple[bytes, ...]:
    """Option 60: parameters for the boot file (RFC 5970 §3.2).

    Raises:
        DecodeError: a length runs past the end.
    """
    return _decode_strings(Cursor(value), "boot file parameter")


def _decode_ia_address(value: bytes) -> IaAddress:
    cursor = Cursor(value)
    address = IPv6Address(cursor.take(16, "address"))
    return IaAddress(address, cursor.take_u32("preferred lifetime"), cursor.take_u32("valid lifetime"))


def _decode_u16s(value: bytes, what: str) -> tuple[int, ...]:
    if len(value) % 2:
        raise DecodeError(f"{what} is {len(value)} bytes long, 16-bit numbers are expected")
    return tuple(int.from_bytes(value[i : i + 2], "big") for i in range(0, len(value), 2))


def _decode_strings(cursor: Cursor, what: str) -> tuple[bytes, ...]:
    strings = []
    while cursor.remaining_bytes:
        strings.append(cursor.take(cursor.take_u16(f"length of {what}"), what))
    return tuple(strings)


def _encode_strings(strings: Iterable[bytes]) -> bytes:
    return b"".join(len(string).to_bytes(2, "big") + string for string in strings)

"""Who is asking: a DHCP message becomes a ``ClientInfo``, or a reason why it is not for a boot server."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from bootbeam.errors import DecodeError
from bootbeam.machine import Firmware
from bootbeam.pxe.actions import Ignore, IpAddress
from bootbeam.wire.architecture import ARCHITECTURES, Architecture
from bootbeam.wire.dhcp4 import DhcpMessage, OptionCode
from bootbeam.wire.pxe_options import (
    HTTP_CLIENT,
    PXE_CLIENT,
    IpxeAnnouncement,
    decode_architectures,
    decode_class_architecture,
    decode_ipxe,
    decode_machine_identifier,
    decode_suboptions,
    decode_user_classes,
)

RASPBERRY_PI_OUIS = frozenset(
    bytes.fromhex(oui) for oui in ("b827eb", "dca632", "e45f01", "d83add", "2ccf67", "28cdc1")
)
"""First three bytes of the hardware addresses Raspberry Pi boards carry (IEEE registry)."""


U_BOOT = b"U-Boot"
_U_BOOT_CLASSES = {b"U-Boot.armv8": 22, b"U-Boot.armv7": 21, b"U-Boot.arm": 21}
"""Option 60 of a U-Boot built without option 93 -> the number it would send."""


class ClientKind(StrEnum):
    """What is running on the client now; it decides the shape of the reply."""

    BIOS_PXE = "bios-pxe"
    UEFI_PXE = "uefi-pxe"
    UEFI_HTTP = "uefi-http"
    IPXE = "ipxe"
    RASPBERRY_PI = "raspberry-pi"
    U_BOOT = "u-boot"
    UNKNOWN = "unknown"
    """A network boot client whose architecture number bootbeam has nothing for."""


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class ClientInfo:
    """A network boot client, as its DHCP message shows it."""

    kind: ClientKind
    mac: str
    """Lower-case hex with colons."""
    architecture_number: int
    """Option 93, else the number in option 60."""
    architecture: Architecture | None
    """The registry's row; None for a number nobody registered."""
    vendor_class: str
    """Option 60 as text."""
    xid: int
    secs: int
    uuid: UUID | None = None
    """From option 97; None when it is absent or odd."""
    ipxe: IpxeAnnouncement | None = None
    """What an iPXE says of itself; None for firmware, and for an iPXE without option 175."""
    address: IpAddress | None = None
    """The address the client already has (ciaddr); None before it has one."""


def is_network_boot(message: DhcpMessage) -> bool:
    """Whether firmware or iPXE sent it, as option 60 says, and not a running system."""
    return message.options.get(OptionCode.VENDOR_CLASS_IDENTIFIER, b"").startswith((PXE_CLIENT, HTTP_CLIENT, U_BOOT))


def classify(message: DhcpMessage) -> ClientInfo | Ignore:
    """Who sent this message.

    iPXE is recognised first, by option 77 or 175: its option 60 and 93 look like the firmware's, and a firmware's
    answer would load iPXE into iPXE for ever.

    Raises:
        DecodeError: option 93 or 175 is broken.
    """
    vendor_class = message.options.get(OptionCode.VENDOR_CLASS_IDENTIFIER, b"")
    if len(message.chaddr) != 6:
        return Ignore(f"hardware address of {len(message.chaddr)} bytes, not Ethernet")
    if not is_network_boot(message):
        return Ignore("not a network boot client (option 60 is neither PXEClient nor HTTPClient)")
    number = _architecture_number(message, vendor_class)
    if number is None:
        return Ignore("no client architecture (option 93)")
    ipxe = decode_ipxe(decode_suboptions(message.options.get(OptionCode.IPXE_ENCAPSULATED, b""), "option 175"))
    is_ipxe = ipxe is not None or b"iPXE" in decode_user_classes(message.options.get(OptionCode.USER_CLASS, b""))
    architecture = ARCHITECTURES.get(number)
    return ClientInfo(
        kind=ClientKind.IPXE if is_ipxe else _firmware_kind(message, architecture, vendor_class),
        mac=message.mac,
        architecture_number=number,
        architecture=architecture,
        vendor_class=vendor_class.decode("ascii", "replace"),
        xid=message.xid,
        secs=message.secs,
        uuid=decode_machine_identifier(message.options.get(OptionCode.CLIENT_MACHINE_IDENTIFIER, b"")),
        ipxe=ipxe,
        address=message.ciaddr if int(message.ciaddr) else None,
    )


def _architecture_number(message: DhcpMessage, vendor_class: bytes) -> int | None:
    """Option 93 (its first known number), else what option 60 says; the two can disagree, 93 is to be trusted."""
    value = message.options.get(OptionCode.CLIENT_SYSTEM_ARCHITECTURE)
    if value is None:
        return _U_BOOT_CLASSES.get(vendor_class) or decode_class_architecture(vendor_class)
    try:
        numbers = decode_architectures(value)
    except DecodeError:
        return decode_class_architecture(vendor_class)
    return next((number for number in numbers if number in ARCHITECTURES), numbers[0])


def _firmware_kind(message: DhcpMessage, architecture: Architecture | None, vendor_class: bytes) -> ClientKind:
    if architecture is None or architecture.cpu is None:
        return ClientKind.UNKNOWN
    if vendor_class.startswith(U_BOOT):
        return ClientKind.U_BOOT
    if vendor_class.startswith(HTTP_CLIENT):
        return ClientKind.UEFI_HTTP if architecture.firmware is Firmware.UEFI else ClientKind.UNKNOWN
    if architecture.firmware is Firmware.BIOS:
        # Quirk: Raspberry Pi ROM: announces itself as a BIOS PC; only the maker's part of the address tells.
        return ClientKind.RASPBERRY_PI if message.chaddr[:3] in RASPBERRY_PI_OUIS else ClientKind.BIOS_PXE
    return ClientKind.UEFI_PXE if architecture.firmware is Firmware.UEFI else ClientKind.UNKNOWN

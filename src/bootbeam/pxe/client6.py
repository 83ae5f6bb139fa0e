"""Who is asking over DHCPv6: a message becomes a ``ClientInfo``, or a reason why it is not for a boot server."""

from ipaddress import IPv6Address
from uuid import UUID

from bootbeam.errors import DecodeError
from bootbeam.machine import Firmware
from bootbeam.pxe.actions import Ignore
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.wire.architecture import ARCHITECTURES, Architecture
from bootbeam.wire.dhcp6 import Dhcp6Message, OptionCode
from bootbeam.wire.dhcp6_options import (
    INTEL_ENTERPRISE,
    Duid,
    decode_architectures,
    decode_duid,
    decode_elapsed_time,
    decode_link_layer_address,
    decode_user_classes,
    decode_vendor_class,
)
from bootbeam.wire.interface_identifier import mac_of_address
from bootbeam.wire.pxe_options import HTTP_CLIENT, PXE_CLIENT, decode_class_architecture

IPXE_USER_CLASS = b"iPXE"


def classify6(message: Dhcp6Message, address: IPv6Address, neighbour_mac: str | None = None) -> ClientInfo | Ignore:
    """Who sent this message.

    iPXE is recognised first, by option 15: its options 16 and 61 look like the firmware's.

    Args:
        message: the client's own, taken out of its relays.
        address: where it came from, for a relayed one the relay.
        neighbour_mac: the MAC behind ``address`` as the kernel knows it; None when it does not.

    Raises:
        DecodeError: option 1, 15, 16 or 61 is broken.
    """
    identifier = message.option(OptionCode.CLIENT_IDENTIFIER)
    if identifier is None:
        return Ignore("no client identifier (option 1)")
    vendor_class = _boot_class(message)
    number = _architecture_number(message, vendor_class)
    if number is None:
        return Ignore("not a network boot client (neither option 61 nor PXEClient or HTTPClient in option 16)")
    architecture = ARCHITECTURES.get(number)
    is_ipxe = _is_ipxe(message)
    duid = decode_duid(identifier)
    return ClientInfo(
        kind=ClientKind.IPXE if is_ipxe else _firmware_kind(architecture, vendor_class),
        mac=_relayed_mac(message)
        or mac_of_address(client_address(message, address))
        or neighbour_mac
        or duid.mac
        or "",
        architecture_number=number,
        architecture=architecture,
        vendor_class=vendor_class.decode("ascii", "replace"),
        xid=message.transaction_id,
        secs=_elapsed_s(message),
        uuid=_machine_uuid(duid, is_ipxe),
    )


def client_address(message: Dhcp6Message, source: IPv6Address) -> IPv6Address:
    """The client's own address, link-local as a rule: for a relayed message what its first relay saw."""
    return message.relays[-1].peer_address if message.relays else source


def _boot_class(message: Dhcp6Message) -> bytes:
    """The class that says PXEClient or HTTPClient; b"" when there is none."""
    for code, value in message.options:
        if code != OptionCode.VENDOR_CLASS:
            continue
        vendor_class = decode_vendor_class(value)
        if vendor_class.enterprise == INTEL_ENTERPRISE:
            for text in vendor_class.classes:
                if text.startswith((PXE_CLIENT, HTTP_CLIENT)):
                    return text
    return b""


def _architecture_number(message: Dhcp6Message, vendor_class: bytes) -> int | None:
    value = message.option(OptionCode.CLIENT_SYSTEM_ARCHITECTURE)
    if value is None:
        return decode_class_architecture(vendor_class)
    numbers = decode_architectures(value)
    return next((number for number in numbers if number in ARCHITECTURES), numbers[0])


def _is_ipxe(message: Dhcp6Message) -> bool:
    value = message.option(OptionCode.USER_CLASS)
    return value is not None and IPXE_USER_CLASS in decode_user_classes(value)


def _elapsed_s(message: Dhcp6Message) -> int:
    value = message.option(OptionCode.ELAPSED_TIME)
    try:
        return int(decode_elapsed_time(value)) if value is not None else 0
    except DecodeError:
        return 0  # told to people only


def _machine_uuid(duid: Duid, is_ipxe: bool) -> UUID | None:
    """The machine's UUID from its DUID; None when it has none, or zeros in its place."""
    if duid.uuid is None or not any(duid.uuid):
        return None
    return UUID(bytes=duid.uuid) if is_ipxe else UUID(bytes_le=duid.uuid)


def _relayed_mac(message: Dhcp6Message) -> str | None:
    """What the relay nearest to the client says of its hardware address."""
    for code, value in message.relays[-1].options if message.relays else ():
        if code == OptionCode.CLIENT_LINK_LAYER_ADDRESS:
            return decode_link_layer_address(value)
    return None


def _firmware_kind(architecture: Architecture | None, vendor_class: bytes) -> ClientKind:
    if architecture is None or architecture.cpu is None or architecture.firmware is not Firmware.UEFI:
        return ClientKind.UNKNOWN
    return ClientKind.UEFI_HTTP if vendor_class.startswith(HTTP_CLIENT) else ClientKind.UEFI_PXE

"""The proxy's answers, field by field. Which client gets which is argued in docs/how-it-boots.md.

    client              option 43      header file and 66/67     answered on 4011
    BIOS ROM            06 01 08 ff    loader                    the same body, type ACK
    UEFI PXE            none           loader                    the same body, type ACK
    UEFI HTTP boot      none           URL                       never comes
    iPXE                none           URL of a script           the same, if it comes
    Raspberry Pi ROM    menu text      (asks TFTP by itself)     never comes

A proxy's answer never carries an address, a lease time, a netmask or a router, and never overloads a field.
"""

from ipaddress import IPv4Address

from bootbeam.pxe.actions import BootFile, Destination
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.wire.dhcp4 import BOOTREPLY, DhcpMessage, MessageType, OptionCode
from bootbeam.wire.pxe_options import (
    DISCOVERY_CONTROL_TAKE_FILE,
    HTTP_CLIENT,
    PXE_CLIENT,
    PxeSuboption,
    encode_suboptions,
)

DHCP_SERVER_PORT = 67
DHCP_CLIENT_PORT = 68
BOOT_SERVER_PORT = 4011
BROADCAST = IPv4Address("255.255.255.255")

TAKE_FILE = encode_suboptions([(PxeSuboption.DISCOVERY_CONTROL, bytes([DISCOVERY_CONTROL_TAKE_FILE]))])
"""06 01 08 ff: no prompt, no menu, no visit to port 4011."""

RASPBERRY_PI_MENU = encode_suboptions(
    [
        # Quirk: Raspberry Pi 3 ROM: boots only when a menu entry reads so; the 3B wants the three spaces.
        (PxeSuboption.BOOT_MENU, b"\0\0\x14Raspberry Pi Boot   "),
        (PxeSuboption.MENU_PROMPT, b"\0PXE"),
    ]
)


def build_reply(
    request: DhcpMessage, client: ClientInfo, boot_file: BootFile, server: IPv4Address, message_type: MessageType
) -> DhcpMessage:
    """The answer to ``request`` from the station's address ``server``, as OFFER (port 67) or ACK (port 4011)."""
    options: dict[int, bytes] = {
        OptionCode.MESSAGE_TYPE: bytes([message_type]),
        OptionCode.SERVER_IDENTIFIER: server.packed,
        OptionCode.VENDOR_CLASS_IDENTIFIER: HTTP_CLIENT if client.kind is ClientKind.UEFI_HTTP else PXE_CLIENT,
    }
    machine_identifier = request.options.get(OptionCode.CLIENT_MACHINE_IDENTIFIER)
    if machine_identifier is not None:
        options[OptionCode.CLIENT_MACHINE_IDENTIFIER] = machine_identifier
    vendor_specific = _vendor_specific(client)
    if vendor_specific:
        options[OptionCode.VENDOR_SPECIFIC] = vendor_specific
    options[OptionCode.TFTP_SERVER_NAME] = str(server).encode("ascii") + b"\0"
    options[OptionCode.BOOTFILE_NAME] = boot_file.file.encode("ascii") + b"\0"
    relay = request.options.get(OptionCode.RELAY_AGENT_INFORMATION)
    if relay is not None:
        options[OptionCode.RELAY_AGENT_INFORMATION] = relay  # unchanged and last: RFC 3046 §2.2
    return DhcpMessage(
        op=BOOTREPLY,
        htype=request.htype,
        hops=request.hops,
        xid=request.xid,
        secs=0,
        flags=request.flags,
        ciaddr=request.ciaddr,
        siaddr=server,
        giaddr=request.giaddr,
        chaddr=request.chaddr,
        file=boot_file.file,
        options=options,
    )


def _vendor_specific(client: ClientInfo) -> bytes:
    """Option 43. UEFI gets none: firmware from 2010 to 2017 drops an offer that has it, and in the answer from
    port 4011 other firmware takes it for a menu and cancels with PXE-E21."""
    if client.kind is ClientKind.BIOS_PXE:
        return TAKE_FILE
    if client.kind is ClientKind.RASPBERRY_PI:
        return RASPBERRY_PI_MENU
    return b""


def offer_destination(request: DhcpMessage) -> Destination:
    """Where an answer from port 67 goes: to the relay that brought the question, else to everybody on the link.

    The client has no address yet, so unicast would need an ARP entry nobody can make (RFC 2131 §4.1).
    """
    if int(request.giaddr):
        return Destination(request.giaddr, DHCP_SERVER_PORT)
    return Destination(BROADCAST, DHCP_CLIENT_PORT)

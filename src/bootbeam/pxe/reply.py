"""The proxy's answers, field by field. Which client gets which is argued in docs/how-it-boots.md.

    client              option 43      header file and 66/67     answered on 4011
    BIOS ROM            06 01 08 ff    loader                    the same body, type ACK
    UEFI PXE            none           loader                    the same body, type ACK
      either, otherwise as ``ReplyVariant`` says: none, 06 01 08 or a menu; a boot item (43.71) comes back on 4011
    UEFI HTTP boot      none           URL                       never comes
    iPXE                06 01 08 ff    URL of a script           the same, if it comes
    U-Boot              none           its script                never comes
    Raspberry Pi ROM    menu text      (asks TFTP by itself)     never comes

A proxy's answer never carries an address, a lease time, a netmask or a router, and never overloads a field.
"""

from ipaddress import IPv4Address

from bootbeam.errors import DecodeError
from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe.actions import BootFile, Destination
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.reply_variant import PXE_FIRMWARE, ReplyVariant
from bootbeam.wire.dhcp4 import BOOTREPLY, DhcpMessage, MessageType, OptionCode
from bootbeam.wire.pxe_options import (
    BIS_LAYER,
    BOOT_ITEM_BYTES,
    DISCOVERY_CONTROL_TAKE_FILE,
    DISCOVERY_CONTROL_UNICAST,
    HTTP_CLIENT,
    PXE_CLIENT,
    IpxeTag,
    PxeSuboption,
    decode_suboptions,
    encode_suboptions,
)

DHCP_SERVER_PORT = 67
DHCP_CLIENT_PORT = 68
BOOT_SERVER_PORT = 4011
BROADCAST = IPv4Address("255.255.255.255")

TAKE_FILE = ((PxeSuboption.DISCOVERY_CONTROL, bytes([DISCOVERY_CONTROL_TAKE_FILE])),)
"""06 01 08: no prompt, no menu, no visit to port 4011."""

BOOT_SERVER_TYPE = 0x8000
"""Ours in a menu: the first of the types that PXE 2.1 leaves to vendors. Type 0 would be the local disk."""
MENU_TEXT = b"bootbeam"
MENU_TIMEOUT_S = 0
"""The first entry is taken without showing the menu."""

IPXE_PRIORITY = encode_suboptions([(IpxeTag.PRIORITY, b"\1")])
"""Above the router's. Without it iPXE takes the boot file of a DHCP server that names one, and of several servers with
option 60 the one that answered last."""

RASPBERRY_PI_MENU = encode_suboptions(
    [
        # Quirk: Raspberry Pi 3 ROM: boots only when a menu entry reads so; the 3B wants the three spaces.
        (PxeSuboption.BOOT_MENU, b"\0\0\x14Raspberry Pi Boot   "),
        (PxeSuboption.MENU_PROMPT, b"\0PXE"),
    ]
)


def build_reply(
    request: DhcpMessage,
    client: ClientInfo,
    boot_file: BootFile,
    server: IPv4Address,
    message_type: MessageType,
    variant: ReplyVariant,
) -> DhcpMessage:
    """The answer to ``request`` from the station's address ``server``, as OFFER (port 67) or ACK (port 4011), in the
    form ``variant``."""
    is_offer = message_type == MessageType.OFFER
    has_file = variant.file_in_offer or not is_offer
    options: dict[int, bytes] = {
        OptionCode.MESSAGE_TYPE: bytes([message_type]),
        OptionCode.SERVER_IDENTIFIER: server.packed,
        OptionCode.VENDOR_CLASS_IDENTIFIER: HTTP_CLIENT if client.kind is ClientKind.UEFI_HTTP else PXE_CLIENT,
    }
    machine_identifier = request.options.get(OptionCode.CLIENT_MACHINE_IDENTIFIER)
    if machine_identifier is not None:
        options[OptionCode.CLIENT_MACHINE_IDENTIFIER] = machine_identifier
    vendor_specific = _vendor_specific(request, client, server, variant.offer if is_offer else variant.answer)
    if vendor_specific:
        options[OptionCode.VENDOR_SPECIFIC] = vendor_specific
    if has_file:
        options[OptionCode.TFTP_SERVER_NAME] = str(server).encode("ascii") + b"\0"
        options[OptionCode.BOOTFILE_NAME] = boot_file.file.encode("ascii") + b"\0"
    if client.kind is ClientKind.IPXE:
        options[OptionCode.IPXE_ENCAPSULATED] = IPXE_PRIORITY
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
        file=boot_file.file if has_file else "",
        options=options,
    )


def _vendor_specific(request: DhcpMessage, client: ClientInfo, server: IPv4Address, wanted: PxeVendorOptions) -> bytes:
    """Option 43. UEFI gets none by default: firmware from 2010 to 2017 drops an offer that has it, and in the answer
    from port 4011 other firmware takes it for a menu and cancels with PXE-E21."""
    if client.kind is ClientKind.RASPBERRY_PI:
        return RASPBERRY_PI_MENU
    if client.kind is ClientKind.IPXE:
        # With its priority it makes iPXE pass over the menu of another PXE server.
        return encode_suboptions(TAKE_FILE)
    if client.kind not in PXE_FIRMWARE:
        return b""
    item = _boot_item(request)
    suboptions: list[tuple[int, bytes]] = []
    if wanted is PxeVendorOptions.TAKE_FILE:
        suboptions += TAKE_FILE
    elif wanted is PxeVendorOptions.MENU and item is None:
        suboptions += menu(server)
    if item is not None:
        suboptions.append((PxeSuboption.BOOT_ITEM, item))
    return encode_suboptions(suboptions) if suboptions else b""


def menu(server: IPv4Address) -> list[tuple[int, bytes]]:
    """A boot menu of one entry that is taken at once; its boot server is ``server``, asked on port 4011 (PXE 2.1
    table 2-1)."""
    boot_type = BOOT_SERVER_TYPE.to_bytes(2, "big")
    return [
        (PxeSuboption.DISCOVERY_CONTROL, bytes([DISCOVERY_CONTROL_UNICAST])),
        (PxeSuboption.MENU_PROMPT, bytes([MENU_TIMEOUT_S]) + MENU_TEXT),
        (PxeSuboption.BOOT_SERVERS, boot_type + b"\1" + server.packed),
        (PxeSuboption.BOOT_MENU, boot_type + bytes([len(MENU_TEXT)]) + MENU_TEXT),
    ]


def _boot_item(request: DhcpMessage) -> bytes | None:
    """The menu entry that a question to port 4011 names (43.71), to be named in the answer too (PXE 2.1 §2.2);
    None when it names none."""
    if request.message_type == MessageType.DISCOVER:
        return None
    try:
        suboptions = decode_suboptions(request.options.get(OptionCode.VENDOR_SPECIFIC, b""), "option 43")
    except DecodeError:
        return None  # what a client puts there is its vendor's business
    item = suboptions.get(PxeSuboption.BOOT_ITEM, b"")
    if len(item) != BOOT_ITEM_BYTES:
        return None
    layer = int.from_bytes(item[2:], "big") & ~BIS_LAYER
    return item[:2] + layer.to_bytes(2, "big")


def offer_destination(request: DhcpMessage) -> Destination:
    """Where an answer from port 67 goes: to the relay that brought the question, else to everybody on the link.

    The client has no address yet, so unicast would need an ARP entry nobody can make (RFC 2131 §4.1).
    """
    if int(request.giaddr):
        return Destination(request.giaddr, DHCP_SERVER_PORT)
    return Destination(BROADCAST, DHCP_CLIENT_PORT)

"""A stand-in for the IPv4 that an IPv6-only network does not have, for iPXE alone.

iPXE hears over IPv6 what to load only if the first DHCPv6 server to answer it is ours; where the router announces that
addresses make themselves it asks none at all. Over IPv4 it asks in any case, and waits 15 s in vain where there is no
IPv4. So an iPXE whose firmware was booted over IPv6 from here, and whom no DHCPv4 server has answered for some
seconds, is given the IPv4 dummy address 192.0.0.8 (RFC 7600 §4.8), alone in its network, and the script's URL at our
link-local IPv6 address, which every machine on the link can reach. Not a single packet is sent by IPv4 then.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from bootbeam.pxe.actions import BootFile, Ignore, Send
from bootbeam.pxe.client import ClientInfo, ClientKind, classify
from bootbeam.pxe.reply import offer_destination
from bootbeam.pxe.sightings import Sightings
from bootbeam.wire.dhcp4 import BOOTREPLY, DhcpMessage, MessageType, OptionCode, encode_dhcp
from bootbeam.wire.pxe_options import IpxeTag, encode_suboptions

DUMMY_ADDRESS = IPv4Address("192.0.0.8")
"""Reserved for nodes without IPv4 (IANA special-purpose registry); may stand in many machines at once."""
DUMMY_NETMASK = IPv4Address("255.255.255.255")
LEASE_S = 3600
PATIENCE_S = 5.0
"""So long a DHCPv4 server may take: some try an address by ping before they offer it, up to 3 s. iPXE asks at 0, 1, 3
and 7 s, and gives up at 15."""
ASKING_REMEMBERED_S = 30.0
BOOTING_REMEMBERED_S = 900.0
SERVER_REMEMBERED_S = 3600.0
MAX_CLIENTS = 1000
MAX_LINKS = 100

ChooseScript = Callable[[ClientInfo, IPv6Address], BootFile | Ignore]
"""The boot decision, handed in."""


class Ipv4StandIn:
    """Answers iPXE on networks without IPv4.

    Args:
        choose_boot_file: the boot decision.
    """

    def __init__(self, choose_boot_file: ChooseScript) -> None:
        self._choose_boot_file = choose_boot_file
        self._booting = Sightings(MAX_CLIENTS, BOOTING_REMEMBERED_S)
        self._asking = Sightings(MAX_CLIENTS, ASKING_REMEMBERED_S)
        self._servers = Sightings(MAX_LINKS, SERVER_REMEMBERED_S)

    def note_booting(self, mac: str, now: float) -> None:
        """A machine was told over DHCPv6 what to load."""
        self._booting.note(mac, now)

    def answer(
        self, message: DhcpMessage, link: str, server: IPv4Address | None, link_local: IPv6Address | None, now: float
    ) -> Send | None:
        """The answer to a DHCPv4 message that came to port 67; None where there is nothing to stand in for.

        Args:
            message: what came.
            link: the interface it came in on.
            server: our IPv4 address there, if we have one.
            link_local: our link-local IPv6 address there; without one nothing is answered.
            now: monotonic seconds.

        Raises:
            DecodeError: an option of a network boot client is broken.
        """
        identifier = server or DUMMY_ADDRESS
        if message.message_type == MessageType.REQUEST:
            asked = message.address_option(OptionCode.SERVER_IDENTIFIER)
            if asked is not None and asked != identifier:
                self._servers.note(link, now)
            is_ours = asked == identifier and message.address_option(OptionCode.REQUESTED_IP_ADDRESS) == DUMMY_ADDRESS
            reply_type = MessageType.ACK
        else:
            is_ours = message.message_type == MessageType.DISCOVER and self._is_alone(
                message.mac, message.xid, int(message.giaddr) != 0, link, now
            )
            reply_type = MessageType.OFFER
        if not is_ours or link_local is None or self._booting.seen_at(message.mac, now) is None:
            return None
        client = classify(message)
        if isinstance(client, Ignore) or client.kind is not ClientKind.IPXE:
            return None
        script = self._choose_boot_file(client, link_local)
        if isinstance(script, Ignore):
            return None
        reply = _build_reply(message, identifier, script, reply_type)
        return Send(encode_dhcp(reply), offer_destination(message), client, script, DUMMY_ADDRESS)

    def is_wanted(self, mac: str, xid: int, is_relayed: bool, link: str, now: float) -> bool:
        """Whether ``answer`` may have one to a DISCOVER of this machine; else it need not be called."""
        return self._is_alone(mac, xid, is_relayed, link, now) and self._booting.seen_at(mac, now) is not None

    def _is_alone(self, mac: str, xid: int, is_relayed: bool, link: str, now: float) -> bool:
        """Whether this client has asked long enough without anybody answering."""
        if is_relayed or self._servers.seen_at(link, now) is not None:
            return False
        key = (mac, xid)
        since_s = self._asking.seen_at(key, now)
        if since_s is None:
            self._asking.note(key, now)
            return False
        return now - since_s >= PATIENCE_S


def _build_reply(request: DhcpMessage, server: IPv4Address, script: BootFile, reply_type: MessageType) -> DhcpMessage:
    # No option 60: it would make a proxy's offer of it. No visit to port 4011 either, which there is no way to.
    options: dict[int, bytes] = {
        OptionCode.MESSAGE_TYPE: bytes([reply_type]),
        OptionCode.SERVER_IDENTIFIER: server.packed,
        OptionCode.ADDRESS_LEASE_TIME: LEASE_S.to_bytes(4, "big"),
        OptionCode.SUBNET_MASK: DUMMY_NETMASK.packed,
        OptionCode.BOOTFILE_NAME: script.file.encode("ascii") + b"\0",
        OptionCode.IPXE_ENCAPSULATED: encode_suboptions([(IpxeTag.NO_PXE_DHCP, b"\1")]),
    }
    return DhcpMessage(
        op=BOOTREPLY,
        htype=request.htype,
        xid=request.xid,
        flags=request.flags,
        yiaddr=DUMMY_ADDRESS,
        chaddr=request.chaddr,
        file=script.file,
        options=options,
    )

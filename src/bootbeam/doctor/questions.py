"""What the doctor asks the servers on a link: the first question of a machine's boot, never the second.

A DISCOVER holds an address for a short time at most; nothing is ever requested. The machine that asks is made up, with
a locally administered address: this computer's own lease stays as it is, and a server that gives addresses to known
machines only is found out.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from bootbeam.wire import dhcp4, dhcp6
from bootbeam.wire.dhcp6_options import IaNa, encode_ia_na
from bootbeam.wire.frame import BROADCAST_MAC, UdpFrame, encode_frame

SERVER_PORT, CLIENT_PORT = 67, 68
SERVER_PORT6, CLIENT_PORT6 = 547, 546
ALL_SERVERS = IPv6Address("ff02::1:2")
_ALL_SERVERS_MAC = "33:33:00:01:00:02"
_UNDI = "UNDI:003016"
_WANTED = bytes((1, 3, 6, 12, 15, 28, 43, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135))
"""Option 55: what edk2 and BIOS ROMs ask for that matters here."""
_MAX_MESSAGE_BYTES = 1472
_INTEL_ENTERPRISE = 343


class Question(StrEnum):
    """Who asks."""

    PLAIN = "any machine"
    """One that does not boot from the network."""
    BIOS = "BIOS"
    UEFI = "UEFI"
    HTTP = "UEFI HTTP boot"
    KNOWN = "this computer"
    """This computer itself, which has an address, asks for nothing but options (DHCPINFORM, RFC 2131 §4.4.3)."""


ARCHITECTURES = {Question.BIOS: 0, Question.UEFI: 7, Question.HTTP: 16}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, on one link. All of it is made up by the caller but for the station's own addresses."""

    mac: str
    """The made-up machine's."""
    guid: bytes
    """16 bytes."""
    xids: dict[Question, int]
    """A transaction number for each question, 32 bits."""
    transaction_id6: int
    """24 bits."""
    own_mac: str
    """This computer's: what the frames come from, so that no switch is surprised."""
    own_address: IPv4Address | None
    own_address6: IPv6Address | None
    """Link-local."""

    def question_of(self, xid: int) -> Question | None:
        """Which question an answer is for."""
        return next((question for question, own in self.xids.items() if own == xid), None)


def dhcp_questions(asker: Asker, secs: int) -> list[bytes]:
    """The frames of all DHCPv4 questions.

    Args:
        asker: who asks.
        secs: how long it has been asking, seconds.
    """
    frames = []
    for question, xid in asker.xids.items():
        if question is Question.KNOWN:
            if asker.own_address is not None:
                frames.append(_frame(asker, _inform(asker, asker.own_address, xid, secs), asker.own_address))
        else:
            frames.append(_frame(asker, _discover(asker, question, xid, secs), IPv4Address(0)))
    return frames


def dhcp6_question(asker: Asker) -> bytes | None:
    """The frame of a SOLICIT as UEFI firmware sends it; None without a link-local address."""
    if asker.own_address6 is None:
        return None
    mac = bytes.fromhex(asker.mac.replace(":", ""))
    vendor_class = f"PXEClient:Arch:{ARCHITECTURES[Question.UEFI]:05}:{_UNDI}".encode("ascii")
    options: dhcp6.Options = (
        (dhcp6.OptionCode.CLIENT_IDENTIFIER, b"\0\3\0\1" + mac),
        (dhcp6.OptionCode.IA_NA, encode_ia_na(IaNa(iaid=1))),
        (dhcp6.OptionCode.ELAPSED_TIME, b"\0\0"),
        (dhcp6.OptionCode.OPTION_REQUEST, bytes((0, 59, 0, 60))),
        (dhcp6.OptionCode.CLIENT_SYSTEM_ARCHITECTURE, ARCHITECTURES[Question.UEFI].to_bytes(2, "big")),
        (dhcp6.OptionCode.CLIENT_NETWORK_INTERFACE, bytes((1, 3, 16))),
        (
            dhcp6.OptionCode.VENDOR_CLASS,
            _INTEL_ENTERPRISE.to_bytes(4, "big") + len(vendor_class).to_bytes(2, "big") + vendor_class,
        ),
    )
    message = dhcp6.encode_dhcp6(dhcp6.Dhcp6Message(dhcp6.MessageType.SOLICIT, asker.transaction_id6, options))
    addresses = asker.own_address6, ALL_SERVERS
    return encode_frame(
        UdpFrame(asker.own_mac, _ALL_SERVERS_MAC, addresses[0], CLIENT_PORT6, addresses[1], SERVER_PORT6, message)
    )


def _discover(asker: Asker, question: Question, xid: int, secs: int) -> dhcp4.DhcpMessage:
    options: dict[int, bytes] = {
        dhcp4.OptionCode.MESSAGE_TYPE: bytes([dhcp4.MessageType.DISCOVER]),
        dhcp4.OptionCode.PARAMETER_REQUEST_LIST: _WANTED,
        dhcp4.OptionCode.MAXIMUM_MESSAGE_SIZE: _MAX_MESSAGE_BYTES.to_bytes(2, "big"),
    }
    architecture = ARCHITECTURES.get(question)
    if architecture is not None:
        kind = "HTTPClient" if question is Question.HTTP else "PXEClient"
        options |= {
            dhcp4.OptionCode.CLIENT_MACHINE_IDENTIFIER: b"\0" + asker.guid,
            dhcp4.OptionCode.CLIENT_SYSTEM_ARCHITECTURE: architecture.to_bytes(2, "big"),
            dhcp4.OptionCode.CLIENT_NETWORK_INTERFACE: bytes((1, 3, 16)),
            dhcp4.OptionCode.VENDOR_CLASS_IDENTIFIER: f"{kind}:Arch:{architecture:05}:{_UNDI}".encode("ascii"),
        }
    return dhcp4.DhcpMessage(
        op=dhcp4.BOOTREQUEST,
        xid=xid,
        chaddr=bytes.fromhex(asker.mac.replace(":", "")),
        secs=secs,
        flags=dhcp4.BROADCAST_FLAG,
        options=options,
    )


def _inform(asker: Asker, own: IPv4Address, xid: int, secs: int) -> dhcp4.DhcpMessage:
    return dhcp4.DhcpMessage(
        op=dhcp4.BOOTREQUEST,
        xid=xid,
        chaddr=bytes.fromhex(asker.own_mac.replace(":", "")),
        secs=secs,
        ciaddr=own,
        options={
            dhcp4.OptionCode.MESSAGE_TYPE: bytes([dhcp4.MessageType.INFORM]),
            dhcp4.OptionCode.PARAMETER_REQUEST_LIST: _WANTED,
        },
    )


def _frame(asker: Asker, message: dhcp4.DhcpMessage, source: IPv4Address) -> bytes:
    return encode_frame(
        UdpFrame(
            asker.own_mac,
            BROADCAST_MAC,
            source,
            CLIENT_PORT,
            IPv4Address("255.255.255.255"),
            SERVER_PORT,
            dhcp4.encode_dhcp(message),
        )
    )

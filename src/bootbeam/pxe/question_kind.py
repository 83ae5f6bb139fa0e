"""Questions of network boot clients that are alike (``wire.dhcp4_alike``), and the answers to them.

Nothing is decided here: which file, which form and which server are asked for each question anew. An answer that was
built for the same three is given again, with what is the asker's own put into it.
"""

from collections.abc import Callable
from ipaddress import IPv4Address

from bootbeam.pxe.actions import BootFile, Destination
from bootbeam.pxe.client import ClientInfo
from bootbeam.pxe.reply import build_reply, offer_destination
from bootbeam.pxe.reply_variant import ReplyVariant
from bootbeam.wire.dhcp4 import DhcpMessage, MessageType, decode_dhcp, encode_dhcp
from bootbeam.wire.dhcp4_alike import CHADDR, CIADDR, SECS, XID, Layout, find_layout
from bootbeam.wire.pxe_options import decode_machine_identifier

MAX_ANSWERS = 8
"""Of one kind of question: there are as many as ways to answer it. When there are more all are forgotten."""
_NO_ADDRESS = bytes(4)

Chosen = tuple[BootFile, IPv4Address, MessageType, ReplyVariant]
"""What an answer is made of: the file, the station's address, OFFER or ACK, and the form."""


class QuestionKind:
    """What questions that are alike have in common.

    Args:
        message: the first of them.
        client: who sent that.
        layout: where it has what is that client's own; None where none like it can be found.
    """

    def __init__(self, message: DhcpMessage, client: ClientInfo, layout: Layout | None) -> None:
        self.message_type = message.message_type
        self.is_relayed = int(message.giaddr) != 0
        self.destination: Destination = offer_destination(message)
        """Of an OFFER."""
        self._client = client
        self._identifier = layout.machine_identifier if layout is not None else None
        self._answers: list[tuple[Chosen, Callable[[bytes], bytes]]] = []

    def client_of(self, data: bytes) -> ClientInfo:
        """Who sent ``data``, a question of this kind."""
        of_all, ciaddr = self._client, data[CIADDR]
        return ClientInfo(
            of_all.kind,
            data[CHADDR].hex(":"),
            of_all.architecture_number,
            of_all.architecture,
            of_all.vendor_class,
            int.from_bytes(data[XID], "big"),
            int.from_bytes(data[SECS], "big"),
            decode_machine_identifier(data[self._identifier]) if self._identifier is not None else None,
            of_all.ipxe,
            IPv4Address(ciaddr) if ciaddr != _NO_ADDRESS else None,
        )

    def answer(self, data: bytes, client: ClientInfo, chosen: Chosen) -> bytes:
        """The datagram that answers ``data``, a question of this kind."""
        for known, fill in self._answers:
            # Compared in this order, and the same objects at once: no hash of an address is worth making.
            if known == chosen:
                return fill(data)
        boot_file, server, message_type, variant = chosen
        built = encode_dhcp(build_reply(decode_dhcp(data), client, boot_file, server, message_type, variant))
        layout = find_layout(built)
        if layout is not None and self._identifier is not None:
            if len(self._answers) >= MAX_ANSWERS:
                self._answers.clear()
            self._answers.append((chosen, _filler(built, layout.machine_identifier, self._identifier)))
        return built


def _filler(built: bytes, identifier: slice, asked_identifier: slice) -> Callable[[bytes], bytes]:
    """Makes the same answer to another question: with its xid, ciaddr, chaddr and option 97, as ``build_reply`` copies
    them."""
    op_to_hops, secs_flags, yiaddr_to_giaddr = (
        built[: XID.start],
        built[XID.stop : CIADDR.start],
        built[CIADDR.stop : CHADDR.start],
    )
    before, after = built[CHADDR.stop : identifier.start], built[identifier.stop :]

    def fill(data: bytes) -> bytes:
        return b"".join(
            (
                op_to_hops,
                data[XID],
                secs_flags,
                data[CIADDR],
                yiaddr_to_giaddr,
                data[CHADDR],
                before,
                data[asked_identifier],
                after,
            )
        )

    return fill

"""From a read request to a transfer, or to the ERROR that refuses it at once: silence costs a client 20 to 60 s."""

import itertools
import socket
from contextlib import ExitStack, suppress

from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, ContentChanged, ContentSource, Missing, NotReady, Peer
from bootbeam.net.udp import Datagram
from bootbeam.servers.tftp_blocks import SharedReads, read_checked
from bootbeam.servers.tftp_notes import DroppedDatagrams, OnceNotes
from bootbeam.servers.tftp_session import SessionIdentity, TransferSession
from bootbeam.servers.tftp_socket import largest_blksize, open_transfer_socket, own_address, widen_send_buffer
from bootbeam.tftp.negotiation import Caps
from bootbeam.tftp.netascii import encode_netascii
from bootbeam.tftp.transfer import ReadTransfer
from bootbeam.wire.path import decode_path
from bootbeam.wire.tftp import ErrorCode, Rrq, Wrq, encode_error

MAX_NETASCII_BYTES = 1024 * 1024
"""A file asked for as text is converted in memory; larger ones are no texts."""
MAX_SHOWN_NAME_CHARACTERS = 200


class _Refusal(Exception):
    """The client gets this ERROR."""

    def __init__(self, code: ErrorCode, reason: str, is_searched: bool = False) -> None:
        self.code = code
        self.reason = reason
        self.is_searched = is_searched
        super().__init__(reason)


class RequestDesk:
    """Opens what clients ask for.

    Args:
        source: where the files come from.
        record: the journal.
        dropped: counts what is no TFTP packet.
        caps: the most that is granted; the path's MTU bounds the block size too.
    """

    def __init__(self, source: ContentSource, record: Record, dropped: DroppedDatagrams, caps: Caps) -> None:
        self._source = source
        self._record = record
        self._dropped = dropped
        self._caps = caps
        self._reads = SharedReads()
        self._numbers = itertools.count(1)
        self._not_ready = OnceNotes()

    def open_session(
        self, request: Rrq | Wrq, datagram: Datagram, interface: str | None, send_by: str | None
    ) -> TransferSession | None:
        """A transfer that has not begun yet; None when the client was refused, or has to ask again.

        Args:
            request: what ``datagram`` says.
            datagram: who asks, and at which of our addresses.
            interface: where it came in, for the journal.
            send_by: the interface to answer by, whatever the routes say; None leaves it to them.

        Raises:
            OSError: no socket can be had for the answer.
        """
        sock = open_transfer_socket(datagram.local_address, datagram.source, send_by, datagram.is_unicast)
        session = None
        try:
            session = self._session_through(sock, request, datagram, interface)
        finally:
            if session is None:
                sock.close()
        return session

    def _session_through(
        self, sock: socket.socket, request: Rrq | Wrq, datagram: Datagram, interface: str | None
    ) -> TransferSession | None:
        """The transfer, which the socket is then for; None when there is to be none."""
        local_address = datagram.local_address if datagram.is_unicast else own_address(sock)
        peer = Peer(datagram.source[0], local_address, "tftp", interface)
        try:
            content = self._open_content(request, peer)
        except _Refusal as refusal:
            self._refuse(sock, request, peer, refusal)
            return None
        except Exception:
            _send_error(sock, ErrorCode.UNDEFINED, "trouble inside the boot server, its log says more")
            raise
        if content is None or isinstance(request, Wrq):
            return None
        try:
            caps = Caps(min(self._caps.blksize, largest_blksize(sock)), self._caps.windowsize)
            machine = ReadTransfer(request, content.size_bytes, caps)
            if machine.terms.windowsize > 1:
                widen_send_buffer(sock)
            identity = SessionIdentity(f"tftp-{next(self._numbers)}", datagram.source, peer)
            return TransferSession(identity, sock, content, machine, self._record, self._dropped, self._reads)
        except BaseException:
            content.close()
            raise

    def _open_content(self, request: Rrq | Wrq, peer: Peer) -> Content | None:
        if isinstance(request, Wrq):
            raise _Refusal(ErrorCode.ACCESS_VIOLATION, "reads only")
        if request.mode not in ("octet", "netascii"):
            raise _Refusal(ErrorCode.ILLEGAL_OPERATION, f"mode {request.mode[:16]} is not served, ask for octet")
        try:
            # Quirk: BIOS PXE ROMs: read past the end of option 67, and ask for the name with that byte behind it: 0xff,
            # the end of all options. It is in no name, all of which are UTF-8.
            path = decode_path(request.filename.removesuffix(b"\xff"))
        except DecodeError as error:
            raise _Refusal(ErrorCode.ACCESS_VIOLATION, str(error)) from None
        match self._source.open(path, peer):
            case Missing(reason, is_searched):
                raise _Refusal(ErrorCode.FILE_NOT_FOUND, reason, is_searched)
            case NotReady(reason):
                self._note_not_ready(path, peer, reason)
                return None
            case Content() as content:
                self._not_ready.forget(peer.address, path)
                return _as_netascii(content) if request.mode == "netascii" else content

    def _note_not_ready(self, path: str, peer: Peer, reason: str) -> None:
        """No answer: the client asks again in a moment, while an ERROR would end its boot."""
        if self._not_ready.is_new(peer.address, path):
            self._record(
                EventKind.IMAGE_HELD_BACK, address=peer.address, interface=peer.interface, file=path, reason=reason
            )

    def _refuse(self, sock: socket.socket, request: Rrq | Wrq, peer: Peer, refusal: _Refusal) -> None:
        _send_error(sock, refusal.code, refusal.reason)
        self._record(
            EventKind.FILE_REFUSED,
            address=peer.address,
            interface=peer.interface,
            protocol="tftp",
            file=_shown_name(request.filename),
            reason=refusal.reason,
            error_code=refusal.code,
            is_searched=refusal.is_searched,
        )


def _send_error(sock: socket.socket, code: ErrorCode, message: str) -> None:
    with suppress(OSError):  # a client that cannot be reached asks again, and the journal has the reason
        sock.send(encode_error(code, message))


def _as_netascii(content: Content) -> Content:
    """The same file as text, in memory. Takes over ``content``, closed also when this raises."""
    with ExitStack() as undo:
        undo.callback(content.close)
        if content.size_bytes > MAX_NETASCII_BYTES:
            limit = f"{MAX_NETASCII_BYTES // 1024} KiB"
            raise _Refusal(
                ErrorCode.UNDEFINED, f"text mode (netascii) is for files up to {limit}, ask for octet (binary)"
            )
        try:
            text = encode_netascii(read_checked(content, 0, content.size_bytes))
        except ContentChanged as error:
            raise _Refusal(ErrorCode.UNDEFINED, str(error)) from None
        undo.pop_all()
        return Content(
            content.name, len(text), role=content.role, body=text, version=content.version, on_close=content.close
        )


def _shown_name(filename: bytes) -> str:
    """A stranger's bytes, fit for a log line."""
    text = filename[:MAX_SHOWN_NAME_CHARACTERS].decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)

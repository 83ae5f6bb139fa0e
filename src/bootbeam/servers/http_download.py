"""GET and HEAD of what a ``ContentSource`` serves: which answer, and which headers (RFC 9110)."""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from posixpath import splitext
from typing import Any
from urllib.parse import unquote_to_bytes

from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind, Fact
from bootbeam.journal.journal import Record
from bootbeam.library.content import (
    DISK_ROLE,
    FRONT_PAGE,
    Content,
    ContentChanged,
    ContentSource,
    Missing,
    NotReady,
    Peer,
)
from bootbeam.servers.block_reads import BlockReads
from bootbeam.servers.http_send import CHANGED_RETRY_AFTER_S, Download
from bootbeam.servers.http_transfer import PieceTransfer, Transfer
from bootbeam.wire.http_conditions import Validators, Verdict, evaluate_conditions, range_still_applies
from bootbeam.wire.http_range import (
    ByteRange,
    Unsatisfiable,
    WholeFile,
    encode_content_range,
    encode_unsatisfied_range,
    requested_part,
)
from bootbeam.wire.path import decode_path

MAX_HASHED_BODY_BYTES = 1 << 20
"""A body made in memory gets its entity tag from its digest; a longer one is not worth the time."""
DATE_SETTLED_S = 1.0
"""A file can change once more within the second its date names; until that is over the date tells nothing apart."""
PIECES_TOLD_EACH = 16
"""Small parts of one file that one client fetched are told one by one; who goes on reads it like a disk."""
MAX_PIECE_BYTES = 4 << 20
MAX_PIECEMEAL_READERS = 1000
MAX_REMEMBERED_DATES = 256
MAX_SHOWN_CHARACTERS = 200
"""How much of a client's own text goes into an event or an answer."""

BOOT_CLIENTS = re.compile("iPXE|UefiHttpBoot|GRUB|lwIP|U-Boot")
"""What the names of programs begin with that want a file to boot. One that names none was given a wrong address, which
a list of names does not mend and a refusal tells: they send these names themselves, people's programs do not."""
PLAIN_BYTES = "application/octet-stream"
MEDIA_TYPES = {
    ".efi": "application/efi",
    ".iso": "application/vnd.efi-iso",
    ".img": "application/vnd.efi-img",
    ".ipxe": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
"""UEFI HTTP boot takes a file for what its media type says (UEFI §24.7); other names stay plain bytes."""


@dataclass(frozen=True, slots=True)
class FileRequest:
    """What is asked, and who asks."""

    method: str
    target: str
    """The request target as sent."""
    headers: Mapping[str, str]
    """Found at least by their names in title case, as in "If-None-Match"."""
    range_text: str | None
    """The one ``Range`` header; None when there is none, or several."""
    peer: Peer
    has_body: bool = False
    """All of it would have to be read to find the next request behind it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without a file."""

    status: int
    headers: dict[str, str]
    text: str = ""
    """For a person who looks; not sent to a HEAD."""
    closes: bool = False
    """The connection is no good for another request."""

    @property
    def all_headers(self) -> dict[str, str]:
        """With those of its text."""
        if not self.text:
            return self.headers
        length = str(len(self.text.encode("utf-8")))
        return {"Content-Type": "text/plain; charset=utf-8", "Content-Length": length, **self.headers}


class Downloads:
    """Decides what requests for files get.

    Args:
        source: where the bytes come from.
        record: the journal.
        clock: seconds, never going back; measures transfers.
        wall_clock: seconds since the epoch; tells whether a file's date is settled.
    """

    def __init__(
        self,
        source: ContentSource,
        record: Record,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._record = record
        self._block_reads = BlockReads(record, clock)
        self._pieces: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._clock = clock
        self._wall_clock = wall_clock

    def answer(self, request: FileRequest) -> Answer | Download:
        """The answer to a request that no page of the station takes. Whoever gets a ``Download`` closes its content."""
        peer = request.peer
        if request.method not in ("GET", "HEAD"):
            allow = {"Allow": "GET, HEAD"}
            return self._refused(request, 405, f"method {request.method}: files are only read here", allow)
        try:
            raw = _requested_path(request.target)
            is_looking_around = not raw.strip(b"/") and not BOOT_CLIENTS.match(peer.user_agent)
            path = FRONT_PAGE if is_looking_around else decode_path(raw)
        except DecodeError as error:
            return self._refused(request, 404, str(error))
        content = self._source.open(path, peer)
        if isinstance(content, Missing):
            return self._refused(request, 404, content.reason, file=path, is_searched=content.is_searched)
        if isinstance(content, NotReady):
            retry = {"Retry-After": str(content.retry_after_s)}
            return self._refused(request, 503, content.reason, retry, file=path)
        try:
            answer = self._answer_content(request, path, content)
        except BaseException:
            content.close()
            raise
        if isinstance(answer, Answer):
            content.close()
        return answer

    def _answer_content(self, request: FileRequest, path: str, content: Content) -> Answer | Download:
        peer = request.peer
        validators = self._validators(content)
        headers = _headers(path, content, validators)
        verdict = evaluate_conditions(request.headers, validators)
        if verdict is Verdict.NOT_MODIFIED:
            return Answer(304, headers)
        if verdict is Verdict.PRECONDITION_FAILED:
            return Answer(412, {}, "the file is another version by now\n")
        part = _part(request, content, validators)
        if isinstance(part, Unsatisfiable):
            reason = f"the part asked for is outside of its {content.size_bytes} bytes"
            self._note_refused(request, 416, path, reason)
            unsatisfied = {"Content-Range": encode_unsatisfied_range(content.size_bytes)}
            return Answer(416, unsatisfied, f"the file has {content.size_bytes} bytes\n")
        status = 200
        if isinstance(part, WholeFile):
            part = ByteRange(0, content.size_bytes)
        else:
            status = 206
            headers["Content-Range"] = encode_content_range(part, content.size_bytes)
        headers["Content-Length"] = str(part.size_bytes)
        if request.method == "HEAD":
            self._record(
                EventKind.SIZE_PROBED,
                address=peer.address,
                protocol=peer.protocol,
                file=content.name,
                size_bytes=content.size_bytes,
            )
            return Answer(status, headers)
        record = self._record_of(content, peer, part if status == 206 else None)
        transfer = Transfer(record, peer, content, part.offset, part.size_bytes, self._clock, status)
        return Download(status, headers, content, part, transfer, is_piece=record is self._block_reads)

    def piece(self, content: Content, peer: Peer, part: ByteRange) -> Download:
        """One more piece of what ``peer`` reads piece by piece; its headers are known to who asks for it."""
        transfer = PieceTransfer(self._block_reads, peer, content, part.offset, part.size_bytes, self._clock)
        return Download(206, {}, content, part, transfer, is_piece=True)

    def _record_of(self, content: Content, peer: Peer, piece: ByteRange | None) -> Record:
        """Who is told of a download."""
        if content.role == "script":
            # The source that makes it records by itself who got it, with more than is known here.
            return _record_nothing
        if content.role == DISK_ROLE:
            return self._block_reads
        if piece is None or piece.size_bytes > MAX_PIECE_BYTES:
            return self._record
        key = (peer.address, content.name)
        number = self._pieces.get(key, 0) + 1
        self._pieces[key] = number
        self._pieces.move_to_end(key)
        if len(self._pieces) > MAX_PIECEMEAL_READERS:
            self._pieces.popitem(last=False)
        return self._record if number <= PIECES_TOLD_EACH else self._block_reads

    def _validators(self, content: Content) -> Validators:
        if content.body is not None:
            if len(content.body) > MAX_HASHED_BODY_BYTES:
                return Validators()
            return Validators(etag=f'"{hashlib.sha256(content.body).hexdigest()[:32]}"')
        version = content.version
        if version is None:
            return Validators()
        etag = f'"{int(version.mtime_s * 1_000_000):x}-{content.size_bytes:x}"'
        settled = version.mtime_s + DATE_SETTLED_S <= self._wall_clock()
        return Validators(etag, _http_date(version.mtime_s) if settled else None)

    def _refused(
        self,
        request: FileRequest,
        status: int,
        reason: str,
        headers: dict[str, str] | None = None,
        file: str | None = None,
        is_searched: bool = False,
    ) -> Answer:
        """No file: a short text for a person who looks, an event, and no waiting.

        ``file`` is the cleaned path; None: the request target is shown as it came.
        """
        shown_file = shown(request.target).lstrip("/") if file is None else file
        self._note_refused(request, status, shown_file, reason, is_searched)
        return Answer(status, headers or {}, f"{shown_file}: {reason}\n", closes=request.has_body)

    def _note_refused(
        self, request: FileRequest, status: int, file: str, reason: str, is_searched: bool = False
    ) -> None:
        self._record(
            EventKind.FILE_REFUSED,
            address=request.peer.address,
            protocol=request.peer.protocol,
            file=file,
            reason=reason,
            status=status,
            method=request.method,
            user_agent=request.peer.user_agent,
            is_searched=is_searched,
        )


def being_rewritten(error: ContentChanged) -> Answer:
    """What a client gets instead of a file that is of two versions at the moment."""
    return Answer(503, {"Retry-After": str(CHANGED_RETRY_AFTER_S)}, f"{error}\n")


def _requested_path(target: str) -> bytes:
    """The path of a request target (RFC 9112 §3.2), percent-decoded; its query is left out.

    Quirk: proxies and odd clients send the absolute form, ``http://host/path``; what stands for host does not matter.
    """
    path = target.partition("?")[0]
    scheme, separator, rest = path.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        path = rest.partition("/")[2]
    return unquote_to_bytes(path.encode("utf-8", "surrogateescape"))


def _part(request: FileRequest, content: Content, validators: Validators) -> ByteRange | WholeFile | Unsatisfiable:
    """Ranges are for GET alone (RFC 9110 §14.2), and never for half a file of another version."""
    if request.method != "GET" or request.range_text is None:
        return WholeFile()
    if not range_still_applies(request.headers.get("If-Range"), validators):
        return WholeFile()
    return requested_part(request.range_text, content.size_bytes)


def _headers(path: str, content: Content, validators: Validators) -> dict[str, str]:
    media_type = content.media_type
    if media_type == PLAIN_BYTES:
        media_type = MEDIA_TYPES.get(splitext(path)[1].lower(), PLAIN_BYTES)
    headers = {"Content-Type": media_type, "Accept-Ranges": "bytes"}
    if validators.etag:
        headers["ETag"] = validators.etag
    if validators.last_modified:
        headers["Last-Modified"] = validators.last_modified
    return headers


@lru_cache(MAX_REMEMBERED_DATES)
def _http_date(moment_s: float) -> str | None:
    """The second of ``moment_s`` (RFC 9110 §5.6.7); None for a file's date that no calendar has."""
    try:
        return formatdate(moment_s, usegmt=True)
    except (ValueError, OverflowError, OSError):
        return None


def plain_address(name: Any) -> str:
    """The address of a socket's name: an IPv4 one without the mapping that a socket for both families shows it in, a
    link-local one without its zone, which only this computer understands."""
    return str(name[0]).removeprefix("::ffff:").partition("%")[0] if name else ""


def shown(text: str) -> str:
    """A client's own text, fit for a log: printable ASCII, and not endless."""
    if text.isascii() and text.isprintable() and len(text) <= MAX_SHOWN_CHARACTERS:
        return text
    printable = "".join(character if " " <= character <= "~" else "?" for character in text[:MAX_SHOWN_CHARACTERS])
    return printable if len(text) <= MAX_SHOWN_CHARACTERS else printable + "..."


def _record_nothing(
    kind: EventKind,
    *,
    mac: str | None = None,
    address: str | None = None,
    interface: str | None = None,
    **facts: Fact,
) -> None:
    """A ``Record`` for what somebody else records."""

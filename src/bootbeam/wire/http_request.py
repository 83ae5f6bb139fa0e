"""The plain request for a file, as boot clients send it, and the head of its answer (RFC 9112).

Only what needs no judgement is read here: one GET or HEAD of HTTP/1.1 that is all there, without a body and with each
header once. Everything else is for a whole HTTP implementation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

MAX_PLAIN_HEAD_BYTES = 2048
"""Of request line and headers together; boot clients send some 200."""
MAX_PLAIN_HEADERS = 32
MAX_REMEMBERED_HEADERS = 256
"""Header blocks that are read once only: a client sends the same with each of its requests."""

_END = b"\r\n\r\n"
_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}
_NOT_PLAIN = frozenset({"Content-Length", "Expect", "Te", "Trailer", "Transfer-Encoding", "Upgrade"})
"""Each asks for something that a file has no use for."""
_TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""Of a header's name (RFC 9110 §5.6.2)."""


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """One GET or HEAD."""

    method: str
    target: str
    """As sent: printable ASCII, beginning with ``/``."""
    headers: Mapping[str, str]
    """By name in title case, as in "If-None-Match"."""
    size_bytes: int
    """How much of the data it is; another request may follow."""

    @property
    def keeps_connection(self) -> bool:
        """The client may ask for something else on the same connection (RFC 9112 §9.3)."""
        return self.headers.get("Connection", "").lower() != "close"


def find_plain_request(data: bytes, start: int = 0) -> PlainRequest | None:
    """The request at ``start`` in ``data``; None when it is not a plain one, or not all there."""
    end = data.find(_END, start, start + MAX_PLAIN_HEAD_BYTES)
    line_end = data.find(b"\r\n", start, max(0, end))
    if line_end < 0:
        return None
    words = data[start:line_end].split(b" ")
    if len(words) != 3 or words[2] != b"HTTP/1.1":
        return None
    method, target = _METHODS.get(words[0]), words[1]
    if method is None or not target.startswith(b"/") or not target.isascii():
        return None
    text = target.decode("ascii")
    headers = _plain_headers(data[line_end + 2 : end])
    if headers is None or not text.isprintable():
        return None
    return PlainRequest(method, text, headers, end + len(_END) - start)


@lru_cache(MAX_REMEMBERED_HEADERS)
def _plain_headers(block: bytes) -> Mapping[str, str] | None:
    """The headers; None when one is twice there, malformed, or asks for more than a file."""
    if not block.isascii():
        return None
    lines = block.decode("ascii").split("\r\n")
    if len(lines) > MAX_PLAIN_HEADERS:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        title, value = name.title(), value.strip(" \t")
        # A tab may stand within a value; none that matters here has one.
        if not colon or not name or not _TOKEN_CHARACTERS.issuperset(name) or not value.isprintable():
            return None
        if title in headers or title in _NOT_PLAIN:
            return None
        headers[title] = value
    if "Host" not in headers or headers.get("Connection", "close").lower() not in ("close", "keep-alive"):
        return None
    return headers


def encode_response_head(status: int, headers: Mapping[str, str]) -> bytes:
    """Status line and headers of an HTTP/1.1 answer.

    Args:
        status: a registered one.
        headers: names and values of this program's making, without line ends.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"HTTP/1.1 {status} {_PHRASES[status]}\r\n{lines}\r\n".encode("latin-1")


_PHRASES = {int(status): status.phrase for status in HTTPStatus}

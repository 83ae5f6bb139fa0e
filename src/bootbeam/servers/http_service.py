"""What all connections of one HTTP server share."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from bootbeam import __version__
from bootbeam.servers.http_body import TURN_ALONE_BYTES, TURN_BYTES
from bootbeam.servers.http_download import Downloads
from bootbeam.servers.http_pieces import MappedFiles
from bootbeam.servers.piece_turns import PieceTurns

if TYPE_CHECKING:
    from bootbeam.servers.http_connection import FileConnection

COPIED_AT_ONCE_BYTES = 256 * 1024
ARRIVING_BYTES = 32 * 1024
"""Read from a connection at once."""
MAX_ALONE = 2
"""So many long answers under way hold nobody up."""
SERVER = f"bootbeam/{__version__}"


@dataclass(slots=True)
class Service:
    """Made once; used by the server's own thread."""

    downloads: Downloads
    stall_timeout_s: float
    keepalive_timeout_s: float
    successor: Callable[[], asyncio.Protocol | None]
    """Makes the protocol that takes a connection over, aiohttp's; None before it is loaded."""
    load_successor: Callable[[], Coroutine[Any, Any, None]]
    page_prefixes: tuple[str, ...]
    """What the paths of all pages begin with: those are aiohttp's."""
    logger: logging.Logger
    answering: dict[asyncio.Task[Any], asyncio.Transport | None]
    """What takes time at present: a stop waits for it."""
    connections: "set[FileConnection]" = field(default_factory=set)
    is_stopping: bool = False
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(COPIED_AT_ONCE_BYTES)))
    """For what is copied within one turn of the loop."""
    arriving: memoryview = field(default_factory=lambda: memoryview(bytearray(ARRIVING_BYTES)))
    """For what a client sends, until it is taken out of there, before anybody else's comes."""
    mapped_files: MappedFiles = field(default_factory=MappedFiles)
    piece_turns: PieceTurns = field(default_factory=PieceTurns)
    _common: tuple[int, dict[str, str]] = field(default_factory=lambda: (0, {}))

    def is_page(self, target: str) -> bool:
        """Whether a request is for one of the pages, which are no files."""
        return (unquote(target) if "%" in target else target).startswith(self.page_prefixes)

    def tell_fault(self, address: str, error: BaseException | None) -> None:
        """The station itself is at fault: in the log."""
        self.logger.error("Error handling request from %s", address, exc_info=error)

    def turn_bytes(self) -> int:
        """How much of a body is given to the kernel before somebody else's turn."""
        return TURN_ALONE_BYTES if len(self.answering) <= MAX_ALONE else TURN_BYTES

    def common_headers(self) -> dict[str, str]:
        """``Server`` and ``Date``, of every answer."""
        second = int(time.time())
        if self._common[0] != second:
            self._common = second, {"Server": SERVER, "Date": formatdate(second, usegmt=True)}
        return self._common[1]

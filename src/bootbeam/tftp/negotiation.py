"""Which of a read request's options are granted, and with what value."""

from dataclasses import dataclass
from functools import lru_cache

from bootbeam.wire.tftp import Rrq

DEFAULT_BLKSIZE = 512
"""RFC 1350 §2: without the option."""
MIN_BLKSIZE = 8
MAX_BLKSIZE = 65464
"""RFC 2348 §2."""
MAX_WINDOWSIZE = 65535
"""RFC 7440 §3."""
MAX_KNOWN_TERMS = 256
"""Machines of one kind ask for the same: so many terms need not be found again."""
MAX_TIMEOUT_S = 255
"""RFC 2349 §2."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that is granted, whatever is asked for."""

    blksize: int
    """Bytes. At most the path's MTU less 32 (20 IP, 8 UDP, 4 TFTP), so that no packet is ever fragmented: many ROMs
    cannot put fragments together."""
    windowsize: int
    """Blocks."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one transfer."""

    blksize: int
    windowsize: int
    timeout_s: int | None
    """Seconds before a retransmission when the client set them, RFC 2349 §2."""
    tells_size: bool
    """The client asked for ``tsize`` and is told."""
    oack: tuple[tuple[str, int], ...]
    """What the OACK says, names as the client spelt them; empty: no OACK is sent and DATA 1 is the answer."""


@lru_cache(MAX_KNOWN_TERMS)
def negotiate(request: Rrq, size_bytes: int, caps: Caps) -> Terms:
    """The terms of a transfer.

    An option that is unknown, or whose value is no number or below its range, is left out of the OACK, which leaves its
    default in force (RFC 2347 §3); a value above the range is answered with a smaller one where the option's RFC
    lets the server answer smaller.
    """
    blksize, windowsize, timeout_s, tells_size = DEFAULT_BLKSIZE, 1, None, False
    oack: list[tuple[str, int]] = []
    for option in request.options:
        asked = option.number()
        if asked is None:
            continue
        match option.name.lower():
            case "blksize" if asked >= MIN_BLKSIZE:
                granted = blksize = max(MIN_BLKSIZE, min(asked, caps.blksize, MAX_BLKSIZE))
            case "windowsize" if asked >= 1:
                granted = windowsize = max(1, min(asked, caps.windowsize, MAX_WINDOWSIZE))
            case "timeout" if 1 <= asked <= MAX_TIMEOUT_S:
                granted = timeout_s = asked
            case "tsize":
                granted, tells_size = size_bytes, True
            case _:
                continue
        oack.append((option.name, granted))
    return Terms(blksize, windowsize, timeout_s, tells_size, tuple(oack))

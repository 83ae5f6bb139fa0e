"""What a TFTP transfer asks its driver to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Send:
    """Send this packet (an OACK or an ERROR) to the client."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SendWindow:
    """Send these blocks, each a DATA header and its piece of the file, in order."""

    first_block_index: int
    """Absolute: the file's first block is 1 and block 65536 is 65536. Its low 16 bits are the number on the wire; its
    bytes start at ``(first_block_index - 1) * blksize`` of the file."""
    count: int
    """How many blocks, at least 1. The file's last block is shorter than ``blksize``, maybe empty."""


@dataclass(frozen=True, slots=True)
class TransferStats:
    """How a finished transfer went."""

    size_bytes: int
    duration_s: float
    """From the first answer to the last acknowledgement."""
    retransmissions: int
    """DATA packets and OACKs sent again."""
    blksize: int
    windowsize: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The client has acknowledged the last block; the transfer is over."""

    stats: TransferStats


@dataclass(frozen=True, slots=True)
class Failed:
    """The transfer is over and the client has not got the file."""

    reason: str
    """In words for a log line, with the likely cause."""
    error_code: int | None = None
    """Of the ERROR that the client ended it with; None when it sent none."""
    error_text: str = ""


@dataclass(frozen=True, slots=True)
class SizeProbed:
    """The client only wanted to know the size and is gone, as firmware does before each download. No failure."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing is to be done about that datagram."""

    reason: str
    malformed: bool = False
    """It was no TFTP packet at all, as opposed to one that says nothing new."""


Action = Send | SendWindow | Finished | Failed | SizeProbed | Ignore

"""Contents made of others: pieces of our own, and files that are never read here, one of which may be a whole ISO."""

import os
from collections.abc import Sequence
from contextlib import ExitStack

from bootbeam.library.content import Content, FileSlice


def compose(name: str, pieces: Sequence[bytes | Content], role: str, stack: ExitStack) -> Content:
    """The pieces one after another, open for as long as ``stack`` is; the caller makes that the content's own end.

    Args:
        name: what it is called in the log.
        pieces: in order; the contents are among those that ``stack`` closes.
        role: what it is to the boot.
        stack: closes what was opened for it.
    """
    in_files = [piece for piece in pieces if isinstance(piece, Content) and piece.body is None]
    if not in_files:
        body = b"".join(_bytes_of(piece) for piece in pieces)
        return Content(name, len(body), role=role, body=body)
    fd = os.memfd_create("bootbeam-composed")
    stack.callback(os.close, fd)
    slices: list[FileSlice] = []
    written = 0
    for piece in pieces:
        if isinstance(piece, Content) and piece.body is None:
            slices += piece.slices
            continue
        data = _bytes_of(piece)
        os.pwrite(fd, data, written)
        slices.append(FileSlice(fd, written, len(data)))
        written += len(data)

    def check() -> None:
        for content in in_files:
            content.check()

    return Content(
        name,
        sum(part.size_bytes for part in slices),
        role=role,
        slices=tuple(slices),
        version=max(
            (content.version for content in in_files if content.version), key=lambda each: each.mtime_s, default=None
        ),
        check=check,
    )


def _bytes_of(piece: bytes | Content) -> bytes:
    return piece if isinstance(piece, bytes) else piece.body or b""

"""Words for a file that nothing here boots: what people name by mistake."""

from bootbeam.formats.archive import archive_of
from bootbeam.formats.fields import printable_text
from bootbeam.formats.script import BYTE_ORDER_MARK, is_ipxe_script

_MAGICS: tuple[tuple[bytes, str], ...] = (
    (b"!<arch>\ndebian", "Debian package"),
    (b"!<arch>\n", "archive of object files (.a), not a linked program"),
    (b"\xed\xab\xee\xdb", "RPM package"),
    (b"%PDF", "PDF document"),
    (b"\x27\x05\x19\x56", "U-Boot legacy image (uImage)"),
    (b"\xd0\x0d\xfe\xed", "device tree or U-Boot FIT image"),
    (b"MZ", "DOS program"),
    (b"\x1f\x8b", "gzip file of an unknown method"),
    (b"\x55\xaa", "option ROM"),
)
_SHOWN_BYTES = 8


def describe_unknown(head: bytes) -> str:
    """What the file starting with ``head`` (its first 512 bytes or more) looks like, for a message."""
    if not head:
        return "empty file"
    if not any(head):
        return f"nothing but zero bytes in the first {len(head)}"
    if head.startswith(BYTE_ORDER_MARK) and is_ipxe_script(head[len(BYTE_ORDER_MARK) :]):
        return "iPXE script behind a byte order mark, which iPXE does not accept: save it without one"
    archive = archive_of(head)
    if archive is not None:
        return archive
    for magic, words in _MAGICS:
        if head.startswith(magic):
            return words
    return _describe_text(head) or f"unknown data that starts with {head[:_SHOWN_BYTES].hex(' ')}"


def _describe_text(head: bytes) -> str:
    """Words for a text file, "" for anything else."""
    start = head[:256].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "web page (HTML): perhaps an error page was downloaded in place of the file"
    if any(byte < 9 or 13 < byte < 32 for byte in head):
        return ""
    line = printable_text(head.lstrip().split(b"\n", 1)[0], 40)
    return f'text file that starts with "{line}"'

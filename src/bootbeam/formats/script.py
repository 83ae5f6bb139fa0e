"""iPXE scripts."""

SCRIPT_MAGICS = (b"#!ipxe", b"#!gpxe")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_ipxe_script(head: bytes) -> bool:
    """Whether the file starting with ``head`` is a script to iPXE: the magic word, then white space.

    Source: iPXE ``image/script.c``.
    """
    return head.startswith(SCRIPT_MAGICS) and head[6:7] in (b"\n", b"\r", b" ", b"\t", b"\v", b"\f")

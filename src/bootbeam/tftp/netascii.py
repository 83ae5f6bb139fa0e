"""The ``netascii`` mode, RFC 1350 §1 by way of RFC 764: nobody who boots asks for it, people at a terminal do.

tftp-hpa's client starts in this mode and turns what it gets back, so a file served as it lies would arrive damaged.
"""


def encode_netascii(text: bytes) -> bytes:
    """The file as netascii: a line feed becomes CR LF, a carriage return CR NUL."""
    return text.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")

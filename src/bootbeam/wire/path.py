"""The path a client asks for, cleaned: TFTP file names and HTTP paths follow one rule."""

from bootbeam.errors import DecodeError

MAX_PATH_BYTES = 512
"""RFC 2347 §2 bounds the whole TFTP request; HTTP is held to the same for what names a file."""


def decode_path(raw: bytes) -> str:
    r"""The file a client means: ``\`` counts as ``/`` (Windows boot programs), leading slashes are dropped.

    Args:
        raw: the bytes as sent, percent-decoding already done.

    Raises:
        DecodeError: NUL, control bytes, a ``..`` step, not UTF-8, empty or too long.
    """
    if len(raw) > MAX_PATH_BYTES:
        raise DecodeError(f"file name of {len(raw)} bytes, longer than {MAX_PATH_BYTES}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DecodeError("file name is not UTF-8", error.start) from None
    if not text.isprintable() and any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise DecodeError("control character in the file name")
    steps = [step for step in text.replace("\\", "/").split("/") if step not in ("", ".")]
    if ".." in steps:
        raise DecodeError("file name climbs out with '..'")
    if not steps:
        raise DecodeError("empty file name")
    return "/".join(steps)

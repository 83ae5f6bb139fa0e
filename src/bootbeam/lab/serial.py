"""What a virtual PC wrote to its serial port, as a person would read it."""

import re
from pathlib import Path

MAX_TRANSCRIPT_BYTES = 16 << 20
"""A PC that reboots for ever must not fill the memory of the one who reads its console."""

_ESCAPE_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # ECMA-48 §5.4 control sequences: colours, cursor
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # operating system commands: window titles
    rb"|\x1b[ -/]*[0-~]"  # two-byte sequences
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def strip_escapes(transcript: bytes) -> str:
    """The text of ``transcript`` without escape sequences and control characters, lines ended by a line feed."""
    text = _ESCAPE_SEQUENCE.sub(b"", transcript).decode("utf-8", "replace")
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def read_transcript(path: Path) -> str:
    """The newest ``MAX_TRANSCRIPT_BYTES`` of the console written to ``path``, as text; "" before there is one."""
    try:
        with path.open("rb") as file:
            size_bytes = file.seek(0, 2)
            file.seek(max(0, size_bytes - MAX_TRANSCRIPT_BYTES))
            return strip_escapes(file.read(MAX_TRANSCRIPT_BYTES))
    except FileNotFoundError:
        return ""


def last_lines(text: str, count: int) -> str:
    """The last ``count`` lines of ``text`` that are not blank."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.lab import serial
from bootbeam.lab.serial import last_lines, read_transcript, strip_escapes


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"plain\r\nlines\r\n", "plain\nlines\n"),
        (b"\x1b[2J\x1b[01;01H\x1b[=3hStart PXE over IPv4\x1b[0m", "Start PXE over IPv4"),
        (b"\x1b[0;37;40mu\x1b[1mser\x1b[mland", "userland"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1bc\x1b(Bafter", "after"),
        (b"dots...\rover", "dots...\nover"),
        (b"bell\x07null\x00tab\tend", "bellnulltab\tend"),
        ("長い".encode(), "長い"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
    ],
)
def test_escape_sequences_go_and_text_stays(written: bytes, read: str) -> None:
    assert strip_escapes(written) == read


@given(st.binary(max_size=400))
def test_nothing_unprintable_is_left(transcript: bytes) -> None:
    assert not set(strip_escapes(transcript)) & {chr(code) for code in range(32) if chr(code) not in "\t\n"}


def test_no_log_yet_is_no_text(tmp_path: Path) -> None:
    assert read_transcript(tmp_path / "none") == ""


def test_only_the_newest_part_of_an_endless_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "MAX_TRANSCRIPT_BYTES", 6)
    log = tmp_path / "log"
    log.write_bytes(b"old, newest")
    assert read_transcript(log) == "newest"


def test_last_lines_skips_blank_ones() -> None:
    assert last_lines("a\n\nb\n   \nc\n", 2) == "b\nc"

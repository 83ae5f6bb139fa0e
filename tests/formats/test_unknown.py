import pytest

from bootbeam.formats.unknown import describe_unknown


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "empty file"),
        (bytes(4096), "nothing but zero bytes"),
        (b"PK\x03\x04" + bytes(100), "ZIP archive"),
        (b"!<arch>\ndebian-binary", "Debian package"),
        (b"\n<!DOCTYPE html><title>404", "web page"),
        (b"\xef\xbb\xbf#!ipxe\necho", "byte order mark"),
        (b"#!/bin/sh\nexit", '"#!/bin/sh"'),
        (bytes(257) + b"ustar\0" + bytes(200), "tar archive"),
        (b"\x13\x37\x00\x01", "starts with 13 37 00 01"),
        (b"MZ" + bytes(100), "DOS program"),
    ],
)
def test_what_people_name_by_mistake_has_a_name(head: bytes, words: str) -> None:
    assert words in describe_unknown(head)


def test_a_files_text_cannot_command_a_terminal() -> None:
    assert "\x1b" not in describe_unknown("\u009b2J\x1b[2J\n".encode("latin-1"))
    assert describe_unknown(b"two\nlines").count("\n") == 0

import pytest

from bootbeam.formats.script import is_ipxe_script


@pytest.mark.parametrize("head", [b"#!ipxe\n", b"#!ipxe\r\necho", b"#!ipxe  # comment", b"#!gpxe\n", b"#!ipxe\t"])
def test_the_magic_word_and_white_space_make_a_script(head: bytes) -> None:
    assert is_ipxe_script(head)


@pytest.mark.parametrize(
    "head",
    [b"", b"#!ipxe", b"#!ipxes\n", b"#! ipxe\n", b" #!ipxe\n", b"#!IPXE\n", b"\xef\xbb\xbf#!ipxe\n", b"#!/bin/sh"],
)
def test_anything_else_is_none_to_ipxe(head: bytes) -> None:
    assert not is_ipxe_script(head)

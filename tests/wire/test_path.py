"""Paths that clients ask for: what is cleaned and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.path import MAX_PATH_BYTES, decode_path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"ipxe.efi", "ipxe.efi"),
        (b"/ipxe.efi", "ipxe.efi"),
        (b"///boot//x64/./wdsnbp.com", "boot/x64/wdsnbp.com"),
        (b"\\boot\\BCD", "boot/BCD"),
        (b"\\/boot\\/x", "boot/x"),
        ("ünï/码.iso".encode(), "ünï/码.iso"),
        (b"a b%20c", "a b%20c"),
        (b"...", "..."),
        (b"..a/b..", "..a/b.."),
        (b"dir/", "dir"),
        (b"x" * MAX_PATH_BYTES, "x" * MAX_PATH_BYTES),
    ],
)
def test_a_path_is_cleaned(raw: bytes, path: str) -> None:
    assert decode_path(raw) == path


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"/", "empty"),
        (b"\\.\\", "empty"),
        (b"..", r"\.\."),
        (b"../etc/passwd", r"\.\."),
        (b"boot/../../etc/passwd", r"\.\."),
        (b"..\\..\\etc", r"\.\."),
        (b"a/..", r"\.\."),
        (b"name\0", "control"),
        (b"na\nme", "control"),
        (b"na\x7fme", "control"),
        (b"pxelinux.0\xff", "UTF-8"),
        (b"\xc0\xaf..", "UTF-8"),
        (b"x" * (MAX_PATH_BYTES + 1), "longer"),
    ],
)
def test_what_could_lead_astray_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        decode_path(raw)


@given(st.binary(max_size=MAX_PATH_BYTES + 10) | st.text(alphabet="./\\ab\0", max_size=30).map(str.encode))
def test_whatever_comes_out_is_clean_and_stays_as_it_is(raw: bytes) -> None:
    with contextlib.suppress(DecodeError):
        path = decode_path(raw)
        steps = path.split("/")
        assert not {"", ".", ".."} & set(steps)
        assert "\\" not in path
        assert "\0" not in path
        assert decode_path(path.encode()) == path

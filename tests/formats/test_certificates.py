"""Names in certificates that OpenSSL made."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.formats.certificates import MAX_NAMES, names_in


def certificate(directory: Path, subject: str) -> bytes:
    """A self-signed one, in DER."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-outform", "DER"]
    done = subprocess.run(
        [*command, "-utf8", "-subj", subject, "-days", "1"], cwd=directory, capture_output=True, check=True, timeout=30
    )
    return done.stdout


@pytest.mark.peer
def test_the_names_of_a_real_certificate(tmp_path: Path) -> None:
    data = certificate(tmp_path, "/O=Somebody/CN=Somebody's Secure Boot CA")
    assert data.count(b"Somebody's Secure Boot CA") == 2, "issuer and subject"
    assert names_in(data) == ("Somebody's Secure Boot CA",)
    other = certificate(tmp_path, "/CN=鍵")
    assert names_in(b"MZ" + data + bytes(100) + other) == ("Somebody's Secure Boot CA", "鍵")


def name(text: bytes, kind: int = 0x0C) -> bytes:
    return b"\x06\x03\x55\x04\x03" + bytes([kind, len(text)]) + text


def test_in_order_once_each_and_only_so_many() -> None:
    assert names_in(name(b"b") + name(b"a") + name(b"b", 0x13)) == ("b", "a")
    assert len(names_in(b"".join(name(str(number).encode()) for number in range(100)))) == MAX_NAMES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        name(b""),
        name(b"cut off")[:-1],
        name(b"x" * 65),
        name(b"x\x1b[2J"),
        name(b"a\nb"),
        name(b"x", 0x1E),
        b"\x06\x03",
    ],
)
def test_what_is_no_name(data: bytes) -> None:
    assert names_in(data) == ()


@given(st.binary(max_size=200) | st.lists(st.binary(max_size=90).map(lambda text: name(text[:127]))).map(b"".join))
def test_any_bytes_give_printable_names(data: bytes) -> None:
    assert all(found.isprintable() and len(found) <= 64 for found in names_in(data))

"""iPXE's error numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.journal.verdict.ipxe_errors import KNOWN, find_error


@pytest.mark.parametrize(
    ("number", "message", "meaning"),
    [
        ("2d03e18e", "Nothing to boot", "no boot file"),
        ("2e022001", "Exec format error", "is no command"),
        ("2e022081", "Exec format error", "is no command"),
        ("1c162002", "Invalid argument", "has an option that it does not know"),
        ("2d02803b", "No such file or directory", "names a label"),
        ("2d03e13b", "Nothing to boot", "no boot file"),
        ("http://ipxe.org/2D03E13B", "Nothing to boot", "no boot file"),
        ("https://ipxe.org/040ee119", "No configuration methods succeeded", "no DHCP server"),
        ("0x2e008001", "Exec format error", "damaged"),
        ("4c0a6035", "Connection timed out", "firewall"),
        ("2d0c613b", "No such file or directory", "404"),
        ("410c613c", "Operation not permitted", "403"),
        ("7f04819a", "Error 0x7f04819a", "Secure Boot"),
        ("7f048183", "Error 0x7f048183", "cannot load"),
    ],
)
def test_numbers_in_the_table(number: str, message: str, meaning: str) -> None:
    error = find_error(number)
    assert error is not None
    assert error.is_certain
    assert error.message == message
    assert meaning in error.meaning


@pytest.mark.parametrize(
    ("number", "message", "part"),
    [
        ("4c126135", "Connection timed out", "TFTP"),
        ("1c018002", "Invalid argument", "ELF"),
        ("31006001", "Not enough space", "network"),
        ("310c6001", "Not enough space", "memory is too small"),
        ("34182006", "No space left on device", "memory is too small"),
        ("2c004003", "No such device", "driver"),
        ("3c0d6001", "Operation not supported", "iSCSI"),
    ],
)
def test_a_number_that_is_in_no_table_is_taken_apart(number: str, message: str, part: str) -> None:
    error = find_error(number)
    assert error is not None
    assert not error.is_certain
    assert error.message == message
    assert part in error.meaning


@pytest.mark.parametrize("text", ["", "PXE-E16", "2d03e1", "ffffffff", "00000000", "zzzzzzzz", "55000000"])
def test_what_is_no_number_of_ipxe(text: str) -> None:
    assert find_error(text) is None


@given(st.text())
def test_anything_may_be_asked(text: str) -> None:
    find_error(text)


def test_every_entry_says_what_to_do() -> None:
    assert len(KNOWN) >= 25
    for error in KNOWN.values():
        assert error.meaning
        assert error.fix

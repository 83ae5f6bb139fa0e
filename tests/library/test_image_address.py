"""What an image may be named by."""

from bootbeam.library.image_address import is_address


def test_addresses() -> None:
    assert is_address("https://example.invalid/x.iso")
    assert not is_address("build/http.elf")

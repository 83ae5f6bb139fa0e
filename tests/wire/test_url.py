import pytest

from bootbeam.wire.url import url_host


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.168.1.50", "192.168.1.50"),
        ("fd00::50", "[fd00::50]"),
        ("fe80::1%eth0", "[fe80::1]"),
        ("::1", "[::1]"),
    ],
)
def test_an_address_as_a_urls_host(address: str, host: str) -> None:
    assert url_host(address) == host

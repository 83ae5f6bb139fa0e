"""Makers' names, from the registry and from what hypervisors use."""

import pytest

from bootbeam.net.maker import maker_of


@pytest.mark.parametrize(
    ("mac", "maker"),
    [
        ("52:54:00:12:34:56", "QEMU/KVM"),
        ("08:00:27:00:00:01", "VirtualBox"),
        ("f4:4d:30:6a:11:22", "Elitegroup Computer Systems"),
        ("b8:27:eb:00:00:01", "Raspberry Pi Foundation"),
        ("02:00:00:00:00:01", None),
        ("not a mac", None),
    ],
)
def test_makers(mac: str, maker: str | None) -> None:
    assert maker_of(mac) == maker

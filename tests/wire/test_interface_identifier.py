from ipaddress import IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.wire.interface_identifier import address_in, mac_of_address


@pytest.mark.parametrize(
    ("address", "mac"),
    [
        ("fe80::5054:ff:feb0:701", "52:54:00:b0:07:01"),
        ("fe80::3656:78ff:fe9a:bcde", "34:56:78:9a:bc:de"),  # the example of RFC 4291 appendix A
        ("fd00:1:2:3:5054:ff:feb0:701", "52:54:00:b0:07:01"),
        ("fe80::1", None),
        ("fe80::1:2:3:4", None),
    ],
)
def test_an_address_tells_the_mac_it_was_made_of(address: str, mac: str | None) -> None:
    assert mac_of_address(IPv6Address(address)) == mac


def test_a_machines_address_in_a_prefix_has_its_own_identifier() -> None:
    prefix = IPv6Network("2001:db8:1:2::/64")
    assert address_in(prefix, IPv6Address("fe80::5054:ff:feb0:701")) == IPv6Address("2001:db8:1:2:5054:ff:feb0:701")


@pytest.mark.parametrize("prefix", ["2001:db8::/48", "2001:db8::/65", "2001:db8::7/128"])
def test_only_prefixes_of_64_bits_are_made_addresses_of(prefix: str) -> None:
    assert address_in(IPv6Network(prefix), IPv6Address("fe80::1")) is None


def test_an_empty_identifier_would_be_the_routers_anycast_address() -> None:
    assert address_in(IPv6Network("2001:db8::/64"), IPv6Address("fe80::")) is None


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_the_made_address_is_always_in_the_prefix(like: IPv6Address) -> None:
    prefix = IPv6Network("2001:db8:1:2::/64")
    made = address_in(prefix, like)
    assert made is None or (made in prefix and made.packed[8:] == like.packed[8:])

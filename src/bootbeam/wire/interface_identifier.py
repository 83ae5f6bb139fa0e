"""The lower half of IPv6 addresses: which hardware address is in it, and addresses made of it (RFC 4291 §2.5.1)."""

from ipaddress import IPv6Address, IPv6Network

PREFIX_BITS = 64
"""Interface identifiers take the rest; other prefixes are not made addresses of (RFC 4291 §2.5.4)."""
_IDENTIFIER_MASK = (1 << (128 - PREFIX_BITS)) - 1
_UNIVERSAL_BIT = 0x02


def mac_of_address(address: IPv6Address) -> str | None:
    """The MAC an address was made of by modified EUI-64 (RFC 4291 appendix A); None when it was not."""
    identifier = address.packed[8:]
    if identifier[3:5] != b"\xff\xfe":
        return None
    return bytes((identifier[0] ^ _UNIVERSAL_BIT, *identifier[1:3], *identifier[5:])).hex(":")


def address_in(prefix: IPv6Network, like: IPv6Address) -> IPv6Address | None:
    """The address in ``prefix`` with the interface identifier of ``like``; None when there can be none.

    Applied to a machine's link-local address it is the address that the machine would make for itself
    (RFC 4862 §5.5.3), and as free as the link-local one, which the machine has checked for duplicates.
    """
    identifier = int(like) & _IDENTIFIER_MASK
    if prefix.prefixlen != PREFIX_BITS or not identifier:
        return None
    return IPv6Address(int(prefix.network_address) | identifier)

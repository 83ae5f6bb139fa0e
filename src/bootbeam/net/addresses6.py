"""This machine's IPv6 addresses as the kernel lists them, the best for serving first.

``/proc/net/if_inet6``: a line each of address, interface index, prefix length, scope, flags (all hexadecimal) and
interface name. It stays readable after root is given up, and addresses come and go while the station runs: routers
announce new prefixes.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Interface
from pathlib import Path

PROC_NET_IF_INET6 = Path("/proc/net/if_inet6")
PREFIX_BITS = 64

_TEMPORARY, _DADFAILED, _DEPRECATED, _TENTATIVE, _PERMANENT = 0x01, 0x08, 0x20, 0x40, 0x80
"""Linux <linux/if_addr.h>."""
_UNUSABLE = _DADFAILED | _DEPRECATED


@dataclass(frozen=True, slots=True)
class Address6:
    """One address of an interface."""

    name: str
    """The interface's."""
    interface: IPv6Interface
    """The address with its prefix."""
    flags: int

    @property
    def _rank(self) -> tuple[bool, ...]:
        """False is better. An address still checked for duplicates will be good in a second. One in a prefix that a
        router announces is on-link for every client; one set by hand, or lent for itself alone (/128), need not be."""
        return (
            self.interface.is_link_local,
            bool(self.flags & _TENTATIVE),
            self.interface.network.prefixlen != PREFIX_BITS,
            bool(self.flags & _TEMPORARY),
            bool(self.flags & _PERMANENT),
        )


def read_addresses6(table: Path = PROC_NET_IF_INET6) -> dict[str, tuple[IPv6Interface, ...]]:
    """The usable addresses of each interface, the best first; link-local ones last. Empty without IPv6."""
    try:
        rows = [line.split() for line in table.read_text("ascii").splitlines()]
    except OSError:
        return {}
    found = [address for row in rows if (address := _parse(row)) is not None]
    by_name: dict[str, list[IPv6Interface]] = {}
    for address in sorted(found, key=lambda each: each._rank):
        by_name.setdefault(address.name, []).append(address.interface)
    return {name: tuple(addresses) for name, addresses in by_name.items()}


def beyond_link(address: str, table: Path = PROC_NET_IF_INET6) -> str:
    """For a link-local address of this machine the best other one of the same interface, if there is one; any other
    ``address`` unchanged."""
    if ":" not in address or not IPv6Address(address).is_link_local:
        return address
    own = IPv6Address(address)
    for addresses in read_addresses6(table).values():
        if any(each.ip == own for each in addresses):
            return str(addresses[0].ip)
    return address


def _parse(row: list[str]) -> Address6 | None:
    if len(row) < 6:
        return None
    address = IPv6Address(bytes.fromhex(row[0]))
    flags = int(row[4], 16)
    if flags & _UNUSABLE or address.is_loopback:
        return None
    return Address6(row[5], IPv6Interface((address, int(row[2], 16))), flags)


def scope_of(address: str, interface: str | None) -> int:
    """The interface index that a socket address needs with a link-local ``address``; 0 for others (RFC 4007 §11)."""
    if interface is None or not IPv6Address(address).is_link_local:
        return 0
    return socket.if_nametoindex(interface)

"""This machine's network interfaces, and which of them is the LAN to serve."""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path

import psutil

from bootbeam.errors import UserError
from bootbeam.net.addresses6 import read_addresses6

SYS_CLASS_NET = Path("/sys/class/net")
PROC_NET_ROUTE = Path("/proc/net/route")
PROC_NET_IPV6_ROUTE = Path("/proc/net/ipv6_route")
VIRTUAL_PREFIXES = ("docker", "br-", "virbr", "veth", "vnet", "tun", "tap", "wg", "tailscale", "zt", "cni", "flannel")
"""Names that container engines, hypervisors and VPNs give their interfaces."""


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface with IPv4, or with IPv6 that reaches beyond its own link."""

    name: str
    index: int
    mac: str
    addresses: tuple[IPv4Interface, ...]
    """IPv4, with prefix; the first is the one used unless another is nearer to the client. Empty without IPv4."""
    is_up: bool
    mtu: int
    is_wireless: bool
    is_virtual: bool
    """Named like a container's, hypervisor's or VPN's interface."""
    has_default_route: bool
    addresses6: tuple[IPv6Interface, ...] = ()
    """IPv6, with prefix, the best first, link-local ones last."""

    @property
    def words(self) -> str:
        """Its name and the address people know it by."""
        first = self.addresses[0].ip if self.addresses else self.addresses6[0].ip if self.addresses6 else "no address"
        return f"{self.name} ({first})"

    def address_for(self, peer: str) -> str:
        """Our address on the peer's own network; the first address when it is on none."""
        address = ipaddress.IPv4Address(peer)
        return str(next((own for own in self.addresses if address in own.network), self.addresses[0]).ip)


def list_interfaces() -> list[Interface]:
    """Every interface but the loopback that has an IPv4 address, or an IPv6 one beyond link-local, by name."""
    found = []
    statistics = psutil.net_if_stats()
    default_routes = _interfaces_with_default_route()
    addresses6 = read_addresses6()
    for name, addresses in sorted(psutil.net_if_addrs().items()):
        own = tuple(
            IPv4Interface(f"{address.address}/{address.netmask or '255.255.255.255'}")
            for address in addresses
            if address.family == socket.AF_INET
        )
        own6 = addresses6.get(name, ())
        is_reachable = any(not address.is_loopback for address in own) or any(not each.is_link_local for each in own6)
        if name not in statistics or not is_reachable:
            continue
        macs = [address.address for address in addresses if address.family == psutil.AF_LINK]
        found.append(
            Interface(
                name=name,
                index=socket.if_nametoindex(name),
                mac=macs[0] if macs else "",
                addresses=own,
                is_up=statistics[name].isup,
                mtu=statistics[name].mtu,
                is_wireless=(SYS_CLASS_NET / name / "wireless").exists(),
                is_virtual=name.startswith(VIRTUAL_PREFIXES),
                has_default_route=name in default_routes,
                addresses6=own6,
            )
        )
    return found


def choose_interfaces(available: Iterable[Interface], wanted: Iterable[str] = ()) -> list[Interface]:
    """The interfaces to serve: those named, else the one that leads to the LAN.

    Left to itself it takes the wired interface with the default route, else the only wired one, else whatever one
    interface is up; when several are equally likely it asks instead of guessing.

    Raises:
        UserError: a name that does not exist or has no address, none at all, or several equally likely.
    """
    interfaces = list(available)
    names = list(dict.fromkeys(wanted))
    if names:
        return [_named(name, interfaces) for name in names]
    up = [interface for interface in interfaces if interface.is_up]
    physical = [interface for interface in up if not interface.is_virtual]
    wired = [interface for interface in physical if not interface.is_wireless]
    for candidates in (wired, physical, up):
        chosen = [interface for interface in candidates if interface.has_default_route] or candidates
        if len(chosen) == 1:
            return chosen
        if chosen:
            raise UserError(
                f"several interfaces could be the LAN: {_list(chosen)}",
                "machines boot from the network they are plugged into",
                f"name the one they are on: bootbeam serve --interface {chosen[0].name} ...",
            )
    raise UserError(
        "no network interface with an address is up",
        f"seen: {_list(interfaces) or ', '.join(_all_names()) or 'only the loopback interface'}",
        "connect the cable and give the interface an address, then look with: ip address",
    )


def address6_for(peer: IPv6Address, addresses: Sequence[IPv6Interface]) -> IPv6Interface | None:
    """Which of our ``addresses``, the best first, a peer on that interface is told; None when there is none.

    The one on the peer's own network, else the best. A link-local peer gets the best one too: it is going to have an
    address in the same prefix.
    """
    if not peer.is_link_local:
        same_network = next((own for own in addresses if peer in own.network), None)
        if same_network is not None:
            return same_network
    return addresses[0] if addresses else None


def _named(name: str, interfaces: list[Interface]) -> Interface:
    for interface in interfaces:
        if interface.name == name:
            return interface
    others = f"these have one: {_list(interfaces)}" if interfaces else "no interface has one"
    if name in _all_names():
        raise UserError(
            f"the interface {name} has no IPv4 address, nor an IPv6 one beyond link-local",
            others,
            f"give it one of the machines' network: sudo ip address add 192.168.1.50/24 dev {name}",
        )
    raise UserError(
        f"there is no interface {name!r} with an IPv4 address, or an IPv6 one beyond link-local",
        others,
        "see them all with: ip address",
    )


def _all_names() -> list[str]:
    return [name for _, name in socket.if_nameindex() if name != "lo"]


def _list(interfaces: list[Interface]) -> str:
    return ", ".join(interface.words for interface in interfaces)


def _interfaces_with_default_route() -> set[str]:
    rows, rows6 = _rows(PROC_NET_ROUTE)[1:], _rows(PROC_NET_IPV6_ROUTE)
    found = {row[0] for row in rows if len(row) > 7 and row[1] == "00000000" and row[7] == "00000000"}
    # Destination ::/0 with a next hop; the kernel's own unreachable route has none.
    return found | {
        row[9] for row in rows6 if len(row) > 9 and not int(row[0], 16) and row[1] == "00" and int(row[4], 16)
    }


def _rows(table: Path) -> list[list[str]]:
    try:
        return [line.split() for line in table.read_text("ascii").splitlines()]
    except OSError:
        return []

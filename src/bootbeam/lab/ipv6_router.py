"""The lab's router over IPv6: what it announces, and whether it gives addresses. It knows nothing about booting."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Network
from pathlib import Path

PREFIX = IPv6Network("fd00:b007:b007:1::/64")
"""The LAN's prefix, a unique local one (RFC 4193)."""
DHCP6_FIRST = PREFIX[0x100]
DHCP6_LAST = PREFIX[0x1FF]


class RouterIpv6(StrEnum):
    """A kind of router, by what machines get to hear (RFC 4861 §4.2): flags M and O, and DHCPv6 itself."""

    SILENT = "silent"
    """Nothing: addresses are set by hand."""
    SLAAC = "slaac"
    """Announcements without M and O: machines make their own addresses, and nobody speaks DHCPv6."""
    STATELESS = "stateless"
    """Announcements with O, and a DHCPv6 server that answers questions but gives no addresses: most homes."""
    MANAGED_ALONE = "managed-alone"
    """Announcements with M, but no DHCPv6 server."""
    DHCP6 = "dhcp6"
    """Announcements with M and O, and a DHCPv6 server that gives addresses."""


def ipv6_address(ipv4: str) -> str:
    """The IPv6 address of the machine whose IPv4 address this is: the last byte, written alike."""
    return str(PREFIX[int(str(IPv4Address(ipv4).packed[3]), 16)])


def router_command(kind: RouterIpv6, interface: str, directory: Path) -> tuple[str, ...]:
    """The program that plays this router, and its arguments. Its configuration goes into ``directory``."""
    match kind:
        case RouterIpv6.SLAAC | RouterIpv6.MANAGED_ALONE:
            configuration = directory / "radvd.conf"
            configuration.write_text(_radvd_configuration(interface, is_managed=kind is RouterIpv6.MANAGED_ALONE))
            return (
                *("radvd", "--nodaemon", "--logmethod=stderr", "--debug=1"),
                *(f"--config={configuration}", f"--pidfile={directory / 'radvd.pid'}"),
            )
        case RouterIpv6.STATELESS:
            return _dnsmasq(interface, directory, f"{PREFIX.network_address},ra-stateless")
        case RouterIpv6.DHCP6:
            return _dnsmasq(interface, directory, f"{DHCP6_FIRST},{DHCP6_LAST},64,12h")
    raise ValueError(f"{kind} needs no program")


def _radvd_configuration(interface: str, *, is_managed: bool) -> str:
    managed = "on" if is_managed else "off"
    autonomous = "off" if is_managed else "on"
    return f"""interface {interface} {{
  AdvSendAdvert on;
  AdvManagedFlag {managed};
  AdvOtherConfigFlag off;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 10;
  prefix {PREFIX} {{ AdvOnLink on; AdvAutonomous {autonomous}; }};
}};
"""


def _dnsmasq(interface: str, directory: Path, dhcp_range: str) -> tuple[str, ...]:
    return (
        # A change of user or group would take away the tie to this process (prctl(2), PR_SET_PDEATHSIG).
        *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file"),
        *("--port=0", f"--interface={interface}", "--bind-interfaces", "--log-dhcp", "--log-facility=-"),
        *("--enable-ra", f"--dhcp-range={dhcp_range}", f"--dhcp-leasefile={directory / 'leases6'}"),
    )

"""What a machine of this room asks its driver to do."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootbeam.pxe.client import ClientInfo

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Ignore:
    """Not for us, or nothing to give. Said, so that it can be logged and tested."""

    reason: str
    fix: str = ""
    """What a person can do about it; "" when nothing is wrong."""
    client: "ClientInfo | None" = None
    """The network boot client that gets no answer; None when it is not one."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a reply goes."""

    address: IpAddress
    port: int


class BootFileKind(StrEnum):
    """What the offered file is, in the words of the journal."""

    LOADER = "loader"
    SCRIPT = "script"
    HTTP_BOOT = "http-boot"


@dataclass(frozen=True, slots=True)
class BootFile:
    """What a client is told to load."""

    kind: BootFileKind
    file: str
    """A TFTP path for firmware, a full URL for iPXE and UEFI HTTP boot."""


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class Send:
    """Send ``datagram`` to ``destination`` from the port and the interface that the request came in on."""

    datagram: bytes
    destination: Destination
    client: "ClientInfo"
    boot_file: BootFile
    address_offered: IpAddress | None = None
    """An address that comes along with it, where nobody else gives one."""
    has_address_server: bool = True
    """Whether the client may get an address from another server, as far as is known."""


@dataclass(frozen=True, slots=True)
class GiveAddress:
    """Send ``datagram`` likewise: the client asked for the address that was offered to it, and has it now."""

    datagram: bytes
    destination: Destination
    client: "ClientInfo"
    address: IPv6Address


@dataclass(frozen=True, slots=True)
class SendPlain:
    """Send ``datagram`` likewise; it offers nothing, so nobody needs to read of it."""

    datagram: bytes
    destination: Destination


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody else's DHCP server and this client agree on an address: who is who on this LAN."""

    mac: str
    address: IpAddress
    server: IPv4Address | None
    """Which server, where its address is known; DHCPv6 servers are known by something else."""


@dataclass(frozen=True, slots=True)
class AddressAsked:
    """A machine asks DHCP servers for an address, of which is heard because it is broadcast. Only told."""

    mac: str
    is_network_boot: bool
    """Firmware or iPXE asks; else it is a running system."""
    xid: int
    address: IpAddress | None
    """Which one it wants; None while it has been offered none."""
    server: IpAddress | None
    """Whom it asks; None when it names none, or names it by something else than an address."""
    vendor_class: str
    host_name: str
    secs: int | None = None
    """How long it has been asking, in seconds; an iPXE also tells in it whom it has heard. None over IPv6."""
    is_ipxe: bool = False
    """An iPXE asks. Its earlier questions may have been lost."""


Action = Send | Ignore | Lease | AddressAsked
Action6 = Send | GiveAddress | SendPlain | Ignore | Lease | AddressAsked

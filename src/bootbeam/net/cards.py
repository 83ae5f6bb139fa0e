"""Every network interface of this computer, those without an address too, and what kind each is."""

from dataclasses import dataclass
from pathlib import Path

SYS_CLASS_NET = Path("/sys/class/net")
LOOPBACK = "lo"
_ETHERNET = "1"
"""ARPHRD_ETHER, Linux <linux/if_arp.h>."""
_UP = 0x1
"""IFF_UP, Linux <linux/if.h>."""

_NAMED = {
    "docker": "a network of Docker",
    "br-": "a network of Docker",
    "virbr": "libvirt's network for virtual machines",
    "veth": "the end of a container's cable",
    "vnet": "a virtual machine's cable",
    "lxdbr": "LXD's network",
    "lxcbr": "LXC's network",
    "cni": "a network of containers",
    "flannel": "a network of containers",
    "tailscale": "a VPN",
    "wg": "a VPN",
    "zt": "a VPN",
    "tun": "a VPN",
    "tap": "a virtual machine's cable or a VPN",
}
_KINDS = {"wireguard": "a VPN", "ppp": "a dialled line", "wwan": "a mobile modem"}
"""DEVTYPE in uevent -> words."""


@dataclass(frozen=True, slots=True)
class Card:
    """One interface, as the kernel lists it."""

    name: str
    is_up: bool
    """Switched on by this computer."""
    has_carrier: bool
    """Something is at the other end of its cable."""
    is_ethernet: bool
    is_wireless: bool
    made_for: str = ""
    """What it is, when it is no way to a LAN: "a network of Docker"; "" for any other."""


def list_cards(directory: Path = SYS_CLASS_NET) -> list[Card]:
    """All but the loopback, by name."""
    try:
        names = sorted(entry.name for entry in directory.iterdir() if entry.is_dir())
    except OSError:
        return []
    return [_card(directory / name) for name in names if name != LOOPBACK]


def own_macs(directory: Path = SYS_CLASS_NET) -> frozenset[str]:
    """The hardware addresses of all interfaces, lower-case hex with colons."""
    try:
        return frozenset(_read(entry / "address").lower() for entry in directory.iterdir()) - {""}
    except OSError:
        return frozenset()


def _card(directory: Path) -> Card:
    flags = _read(directory / "flags")
    return Card(
        name=directory.name,
        is_up=bool(int(flags, 16) & _UP) if flags else False,
        has_carrier=_read(directory / "carrier") == "1",
        is_ethernet=_read(directory / "type") == _ETHERNET,
        is_wireless=(directory / "wireless").exists() or (directory / "phy80211").exists(),
        made_for=_made_for(directory),
    )


def _made_for(directory: Path) -> str:
    if (directory / "device").exists():
        return ""  # real hardware, whatever somebody called it
    for prefix, words in _NAMED.items():
        if directory.name.startswith(prefix):
            return words
    facts = dict(line.partition("=")[::2] for line in _read(directory / "uevent").splitlines())
    if (directory / "tun_flags").exists():
        return "a tunnel of a program"
    # A bridge that somebody made is as good a way to the LAN as the card in it.
    return _KINDS.get(facts.get("DEVTYPE", ""), "")


def _read(path: Path) -> str:
    """A file's text; "" where it is not there or, as carrier while the interface is off, cannot be read."""
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""

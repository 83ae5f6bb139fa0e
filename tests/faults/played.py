"""A machine that is played packet by packet, for misfortunes that virtual firmware cannot meet."""

import re
import sys
import time
from ipaddress import IPv4Address

from bootbeam.lab.lan import ROUTER_ADDRESS, STATION_ADDRESS, Lan
from bootbeam.lab.netns import Namespace
from tests.dhcp_packets import build, pxe_options
from tests.faults.fault_lab import FaultLab

BIOS, UEFI = (0, "002001"), (7, "003016")
"""A firmware's architecture and its UNDI version."""
ADDRESS = "192.168.1.7"
"""What it asks the router for."""
PLAYER_ADDRESS = "192.168.1.70"
"""What its files come to."""
IPXE_FEATURES = bytes.fromhex("b105018086100e eb0301152a".replace(" ", ""))
"""Option 175 as iPXE has it: its card and its version."""
QUIET_S = 6.0
GUEST = "52:54:00:aa:aa:aa"
"""Another machine, of no more interest than that it has an address."""


class PlayedMachine:
    """One machine on the LAN; what it says is built by hand.

    Args:
        fault: its lab, with a network.
        lan: the network.
    """

    def __init__(self, fault: FaultLab, lan: Lan) -> None:
        fault.player = lan.add_host("player", PLAYER_ADDRESS)
        self._fault = fault
        self._namespace = fault.player
        self.mac = self._namespace.run("cat", "/sys/class/net/eth0/address").strip()

    def ask(self, kind: tuple[int, str] = UEFI, xid: int = 1, secs: int = 0) -> None:
        """A firmware's DISCOVER."""
        self._fault.play(build(1, self.mac, xid=xid, secs=secs, options=pxe_options(*kind)))

    def ask_in_vain(self, kind: tuple[int, str] = UEFI) -> None:
        """The same three times, as firmware does that takes no answer."""
        for secs in (0, 4, 12):
            self.ask(kind, secs=secs)
        time.sleep(QUIET_S)

    def ask_as_ipxe(self, xid: int = 2) -> None:
        """iPXE's DISCOVER."""
        options = [*pxe_options(*BIOS), (77, b"iPXE"), (175, IPXE_FEATURES)]
        self._fault.play(build(1, self.mac, xid=xid, options=options))

    def take_address(
        self, kind: tuple[int, str] = UEFI, xid: int = 1, address: str = ADDRESS, server: str | None = ROUTER_ADDRESS
    ) -> None:
        """Its REQUEST; without ``server``, of a machine that believes it has that address from before."""
        wanted = [(50, IPv4Address(address).packed)]
        of_whom = [] if server is None else [(54, IPv4Address(server).packed)]
        self._fault.play(build(3, self.mac, xid=xid, options=[*wanted, *of_whom, *pxe_options(*kind)]))

    def look_for(self, address: str) -> None:
        """Its question by ARP."""
        self._namespace.run("sh", "-c", f"curl -s --max-time 1 http://{address}/ || true")

    def fetch(self, path: str, port: int = 8080) -> str:
        """A file over HTTP; what came."""
        url = f"http://{STATION_ADDRESS}:{port}/{path}"
        return self._namespace.run("curl", "-s", "--max-time", "20", "--user-agent", "iPXE/1.21.1", url)

    def load(self, file: str) -> None:
        """A file over TFTP, whole."""
        self._namespace.run("curl", "-s", "-o", "/dev/null", f"tftp://{STATION_ADDRESS}/{file}")

    def play_tftp(self, file: str, how: str) -> None:
        """A transfer that ends as ``tests.tftp_player`` says."""
        self._namespace.run(sys.executable, "-m", "tests.tftp_player", STATION_ADDRESS, file, how)

    def fetch_images(self, script: str) -> None:
        """The kernel and what else a script loads, one after the other."""
        for url in re.findall(r"^(?:kernel|initrd)\S* (?:--name \S+ )?(http\S+)", script, re.MULTILINE):
            self._namespace.run("curl", "-s", "-o", "/dev/null", "--user-agent", "iPXE/1.21.1", url)

    def script(self, chosen: str = "", platform: str = "pcbios", cpu: str = "i386", more: str = "") -> str:
        """What iPXE on this machine is told to do."""
        chosen_step = f"chosen={chosen}/" if chosen else ""
        mac = self.mac.replace(":", "-")
        return self.fetch(f"ipxe/{chosen_step}mac={mac}/platform={platform}/buildarch={cpu}/{more}script.ipxe")


def lease_to_guest(host: Namespace) -> None:
    """Another machine takes the address 192.168.1.2 of the router's."""
    wanted = [(50, bytes((192, 168, 1, 2))), (54, bytes((192, 168, 1, 1)))]
    for packet in (build(1, GUEST, xid=9), build(3, GUEST, xid=9, options=wanted)):
        host.run(sys.executable, "-m", "tests.dhcp_client", packet.hex(), "1")

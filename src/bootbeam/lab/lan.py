"""A private home network: a switch, a router that knows nothing about booting, a place for the station.

The network of the second seed: 192.168.1.0/24, the router .1 with DHCP for .2 to .49, the station .50. Each of them
has a namespace, joined by a bridge in a namespace of its own, where the virtual PCs run too. Nothing is made in the
machine's own network.
"""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bootbeam.errors import UserError
from bootbeam.lab.claim import Claim, reap_dead_runs
from bootbeam.lab.ipv6_router import RouterIpv6, ipv6_address, router_command
from bootbeam.lab.netns import Namespace, Process

ROUTER_ADDRESS = "192.168.1.1"
STATION_ADDRESS = "192.168.1.50"
PREFIX_LENGTH = 24
NETMASK = "255.255.255.0"
DHCP_FIRST = "192.168.1.2"
DHCP_LAST = "192.168.1.49"
DHCP_LEASE = "12h"

BRIDGE = "br0"
INTERFACE = "eth0"
"""What every machine on the LAN calls its one network card."""
CAPTURE_SNAP_BYTES = 1600
"""A whole DHCP packet; of a segment of a large transfer, the headers and a little more."""
SERVICE_START_TIMEOUT_S = 10.0
MAX_PORTS = 64
HOST_MAC_PREFIX = "02:00:5e:10:00"

NEEDED = {
    "ip": "iproute2",
    "setpriv": "util-linux",
    "dnsmasq": "dnsmasq-base",
    "tcpdump": "tcpdump",
}
"""Programs the LAN is made with, and the Debian package of each."""


def check_privileges() -> None:
    """Say what is missing before anything is made.

    Raises:
        UserError: not root, no tunnel device, or a program is not installed.
    """
    if os.geteuid() != 0:
        raise UserError("the lab makes network namespaces, which needs root", "", "sudo make demo")
    if not Path("/dev/net/tun").exists():
        raise UserError(
            "the lab plugs its virtual PCs in through /dev/net/tun, which is not there",
            "the kernel module tun is not loaded, or this is a container without the device",
            "modprobe tun   (in a container: run it with --device /dev/net/tun and --privileged)",
        )
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        raise UserError("programs of the lab are not installed", "", f"apt-get install {' '.join(missing)}")


class Lan:
    """The network, as a context manager: made at the start of the ``with`` block, gone without a trace at its end.

    Args:
        log_dir: where the router's log and the packet capture go; must exist.
        router: whether there is a DHCP server beside the station.
        router_arguments: further arguments of the router's dnsmasq, to misconfigure it as people do; one that begins
            with ``--dhcp-range`` takes the place of the usual range.
        ipv4: False leaves IPv4 out altogether: no addresses, no DHCP.
        ipv6: what the router tells machines about IPv6; None leaves every machine with link-local addresses only.
    """

    def __init__(
        self,
        log_dir: Path,
        *,
        router: bool = True,
        router_arguments: Sequence[str] = (),
        ipv4: bool = True,
        ipv6: RouterIpv6 | None = None,
    ) -> None:
        self.log_dir = log_dir
        self.router_log = log_dir / "router.log"
        self.router6_log = log_dir / "router6.log"
        self.capture_file = log_dir / "lan.pcap"
        self._has_router = router and ipv4
        self._router_arguments = tuple(router_arguments)
        self._has_ipv4 = ipv4
        self._ipv6 = ipv6
        self._stack = ExitStack()
        self._ports = 0

    def __enter__(self) -> Self:
        check_privileges()
        reap_dead_runs()
        with ExitStack() as stack:
            for stale in (self.router_log, self.router6_log, self.capture_file):
                stale.unlink(missing_ok=True)
            self._claim = Claim()
            stack.callback(self._claim.release)
            self._stack = stack
            self._make_switch()
            self.router = self.add_host("router", ROUTER_ADDRESS)
            self.station = self.add_host("station", STATION_ADDRESS)
            if self._has_ipv4:
                self.station.ip("route", "add", "default", "via", ROUTER_ADDRESS)
            self._start_capture()
            if self._has_router:
                self._start_router()
            if self._ipv6 not in (None, RouterIpv6.SILENT):
                self._start_ipv6_router(self._ipv6)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def run_id(self) -> str:
        """The id that all this run makes carries."""
        return self._claim.run_id

    @property
    def scratch_dir(self) -> Path:
        """A directory in memory that goes when the LAN goes: sockets, firmware variables."""
        return self._claim.directory

    def add_host(self, role: str, address: str) -> Namespace:
        """A new machine on the switch, with ``address`` on its ``INTERFACE``, and the IPv6 one that goes with it."""
        port = self._next_port("veth")
        host = self._stack.enter_context(Namespace(self.run_id, role))
        # dnsmasq hashes the MAC: by chance it would offer two machines one address, and then refuse it to one of them.
        mac = ("address", f"{HOST_MAC_PREFIX}:{self._ports:02x}")
        self.switch.ip("link", "add", port, "type", "veth", "peer", "name", INTERFACE, *mac, "netns", host.name)
        self.switch.ip("link", "set", port, "master", BRIDGE, "up")
        # No waiting for duplicates, and no addresses beside those given here.
        host.run("sh", "-c", "cd /proc/sys/net/ipv6/conf/eth0 && echo 0 > accept_dad && echo 0 > accept_ra")
        if self._has_ipv4:
            host.ip("address", "add", f"{address}/{PREFIX_LENGTH}", "broadcast", "+", "dev", INTERFACE)
        if self._ipv6 is not None:
            host.ip("address", "add", f"{ipv6_address(address)}/64", "dev", INTERFACE)
        host.ip("link", "set", INTERFACE, "up")
        return host

    def add_tap(self) -> str:
        """A new socket of the switch for a virtual PC; returns the name of the interface in the switch's namespace."""
        port = self._next_port("tap")
        self.switch.ip("tuntap", "add", "dev", port, "mode", "tap")
        self.switch.ip("link", "set", port, "master", BRIDGE, "up")
        return port

    def _next_port(self, kind: str) -> str:
        if self._ports >= MAX_PORTS:
            raise UserError(f"the switch has {MAX_PORTS} ports only")
        self._ports += 1
        return f"{kind}{self._ports}"

    def _make_switch(self) -> None:
        self.switch = self._stack.enter_context(Namespace(self.run_id, "lan"))
        # Spanning tree would hold the first seconds of a PC's DHCP back; packet filters of the machine are not ours.
        self.switch.ip("link", "add", BRIDGE, "type", "bridge", "stp_state", "0", "forward_delay", "0")
        self.switch.ip("link", "set", BRIDGE, "type", "bridge", "mcast_snooping", "0")
        self.switch.run(
            "sh", "-c", 'for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e "$f" ] || echo 0 > "$f"; done'
        )
        self.switch.ip("link", "set", BRIDGE, "up")

    def _start_capture(self) -> None:
        capture = self.switch.start(
            *("tcpdump", "-i", BRIDGE, "-s", str(CAPTURE_SNAP_BYTES), "--immediate-mode", "-U", "-Z", "root"),
            *("-w", str(self.capture_file)),
            output=self.log_dir / "tcpdump.log",
        )
        # The capture is complete from its file header on: the first packet of a boot is the one argued about most.
        _wait_for_start(capture, self.capture_file)

    def _start_router(self) -> None:
        own_range = any(argument.startswith("--dhcp-range") for argument in self._router_arguments)
        usual_range = () if own_range else (f"--dhcp-range={DHCP_FIRST},{DHCP_LAST},{NETMASK},{DHCP_LEASE}",)
        dnsmasq = self.router.start(
            # A change of user or group would take away the tie to this process (prctl(2), PR_SET_PDEATHSIG).
            *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file"),
            *("--port=0", f"--interface={INTERFACE}", "--bind-interfaces"),
            *("--no-ping", "--dhcp-authoritative", "--log-dhcp"),
            *usual_range,
            *self._router_arguments,
            f"--dhcp-leasefile={self.scratch_dir / 'leases'}",
            "--log-facility=-",
            output=self.router_log,
        )
        _wait_for_start(dnsmasq, self.router_log)

    def _start_ipv6_router(self, kind: RouterIpv6) -> None:
        # A router's kernel forwards; radvd refuses to speak for one that does not.
        self.router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
        argv = router_command(kind, INTERFACE, self.scratch_dir)
        service = self.router.start(*argv, output=self.router6_log)
        _wait_for_start(service, self.router6_log)


def _wait_for_start(service: Process, sign_of_life: Path) -> None:
    """Wait until ``service`` has written to the file ``sign_of_life``."""
    deadline = time.monotonic() + SERVICE_START_TIMEOUT_S
    while not (sign_of_life.exists() and sign_of_life.stat().st_size > 0):
        if service.exit_code is not None or time.monotonic() > deadline:
            said = service.output.read_text("utf-8", "replace").strip()
            raise UserError(f"a service of the lab did not start: `{' '.join(service.argv)}`", said)
        time.sleep(0.02)

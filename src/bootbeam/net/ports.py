"""Why a port could not be taken: who has it, or which right is missing, in words with a next step."""

import errno
import re
import shlex
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from bootbeam.errors import UserError

PROC = Path("/proc")
SS_TIMEOUT_S = 2.0
DHCP_PORT = 67
DHCP_SERVERS = frozenset({"dnsmasq", "pihole-FTL", "kea-dhcp4", "dhcpd", "udhcpd", "systemd-networkd", "coredhcp"})
"""Programs that give addresses, by the name of their process."""


def explain_bind_failure(
    error: OSError, transport: str, address: str, port: int, option: str = "", interface: str = ""
) -> UserError:
    """The error for a failed bind(2).

    Args:
        error: what bind raised.
        transport: "udp" or "tcp".
        address: the address that was to be bound.
        port: the port that was to be bound.
        option: the command line option that chooses another port; "" where the protocol fixes it.
        interface: where it was to be bound; a program that listens on another one only is not in the way.
    """
    where = f"{transport.upper()} port {port}"
    if error.errno == errno.EADDRINUSE:
        holder = holder_of_port(transport, port, interface)
        another = f", or choose another port with {option}" if option else ""
        stop = f"stop it ({holder.stop}){another}" if holder else f"find it: sudo ss -lnp 'sport = :{port}'{another}"
        return UserError(
            f"{where} is taken" + (f" by {holder.words}" if holder else ""),
            (holder.caution or "only one program at a time can listen there")
            if holder
            else "by a program that could not be named",
            stop,
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return UserError(
            f"no permission to listen on {where}",
            "ports below 1024 need the capability CAP_NET_BIND_SERVICE, answering on one interface CAP_NET_RAW",
            "run it as root: sudo bootbeam serve ..., or give a service "
            "AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_NET_RAW",
        )
    return UserError(
        f"cannot listen on {where} of {address}", error.strerror or str(error), "look at the interface with: ip address"
    )


class Holder:
    """The program that listens on a port."""

    def __init__(self, pid: int, name: str, command_line: Sequence[str] = (), unit: str = "", port: int = 0) -> None:
        self.pid = pid
        self.name = name
        self.command_line = tuple(command_line)
        self.unit = unit
        """The systemd service that it is the main process of; "" when there is none."""
        self.port = port

    @property
    def words(self) -> str:
        """What it is, and its process number."""
        if any(Path(word).name == "bootbeam" for word in self.command_line[:4]):
            return f"another bootbeam (process {self.pid})"
        return f"{self.name} (process {self.pid})"

    @property
    def caution(self) -> str:
        """What to think of before it is stopped; "" for nothing."""
        if self.port == DHCP_PORT and self.name in DHCP_SERVERS:
            return (
                "only one program at a time can listen there; if it is what gives this network its addresses, leave it "
                "and run bootbeam on another computer"
            )
        return ""

    @property
    def stop(self) -> str:
        """The command that stops it."""
        words = " ".join(self.command_line)
        if "another bootbeam" in self.words:
            return f"Ctrl-C where it runs, or sudo kill {self.pid}"
        if self.name == "docker-proxy":
            return f"docker ps --filter publish={self.port} names the container, then: docker stop NAME"
        if self.name == "dnsmasq" and (network := re.search(r"/libvirt/dnsmasq/([\w.-]+)\.conf", words)):
            return f"sudo virsh net-destroy {network[1]}"
        if self.name == "dnsmasq" and "nm-dnsmasq" in words:
            return "nmcli connection show --active names the shared connection, then: nmcli connection down NAME"
        if self.pid == 1:
            return f"systemctl list-sockets names the socket unit of port {self.port}, then: sudo systemctl stop UNIT"
        if self.unit:
            return f"sudo systemctl stop {shlex.quote(self.unit)}"
        return f"sudo kill {self.pid}"


def holder_of_port(transport: str, port: int, interface: str = "") -> Holder | None:
    """Who listens on ``port`` of ``interface``; None when nobody does or its process cannot be seen."""
    try:
        # Of both address families: a program that listens on :: may hold the port for IPv4 too.
        connections = psutil.net_connections(transport)
    except (psutil.Error, OSError):
        return None
    pids = {
        connection.pid: None
        for connection in connections
        if connection.laddr
        and connection.laddr.port == port
        and (transport == "udp" or connection.status == psutil.CONN_LISTEN)
        and connection.pid
    }
    if len(pids) > 1 and interface:
        elsewhere = _pids_on_other_interfaces(transport, port, interface)
        pids = {pid: None for pid in pids if pid not in elsewhere} or pids
    for pid in pids:
        try:
            process = psutil.Process(pid)
            unit = _unit_of(process.pid) if process.ppid() == 1 else ""
            return Holder(process.pid, process.name(), process.cmdline(), unit, port)
        except psutil.Error:
            return None
    return None


def _pids_on_other_interfaces(transport: str, port: int, interface: str) -> set[int]:
    """Who listens there on other interfaces only: of that /proc says nothing, and ss(8) does: ``0.0.0.0%virbr0:67``."""
    command = ["ss", "-H", "-n", "-l", "-p", "-u" if transport == "udp" else "-t", f"sport = :{port}"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, timeout=SS_TIMEOUT_S, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return set()
    here: set[int] = set()
    others: set[int] = set()
    for line in lines.splitlines():
        device = re.search(r"%([^\s:\]]+)", line)
        pids = {int(pid) for pid in re.findall(r"pid=(\d+)", line)}
        (others if device and device[1] != interface else here).update(pids)
    return others - here


def _unit_of(pid: int) -> str:
    """The systemd service of a process that systemd itself started (cgroups(7)); "" when it is in none."""
    try:
        lines = (PROC / str(pid) / "cgroup").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    steps = [step for line in lines for step in line.rpartition(":")[2].split("/")]
    return next((step for step in reversed(steps) if step.endswith(".service")), "")


def bind_tcp(address: str, port: int) -> socket.socket:
    """A listening, non-blocking TCP socket on an IPv4 or IPv6 address.

    Raises:
        OSError: as from bind(2).
    """
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(1024)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def bind_tcp6(interface: str, port: int) -> socket.socket:
    """A listening, non-blocking IPv6 TCP socket on all addresses of one interface, those it gets later included.

    Raises:
        OSError: as from bind(2), or EAFNOSUPPORT on a machine without IPv6.
    """
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode("ascii") + b"\0")
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::", port))
        sock.listen(1024)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock

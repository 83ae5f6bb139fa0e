"""Which hardware address is behind an IP address: what DHCP told, else the kernel's own table."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from bootbeam.net.neighbours6 import neighbour_mac6

PROC_NET_ARP = Path("/proc/net/arp")
MAX_KNOWN = 10_000
"""Machines remembered; the one not met for longest is forgotten first."""
UNKNOWN_FOR_S = 1.0
"""The kernel is not asked again so soon about an address it did not know: each event of such a client would cost a look
through the whole table."""


class Neighbours:
    """Address to MAC. Safe to use from several threads.

    Args:
        arp_table: the kernel's.
        clock: monotonic seconds.
    """

    def __init__(self, arp_table: Path = PROC_NET_ARP, clock: Callable[[], float] = time.monotonic) -> None:
        self._arp_table = arp_table
        self._clock = clock
        self._unknown_until: OrderedDict[str, float] = OrderedDict()
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def learn(self, address: str, mac: str) -> None:
        """``mac`` has, or is about to have, this address."""
        with self._lock:
            self._known[address] = mac
            self._known.move_to_end(address)
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)

    def mac_of(self, address: str) -> str | None:
        """The MAC behind ``address``, lower-case hex with colons; None when nobody knows it."""
        with self._lock:
            mac = self._known.get(address)
            if mac is not None or self._unknown_until.get(address, 0.0) > self._clock():
                return mac
        mac = self._from_kernel(address)
        if mac is not None:
            self.learn(address, mac)
            return mac
        with self._lock:
            self._unknown_until[address] = self._clock() + UNKNOWN_FOR_S
            self._unknown_until.move_to_end(address)
            while len(self._unknown_until) > MAX_KNOWN:
                self._unknown_until.popitem(last=False)
        return None

    def _from_kernel(self, address: str) -> str | None:
        if ":" in address:
            return neighbour_mac6(address)
        try:
            rows = [line.split() for line in self._arp_table.read_text("ascii").splitlines()[1:]]
        except OSError:
            return None
        for row in rows:
            if len(row) >= 4 and row[0] == address and row[3] != "00:00:00:00:00:00":
                return row[3].lower()
        return None

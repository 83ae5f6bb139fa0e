"""Which hardware address is behind an IP address: what DHCP told, else the kernel's own table."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from bootbeam.net.brief_calls import read_table
from bootbeam.net.neighbours6 import neighbour_mac6

PROC_NET_ARP = Path("/proc/net/arp")
MAX_KNOWN = 10_000
"""Machines remembered; the one not met for longest is forgotten first."""
TABLE_HOLDS_S = 0.002
"""So long what was read of the kernel's table answers for other addresses too: a hundred machines that are switched on
together would have it read a hundred times. Between a machine's first ARP and its first request lies less, but then it
is only not known yet."""
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
        self._table: dict[str, str] = {}
        """The kernel's, as it was read last."""
        self._table_until_s = 0.0
        self._table_fd = -1
        """Open from the first look on, as long as this process lives."""
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
        mac, is_new = self._from_kernel(address)
        if mac is not None:
            self.learn(address, mac)
            return mac
        if not is_new:
            return None
        with self._lock:
            self._unknown_until[address] = self._clock() + UNKNOWN_FOR_S
            self._unknown_until.move_to_end(address)
            while len(self._unknown_until) > MAX_KNOWN:
                self._unknown_until.popitem(last=False)
        return None

    def _from_kernel(self, address: str) -> tuple[str | None, bool]:
        """What the kernel knows, and whether it was asked just now."""
        if ":" in address:
            return neighbour_mac6(address), True
        now_s = self._clock()
        with self._lock:
            if now_s < self._table_until_s:
                return self._table.get(address), False
        table = self._read_table()
        with self._lock:
            self._table, self._table_until_s = table, now_s + TABLE_HOLDS_S
        return table.get(address), True

    def _read_table(self) -> dict[str, str]:
        try:
            if self._table_fd < 0:
                self._table_fd = os.open(self._arp_table, os.O_RDONLY | os.O_CLOEXEC)
            rows = [line.split() for line in read_table(self._table_fd).decode("ascii").splitlines()[1:]]
        except OSError:
            return {}
        return {row[0]: row[3].lower() for row in rows if len(row) >= 4 and row[3] != "00:00:00:00:00:00"}

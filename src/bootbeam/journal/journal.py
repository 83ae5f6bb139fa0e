"""The journal: takes events from any thread, keeps the newest, hands each to whoever watches."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from bootbeam.journal.attempts import Attempts
from bootbeam.journal.events import Event, EventKind, Fact

MAX_KEPT_EVENTS = 20_000
"""About 8 MB; a boot is some 30 events, so the last 600 boots are at hand."""

Watcher = Callable[[Event], None]


class Record(Protocol):
    """How every room above writes into the journal: a function of this shape is handed in."""

    def __call__(
        self,
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        """Record one event of this ``kind``, now."""


class Journal:
    """Keeps the newest events and calls the watchers. Safe to use from several threads.

    Args:
        clock: seconds since the epoch.
        mac_of_address: finds the hardware address behind an IP address, or None; asked when a server knows
            only the address.
    """

    def __init__(
        self, clock: Callable[[], float], mac_of_address: Callable[[str], str | None] = lambda _: None
    ) -> None:
        self._clock = clock
        self._mac_of_address = mac_of_address
        self._events: deque[Event] = deque(maxlen=MAX_KEPT_EVENTS)
        self._watchers: dict[EventKind, list[Watcher]] = {kind: [] for kind in EventKind}
        self._attempts = Attempts()
        self._lock = threading.Lock()

    def watch(self, watcher: Watcher, kinds: Iterable[EventKind] = EventKind) -> None:
        """Call ``watcher`` with every event of these ``kinds`` from now on, in the thread that records it; it must be
        quick."""
        for kind in kinds:
            self._watchers[kind].append(watcher)

    def record(
        self,
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        """Record one event, now. The MAC is looked up when only the address is known, and the attempt it belongs to."""
        if mac is None and address is not None:
            mac = self._mac_of_address(address)
        event = Event(kind, self._clock(), mac, address, interface, facts)
        if kind is not EventKind.TRANSFER_PROGRESS:
            with self._lock:
                event = self._attempts.place(event)
                self._events.append(event)
        for watcher in self._watchers[kind]:
            watcher(event)

    def events(self) -> list[Event]:
        """The events kept, oldest first."""
        with self._lock:
            return list(self._events)

    def has_loaded(self, mac: str) -> bool:
        """Whether this machine has loaded a boot loader or a system from here, in its newest attempt."""
        with self._lock:
            return self._attempts.has_loaded(mac)

    def attempt_of(self, mac: str) -> str | None:
        """The newest boot attempt of this machine; None when it has none."""
        with self._lock:
            return self._attempts.attempt_of(mac)

    def is_booting(self, mac: str) -> bool:
        """Whether this machine has asked to boot from the network."""
        with self._lock:
            return self._attempts.is_booting(mac)

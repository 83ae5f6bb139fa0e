"""Where a machine that boots over IPv6 gets its address: from the network's own DHCPv6 server, else from us.

UEFI firmware boots over IPv6 only with an address by DHCPv6: what routers announce (SLAAC) is not enough for it. Beside
a server that gives addresses we are a proxy and give none. Where there is no such server, or a machine did not get on
with the proxy's answer, it gets an address with its boot file.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum

from bootbeam.pxe.sightings import Sightings

SERVER_REMEMBERED_S = 3600.0
"""So long after its last sign of life a server that gives addresses is believed to be there."""
RETRY_S = 180.0
"""A machine that asks anew within this time did not boot by the answer before."""
MAX_CLIENTS = 1000
MAX_LINKS = 100


class AddressSource(Enum):
    """Who gives the address."""

    OTHER_SERVER = "other server"
    STATION = "station"


@dataclass(slots=True)
class _Asked:
    """What a client was told last."""

    xid: int
    at_s: float
    source: AddressSource


class AddressSources:
    """Decides who gives the address, from what was seen on each link and what each client made of it."""

    def __init__(self) -> None:
        self._servers = Sightings(MAX_LINKS, SERVER_REMEMBERED_S)
        self._asked: OrderedDict[tuple[str, str], _Asked] = OrderedDict()

    def note_server(self, link: str, now: float) -> None:
        """Another server gives addresses on this link."""
        self._servers.note(link, now)

    def has_server(self, link: str, now: float) -> bool:
        """Whether another server gave addresses on this link lately."""
        return self._servers.seen_at(link, now) is not None

    def source_for(self, mac: str, kind: str, xid: int, link: str, now: float) -> AddressSource:
        """Who gives this client its address, in this exchange.

        Args:
            mac: the client's.
            kind: what runs on it; each kind takes answers its own way.
            xid: of its question; a repeated question gets the same answer.
            link: where it is.
            now: seconds.
        """
        key = (mac, kind)
        before = self._asked.get(key)
        if before is not None and before.xid == xid and now - before.at_s < RETRY_S:
            return before.source
        source = AddressSource.OTHER_SERVER if self.has_server(link, now) else AddressSource.STATION
        is_retry = before is not None and now - before.at_s < RETRY_S and before.source is source
        if is_retry and source is AddressSource.OTHER_SERVER:
            source = AddressSource.STATION
        self._asked[key] = _Asked(xid, now, source)
        self._asked.move_to_end(key)
        while len(self._asked) > MAX_CLIENTS:
            self._asked.popitem(last=False)
        return source

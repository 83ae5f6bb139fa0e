"""What the DHCP drivers of both address families write into the journal, in the same words."""

from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.pxe.actions import Ignore
from bootbeam.pxe.client import ClientInfo

MAX_REMEMBERED_COMPLAINTS = 1000
"""Malformed datagrams are journaled once per source and reason, for so many pairs."""


class DhcpNotes:
    """Writes events of one DHCP server.

    Args:
        record: the journal.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._complaints: set[tuple[str, str]] = set()
        self.malformed_datagrams = 0
        """How many datagrams could not be decoded since the start."""

    def seen(self, client: ClientInfo, interface: str) -> None:
        """A network boot client asks."""
        architecture = client.architecture
        self._record(
            EventKind.CLIENT_SEEN,
            mac=client.mac or None,
            interface=interface,
            kind_of_client=client.kind,
            architecture=client.architecture_number,
            firmware=architecture.words if architecture else f"unknown architecture {client.architecture_number}",
            vendor_class=client.vendor_class,
            xid=f"{client.xid:08x}",
            secs=client.secs,
            uuid=str(client.uuid) if client.uuid else None,
            ipxe_version=client.ipxe.version if client.ipxe else None,
        )

    def ignored(self, ignore: Ignore, interface: str) -> None:
        """A network boot client gets no answer; one that is none is not worth a line."""
        if ignore.client is None:
            return
        self.seen(ignore.client, interface)
        self._record(
            EventKind.CLIENT_IGNORED,
            mac=ignore.client.mac or None,
            interface=interface,
            reason=ignore.reason,
            fix=ignore.fix,
        )

    def malformed(self, source: str, port: int, interface: str, reason: str) -> None:
        """A datagram that could not be decoded; told once per source and reason."""
        self.malformed_datagrams += 1
        if (source, reason) in self._complaints or len(self._complaints) >= MAX_REMEMBERED_COMPLAINTS:
            return
        self._complaints.add((source, reason))
        self._record(EventKind.DATAGRAM_DROPPED, address=source, interface=interface, port=port, reason=reason)

    def problem(self, what: str, error: OSError, interface: str) -> None:
        """This machine could not read or send."""
        self._record(
            EventKind.PROBLEM,
            interface=interface,
            what=what,
            why=error.strerror or str(error),
            fix=f"look at the interface with: ip address show {interface}",
        )

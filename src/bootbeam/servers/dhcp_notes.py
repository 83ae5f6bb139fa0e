"""What the DHCP drivers of both address families write into the journal, in the same words."""

from collections.abc import Callable

from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.pxe.actions import AddressAsked, Ignore
from bootbeam.pxe.client import ClientInfo

MAX_REMEMBERED_COMPLAINTS = 1000
"""Malformed datagrams are journaled once per source and reason, for so many pairs."""
MAX_SHOWN_CHARACTERS = 100


class DhcpNotes:
    """Writes events of one DHCP server.

    Args:
        record: the journal.
        has_loaded: whether the machine with this MAC has loaded something from here, so that what runs on it now
            may be that.
        ip_version: over which machines ask here, 4 or 6.
    """

    def __init__(
        self, record: Record, has_loaded: Callable[[str], bool] = lambda mac: False, ip_version: int = 4
    ) -> None:
        self._record = record
        self._has_loaded = has_loaded
        self._ip_version = ip_version
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
            kind_of_client=client.kind.value,
            architecture=client.architecture_number,
            firmware=architecture.words if architecture else f"unknown architecture {client.architecture_number}",
            vendor_class=_shown(client.vendor_class),
            xid=f"{client.xid:08x}",
            secs=client.secs,
            uuid=str(client.uuid) if client.uuid else None,
            ip_version=self._ip_version,
            ipxe_version=client.ipxe.version if client.ipxe else None,
        )

    def boot_server_asked(self, client: ClientInfo, interface: str, source_port: int) -> None:
        """A question came to port 4011."""
        self._record(
            EventKind.BOOT_SERVER_ASKED,
            mac=client.mac or None,
            address=str(client.address) if client.address else None,
            interface=interface,
            xid=f"{client.xid:08x}",
            secs=client.secs,
            source_port=source_port,
        )

    def address_asked(self, asked: AddressAsked, interface: str) -> None:
        """A machine asks for an address: firmware each time, a running system if it may be one from here."""
        if asked.is_network_boot:
            self._record(
                EventKind.ADDRESS_REQUESTED,
                mac=asked.mac,
                interface=interface,
                address_requested=str(asked.address) if asked.address else None,
                server=str(asked.server) if asked.server else None,
                vendor_class=_shown(asked.vendor_class),
                xid=f"{asked.xid:08x}",
                secs=asked.secs,
                is_ipxe=asked.is_ipxe,
            )
        # A boot loader asks too, in nobody's name.
        elif (asked.vendor_class or asked.host_name) and self._has_loaded(asked.mac):
            self._record(
                EventKind.SYSTEM_SEEN,
                mac=asked.mac,
                interface=interface,
                vendor_class=_shown(asked.vendor_class),
                hostname=_shown(asked.host_name),
            )

    def ignored(self, ignore: Ignore, interface: str, *, is_boot_server: bool) -> None:
        """A network boot client gets no answer; one that is none is not worth a line."""
        if ignore.client is None:
            return
        if not is_boot_server:
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

    def not_sent(self, mac: str, port: int, error: OSError, interface: str) -> None:
        """The answer to ``mac`` did not leave this machine."""
        why = error.strerror or str(error)
        self._record(EventKind.ANSWER_NOT_SENT, mac=mac, interface=interface, port=port, why=why)

    def problem(self, what: str, error: OSError, interface: str) -> None:
        """This machine could not read or send."""
        self._record(
            EventKind.PROBLEM,
            interface=interface,
            what=what,
            why=error.strerror or str(error),
            fix=f"look at the interface with: ip address show {interface}",
        )


def _shown(text: str) -> str:
    """A stranger's words, fit for an event."""
    if len(text) <= MAX_SHOWN_CHARACTERS and text.isprintable():
        return text
    return "".join(character for character in text[:MAX_SHOWN_CHARACTERS] if character.isprintable())

"""Boots for the page to show, beside the good one."""

from bootbeam.journal.events import Event, EventKind
from tests.boot_events import START_S, event, seen, transfer

READY = Event(
    EventKind.STATION_READY,
    START_S,
    facts={
        "interfaces": "eno1 192.168.1.50",
        "http_port": 8080,
        "entries": "Linux 6.1\nBitVisor, then the machine's own disk",
        "loaders": "UEFI x64: ipxe.efi of Debian's ipxe 1.0.0\nBIOS: undionly.kpxe of Debian's ipxe 1.0.0",
        "page": "http://127.0.0.1:8088/",
    },
)


def failed_boot() -> list[Event]:
    """Firmware that took its offer, and whose TFTP packets do not come through."""
    return [
        seen(0, "uefi-pxe", "11"),
        event(0.1, EventKind.OFFERED, what="loader", file="x64/snponly.efi", siaddr="192.168.1.50"),
        event(3.9, EventKind.ADDRESS_REQUESTED, address_requested="192.168.1.8", server="192.168.1.1", xid="11"),
        event(4, EventKind.READ_REQUESTED, transfer="tftp-9", file="x64/snponly.efi", times=1),
        event(
            16,
            EventKind.FINDING,
            id="BB-023",
            title="The boot file does not get through to the machine",
            seen="x64/snponly.efi was asked for 4 times within 12 s, and no answer was acknowledged",
            cause="a firewall drops the packets of TFTP",
            sure="most likely",
            screen="PXE-E18: Server response timeout.",
            fix="Let TFTP through on this computer:\n    sudo nft insert rule inet filter input udp dport 69 accept\n"
            "Then start the machine again.",
        ),
    ]


def boot_under_way() -> list[Event]:
    """A machine that loads its kernel."""
    started, _ = transfer(9.6, 0, 77, "http", "kernel", "vmlinuz-<b>6.1")
    return [
        seen(0, "uefi-pxe", "21"),
        event(0.1, EventKind.OFFERED, what="loader", file="x64/snponly.efi", siaddr="192.168.1.50"),
        *transfer(1.0, 1.1, 70, "tftp", "loader", "x64/snponly.efi"),
        seen(4.2, "ipxe", "22"),
        event(9.5, EventKind.SCRIPT_SENT, entry="Linux 6.1", manufacturer="<img src=x>", product="Laptop 14", notes=""),
        started,
        event(9.9, EventKind.TRANSFER_PROGRESS, transfer="http-77", sent_bytes=400_000, size_bytes=10**6),
    ]

"""The events of one good boot, as a station with OVMF and Debian's iPXE journals them."""

from bootbeam.journal.events import Event, EventKind, Fact

MAC = "52:54:00:12:34:56"
ATTEMPT = "v5k2m0q"
START_S = 1_800_000_000.0


def event(after_s: float, kind: EventKind, **facts: Fact) -> Event:
    return Event(kind, START_S + after_s, MAC, "192.168.1.7", "eth0", facts, ATTEMPT)


def seen(after_s: float, kind: str, xid: str, **facts: Fact) -> Event:
    told: dict[str, Fact] = {"kind_of_client": kind, "xid": xid, "secs": 0, "ip_version": 4, "firmware": "UEFI x64"}
    return event(after_s, EventKind.CLIENT_SEEN, **(told | facts))


def transfer(after_s: float, duration_s: float, number: int, protocol: str, role: str, file: str) -> list[Event]:
    told: dict[str, Fact] = {
        "transfer": f"{protocol}-{number}",
        "protocol": protocol,
        "file": file,
        "size_bytes": 10**6,
    }
    return [
        event(after_s, EventKind.TRANSFER_STARTED, **told),
        event(
            after_s + duration_s,
            EventKind.TRANSFER_FINISHED,
            **told,
            duration_s=duration_s,
            role=role,
            retransmissions=0,
        ),
    ]


def good_boot() -> list[Event]:
    """27.6 s, of which 16 look for an IPv6 router."""
    return [
        seen(0, "uefi-pxe", "01"),
        event(0, EventKind.OFFERED, what="loader", file="x64/snponly.efi", siaddr="192.168.1.50"),
        event(4, EventKind.ADDRESS_REQUESTED, address_requested="192.168.1.7", server="192.168.1.1", xid="01"),
        event(4.1, EventKind.BOOT_SERVER_ASKED, xid="01", secs=0, source_port=68),
        event(4.1, EventKind.BOOT_SERVER_ACKNOWLEDGED, what="loader", file="x64/snponly.efi", siaddr="192.168.1.50"),
        event(4.2, EventKind.READ_REQUESTED, transfer="tftp-1", file="x64/snponly.efi", times=1),
        *transfer(4.3, 1.2, 1, "tftp", "loader", "x64/snponly.efi"),
        seen(7.5, "ipxe", "02"),
        event(7.5, EventKind.OFFERED, what="script", file="http://192.168.1.50:8080/boot.ipxe", siaddr="192.168.1.50"),
        event(8.5, EventKind.ADDRESS_REQUESTED, address_requested="192.168.1.7", server="192.168.1.1", xid="02"),
        event(24.5, EventKind.SCRIPT_SENT, entry="Linux 6.1", manufacturer="QEMU", product="Q35", notes=""),
        *transfer(24.6, 0.5, 2, "http", "kernel", "vmlinuz"),
        *transfer(25.1, 0.5, 3, "http", "initrd", "initrd.img"),
        event(27.6, EventKind.SYSTEM_SEEN, vendor_class="d-i", hostname=""),
    ]

"""Timelines for tests of the verdict, made by hand: what a station records of one machine, second by second."""

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.timeline import Timeline
from bootbeam.journal.verdict.finding import Finding
from bootbeam.journal.verdict.rules import Verdict, judge

MAC = "52:54:00:12:34:56"
STATION = "192.168.1.50"
ROUTER = "192.168.1.1"
LOADER = "x64/snponly.efi"
START_S = 1_000_000.0


def at(second: float, kind: EventKind, **facts: Fact) -> Event:
    """One event, so many seconds after the beginning."""
    return Event(kind, START_S + second, MAC, "192.168.1.7", "eno1", facts)


def at_other(second: float, kind: EventKind, **facts: Fact) -> Event:
    """The same, of another machine."""
    return Event(kind, START_S + second, "52:54:00:00:00:01", "192.168.1.8", "eno1", facts)


READY = Event(
    EventKind.STATION_READY, START_S - 60, None, None, None, {"interfaces": f"eno1 {STATION}", "http_port": 8080}
)


def seen(second: float, kind: str = "uefi-pxe", xid: str = "a1b2c3d4", secs: int = 0) -> list[Event]:
    """A question to port 67 and our answer."""
    architecture = {"bios-pxe": 0, "uefi-http": 16}.get(kind, 7)
    what, file = {
        "ipxe": ("script", f"http://{STATION}:8080/boot.ipxe"),
        "uefi-http": ("http-boot", f"http://{STATION}:8080/{LOADER}"),
    }.get(kind, ("loader", LOADER))
    return [
        at(second, EventKind.CLIENT_SEEN, kind_of_client=kind, architecture=architecture, xid=xid, secs=secs),
        at(second, EventKind.OFFERED, what=what, file=file, siaddr=STATION),
    ]


def lease_offered(second: float, **facts: Fact) -> Event:
    """The router's DHCP offer."""
    given: dict[str, Fact] = {
        "message": "offer",
        "server": ROUTER,
        "address_given": "192.168.1.7",
        "vendor_class": "",
        "siaddr": ROUTER,
        "file": "",
    }
    return at(second, EventKind.OTHER_SERVER_ANSWERED, **{**given, **facts})


def address_requested(second: float) -> Event:
    """The machine takes the router's offer."""
    return at(second, EventKind.ADDRESS_REQUESTED, address_requested="192.168.1.7", server=ROUTER)


def asked(second: float) -> list[Event]:
    """A question to port 4011 and our answer."""
    return [
        at(second, EventKind.BOOT_SERVER_ASKED, xid="00000001", secs=0, source_port=4011),
        at(second, EventKind.BOOT_SERVER_ACKNOWLEDGED, what="loader", file=LOADER, siaddr=STATION),
    ]


def read_requested(second: float, times: int = 1, file: str = LOADER) -> Event:
    """A TFTP request, or a copy of it."""
    return at(second, EventKind.READ_REQUESTED, transfer="tftp-1", file=file, source_port=1234, times=times)


def downloaded(second: float, file: str = LOADER, role: str = "loader", protocol: str = "tftp") -> list[Event]:
    """A file that came over whole."""
    facts: dict[str, Fact] = {"transfer": f"{file}{second}", "protocol": protocol, "file": file, "size_bytes": 200_000}
    return [
        at(second, EventKind.TRANSFER_STARTED, **facts),
        at(second + 0.1, EventKind.TRANSFER_FINISHED, duration_s=0.1, role=role, **facts),
    ]


def failed(second: float, stage: str, reason: str, error_code: int | None = None, sent: int = 0) -> Event:
    """A TFTP transfer that did not end well."""
    return at(
        second,
        EventKind.TRANSFER_FAILED,
        protocol="tftp",
        file=LOADER,
        stage=stage,
        reason=reason,
        error_code=error_code,
        sent_bytes=sent,
        size_bytes=200_000,
    )


def to_loader() -> list[Event]:
    """A UEFI machine's way to its boot file, as it should be."""
    return [
        *seen(0),
        lease_offered(0.1),
        address_requested(4),
        *asked(4.5),
        read_requested(5.5),
        at(5.5, EventKind.SIZE_PROBED, protocol="tftp", file=LOADER, size_bytes=200_000),
        read_requested(5.6),
        *downloaded(5.6),
    ]


def verdict(events: list[Event], second: float, beside: tuple[Event, ...] = ()) -> Verdict:
    """What is said so many seconds after the beginning."""
    return judge(Timeline(MAC, tuple(events), (READY, *beside)), START_S + second)


def findings(events: list[Event], second: float, beside: tuple[Event, ...] = ()) -> list[str]:
    """The ids of what is found by then."""
    return [finding.id for finding in verdict(events, second, beside).findings]


def only(events: list[Event], second: float, beside: tuple[Event, ...] = ()) -> Finding:
    """The one finding by then."""
    [finding] = verdict(events, second, beside).findings
    return finding

"""What strangers say of themselves is written down fit to be shown, and no longer than it need be."""

from bootbeam.journal.events import EventKind, Fact
from bootbeam.pxe.client import ClientInfo, classify
from bootbeam.servers.dhcp_notes import MAX_SHOWN_CHARACTERS, DhcpNotes
from bootbeam.wire.dhcp4 import decode_dhcp
from tests.dhcp_packets import build


def test_a_firmwares_own_words_hold_nothing_that_moves_a_terminals_cursor() -> None:
    told: list[dict[str, Fact]] = []

    def record(
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        told.append(facts)

    words = b"PXEClient:Arch:00007:UNDI:003016\x1b]0;owned\x07\x1b[2J\n" + b"x" * 150
    client = classify(decode_dhcp(build(1, options=[(60, words), (93, b"\0\7"), (94, b"\1\3\x10")])))
    assert isinstance(client, ClientInfo)
    DhcpNotes(record).seen(client, "eth0")
    [facts] = told
    shown = str(facts["vendor_class"])
    assert shown.startswith("PXEClient:Arch:00007:UNDI:003016]0;owned")
    assert shown.isprintable()
    assert len(shown) <= MAX_SHOWN_CHARACTERS

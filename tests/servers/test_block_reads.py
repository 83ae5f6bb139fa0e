"""A drive read over HTTP is told as one thing that goes on."""

from bootbeam.journal.events import EventKind, Fact
from bootbeam.servers.block_reads import MAX_READERS, TOLD_EVERY_S, BlockReads


class Told:
    def __init__(self) -> None:
        self.now_s = 100.0
        self.events: list[tuple[EventKind, str | None, dict[str, Fact]]] = []
        self.reads = BlockReads(self, lambda: self.now_s)

    def __call__(
        self,
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        self.events.append((kind, address, facts))

    def read(self, size_bytes: int, address: str = "192.168.1.7", file: str = "disk.img") -> None:
        self.reads(EventKind.TRANSFER_STARTED, address=address, file=file, size_bytes=size_bytes)
        self.reads(EventKind.TRANSFER_FINISHED, address=address, file=file, size_bytes=size_bytes, protocol="http")


def test_the_first_piece_is_told_and_then_the_sum_now_and_then() -> None:
    told = Told()
    for _ in range(100):
        told.read(512)
    told.now_s += TOLD_EVERY_S
    told.read(512)
    assert [(kind, facts["requests"], facts["read_bytes"]) for kind, _, facts in told.events] == [
        (EventKind.BLOCKS_READ, 1, 512),
        (EventKind.BLOCKS_READ, 101, 101 * 512),
    ]


def test_machines_and_images_are_told_apart() -> None:
    told = Told()
    told.read(512)
    told.read(512, address="192.168.1.8")
    told.read(512, file="other.img")
    assert [(address, facts["file"], facts["requests"]) for _, address, facts in told.events] == [
        ("192.168.1.7", "disk.img", 1),
        ("192.168.1.8", "disk.img", 1),
        ("192.168.1.7", "other.img", 1),
    ]


def test_what_goes_wrong_is_told_at_once() -> None:
    told = Told()
    told.reads(EventKind.TRANSFER_FAILED, address="192.168.1.7", file="disk.img", reason="it was replaced")
    assert [(kind, facts["reason"]) for kind, _, facts in told.events] == [
        (EventKind.TRANSFER_FAILED, "it was replaced")
    ]


def test_strangers_do_not_fill_the_memory() -> None:
    told = Told()
    for number in range(MAX_READERS + 10):
        told.read(512, address=f"10.0.{number // 256}.{number % 256}")
    assert len(told.reads._readings) == MAX_READERS

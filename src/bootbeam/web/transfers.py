"""The transfers under way, as their events tell."""

from collections import OrderedDict
from dataclasses import dataclass

from bootbeam.journal.events import Event, EventKind, Fact

MAX_TRANSFERS = 1_000
"""The one heard of least lately is forgotten first."""
ENDS = frozenset({EventKind.TRANSFER_FINISHED, EventKind.TRANSFER_FAILED, EventKind.SIZE_PROBED})
ABOUT_TRANSFERS = ENDS | {EventKind.TRANSFER_STARTED, EventKind.TRANSFER_PROGRESS}


@dataclass(slots=True)
class TransferUnderWay:
    """One of them."""

    transfer: str
    protocol: str
    file: str
    attempt: str | None
    mac: str | None
    size_bytes: int
    sent_bytes: int = 0


class Transfers:
    """Follows them. Not for several threads."""

    def __init__(self) -> None:
        self._under_way: OrderedDict[str, TransferUnderWay] = OrderedDict()
        self.changes = 0
        """Goes up whenever one begins, goes on or ends."""

    def add(self, event: Event) -> None:
        """One more event, of whatever kind."""
        if event.kind not in ABOUT_TRANSFERS:
            return
        facts, transfer = event.facts, str(event.facts.get("transfer"))
        if event.kind is EventKind.TRANSFER_STARTED:
            self._under_way[transfer] = TransferUnderWay(
                transfer,
                str(facts.get("protocol")),
                str(facts.get("file")),
                event.attempt,
                event.mac,
                whole(facts.get("size_bytes")),
            )
            while len(self._under_way) > MAX_TRANSFERS:
                self._under_way.popitem(last=False)
        elif event.kind is EventKind.TRANSFER_PROGRESS and transfer in self._under_way:
            self._under_way[transfer].sent_bytes = whole(facts.get("sent_bytes"))
            self._under_way.move_to_end(transfer)
        elif event.kind not in ENDS or self._under_way.pop(transfer, None) is None:
            return
        self.changes += 1

    def under_way(self) -> list[TransferUnderWay]:
        """All of them, the one heard of last at the end."""
        return list(self._under_way.values())


def whole(fact: Fact) -> int:
    """A number of bytes; 0 for what is none."""
    return int(fact) if isinstance(fact, int | float) else 0

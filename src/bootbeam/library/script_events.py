"""What the journal hears of the scripts that machines fetch, alike for every dialect."""

import time
from collections.abc import Callable

from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.journal.events import EventKind, Fact
from bootbeam.journal.journal import Record
from bootbeam.library.content import Peer
from bootbeam.library.repeats import Repeats
from bootbeam.library.resolved_boot import ResolvedBoot


class ScriptEvents:
    """Records what a machine was sent. One that only looks whether there is a script (HEAD) was sent nothing.

    Args:
        record: the journal.
        clock: seconds, never going back; tells what is fetched again and again within a moment.
    """

    def __init__(self, record: Record, clock: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._repeats = Repeats(clock)

    def sent(
        self,
        entry: str,
        facts: MachineFacts,
        peer: Peer,
        boot: ResolvedBoot | None = None,
        *,
        is_unattended: bool = False,
        **more: Fact,
    ) -> None:
        """The script for ``entry``; ``more`` is what this dialect knows besides."""
        if peer.is_looking or not (times := self._repeats.add((facts.mac or peer.address, entry))):
            return
        self._record(
            EventKind.SCRIPT_SENT,
            mac=facts.mac,
            address=peer.address,
            interface=peer.interface,
            entry=entry,
            notes=" ".join((*boot.notes, boot.warning)).strip() if boot else "",
            warning=(boot.warning or None) if boot else None,
            lacks_initrd=boot.lacks_initrd if boot else False,
            unattended=is_unattended,
            platform=facts.platform,
            buildarch=facts.buildarch,
            **_often(times),
            **more,
        )

    def shown(self, explanation: Explanation, facts: MachineFacts, peer: Peer, **more: Fact) -> None:
        """A message for the machine's own screen, with the finding's number that stands there too."""
        if peer.is_looking or not (times := self._repeats.add((facts.mac or peer.address, explanation.title))):
            return
        self._record(
            EventKind.MESSAGE_SHOWN,
            mac=facts.mac,
            address=peer.address,
            interface=peer.interface,
            title=explanation.title,
            why=explanation.why,
            fix=explanation.fix,
            finding=explanation.finding,
            **_often(times),
            **more,
        )


def _often(times: int) -> dict[str, Fact]:
    return {"times": times} if times > 1 else {}

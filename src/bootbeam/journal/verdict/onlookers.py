"""What a person does on a machine that has booted, with a browser or by hand, is no part of its boot."""

import re
from collections.abc import Iterable

from bootbeam.journal.events import Event, EventKind

BROWSER = "Mozilla/"
"""How every web browser introduces itself."""
TOOLS = re.compile(r"(curl|Wget|HTTPie|xh|python-requests|Python-urllib|aria2|Lynx|w3m|Links|ELinks)\b")
"""Programs that people type. Initrds and installers have the first two as well, no firmware and no boot loader has any.
"""
COMES_UP_S = 300.0
"""A system that is coming up fetches the next part of itself within this time after the last."""
LOADED = (EventKind.TRANSFER_FINISHED, EventKind.BLOCKS_READ)
INSTALLS = (EventKind.ANSWERS_FETCHED, EventKind.INSTALL_STARTED, EventKind.INSTALL_PROGRESS)
INSTALLED = (EventKind.INSTALL_FINISHED, EventKind.INSTALL_FAILED, EventKind.FIRST_BOOT)


def without_onlookers(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events of an attempt, oldest first, that are its boot's own."""
    own: list[Event] = []
    looked_at: set[object] = set()
    loaded_at_s: float | None = None
    is_installing = False
    for event in events:
        transfer = event.facts.get("transfer")
        if (agent := event.facts.get("user_agent")) and isinstance(agent, str):
            is_coming_up = is_installing or (loaded_at_s is not None and event.at_s <= loaded_at_s + COMES_UP_S)
            if agent.startswith(BROWSER) or (TOOLS.match(agent) and not is_coming_up):
                looked_at.add(transfer)
                continue
        elif transfer is not None and transfer in looked_at:
            continue
        own.append(event)
        if event.kind in LOADED:
            loaded_at_s = event.at_s
        elif event.kind in INSTALLS or event.kind in INSTALLED:
            is_installing = event.kind in INSTALLS
    return tuple(own)

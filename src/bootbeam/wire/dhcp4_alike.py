"""Questions that are alike: the same but for who asks, and when. What was found out of one of them holds for all.

A thousand machines of one make, switched on together, ask the same thing: decoding it a thousand times, and building
the same answer a thousand times, is most of what an answer costs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar

from bootbeam.wire.dhcp4 import HEADER, MAGIC_COOKIE, MAX_DATAGRAM_BYTES, OptionCode

PERSONAL_OPTIONS = (OptionCode.CLIENT_IDENTIFIER, OptionCode.CLIENT_MACHINE_IDENTIFIER)
"""Options that name the machine itself."""
MAX_KNOWN = 256
"""Kinds of questions, of some 500 bytes each, 4 KB at most. When there are more all are forgotten: there are as many as
kinds of firmware and networks, or somebody is playing."""
MAX_LAYOUTS = 4
"""Of one length, each of which is tried; past that all of this length are forgotten likewise."""
XID = slice(4, 8)
SECS = slice(8, 10)
CIADDR = slice(12, 16)
CHADDR = slice(28, 34)
"""Of Ethernet; the other ten bytes are nobody's."""
OUI = slice(28, 31)
"""Whose hardware address it is."""
_HEADER_PARTS = (slice(0, 4), slice(10, 12), slice(16, 28))
"""op htype hlen hops; flags; yiaddr siaddr giaddr."""
_SNAME_AT = 44
_HLEN_AT = 2
ETHERNET_BYTES = 6
"""Of a hardware address."""
_OPTIONS_AT = HEADER.size + len(MAGIC_COOKIE)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a message has what is its sender's own."""

    machine_identifier: slice
    """Of the value of option 97; empty without one."""
    personal: tuple[slice, ...]
    """Of all of ``PERSONAL_OPTIONS``, in their order."""
    common_parts: Callable[[bytes], tuple[bytes, ...]]
    """Takes all the rest out of a message of this layout: what is the same in those that are alike."""


class AlikeQuestions(Generic[Value]):
    """Keeps something for each kind of question, and finds it by another question of that kind."""

    def __init__(self) -> None:
        self._known: dict[int, list[tuple[Layout, dict[tuple[bytes, ...], Value]]]] = {}
        """By length, then by layout, then by what is alike."""
        self._count = 0

    def find(self, data: bytes) -> Value | None:
        """What was kept for questions like ``data``; None when there is nothing."""
        for layout, values in self._known.get(len(data), ()):
            value = values.get(layout.common_parts(data))
            if value is not None:
                return value
        return None

    def keep(self, data: bytes, layout: Layout, value: Value) -> None:
        """Keep ``value`` for questions like ``data``, whose layout that is."""
        if self._count >= MAX_KNOWN:
            self._known, self._count = {}, 0
        self._count += 1
        layouts = self._known.setdefault(len(data), [])
        values = next((values for known, values in layouts if known.personal == layout.personal), None)
        if values is None:
            if len(layouts) >= MAX_LAYOUTS:
                layouts.clear()
            layouts.append((layout, values := {}))
        values[layout.common_parts(data)] = value


def find_layout(data: bytes) -> Layout | None:
    """The layout of a DHCP message that was decoded without an error. None where nothing is to be told from it: it is
    not Ethernet's, has options in other places too (option 52), or a personal one in parts (RFC 3396)."""
    if data[_HLEN_AT] != ETHERNET_BYTES or len(data) > MAX_DATAGRAM_BYTES:
        return None
    places: dict[int, slice] = {}
    at, end = _OPTIONS_AT, len(data)
    while at < end and data[at] != OptionCode.END:
        code = data[at]
        if code == OptionCode.PAD:
            at += 1
            continue
        begin, at = at + 2, at + 2 + data[at + 1]
        if code == OptionCode.OVERLOAD or (code in places and code in PERSONAL_OPTIONS):
            return None
        places[code] = slice(begin, at)
    personal = tuple(place for code, place in places.items() if code in PERSONAL_OPTIONS)
    begins = (_SNAME_AT, *(place.stop for place in personal))
    ends = (*(place.start for place in personal), end)
    common = itemgetter(*_HEADER_PARTS, *(slice(*each) for each in zip(begins, ends, strict=True)))
    return Layout(places.get(OptionCode.CLIENT_MACHINE_IDENTIFIER, slice(end, end)), personal, common)

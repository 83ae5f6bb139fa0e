"""Versions of systems, and the ranges of them that a recipe names: ``>=20.04, <22.04``."""

import re
from dataclasses import dataclass

MAX_NUMBERS = 6
_BOUND = re.compile(r"\s*(>=|<)\s*(\d+(?:\.\d+)*)\s*")


def parse_version(text: str) -> tuple[int, ...]:
    """The numbers a version begins with: ``20.04.3 LTS`` is (20, 4, 3), ``15-SP6`` (15, 6). Empty when none.

    Text between the numbers is left out, so that a rolling release's letter does not matter: ``2024.1a``.
    """
    numbers = re.findall(r"\d{1,9}", text.split(" ", maxsplit=1)[0])
    return tuple(int(number) for number in numbers[:MAX_NUMBERS])


@dataclass(frozen=True, slots=True)
class VersionRange:
    """From one version on, up to before another."""

    at_least: tuple[int, ...] = ()
    """Empty: from the first."""
    below: tuple[int, ...] = ()
    """Empty: up to the last."""

    def __bool__(self) -> bool:
        return bool(self.at_least or self.below)

    def holds(self, version: tuple[int, ...]) -> bool:
        """Whether ``version`` is in it. An unknown version (empty) is in a range without bounds only."""
        if not version:
            return not self
        return _padded(version) >= _padded(self.at_least) and (not self.below or _padded(version) < _padded(self.below))


def parse_range(text: str) -> VersionRange:
    """The range that ``text`` is: one or two of ``>=N.N`` and ``<N.N``, with a comma between.

    Raises:
        ValueError: it is none.
    """
    bounds: dict[str, tuple[int, ...]] = {}
    for part in text.split(","):
        match = _BOUND.fullmatch(part)
        if match is None or match.group(1) in bounds:
            raise ValueError("a range is written >=20.04 or <22.04 or >=20.04, <22.04")
        bounds[match.group(1)] = parse_version(match.group(2))
    return VersionRange(bounds.get(">=", ()), bounds.get("<", ()))


def _padded(version: tuple[int, ...]) -> tuple[int, ...]:
    return (version + (0,) * MAX_NUMBERS)[:MAX_NUMBERS]

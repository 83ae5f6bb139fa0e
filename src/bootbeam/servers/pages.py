"""Pages that the HTTP server has beside the files: their paths are known, what answers them is loaded when needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bootbeam.journal.journal import Record

if TYPE_CHECKING:
    from aiohttp.web import AbstractRouteDef

REPORTS_PREFIX = "/report/"


@dataclass(frozen=True, slots=True)
class Pages:
    """Paths that are no files'."""

    prefixes: tuple[str, ...]
    """What all of them begin with."""
    load: Callable[[], "Sequence[AbstractRouteDef]"]
    """Gives what answers them; may take a tenth of a second, and be called in any thread."""


NO_PAGES = Pages((), lambda: ())


def report_pages(record: Record, expects_report: Callable[[str], bool], on_installed: Callable[[str], None]) -> Pages:
    """What installers report to; the arguments are those of ``reports.Reports``."""

    def load() -> "Sequence[AbstractRouteDef]":
        # Loaded here: it brings aiohttp along, which no station needs before it is asked.
        from bootbeam.servers.reports import Reports

        return Reports(record, expects_report, on_installed).routes

    return Pages((REPORTS_PREFIX,), load)

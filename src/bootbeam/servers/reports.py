"""What installers and installed systems report: a stage each, by GET or POST, with no answer worth waiting for.

/report/MAC/started, progress, installed, failed, first-boot
"""

import json
import re
from collections.abc import Callable

from aiohttp import web

from bootbeam.install.reporting import Stage
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record

MAX_BODY_BYTES = 64 << 10
MAX_TEXT_CHARACTERS = 200
REPORT_PATH = "/report/{mac}/{stage}"

_MAC = re.compile(r"[0-9a-f]{2}(-[0-9a-f]{2}){5}")
_KINDS = {
    Stage.STARTED: EventKind.INSTALL_STARTED,
    Stage.PROGRESS: EventKind.INSTALL_PROGRESS,
    Stage.INSTALLED: EventKind.INSTALL_FINISHED,
    Stage.FAILED: EventKind.INSTALL_FAILED,
    Stage.FIRST_BOOT: EventKind.FIRST_BOOT,
}


class Reports:
    """Takes reports and journals them.

    Args:
        record: the journal.
        on_installed: told the MAC of a machine that is installed, so that it is not installed again.
    """

    def __init__(self, record: Record, on_installed: Callable[[str], None]) -> None:
        self._record = record
        self._on_installed = on_installed

    @property
    def routes(self) -> list[web.AbstractRouteDef]:
        """For the HTTP server, before the files."""
        return [web.get(REPORT_PATH, self.take), web.post(REPORT_PATH, self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Journal one report. A stranger's words are cut and made printable; nothing else is done with them."""
        mac, name = request.match_info["mac"].lower(), request.match_info["stage"]
        stage = next((stage for stage in Stage if stage.value == name), None)
        if not _MAC.fullmatch(mac) or stage is None:
            return web.Response(status=404, text="no such report\n")
        mac = mac.replace("-", ":")
        body = await request.content.read(MAX_BODY_BYTES)
        self._record(_KINDS[stage], mac=mac, address=request.remote, **_details(body))
        if stage is Stage.INSTALLED:
            self._on_installed(mac)
        return web.Response(text="noted\n")


def _details(body: bytes) -> dict[str, str]:
    """Subiquity's and curtin's steps name themselves; anything else has no details."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict):
        return {}
    keys = {"name": "step", "description": "description", "event_type": "event", "result": "result"}
    return {ours: _text(told[theirs]) for theirs, ours in keys.items() if isinstance(told.get(theirs), str)}


def _text(value: str) -> str:
    return "".join(character for character in value if character.isprintable())[:MAX_TEXT_CHARACTERS]

"""What installers and installed systems report: a stage each, by GET or POST, with no answer worth waiting for.

/report/MAC/started, progress, installed, failed, first-boot
"""

import asyncio
import json
import re
from collections.abc import Callable

from aiohttp import StreamReader, web

from bootbeam.install.stage import Stage
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.servers.pages import REPORTS_PREFIX

MAX_BODY_BYTES = 64 << 10
BODY_TIMEOUT_S = 10.0
"""How long a report's body may take to arrive; what has arrived by then counts."""
MAX_TEXT_CHARACTERS = 200
REPORT_PATH = f"{REPORTS_PREFIX}{{mac}}/{{stage}}"

_MAC = re.compile(r"[0-9a-f]{2}(-[0-9a-f]{2}){5}")
_KINDS = {
    Stage.STARTED: EventKind.INSTALL_STARTED,
    Stage.PROGRESS: EventKind.INSTALL_PROGRESS,
    Stage.INSTALLED: EventKind.INSTALL_FINISHED,
    Stage.FAILED: EventKind.INSTALL_FAILED,
    Stage.FIRST_BOOT: EventKind.FIRST_BOOT,
}
_KEYS = {"name": "step", "description": "description", "event_type": "event", "result": "result"}
"""curtin's names of what a step reports (curtin/reporter/events.py), and ours."""


class Reports:
    """Takes reports and journals them.

    Args:
        record: the journal.
        expects_report: whether an installation on this MAC is under way or was done; others are not believed.
        on_installed: told the MAC of a machine that is installed, so that it is not installed again.
    """

    def __init__(
        self, record: Record, expects_report: Callable[[str], bool], on_installed: Callable[[str], None]
    ) -> None:
        self._record = record
        self._expects_report = expects_report
        self._on_installed = on_installed

    @property
    def routes(self) -> list[web.AbstractRouteDef]:
        """For the HTTP server, before the files."""
        return [web.get(REPORT_PATH, self.take, allow_head=False), web.post(REPORT_PATH, self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Journal one report. A stranger's words are cut and made printable; nothing else is done with them."""
        mac, name = request.match_info["mac"].lower(), request.match_info["stage"]
        stage = next((stage for stage in Stage if stage.value == name), None)
        if not _MAC.fullmatch(mac) or stage is None:
            return web.Response(status=404, text="no such report\n")
        mac = mac.replace("-", ":")
        if not self._expects_report(mac):
            reason = "no answers to an installation were fetched for this machine"
            self._record(
                EventKind.FILE_REFUSED,
                mac=mac,
                address=request.remote,
                protocol="http",
                file=f"report/{stage}",
                reason=reason,
            )
            return web.Response(status=404, text=f"{reason}\n")
        details = _details(await _body(request.content))
        kind = _KINDS[stage]
        if stage is Stage.PROGRESS and details.get("event") == "finish" and details.get("result") == "FAIL":
            kind = EventKind.INSTALL_FAILED
        self._record(kind, mac=mac, address=request.remote, **details)
        if stage is Stage.INSTALLED:
            self._on_installed(mac)
        return web.Response(text="noted\n")


async def _body(content: StreamReader) -> bytes:
    """At most ``MAX_BODY_BYTES`` of the body, as much as comes in time."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while len(body) < MAX_BODY_BYTES and (part := await content.read(MAX_BODY_BYTES - len(body))):
                body += part
    except TimeoutError:
        pass
    return bytes(body)


def _details(body: bytes) -> dict[str, str]:
    """Subiquity's and curtin's steps name themselves; anything else has no details."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict):
        return {}
    return {ours: _text(told[theirs]) for theirs, ours in _KEYS.items() if isinstance(told.get(theirs), str)}


def _text(value: str) -> str:
    return "".join(character for character in value if character.isprintable())[:MAX_TEXT_CHARACTERS]

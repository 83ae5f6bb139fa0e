"""The API: what the page shows, as JSON. Every path is below ``/api/v1/``; fields may be added, never changed."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from bootbeam import __version__
from bootbeam.errors import UserError
from bootbeam.journal.account import MakerOf
from bootbeam.journal.boot_json import boot_json, finding_json, summary_json
from bootbeam.journal.event_json import event_json
from bootbeam.journal.events import Event
from bootbeam.journal.redaction import redact, redact_event, redact_summary
from bootbeam.journal.summary import Summary
from bootbeam.web.boots import Boots
from bootbeam.web.guard import Refused
from bootbeam.web.live import Live, Told

ROOT = "/api/v1"
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
SEARCHED_FOR_MACHINES = 1_000
"""The newest so many boots say which machines there are."""
MAX_READERS = 2
"""Requests that read the disk, or have much to tell, at the same time; others wait."""
ATTEMPT = re.compile(r"[0-9a-z]{1,16}")
LAST = "last"
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
UNDER_WAY_S = 120.0
"""A boot that was heard of this lately may be under way."""
MAX_SHOWN_TRANSFERS = 200
MAX_SHOWN_BOOTS = 100
"""Of those under way."""

Found = TypeVar("Found")


class Api:
    """Answers requests.

    Args:
        live: what happens now.
        path: the database of the station; None when it keeps none.
        recent_events: the newest events, oldest first.
        maker_of: the maker's name for a MAC, or None.
    """

    def __init__(
        self, live: Live, path: Path | None, recent_events: Callable[[], Sequence[Event]], maker_of: MakerOf
    ) -> None:
        self._live = live
        self._path = path
        self._recent_events = recent_events
        self._maker_of = maker_of
        self._readers = asyncio.Semaphore(MAX_READERS)

    def routes(self) -> list[web.RouteDef]:
        """Where each is asked for."""
        return [
            web.get(f"{ROOT}/", self._index),
            web.get(f"{ROOT}/station", self._station),
            web.get(f"{ROOT}/live", self._now),
            web.get(f"{ROOT}/boots", self._boots),
            web.get(f"{ROOT}/boots/{{attempt}}", self._boot),
            web.get(f"{ROOT}/boots/{{attempt}}/export.zip", self._export),
            web.get(f"{ROOT}/machines", self._machines),
            web.get(f"{ROOT}/findings", self._findings),
        ]

    async def newest(self, limit: int, mac: str | None = None, before: str | None = None) -> list[Summary]:
        """The newest boots (``Boots.newest``)."""
        return await self._read(lambda boots: boots.newest(limit, mac, before))

    async def boot(self, request: web.Request) -> tuple[Summary, list[Event]]:
        """The boot that the path names, and its events.

        Raises:
            Refused: there is none.
        """
        summary = await self._find(request)
        return summary, await self._read(lambda boots: boots.events(summary.attempt))

    async def _index(self, _: web.Request) -> web.Response:
        paths = ("station", "live", "events", "boots", "boots/ID", "boots/ID/export.zip", "machines", "findings")
        return web.json_response({"version": __version__, "paths": [f"{ROOT}/{path}" for path in paths]})

    async def _station(self, _: web.Request) -> web.Response:
        live = self._live
        live.advance()
        facts = redact_event(live.ready).facts if live.ready else {}
        return _json(
            {
                "version": __version__,
                "now_s": live.now_s,
                "since_s": live.ready.at_s if live.ready else None,
                "interfaces": facts.get("interfaces"),
                "http_port": facts.get("http_port"),
                "entries": str(facts.get("entries") or "").splitlines(),
                "loaders": str(facts.get("loaders") or "").splitlines(),
                "images": [event_json(redact_event(event)) for event in live.images.values()],
                "problems": [event_json(redact_event(event)) for event in live.problems],
            }
        )

    async def _now(self, _: web.Request) -> web.Response:
        """Boots under way with their steps, from which the stream of events goes on."""
        live = self._live
        live.advance()
        since_s = live.now_s - UNDER_WAY_S
        boots = [summary for summary in live.boots() if summary.last_at_s >= since_s][-MAX_SHOWN_BOOTS:]
        told = [(summary, live.steps(summary.attempt)) for summary in reversed(boots)]
        transfers = [asdict(each) for each in live.transfers.under_way()[-MAX_SHOWN_TRANSFERS:]]
        body: dict[str, Any] = {"now_s": live.now_s, "newest_event": f"{live.run}-{live.newest}"}

        def encode() -> web.Response:
            body["boots"] = [
                live_boot_json(summary, self._maker_of) | {"steps": [told_json(step) for step in steps]}
                for summary, steps in told
            ]
            body["transfers"] = [each | {"file": redact(each["file"])} for each in transfers]
            return _json(body)

        return await self._apart(encode)

    async def _boots(self, request: web.Request) -> web.Response:
        mac, before = request.query.get("mac"), request.query.get("before")
        limit = _limit(request.query.get("limit"))
        if mac is not None and not MAC.fullmatch(mac := mac.lower().replace("-", ":")):
            raise _unfit("mac", "a MAC is six bytes in hex", "?mac=52:54:00:12:34:56")
        if before is not None and not ATTEMPT.fullmatch(before):
            raise _unfit("before", "it is the id of a boot", "?before=ID")
        found = await self.newest(limit, mac, before)
        more = f"?{f'mac={mac}&' if mac else ''}limit={limit}&before={found[-1].attempt}" if len(found) == limit else ""
        told = [summary_json(each) | {"maker": self._maker_of(each.mac)} for each in found]
        return _json({"boots": told, "next": f"{ROOT}/boots{more}" if more else None})

    async def _boot(self, request: web.Request) -> web.Response:
        summary, events = await self.boot(request)
        return await self._apart(lambda: _json(boot_json(summary, events, self._maker_of)))

    async def _export(self, request: web.Request) -> web.Response:
        summary = await self._find(request)

        def make(boots: Boots) -> bytes:
            from bootbeam.journal.export import encode_report

            return encode_report(boots.report(summary), self._maker_of)

        name = f"bootbeam-boot-{summary.attempt}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=await self._read(make), content_type="application/zip", headers=headers)

    async def _machines(self, _: web.Request) -> web.Response:
        machines: dict[str, dict[str, Any]] = {}
        for boot in await self.newest(SEARCHED_FOR_MACHINES):
            known = machines.get(boot.mac)
            if known is None:
                machines[boot.mac] = {
                    "mac": boot.mac,
                    "maker": self._maker_of(boot.mac),
                    "boots": 1,
                    "last_boot": boot.attempt,
                    **{name: getattr(boot, name) for name in _OF_MACHINE},
                }
                continue
            known["boots"] += 1
            known.update({name: known[name] or getattr(boot, name) for name in ("model", "firmware", "address")})
        return _json({"machines": list(machines.values())})

    async def _findings(self, _: web.Request) -> web.Response:
        self._live.advance()
        found = list(reversed(self._live.findings))
        return await self._apart(lambda: _json({"findings": [finding_json(redact_event(each)) for each in found]}))

    async def _find(self, request: web.Request) -> Summary:
        attempt = request.match_info["attempt"]
        if attempt == LAST:
            found = next(iter(await self.newest(1)), None)
        else:
            is_id = ATTEMPT.fullmatch(attempt) is not None
            found = await self._read(lambda boots: boots.find(attempt)) if is_id else None
        if found is None:
            raise Refused(404, UserError("there is no such boot", "", f"see those that are known: {ROOT}/boots"))
        return found

    async def _read(self, read: Callable[[Boots], Found]) -> Found:
        self._live.advance()
        boots = Boots(self._path, self._recent_events, self._live.boots())
        return await self._apart(lambda: read(boots))

    async def _apart(self, make: Callable[[], Found]) -> Found:
        """In a thread: what takes long must not hold up answers to machines."""
        async with self._readers:
            return await asyncio.to_thread(make)


_OF_MACHINE = ("model", "firmware", "address", "interface", "image", "outcome", "last_sign", "began_at_s", "last_at_s")


def live_boot_json(summary: Summary, maker_of: MakerOf) -> dict[str, Any]:
    """A boot that may be under way."""
    return summary_json(redact_summary(summary)) | {"maker": maker_of(summary.mac)}


def told_json(told: Told) -> dict[str, Any]:
    """One event of the stream, or one step of a boot under way."""
    event, line = redact_event(told.event), told.line
    words = None
    if line is not None:
        words = {"text": redact(line.text), "tone": line.tone.value, "more": [redact(more) for more in line.more]}
    return event_json(event) | {"at_s": event.at_s, "number": told.number, "line": words}


def _json(body: dict[str, Any]) -> web.Response:
    return web.Response(text=json.dumps(body), content_type="application/json")


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= MAX_LIMIT):
        raise _unfit("limit", f"it is a number from 1 to {MAX_LIMIT}", f"?limit={DEFAULT_LIMIT}")
    return int(text)


def _unfit(name: str, why: str, fix: str) -> Refused:
    return Refused(400, UserError(f"{name} will not do", why, fix))

"""The live stream of events: Server-Sent Events (HTML Living Standard §9.2).

All listeners read from the same bounded store of newest events, each at its own place in it. One that falls behind, or
comes back after too long, is told that events are missing (``event: gap``) and reads what it needs anew.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import asdict

from aiohttp import web

from bootbeam.errors import UserError
from bootbeam.journal.redaction import redact
from bootbeam.web.api import MAX_SHOWN_TRANSFERS, ROOT, live_boot_json, told_json
from bootbeam.web.guard import Refused
from bootbeam.web.live import Live, Told

MAX_LISTENERS = 32
POLL_S = 0.2
"""How late an event may come. Nothing is polled while nobody listens."""
RETRY_MS = 2_000
"""When a browser that lost the connection comes back."""
KEEPALIVE_S = 15.0
SEND_TIMEOUT_S = 30.0
"""A listener that takes nothing for so long is gone."""
MAX_AT_ONCE = 50
"""Events in one piece: writing them takes the loop 3 ms, for which a machine may wait."""
BUSY_POLL_S = 0.02
"""When the next piece follows."""
_PLACE = re.compile(r"([0-9a-z]{1,16})-([0-9]{1,15})")


class Stream:
    """Sends events to whoever listens."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._listeners = 0
        self._is_stopping = False

    def routes(self) -> list[web.RouteDef]:
        """Where it is."""
        return [web.get(f"{ROOT}/events", self._answer, allow_head=False)]

    def stop(self) -> None:
        """Let every listener go, a moment later."""
        self._is_stopping = True

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self._listeners >= MAX_LISTENERS:
            fix = "close a page that is open somewhere, and load this one again"
            raise Refused(503, UserError("too many listen already", f"{MAX_LISTENERS} are all there may be", fix))
        self._live.advance()
        place, is_gap = self._place(request.headers.get("Last-Event-ID") or request.query.get("after"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        self._listeners += 1
        try:
            await response.prepare(request)
            await self._send(response, f"retry: {RETRY_MS}\n\n".encode())
            await self._follow(response, place, is_gap)
        except (TimeoutError, ConnectionError):
            return response  # it has gone, or takes nothing
        finally:
            self._listeners -= 1
        return response

    def _place(self, text: str | None) -> tuple[int, bool]:
        """After which event it goes on; and whether what came between is unknown. Without a place: from now on."""
        if not text:
            return self._live.newest, False
        match = _PLACE.fullmatch(text)
        if match is None or match[1] != self._live.run or int(match[2]) > self._live.newest:
            return self._live.newest, True
        return int(match[2]), False

    async def _follow(self, response: web.StreamResponse, place: int, is_gap: bool) -> None:
        seen_changes, silent_s = -1, 0.0
        while not self._is_stopping:
            self._live.advance()
            told, is_missing = self._live.after(place)
            told = told[:MAX_AT_ONCE]
            parts = [self._gap()] if is_gap or is_missing else []
            parts += [self._encode(each) for each in told]
            is_gap = False
            if seen_changes != self._live.transfers.changes:
                seen_changes = self._live.transfers.changes
                parts.append(self._transfers())
            if told:
                place = told[-1].number
            if parts or silent_s >= KEEPALIVE_S:
                await self._send(response, b"".join(parts) or b": still here\n\n")
                silent_s = 0.0
            await asyncio.sleep(POLL_S if len(told) < MAX_AT_ONCE else BUSY_POLL_S)
            silent_s += POLL_S

    async def _send(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await response.write(data)

    def _encode(self, told: Told) -> bytes:
        if not told.encoded:
            summary = self._live.boot(told.event.attempt)
            body = told_json(told) | {"boot": live_boot_json(summary, self._live.maker_of) if summary else None}
            told.encoded = f"id: {self._live.run}-{told.number}\ndata: {_one_line(body)}\n\n".encode()
        return told.encoded

    def _gap(self) -> bytes:
        return b'event: gap\ndata: {"what": "events are missing here: read the boots anew"}\n\n'

    def _transfers(self) -> bytes:
        under_way = self._live.transfers.under_way()[-MAX_SHOWN_TRANSFERS:]
        body = {"transfers": [asdict(each) | {"file": redact(each.file)} for each in under_way]}
        return f"event: transfers\ndata: {_one_line(body)}\n\n".encode()


def _one_line(body: Mapping[str, object]) -> str:
    """JSON has no line break of its own, and ASCII none of Unicode's; lone surrogates become escapes."""
    return json.dumps(body, ensure_ascii=True)

"""The page: a shell whose lists are filled in by its script, and rendered here for browsers without one."""

import asyncio
import html
from functools import lru_cache
from pathlib import Path

from aiohttp import web

from bootbeam import __version__
from bootbeam.journal.account import MakerOf, duration, machine_words, moment, tell_boot
from bootbeam.journal.events import Event
from bootbeam.journal.summary import Outcome, Summary
from bootbeam.web.api import Api

ASSETS = Path(__file__).parent / "assets"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FILES = ("page.css", "dom.js", "home.js", "boot.js", "icon.svg")
RENDERED_BOOTS = 30
SIGNS = {Outcome.BOOTED: "✓", Outcome.INSTALLED: "✓", Outcome.FAILED: "✕", Outcome.STOPPED: "–"}
"""Beside the word, so that colour is not alone in saying it."""


class Pages:
    """Answers browsers.

    Args:
        api: where boots come from.
        maker_of: the maker's name for a MAC, or None.
    """

    def __init__(self, api: Api, maker_of: MakerOf) -> None:
        self._api = api
        self._maker_of = maker_of

    def routes(self) -> list[web.RouteDef]:
        """The pages and their files."""
        return [
            web.get("/", self._home),
            web.get("/boots/{attempt}", self._boot),
            web.get("/assets/{name}", _asset),
        ]

    async def _home(self, _: web.Request) -> web.Response:
        boots = await self._api.newest(RENDERED_BOOTS)
        rows = "\n".join(self._row(each) for each in boots)
        text = _file("home.html").replace("<!--boots-->", rows)
        return web.Response(text=_shell("bootbeam", "home.js", text), content_type="text/html")

    async def _boot(self, request: web.Request) -> web.Response:
        summary, events = await self._api.boot(request)
        text = _file("boot.html").replace(
            "<!--story-->", html.escape(await asyncio.to_thread(self._story, summary, events))
        )
        title = f"{summary.mac} · bootbeam"
        return web.Response(text=_shell(title, "boot.js", text), content_type="text/html")

    def _row(self, boot: Summary) -> str:
        machine = ", ".join(part for part in (machine_words(boot, self._maker_of), boot.firmware) if part)
        cells = (
            f'<td><a href="/boots/{html.escape(boot.attempt)}">{html.escape(moment(boot.began_at_s))}</a></td>',
            f'<td><span class="mac">{html.escape(boot.mac)}</span>{_quiet(machine)}</td>',
            f"<td>{html.escape(boot.image)}</td>" if boot.image else f'<td class="nothing">{_quiet("nothing")}</td>',
            f'<td><span class="badge {boot.outcome.value}">{SIGNS[boot.outcome]} {boot.outcome.value}</span>'
            f"{_quiet(boot.last_sign)}</td>",
            f'<td class="number">{html.escape(duration(boot.duration_s))}</td>',
        )
        return f"<tr>{''.join(cells)}</tr>"

    def _story(self, summary: Summary, events: list[Event]) -> str:
        return "\n".join(text for text, _ in tell_boot(summary, events, self._maker_of, 0))


def _quiet(text: str) -> str:
    return f'<span class="quiet">{html.escape(text)}</span>'


async def _asset(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in FILES:
        raise web.HTTPNotFound
    return web.Response(text=_file(name), content_type=TYPES[Path(name).suffix], headers={"Cache-Control": "no-cache"})


@lru_cache
def _file(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


def _shell(title: str, script: str, main: str) -> str:
    shell = _file("shell.html").replace("<!--title-->", html.escape(title)).replace("<!--script-->", script)
    return shell.replace("<!--version-->", __version__).replace("<!--main-->", main)

"""Who may look: checks each request before anything else, and gives errors and answers the form they all have.

A page in a person's browser could ask this port on behalf of whoever made that page. Three things stand against it:
only GET and HEAD are answered, the ``Host`` must be an address or ``localhost`` (a name could have been pointed here
after the fact: DNS rebinding), and a browser that says that another site asks (``Sec-Fetch-Site``) gets nothing.
"""

import ipaddress

from aiohttp import web
from aiohttp.typedefs import Handler

from bootbeam import __version__
from bootbeam.errors import UserError

METHODS = ("GET", "HEAD")
HEADERS = {
    "Server": f"bootbeam/{__version__}",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
READ_THE_DOCS = "the paths there are: /api/v1/"


class Refused(Exception):
    """A request that gets an error: its status, and the error in the house's form."""

    def __init__(self, status: int, error: UserError) -> None:
        super().__init__(error.what)
        self.status = status
        self.error = error


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through, or answer why not."""
    try:
        check(request)
        return await handler(request)
    except Refused as refused:
        return error_response(refused.status, refused.error)
    except web.HTTPMethodNotAllowed:
        return error_response(405, UserError(f"{request.method} is not answered", "nothing here can be changed"))
    except web.HTTPNotFound:
        return error_response(404, UserError("there is nothing at this path", "", READ_THE_DOCS))


def check(request: web.Request) -> None:
    """See who asks, and how.

    Raises:
        Refused: not in this way.
    """
    if request.method not in METHODS:
        raise Refused(405, UserError(f"{shown(request.method)} is not answered", "nothing here can be changed"))
    host = request.headers.get("Host", "")
    if not is_safe_host(host):
        what = f"{shown(host)} is not a name of this page" if host else "the request has no Host"
        port = request.url.explicit_port
        fix = f"open it by its address: http://127.0.0.1{f':{port}' if port else ''}/"
        raise Refused(403, UserError(what, "any name can be made to lead here, an address cannot", fix))
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and not _is_opened_by_a_person(request):
        raise Refused(403, UserError("another site may not read this", "", "open the page itself"))


def is_safe_host(host: str) -> bool:
    """Whether a ``Host`` header (RFC 9110 §7.2) cannot have come about by pointing a name here."""
    name, bracket, rest = host.partition("]")
    if host.startswith("["):
        name, has_port = name[1:], rest
        if not bracket or (has_port and not _is_port(has_port)):
            return False
    else:
        name, colon, port = host.partition(":")
        if colon and not _is_port(f":{port}"):
            return False
        if name.lower() == "localhost":
            return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return host.startswith("[") == (address.version == 6)


def error_response(status: int, error: UserError) -> web.Response:
    """An error as JSON: what, why, fix."""
    body = {"error": {"what": error.what, "why": error.why, "fix": error.fix}}
    return web.json_response(body, status=status)


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """The headers of every answer; one that has its own keeps it."""
    for name, value in HEADERS.items():
        if name == "Server" or name not in response.headers:
            response.headers[name] = value


def shown(text: str) -> str:
    """What a client said, short and printable."""
    return "".join(character if character.isprintable() else "?" for character in text[:60])


def _is_port(text: str) -> bool:
    return text[:1] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


def _is_opened_by_a_person(request: web.Request) -> bool:
    """A link elsewhere that leads to the page: what the browser then shows is no business of the other site."""
    return request.headers.get("Sec-Fetch-Mode") == "navigate" and request.headers.get("Sec-Fetch-Dest") == "document"

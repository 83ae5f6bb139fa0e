"""What a program sees of the page's port: requests by hand, so that hostile ones can be made too."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

from tests.web.recorded_station import RecordedStation


def ask(station: RecordedStation, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in small letters) and body."""
    connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=10)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def ask_json(station: RecordedStation, path: str, status: int = 200) -> Any:
    """The JSON of an answer."""
    got, headers, body = ask(station, path)
    assert got == status, body
    assert headers["content-type"].startswith("application/json")
    return json.loads(body)


def listen(station: RecordedStation, after: str = "", last: str = "") -> Iterator[dict[str, Any]]:
    """The stream's messages: event (its name), id, data (decoded)."""
    connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=10)
    connection.request("GET", f"/api/v1/events{after}", headers={"Last-Event-ID": last} if last else {})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    assert response.getheader("Content-Type") == "text/event-stream"
    message: dict[str, Any] = {"event": "message"}
    try:
        while line := response.readline().decode().rstrip("\n"):
            field, _, value = line.partition(": ")
            message[field] = json.loads(value) if field == "data" else value
            if field == "data":
                assert response.readline() == b"\n"
                yield message
                message = {"event": "message"}
            elif field in ("retry", ""):
                assert response.readline() == b"\n"
                message = {"event": "message"}
    finally:
        connection.close()

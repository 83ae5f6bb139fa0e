"""What the page's files are, and that they ask nobody else for anything."""

import re

import pytest

from bootbeam.web.pages import ASSETS, FILES
from tests.web.asking import ask
from tests.web.recorded_station import RecordedStation


@pytest.mark.parametrize("name", FILES)
def test_files_come_with_their_type(station: RecordedStation, name: str) -> None:
    status, headers, body = ask(station, f"/assets/{name}")
    assert (status, body) == (200, (ASSETS / name).read_bytes())
    kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}[name.rpartition(".")[2]]
    assert headers["content-type"].startswith(kind)


def test_templates_are_no_files_of_the_page(station: RecordedStation) -> None:
    for name in ("shell.html", "home.html", "../guard.py", "..%2fguard.py", ".", ""):
        assert ask(station, f"/assets/{name}")[0] == 404, name


def test_nothing_is_fetched_from_elsewhere_and_no_html_is_made_of_text() -> None:
    for path in ASSETS.iterdir():
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", text), path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), path.name
        assert not re.search(r"<[^>]+\s(on\w+|style)=", text), f"{path.name}: the content security policy forbids it"


def test_the_first_page_is_whole_without_a_machine(station: RecordedStation) -> None:
    body = ask(station, "/")[2].decode()
    assert "<!--" not in body
    assert "Let a machine boot" in body

"""Facts from strangers: only what no file acts upon gets through."""

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.install.facts import PLACEHOLDER_SERIALS, MachineFacts, StationFacts, check_url
from tests.install.examples import WICKED


def test_what_is_right_is_kept() -> None:
    machine = MachineFacts("52:54:00:12:34:56", "11111111-2222-3333-4444-555555555555", "PF2 AB-1", "a.b", "10.0.0.1")
    assert machine.serial == "PF2 AB-1"
    assert MachineFacts(ip="fe80::1").ip == "fe80::1"


@pytest.mark.parametrize("wicked", [*WICKED, "a\nb", "-x", " x", "a: b", "../x", "x" * 65, ""])
@pytest.mark.parametrize("name", ["mac", "uuid", "serial", "hostname", "ip"])
def test_what_a_file_would_act_upon_is_refused(name: str, wicked: str) -> None:
    values: dict[str, Any] = {name: wicked}
    if (name, wicked) in (("serial", "no"), ("hostname", "no"), ("hostname", "x" * 65)):
        return
    with pytest.raises(DecodeError):
        dataclasses.replace(MachineFacts(), **values)


@pytest.mark.parametrize("serial", sorted(PLACEHOLDER_SERIALS - {"to be filled by o.e.m."}))
def test_a_serial_number_that_is_none(serial: str) -> None:
    assert MachineFacts(serial=serial.upper()).serial is None


@given(st.text(max_size=30))
def test_every_serial_that_passes_is_inert(text: str) -> None:
    try:
        serial = MachineFacts(serial=text).serial
    except DecodeError:
        return
    assert serial is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+ -]*", serial)


@pytest.mark.parametrize(
    "url", ["http://192.168.1.50:8080/report/mac=52-54/", "http://[fd00::1]:80/", "http://station.lan/a/~b/"]
)
def test_addresses_that_can_stand_anywhere(url: str) -> None:
    check_url(url)
    assert StationFacts(url, url).report_url == url


@pytest.mark.parametrize(
    "url",
    [
        *("https://x/", "http://x", "http://x/a", "http://x/a b/", "http://x/'/", "http://x/;y/", "http://x/$(y)/"),
        *("http://x/%41/", "http://x/?a=b/", "http://x//", "http://x/\n/", "ftp://x/", "http://x/&/", 'http://x/"/'),
    ],
)
def test_addresses_that_cannot(url: str) -> None:
    with pytest.raises(DecodeError):
        check_url(url)
    with pytest.raises(DecodeError):
        StationFacts(report_url=url)


def test_no_reporting_and_no_packages_of_its_own() -> None:
    assert StationFacts() == StationFacts("", "")

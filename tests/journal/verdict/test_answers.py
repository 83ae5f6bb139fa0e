"""Verdicts on what the station itself knows at once."""

import inspect
import re

import pytest

from bootbeam.boot import explanation
from bootbeam.journal.events import EventKind
from bootbeam.journal.timeline import Timeline
from bootbeam.journal.verdict.rules import BY_ID, judge
from tests.verdict_timelines import READY, START_S, asked, at, findings, only, seen


def test_nobody_has_asked_yet() -> None:
    timeline = Timeline("", (READY,), (READY,))
    assert judge(timeline, START_S + 59).findings == ()
    assert judge(timeline, START_S + 1).look_again_at_s == START_S + 60
    [finding] = judge(timeline, START_S + 61).findings
    assert finding.id == "BB-001"
    assert any("tcpdump -ni eno1" in line for line in finding.fix)


def test_no_loader_for_this_kind_of_machine() -> None:
    ignored = at(0, EventKind.CLIENT_IGNORED, reason="no boot loader for UEFI arm64 on this station", fix="install it")
    finding = only([seen(0)[0], ignored], 1)
    assert finding.id == "BB-081"
    assert finding.fix == ("install it",)
    assert findings([seen(0)[0], ignored, *asked(3)], 4) == []


def test_any_other_silence_of_the_station() -> None:
    ignored = at(0, EventKind.CLIENT_IGNORED, reason="no boot loader exists for s390", fix="")
    finding = only([seen(0)[0], ignored], 1)
    assert finding.id == "BB-080"
    assert finding.cause == "no boot loader exists for s390"


def test_u_boot_that_was_told_where_the_station_is_needs_no_answer() -> None:
    ignored = at(0, EventKind.CLIENT_IGNORED, reason="U-Boot reads pxelinux.cfg by itself", fix="pxe get; pxe boot")
    asked_first = [seen(0, "u-boot")[0], ignored]
    assert findings(asked_first, 1) == []
    finding = only(asked_first, 16)
    assert finding.id == "BB-080"
    assert finding.screen == (), "its console has words of its own"
    assert findings([*asked_first, at(3, EventKind.READ_REQUESTED, file="pxelinux.cfg/default")], 16) == []
    # It looks for a second and a half for each name that is not there.
    refused = at(3, EventKind.FILE_REFUSED, file="pxelinux.cfg/C0A8011E", protocol="tftp", is_searched=True)
    assert findings([*asked_first, refused], 16) == []


def test_what_the_screen_says_the_log_says_too() -> None:
    shown = at(
        20, EventKind.MESSAGE_SHOWN, title="x cannot boot", why="it is for {arm}", fix="use another", finding="BB-082"
    )
    finding = only([*seen(0, "ipxe"), shown], 21)
    assert finding.id == "BB-082"
    assert finding.cause == "it is for {arm}"
    assert finding.fix == ("use another",)
    assert finding.screen == (
        "bootbeam: x cannot boot",
        "Why: it is for {arm}.",
        "What to do: use another.",
        "This station: http://192.168.1.50:8080, finding BB-082",
    )
    assert findings([*seen(0, "ipxe"), shown, at(30, EventKind.SCRIPT_SENT, entry="y")], 31) == []


@pytest.mark.parametrize("id", sorted(set(re.findall(r"BB-\d{3}", inspect.getsource(explanation)))))
def test_every_explanation_on_a_screen_has_its_page(id: str) -> None:
    assert id in BY_ID

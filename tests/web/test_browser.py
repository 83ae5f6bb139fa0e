"""The page in a real browser: what a person sees, reaches with a keyboard, and cannot be tricked with."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.boot_events import good_boot
from tests.web.conftest import FAILED_MAC, GOOD_MAC
from tests.web.devtools import Browser
from tests.web.recorded_station import RecordedStation
from tests.web.stories import boot_under_way, failed_boot

pytestmark = pytest.mark.peer
OTHER_MAC = "3c:52:82:0a:0b:0c"
IS_LIVE = "document.getElementById('link').textContent.includes('live')"
LONG_FACTS = ("file", "entry", "manufacturer", "product", "firmware", "title", "seen")
IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as started:
        yield started


def texts(browser: Browser, selector: str) -> list[str]:
    found: list[str] = browser.evaluate(f"[...document.querySelectorAll('{selector}')].map((each) => each.innerText)")
    return found


def test_a_boot_appears_as_it_happens(station: RecordedStation, failed: str, browser: Browser) -> None:
    browser.open(f"{station.url}/")
    browser.wait_for(IS_LIVE)
    assert texts(browser, ".card") == []
    station.record(boot_under_way(), mac=OTHER_MAC)
    browser.wait_for("document.querySelectorAll('.card .steps li').length >= 5 && document.querySelector('progress')")
    [card] = texts(browser, ".card")
    assert "under way" in card
    assert "iPXE is up and asks what to do" in card
    assert "400 kB of 1 MB" in card
    assert browser.evaluate("document.querySelector('progress').value") == 400_000
    assert texts(browser, "#boots tr")[0].count(OTHER_MAC) == 1
    assert browser.evaluate("document.getElementById('said').textContent")
    station.record(failed_boot(), mac=GOOD_MAC)
    browser.wait_for("document.querySelector('.card.failed .finding .command')")
    assert "sudo nft insert rule inet filter input udp dport 69 accept" in texts(browser, ".command")
    assert browser.complaints == []


def test_a_page_left_open_goes_on_with_a_station_that_was_started_again(tmp_path: Path, browser: Browser) -> None:
    with RecordedStation(None) as first:
        browser.open(f"{first.url}/")
        browser.wait_for(IS_LIVE)
        first.record(boot_under_way(), mac=OTHER_MAC)
        browser.wait_for("document.querySelectorAll('.card').length === 1")
    browser.wait_for("document.getElementById('link').textContent.includes('does not answer')")
    with RecordedStation(None, first.port) as second:
        second.record(good_boot(), mac=GOOD_MAC)
        browser.wait_for(IS_LIVE)
        browser.wait_for(f"document.querySelector('#boots').innerText.includes('{GOOD_MAC}')")
        assert OTHER_MAC not in texts(browser, "#boots-now")[0], "what the new station knows nothing of is gone"


def test_what_a_machine_says_stays_text(station: RecordedStation, browser: Browser) -> None:
    browser.open(f"{station.url}/")
    browser.wait_for(IS_LIVE)
    attempt = station.record(boot_under_way(), mac=OTHER_MAC)
    browser.wait_for("document.querySelector('progress')")
    assert "<img src=x>" in texts(browser, ".card")[0]
    for path in ("/", f"/boots/{attempt}"):
        browser.open(f"{station.url}{path}")
        browser.wait_for(IS_LIVE)
        assert browser.evaluate("document.querySelectorAll('img[src=x], main b').length") == 0
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{station.url}/boots/{attempt}")
    assert "<img src=x>" in texts(browser, "pre.story")[0]
    browser.open(f"{station.url}/")
    assert browser.evaluate("document.querySelectorAll('img[src=x], main b').length") == 0
    assert browser.complaints == []


def test_a_timeline_has_its_silences_drawn_in_proportion(station: RecordedStation, good: str, browser: Browser) -> None:
    browser.open(f"{station.url}/boots/{good}")
    browser.wait_for("document.querySelector('.timeline')")
    assert "4.0 s firmware waits for offers" in texts(browser, ".gap-words")
    widths = dict(
        zip(
            texts(browser, ".gap-words"),
            browser.evaluate("[...document.querySelectorAll('.gap-bar')].map((bar) => bar.offsetWidth)"),
            strict=True,
        )
    )
    longest = widths["16.0 s iPXE looks for an IPv6 router"]
    assert widths["4.0 s firmware waits for offers"] == pytest.approx(longest / 4, abs=3)
    assert any(text.startswith("TFTP (files on their way)") for text in texts(browser, ".parts li"))
    assert browser.complaints == []


def test_a_keyboard_is_enough(station: RecordedStation, failed: str, browser: Browser) -> None:
    browser.open(f"{station.url}/")
    browser.wait_for(f"{IS_LIVE} && document.querySelector('#boots a')")
    for _ in range(20):
        browser.press("Tab", windowsVirtualKeyCode=9)
        if browser.evaluate("document.activeElement.getAttribute('href')") == f"/boots/{failed}":
            break
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "it shows where it is"
    browser.press("Enter", windowsVirtualKeyCode=13, text="\r")
    browser.wait_for("document.querySelector('.finding')")
    assert FAILED_MAC in texts(browser, "h1")[0]
    order = browser.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((each) => each.tagName).join(' ')")
    assert order.startswith("H1 H2 H3")


def test_boots_are_found_by_words_and_older_ones_fetched(
    station: RecordedStation, failed: str, browser: Browser
) -> None:
    began_s = time.time() - 50_000
    for number in range(52):
        station.record(good_boot(), at_s=began_s + 400 * number, mac=f"f4:4d:30:00:00:{number:02x}")
    browser.open(f"{station.url}/")
    browser.wait_for("document.querySelectorAll('#boots tr').length === 50")
    browser.evaluate("document.getElementById('older').click()")
    browser.wait_for("document.querySelectorAll('#boots tr').length === 53")
    browser.evaluate("document.querySelector('#search input').focus()")
    browser.call("Input.insertText", text="BB-023 dell")
    [found] = texts(browser, "#boots tr")
    assert FAILED_MAC in found
    browser.call("Input.insertText", text=" nobody")
    assert browser.evaluate("document.getElementById('none').innerText") == "No boot has these words."
    assert browser.complaints == []


def test_a_long_word_does_not_make_the_page_wider(station: RecordedStation, browser: Browser) -> None:
    """Whatever machines call themselves, and images their files."""
    browser.look(width=390, height=800, is_phone=True)
    browser.open(f"{station.url}/")
    browser.wait_for(IS_LIVE)
    long = [
        replace(event, facts={name: "x" * 150 if name in LONG_FACTS else fact for name, fact in event.facts.items()})
        for event in [*boot_under_way(), *failed_boot()]
    ]
    station.record(long, mac=OTHER_MAC)
    browser.wait_for("document.querySelector('.card .finding')")
    assert not browser.evaluate(IS_TOO_WIDE)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_it_fits(station: RecordedStation, failed: str, good: str, browser: Browser, width: int) -> None:
    browser.look(width=width, height=800, is_phone=width < 500, is_dark=width == 390)
    for path, ready in (
        ("/", "document.querySelector('#boots a')"),
        (f"/boots/{failed}", "document.querySelector('.finding')"),
    ):
        browser.open(f"{station.url}{path}")
        browser.wait_for(f"{IS_LIVE} && {ready}")
        assert not browser.evaluate(IS_TOO_WIDE), path
    assert browser.complaints == []


def test_without_scripts_the_newest_boots_are_there(
    station: RecordedStation, failed: str, good: str, browser: Browser
) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{station.url}/")
    first, second = texts(browser, "#boots tr")
    assert GOOD_MAC in first
    assert "✓ booted" in first
    assert FAILED_MAC in second
    assert "✕ failed" in second
    browser.open(f"{station.url}/boots/{failed}")
    assert "PXE-E18: Server response timeout." in texts(browser, "pre.story")[0]

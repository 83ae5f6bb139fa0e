"""Other names of keyboards and time zones."""

import re
import zoneinfo

import pytest

from bootbeam.errors import UserError
from bootbeam.install.regions import KEYBOARDS, WINDOWS_ZONES, keyboard_named, windows_zone


def test_every_keyboard_has_its_names() -> None:
    for layout, keyboard in KEYBOARDS.items():
        assert re.fullmatch(r"[a-z]{2}", layout)
        assert keyboard.yast
        assert re.fullmatch(r"[a-z]{2}(-[a-z]{2})?|", keyboard.proxmox)
        assert re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{8}", keyboard.windows)
    assert keyboard_named("jp", "YaST").yast == "japanese"


def test_every_zone_exists_where_it_comes_from() -> None:
    assert set(WINDOWS_ZONES) <= zoneinfo.available_timezones()
    assert windows_zone("Asia/Tokyo") == "Tokyo Standard Time"


def test_one_that_is_not_known_is_said_with_those_that_are() -> None:
    with pytest.raises(UserError, match="xx") as caught:
        keyboard_named("xx", "YaST")
    assert "us" in caught.value.why
    with pytest.raises(UserError, match="Mars/Base") as caught:
        windows_zone("Mars/Base")
    assert "Europe/Berlin" in caught.value.why

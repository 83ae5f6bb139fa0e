"""Options that nothing which is served can follow."""

from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library.wishes import check_wishes
from bootbeam.settings.model import StationSettings


def settings(default: str | None = None, boot: str | None = None, nfs: str | None = None) -> StationSettings:
    return StationSettings(images=(Path("linux"),), default=default, boot=boot, nfs=nfs)


def test_the_default_is_an_entry() -> None:
    check_wishes(settings(default="linux"), ["linux"], may_have_iso=False)
    with pytest.raises(UserError) as raised:
        check_wishes(settings(default="windows"), ["linux"], may_have_iso=False)
    assert raised.value.fix.endswith("--default linux")


@pytest.mark.parametrize(
    ("asked", "option"), [(settings(boot="cd"), "--boot"), (settings(nfs="10.0.0.1:/srv"), "--nfs")]
)
def test_a_way_to_boot_an_iso_wants_an_iso(asked: StationSettings, option: str) -> None:
    check_wishes(asked, ["linux"], may_have_iso=True)
    with pytest.raises(UserError) as raised:
        check_wishes(asked, ["linux"], may_have_iso=False)
    assert raised.value.what.startswith(option)

"""Settings as a person types them, and as they are kept."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.machine import SecureBootPolicy
from bootbeam.settings.model import StationSettings, parse_machine_or_group, parse_page_address, parse_tree_boot
from bootbeam.settings.reply_choice import parse_reply_choice


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8088", ("127.0.0.1", 8088)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:8088", ("::1", 8088)),
        ("localhost:9000", ("127.0.0.1", 9000)),
        (":9000", ("127.0.0.1", 9000)),
    ],
)
def test_an_address_as_people_write_it(text: str, address: tuple[str, int]) -> None:
    assert parse_page_address(text) == address


@pytest.mark.parametrize(
    "text", ["8088", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "example.org:80", "::1", "x:y:1", "127.0.0.1:٨٠"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_page_address(text)
    assert text in caught.value.what
    assert "--page 127.0.0.1:8088" in caught.value.fix


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("52:54:00:12:34:56", "52:54:00:12:34:56"),
        ("52-54-00-12-34-AB", "52:54:00:12:34:ab"),
        ("F4:4D:30:*", "f4:4d:30"),
        ("f4:4d:30:", "f4:4d:30"),
    ],
)
def test_a_machine_or_a_group(text: str, mac: str) -> None:
    assert parse_machine_or_group(text) == mac


@pytest.mark.parametrize("text", ["", "52:54", "52:54:00:12:34:56:78", "pc7", "5254.0012.3456"])
def test_what_names_no_machine(text: str) -> None:
    with pytest.raises(UserError, match="will not do for --mac"):
        parse_machine_or_group(text)


def test_a_program_in_the_tree_for_a_kind_of_machine() -> None:
    assert parse_tree_boot("x64=EFI/a=b.efi") == ("x64", "EFI/a=b.efi")
    with pytest.raises(UserError, match="will not do for --tree-boot") as caught:
        parse_tree_boot("amd64=a.efi")
    assert "x64" in caught.value.why


@given(st.text(max_size=40))
def test_anything_else_is_read_or_refused(text: str) -> None:
    for parse in (parse_page_address, parse_machine_or_group, parse_tree_boot):
        with suppress(UserError):
            assert parse(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"http_port": 0},
        {"http_port": 65536},
        {"menu_timeout_s": -1},
        {"kept_boots_mb": 0},
        {"tftp_blksize_cap": 7},
        {"tftp_windowsize_cap": 65},
    ],
)
def test_a_number_out_of_its_limits_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"will not do for {next(iter(wrong))}"):
        StationSettings(**wrong)


def test_what_is_kept_of_them_is_what_was_chosen() -> None:
    assert json.loads(StationSettings().as_json()) == {}
    settings = StationSettings(
        images=(Path("/srv/a.iso"),),
        page=None,
        secure_boot=SecureBootPolicy.ALWAYS,
        replies=(parse_reply_choice("x64:answer=menu"),),
        answers=(("preseed", Path("p.cfg")),),
    )
    assert json.loads(settings.as_json()) == {
        "images": ["/srv/a.iso"],
        "page": None,
        "secure_boot": "always",
        "replies": [{"machines": "x64", "offer": None, "answer": "menu", "file_in_offer": None}],
        "answers": [["preseed", "p.cfg"]],
    }

"""``--reply`` as a person types it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.machine import Cpu, Firmware, PxeVendorOptions
from bootbeam.settings.reply_choice import ReplyChoice, parse_reply_choice

NONE, TAKE_FILE, MENU = PxeVendorOptions.NONE, PxeVendorOptions.TAKE_FILE, PxeVendorOptions.MENU


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        (
            "52:54:00:12:34:56:offer=take-file,answer=menu,file=no",
            ReplyChoice("52:54:00:12:34:56", TAKE_FILE, MENU, False),
        ),
        ("52-54-00-12-34-AB:answer=none", ReplyChoice("52:54:00:12:34:ab", answer=NONE)),
        ("f4:4d:30:*:file=yes", ReplyChoice("f4:4d:30", file_in_offer=True)),
        ("uefi:answer=menu", ReplyChoice("uefi", answer=MENU)),
        ("BIOS:offer=none, file=no", ReplyChoice("bios", NONE, None, False)),
    ],
)
def test_what_a_person_may_type(text: str, choice: ReplyChoice) -> None:
    assert parse_reply_choice(text) == choice


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "names no machines"),
        ("answer=menu", "names no machines"),
        ("x86:answer=menu", "'x86' names no machines"),
        ("52:54:answer=menu", "'52:54' names no machines"),
        ("x64:", "nothing called ''"),
        ("x64:menu", "nothing called 'menu'"),
        ("x64:answer=manu", "answer=manu will not do"),
        ("x64:offer=", "offer= will not do"),
        ("x64:file=maybe", "file=maybe will not do"),
        ("x64:answer=menu,answer=none", "answer is given twice"),
    ],
)
def test_what_is_refused_says_how_it_is_typed(text: str, what: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_reply_choice(text)
    assert what in caught.value.what
    assert "--reply x64:answer=menu" in caught.value.fix


@given(st.text(max_size=60))
def test_anything_else_is_a_choice_or_refused(text: str) -> None:
    with suppress(UserError):
        assert parse_reply_choice(text).machines


def test_whom_a_choice_is_meant_for() -> None:
    pc = ("52:54:00:12:34:56", Firmware.UEFI, Cpu.X86_64)
    for machines, fits in (
        ("52:54:00:12:34:56", True),
        ("52:54:00", True),
        ("52:54:01", False),
        ("52:54:00:12:34:5", False),
        ("uefi", True),
        ("x64", True),
        ("arm64", False),
        ("bios", False),
    ):
        assert ReplyChoice(machines).fits(*pc) is fits, machines


def test_the_narrower_choice_ranks_higher() -> None:
    machines = ["uefi", "x64", "52:54:00", "52:54:00:12", "52:54:00:12:34:56"]
    ranks = [ReplyChoice(name).rank for name in machines]
    assert ranks == sorted(set(ranks))

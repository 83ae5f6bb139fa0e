"""What a person reads off a screen is explained."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.journal.verdict.codes import CODES
from bootbeam.journal.verdict.explain import explain
from bootbeam.journal.verdict.finding import Screen
from bootbeam.journal.verdict.rules import BY_ID


@pytest.mark.parametrize("asked", ["PXE-E16", "pxe-e16", "E16", "e16", "PXE E16", "PXE-E16: No valid offer received."])
def test_a_code_is_known_however_it_is_written(asked: str) -> None:
    [answer] = explain(asked)
    assert answer.name == "PXE-E16"
    assert answer.words == "No valid offer received."
    assert answer.findings[0][0] == "BB-020"


def test_uefi_and_bios_mean_different_things_by_the_same_code() -> None:
    uefi, bios = explain("PXE-E53")
    assert (uefi.where, bios.where) == (Screen.UEFI, Screen.BIOS)
    assert uefi.meaning != bios.meaning
    assert {answer.where for answer in explain("E05")} == {Screen.UEFI, Screen.BIOS}


@pytest.mark.parametrize(
    "asked",
    ["2d03e13b", "2d03e1", "2d03e1xx", "https://ipxe.org/2d03e13b", "Nothing to boot (http://ipxe.org/2d03e13b)"],
)
def test_a_number_of_ipxe(asked: str) -> None:
    [answer] = explain(asked)
    assert "Nothing to boot" in answer.words
    assert answer.fix


def test_every_finding_is_explained() -> None:
    for id in BY_ID:
        [answer] = explain(id)
        assert answer.name == id
        assert answer.fix
    assert explain("bb20") == explain("BB-020") == explain("bb 020")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("no valid offer", "PXE-E16"),
        ("access denied", "Access Denied"),
        ("media test failure, check cable", "PXE-E61"),
        ("Unable to mount root fs", "Kernel panic"),
        ("exec format error", "Exec format"),
        ("no boot filename recieved", "PXE-E53"),
    ],
)
def test_words_are_looked_for(asked: str, expected: str) -> None:
    first = explain(asked)[0]
    assert expected in f"{first.name} {first.words}"


def test_every_code_names_findings_that_exist() -> None:
    assert len(CODES) > 60
    for code in CODES:
        assert set(code.findings) <= set(BY_ID), code
        if code.code:
            assert code.code in [answer.name for answer in explain(code.code)]


@pytest.mark.parametrize(
    ("asked", "near"), [("PXE-E17", "PXE-E16"), ("BB-099", "BB-0"), ("banana xylophone", ""), ("ffffffff", "")]
)
def test_what_is_not_known_has_neighbours(asked: str, near: str) -> None:
    with pytest.raises(UserError) as raised:
        explain(asked)
    assert asked in raised.value.what
    assert near in raised.value.why
    assert "bootbeam explain" in raised.value.fix


@given(st.text(max_size=60))
@settings(deadline=None)
def test_anything_may_be_asked(asked: str) -> None:
    with suppress(UserError):
        assert explain(asked)


def test_an_answer_for_a_program() -> None:
    [answer] = explain("PXE-E16")
    told = json.loads(json.dumps(answer.as_json()))
    assert told["name"] == "PXE-E16"
    assert {"id": "BB-020", "title": BY_ID["BB-020"].title} in told["findings"]

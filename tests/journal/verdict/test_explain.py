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


@pytest.mark.parametrize(
    "asked",
    [
        "PXE-E16",
        "pxe-e16",
        "E16",
        "e16",
        "PXE E16",
        "PXE-E16: No valid offer received.",
        "e16:",
        "PXE\u2013E16",
        "'E16'",
    ],
)
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
    [
        *("2d03e13b", "2d03e1", "2d03e1xx", "0x2d03e13b", "2D03E13B", "(http://ipxe.org/2d03e13b)."),
        *("https://ipxe.org/2d03e13b", "https://ipxe.org/err/2d03e1", "Nothing to boot (http://ipxe.org/2d03e13b)"),
    ],
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
    "asked",
    [
        *("BB-020:", "bb-20.", "(BB-020)", "BB-020: the machine's question to port 4011 does not arrive"),
        "12:00:14 52:54:00:12:34:56 BB-020: the machine's question to port 4011 does not arrive",
        "This station: http://192.168.1.50:8080, finding BB-020",
    ],
)
def test_a_finding_is_known_as_it_stands_in_the_log_and_on_the_screen(asked: str) -> None:
    [answer] = explain(asked)
    assert answer.name == "BB-020"


def test_a_line_with_several_codes_has_each_explained() -> None:
    assert [answer.name for answer in explain("PXE-E16 and PXE-E18, then PXE-E16")] == ["PXE-E16", "PXE-E18"]


@pytest.mark.parametrize("code", ["PXE-E20", "PXE-E21", "PXE-E22"])
def test_the_bios_has_meanings_of_its_own(code: str) -> None:
    assert Screen.BIOS in [answer.where for answer in explain(code)]


@pytest.mark.parametrize("asked", ["", "  ", "deadbeef", "http://ipxe.org/00000000"])
def test_what_is_no_code_at_all_has_no_neighbours(asked: str) -> None:
    with pytest.raises(UserError) as raised:
        explain(asked)
    assert "PXE-E05" not in raised.value.why


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("no valid offer", "PXE-E16"),
        ("access denied", "Access Denied"),
        ("media test failure, check cable", "PXE-E61"),
        ("Unable to mount root fs", "Kernel panic"),
        ("exec format error", "Exec format"),
        ("no boot filename recieved", "PXE-E53"),
        (
            'failed to load Boot0002 "UEFI PXEv4 (MAC:525400123456)" from PciRoot(0x0)/Pci(0x2,0x0): Not Found',
            "Boot0001",
        ),
        (">>Start PXE over IPv4.", "Start PXE"),
        ("Reboot and Select proper Boot device", "Reboot and Select"),
        ("Verifying shim SBAT data failed: Security Policy Violation", "Security"),
        ("error: prohibited by secure boot policy.", "prohibited"),
        ("Failed to load ldlinux.c32", "ldlinux"),
        ("Could not find kernel image: linux", "kernel image"),
        ("iPXE initialising devices...", "initialising"),
        ("ALERT! /dev/disk/by-uuid/1 does not exist. Dropping to a shell!", "ALERT!"),
        ("dracut-initqueue timeout - starting timeout scripts", "dracut"),
        ("grub rescue>", "grub rescue"),
    ],
)
def test_words_are_looked_for(asked: str, expected: str) -> None:
    first = explain(asked)[0]
    assert expected in f"{first.name} {first.words}"


def test_several_codes_one_beside_the_other_are_each_explained() -> None:
    assert [answer.name for answer in explain("BB-036, 2e008081")] == ["BB-036", "2e008081"]
    assert {answer.name for answer in explain("PXE-E16 BB-036")} == {"PXE-E16", "BB-036"}
    assert {answer.name for answer in explain("e16 e18")} == {"PXE-E16", "PXE-E18"}
    assert explain("PXE-E16 again and again") == explain("e16")


def test_words_that_fit_several_things_name_them_all() -> None:
    assert "error: file `...' not found." in [
        answer.words for answer in explain("error: file '/boot/linux' not found.")
    ]
    assert "SBAT" in " ".join(a.words for a in explain("Verifying shim SBAT data failed: Security Policy Violation"))


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

"""What machines are given after what they did with what they got before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.pxe import first_program
from bootbeam.pxe.first_program import SILENCE_S, Chain, FirstPrograms, Silence, Standing

PC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
IPXE, SHIM = "x64/snponly.efi", "x64/shimx64.efi"


def test_a_machine_nobody_knows_gets_the_plain_chain() -> None:
    assert FirstPrograms().ask(PC) == Standing(Chain.PLAIN, None)


def test_what_was_loaded_and_never_started_is_not_given_again() -> None:
    programs = FirstPrograms()
    programs.ask(PC)
    programs.send(PC, Chain.PLAIN, IPXE, 10.0)
    assert programs.ask(PC) == Standing(Chain.SIGNED, IPXE), "the DISCOVER"
    assert programs.ask(PC) == Standing(Chain.SIGNED, IPXE), "and the request to port 4011 after it"
    assert programs.ask(OTHER) == Standing()


def test_what_started_is_given_again_for_ever() -> None:
    programs = FirstPrograms()
    programs.send(PC, Chain.PLAIN, IPXE, 10.0)
    programs.ask(PC)
    programs.send(PC, Chain.SIGNED, SHIM, 20.0)
    programs.start(PC)
    for _ in range(3):
        assert programs.ask(PC) == Standing(Chain.SIGNED, None)
        programs.send(PC, Chain.SIGNED, SHIM, 30.0)
        programs.start(PC)


def test_ipxe_that_started_stays() -> None:
    programs = FirstPrograms()
    programs.send(PC, Chain.PLAIN, IPXE, 10.0)
    programs.start(PC)
    assert programs.ask(PC) == Standing(Chain.PLAIN, None)


def test_a_signed_chain_that_does_not_start_either_gives_way_again() -> None:
    programs = FirstPrograms()
    programs.send(PC, Chain.PLAIN, IPXE, 10.0)
    assert programs.ask(PC).chain is Chain.SIGNED
    programs.send(PC, Chain.SIGNED, SHIM, 20.0)
    assert programs.ask(PC) == Standing(Chain.PLAIN, SHIM)


def test_a_machine_that_got_the_plain_one_for_want_of_a_signed_one_still_wants_that() -> None:
    programs = FirstPrograms()
    for _ in range(3):
        programs.send(PC, Chain.PLAIN, IPXE, 10.0)
        assert programs.ask(PC) == Standing(Chain.SIGNED, IPXE)


def test_asking_without_having_loaded_anything_changes_nothing() -> None:
    programs = FirstPrograms()
    programs.ask(PC)
    programs.start(PC)
    assert programs.ask(PC) == Standing()


def test_silence_is_told_once_and_not_of_what_started() -> None:
    programs = FirstPrograms()
    programs.send(PC, Chain.PLAIN, IPXE, 10.0)
    programs.send(OTHER, Chain.PLAIN, IPXE, 10.0)
    programs.start(OTHER)
    assert programs.find_silent(10.0 + SILENCE_S - 0.1) == []
    assert programs.find_silent(10.0 + SILENCE_S) == [Silence(PC, IPXE)]
    assert programs.find_silent(1000.0) == []
    assert programs.ask(PC) == Standing(Chain.SIGNED, IPXE), "told is not forgotten"
    programs.send(PC, Chain.SIGNED, SHIM, 1000.0)
    assert programs.find_silent(1100.0) == [Silence(PC, SHIM)]


def test_only_so_many_machines_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_program, "MAX_MACHINES", 2)
    programs = FirstPrograms()
    for number in range(3):
        programs.send(f"52:54:00:00:00:0{number}", Chain.PLAIN, IPXE, 10.0)
    assert programs.ask("52:54:00:00:00:00") == Standing()
    assert programs.ask("52:54:00:00:00:02").chain is Chain.SIGNED


@given(st.lists(st.sampled_from(["ask", "send", "start"]), max_size=30))
def test_a_machine_never_gets_twice_in_a_row_what_it_never_started(steps: list[str]) -> None:
    programs, last = FirstPrograms(), None
    for step in steps:
        match step:
            case "ask":
                standing = programs.ask(PC)
                if last is not None:
                    assert standing.chain is not last
                    last = None
            case "send":
                last = programs.ask(PC).chain if last is None else last
                programs.send(PC, last, "path", 0.0)
            case "start":
                programs.start(PC)
                last = None

"""What machines are given after what they did with what they got before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.machine import Cpu, Firmware
from bootbeam.pxe import first_program
from bootbeam.pxe.first_program import SILENCE_S, Chain, FirstPrograms, Silence, Standing

PC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
IPXE, SHIM, UNDIONLY = "x64/snponly.efi", "x64/shimx64.efi", "bios/undionly.kpxe"
UEFI, BIOS = (Firmware.UEFI, Cpu.X86_64), (Firmware.BIOS, Cpu.X86_64)


def test_a_machine_nobody_knows_gets_the_plain_chain() -> None:
    assert FirstPrograms().ask(PC, UEFI) == Standing(Chain.PLAIN, None)


def test_what_was_loaded_and_never_started_is_not_given_again() -> None:
    programs = FirstPrograms()
    programs.ask(PC, UEFI)
    programs.send(PC, UEFI, Chain.PLAIN, IPXE, 10.0)
    assert programs.ask(PC, UEFI) == Standing(Chain.SIGNED, IPXE), "the DISCOVER"
    assert programs.ask(PC, UEFI) == Standing(Chain.SIGNED, IPXE), "and the request to port 4011 after it"
    assert programs.ask(OTHER, UEFI) == Standing()


def test_what_started_is_given_again_for_ever() -> None:
    programs = FirstPrograms()
    programs.send(PC, UEFI, Chain.PLAIN, IPXE, 10.0)
    programs.ask(PC, UEFI)
    programs.send(PC, UEFI, Chain.SIGNED, SHIM, 20.0)
    programs.start(PC)
    for _ in range(3):
        assert programs.ask(PC, UEFI) == Standing(Chain.SIGNED, None)
        programs.send(PC, UEFI, Chain.SIGNED, SHIM, 30.0)
        programs.start(PC)


def test_ipxe_that_started_stays() -> None:
    programs = FirstPrograms()
    programs.send(PC, UEFI, Chain.PLAIN, IPXE, 10.0)
    programs.start(PC)
    assert programs.ask(PC, UEFI) == Standing(Chain.PLAIN, None)


def test_a_signed_chain_that_does_not_start_either_gives_way_again() -> None:
    programs = FirstPrograms()
    programs.send(PC, UEFI, Chain.PLAIN, IPXE, 10.0)
    assert programs.ask(PC, UEFI).chain is Chain.SIGNED
    programs.send(PC, UEFI, Chain.SIGNED, SHIM, 20.0)
    assert programs.ask(PC, UEFI) == Standing(Chain.PLAIN, SHIM)


def test_a_machine_that_got_the_plain_one_for_want_of_a_signed_one_still_wants_that() -> None:
    programs = FirstPrograms()
    for _ in range(3):
        programs.send(PC, UEFI, Chain.PLAIN, IPXE, 10.0)
        assert programs.ask(PC, UEFI) == Standing(Chain.SIGNED, IPXE)


def test_asking_without_having_loaded_anything_changes_nothing() -> None:
    programs = FirstPrograms()
    programs.ask(PC, UEFI)
    programs.start(PC)
    assert programs.ask(PC, UEFI) == Standing()


def test_silence_is_told_once_and_not_of_what_started() -> None:
    programs = FirstPrograms()
    programs.send(PC, UEFI, Chain.PLAIN, IPXE, 10.0)
    programs.send(OTHER, UEFI, Chain.PLAIN, IPXE, 10.0)
    programs.start(OTHER)
    assert programs.find_silent(10.0 + SILENCE_S - 0.1) == []
    assert programs.find_silent(10.0 + SILENCE_S) == [Silence(PC, IPXE)]
    assert programs.find_silent(1000.0) == []
    assert programs.ask(PC, UEFI) == Standing(Chain.SIGNED, IPXE), "told is not forgotten"
    programs.send(PC, UEFI, Chain.SIGNED, SHIM, 1000.0)
    assert programs.find_silent(1100.0) == [Silence(PC, SHIM)]


def test_only_so_many_machines_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_program, "MAX_MACHINES", 2)
    programs = FirstPrograms()
    for number in range(3):
        programs.send(f"52:54:00:00:00:0{number}", UEFI, Chain.PLAIN, IPXE, 10.0)
    assert programs.ask("52:54:00:00:00:00", UEFI) == Standing()
    assert programs.ask("52:54:00:00:00:02", UEFI).chain is Chain.SIGNED


def boot(programs: FirstPrograms, *, starts: bool, is_secure: bool = False) -> Chain:
    """One power-on by UEFI PXE; what was given."""
    chain = programs.ask(PC, UEFI).chain
    programs.send(PC, UEFI, chain, IPXE if chain is Chain.PLAIN else SHIM, 0.0)
    if starts:
        programs.start(PC)
        if chain is Chain.SIGNED and not is_secure:
            programs.report_secure_boot_off(PC)
    return chain


def test_the_reset_button_at_the_wrong_moment_is_not_secure_boot_for_ever() -> None:
    programs = FirstPrograms()
    assert boot(programs, starts=False) is Chain.PLAIN, "somebody presses it before iPXE says a word"
    assert boot(programs, starts=True) is Chain.SIGNED, "GRUB says that Secure Boot is off"
    assert boot(programs, starts=True) is Chain.PLAIN
    assert boot(programs, starts=True) is Chain.PLAIN


def test_what_ran_before_is_given_once_more_before_it_is_given_up() -> None:
    programs = FirstPrograms()
    boot(programs, starts=True)
    boot(programs, starts=False)
    assert programs.ask(PC, UEFI) == Standing(Chain.PLAIN, IPXE, is_once_more=True)
    assert programs.ask(PC, UEFI) == Standing(Chain.PLAIN, IPXE, is_once_more=True), "and to port 4011"
    assert boot(programs, starts=False) is Chain.PLAIN
    assert programs.ask(PC, UEFI) == Standing(Chain.SIGNED, IPXE), "somebody has switched Secure Boot on"


def test_a_machine_with_secure_boot_does_not_leave_its_chain_for_one_reset() -> None:
    programs = FirstPrograms()
    boot(programs, starts=False)
    for starts in (True, False, True, True, False, True):
        assert boot(programs, starts=starts, is_secure=True) is Chain.SIGNED


def test_a_machine_on_which_ipxe_hangs_stays_with_the_signed_chain_at_last() -> None:
    """Secure Boot is off, but its iPXE never says a word."""
    programs = FirstPrograms()
    chains = [boot(programs, starts=programs.ask(PC, UEFI).chain is Chain.SIGNED) for _ in range(8)]
    assert chains == [Chain.PLAIN, Chain.SIGNED, Chain.PLAIN, *[Chain.SIGNED] * 5]


def test_one_computer_may_boot_as_bios_and_as_uefi() -> None:
    programs = FirstPrograms()
    programs.send(PC, BIOS, Chain.PLAIN, UNDIONLY, 0.0)
    assert programs.ask(PC, UEFI) == Standing(), "switched over in the setup before it started"
    assert programs.ask(PC, BIOS) == Standing(), "and back"
    boot(programs, starts=False)
    assert programs.ask(PC, UEFI).chain is Chain.SIGNED
    programs.send(PC, BIOS, Chain.PLAIN, UNDIONLY, 0.0)
    programs.start(PC)
    assert programs.ask(PC, BIOS) == Standing()
    assert programs.ask(PC, UEFI) == Standing(Chain.SIGNED, IPXE), "each kind has a memory of its own"


def test_a_report_about_nobody_known_changes_nothing() -> None:
    programs = FirstPrograms()
    programs.report_secure_boot_off(PC)
    programs.send(PC, UEFI, Chain.PLAIN, IPXE, 0.0)
    programs.report_secure_boot_off(PC)
    assert programs.ask(PC, UEFI) == Standing(Chain.SIGNED, IPXE)


@given(st.lists(st.sampled_from(["ask", "send", "start", "off"]), max_size=60))
def test_no_chain_is_given_three_times_in_a_row_without_a_sign_of_life(steps: list[str]) -> None:
    programs, given_in_vain = FirstPrograms(), list[Chain]()
    for step in steps:
        match step:
            case "ask":
                programs.ask(PC, UEFI)
            case "send":
                chain = programs.ask(PC, UEFI).chain
                given_in_vain.append(chain)
                assert given_in_vain[-3:] != [chain] * 3
                programs.send(PC, UEFI, chain, "path", 0.0)
            case "start":
                programs.start(PC)
                given_in_vain.clear()
            case "off":
                programs.report_secure_boot_off(PC)

"""Which boot an event belongs to: power-ons, resets, and what looks like one and is none."""

import pytest

from bootbeam.journal.attempts import MAX_MACHINES, Attempts, encode_id, is_older
from bootbeam.journal.events import Event, EventKind, Fact

MAC = "52:54:00:12:34:56"


class Machine:
    """One machine and a clock."""

    def __init__(self, mac: str = MAC) -> None:
        self.attempts = Attempts()
        self.mac = mac
        self.now = 1_800_000_000.0

    def does(self, kind: EventKind, after_s: float = 0.5, **facts: Fact) -> str | None:
        """The attempt that an event belongs to, ``after_s`` seconds after the one before."""
        self.now += after_s
        return self.attempts.place(Event(kind, self.now, self.mac, facts=facts)).attempt

    def asks(self, kind: str, xid: str, after_s: float = 0.5, secs: int = 0, ip_version: int = 4) -> str | None:
        facts: dict[str, Fact] = {"kind_of_client": kind, "xid": xid, "secs": secs, "ip_version": ip_version}
        return self.does(EventKind.CLIENT_SEEN, after_s, **facts)

    def gets(self, role: str, after_s: float = 1.0) -> str | None:
        return self.does(EventKind.TRANSFER_FINISHED, after_s, role=role)

    def boots(self, xid: str = "1") -> str | None:
        """From a firmware's question to the kernel."""
        first = self.asks("uefi-pxe", f"f{xid}")
        told = {
            first,
            self.gets("loader"),
            self.asks("ipxe", f"i{xid}"),
            self.does(EventKind.SCRIPT_SENT),
            self.gets("kernel"),
            self.gets("initrd"),
        }
        assert told == {first}
        assert first is not None
        return first


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_a_reset_in_the_running_system_begins_a_new_attempt(machine: Machine) -> None:
    first = machine.boots("1")
    assert machine.boots("2") != first


def test_what_follows_a_boot_belongs_to_it_for_hours(machine: Machine) -> None:
    first = machine.boots()
    assert machine.does(EventKind.SYSTEM_SEEN, 5) == first
    assert machine.does(EventKind.INSTALL_PROGRESS, 3600) == first
    assert machine.does(EventKind.INSTALL_FINISHED, 5000) == first
    assert machine.does(EventKind.INSTALL_PROGRESS, 7 * 3600) != first


def test_firmware_that_goes_from_pxe_to_http_and_from_ipv4_to_ipv6_is_one_power_on(machine: Machine) -> None:
    first = machine.asks("uefi-pxe", "1")
    assert machine.asks("uefi-http", "2", 64) == first
    assert machine.asks("uefi-pxe", "3", 64, ip_version=6) == first
    assert machine.asks("uefi-http", "4", 130, ip_version=6) == first
    assert machine.asks("uefi-pxe", "5", 64) != first, "and begins again from the front"


def test_a_question_repeated_is_the_same_question(machine: Machine) -> None:
    first = machine.asks("uefi-pxe", "1")
    assert [machine.asks("uefi-pxe", "1", wait, secs) for wait, secs in ((4, 4), (8, 12), (16, 28))] == [first] * 3


def test_a_firmware_that_takes_a_new_number_for_each_repetition_says_by_secs_that_it_goes_on(machine: Machine) -> None:
    first = machine.asks("unknown", "1")
    assert machine.asks("unknown", "2", 4, secs=4) == first
    assert machine.asks("unknown", "3", 8, secs=12) == first
    assert machine.asks("unknown", "4", 20, secs=0) != first


def test_u_boot_asks_three_times_within_its_first_second(machine: Machine) -> None:
    first = machine.asks("u-boot", "b013a8")
    assert machine.asks("u-boot", "b014a3", 0.25) == first
    assert machine.asks("u-boot", "b0169d", 0.51) == first
    assert machine.asks("u-boot", "b0169e", 6) != first, "somebody has typed reset"


def test_a_reset_while_nothing_had_been_loaded_begins_a_new_attempt(machine: Machine) -> None:
    first = machine.asks("uefi-pxe", "1")
    assert machine.asks("uefi-pxe", "2", 8) != first


def test_a_rom_that_makes_its_number_out_of_its_hardware_address_is_seen_to_be_reset(machine: Machine) -> None:
    """Quirk: BIOS ROMs: the transaction number may be the same at each power-on."""
    first = machine.asks("bios-pxe", "29123456", secs=4)
    assert machine.asks("bios-pxe", "29123456", 4, secs=8) == first
    assert machine.gets("loader") == first
    second = machine.asks("bios-pxe", "29123456", 20, secs=4)
    assert second != first, "a ROM that has loaded something does not go on asking"
    assert machine.asks("bios-pxe", "29123456", 4, secs=8) == second
    assert machine.asks("bios-pxe", "29123456", 4, secs=4) != second, "and seconds do not run backwards"


def test_a_reset_of_a_slow_link_is_seen_though_secs_is_not_zero(machine: Machine) -> None:
    first = machine.asks("uefi-pxe", "1", secs=12)
    assert machine.asks("uefi-pxe", "2", 40, secs=28) != first


def test_an_ipxe_that_firmware_loaded_belongs_to_it_however_often_it_asks(machine: Machine) -> None:
    first = machine.asks("bios-pxe", "1")
    assert machine.gets("loader") == first
    assert [machine.asks("ipxe", str(n), 20) for n in range(10)] == [first] * 10
    assert machine.asks("ipxe", "v6", 16, ip_version=6) == first


def test_a_firmware_that_tries_its_next_way_after_a_script_ended_is_the_same_power_on(machine: Machine) -> None:
    first = machine.asks("uefi-pxe", "1")
    machine.gets("loader")
    machine.asks("ipxe", "2")
    machine.does(EventKind.SCRIPT_SENT)
    assert machine.asks("uefi-http", "3", 5) == first


def test_after_a_system_was_loaded_any_firmware_is_a_new_power_on(machine: Machine) -> None:
    first = machine.boots()
    assert machine.asks("uefi-http", "9", 30) != first


class TestIpxeOfTheMachinesOwn:
    def test_its_reset_in_the_running_system(self, machine: Machine) -> None:
        first = machine.asks("ipxe", "1")
        machine.does(EventKind.SCRIPT_SENT)
        assert machine.gets("kernel") == first
        assert machine.asks("ipxe", "2", 3) != first

    def test_its_reset_at_a_menu(self, machine: Machine) -> None:
        first = machine.asks("ipxe", "1")
        assert machine.does(EventKind.SCRIPT_SENT) == first
        assert machine.asks("ipxe", "2", 3) != first

    def test_a_script_that_tries_until_there_is_an_address(self, machine: Machine) -> None:
        first = machine.asks("ipxe", "0")
        assert [machine.asks("ipxe", str(n), 15) for n in range(1, 20)] == [first] * 19
        assert machine.asks("ipxe", "99", 61) != first


def test_long_silence_ends_an_attempt(machine: Machine) -> None:
    first = machine.asks("uefi-pxe", "1")
    assert machine.asks("uefi-http", "2", 301) != first


def test_machines_are_told_apart_by_mac(machine: Machine) -> None:
    first = machine.boots()
    machine.mac = "52:54:00:00:00:01"
    second = machine.asks("uefi-pxe", "1")
    assert second != first
    machine.mac = MAC
    assert machine.does(EventKind.SYSTEM_SEEN) == first


def test_strangers_and_the_station_have_no_attempt(machine: Machine) -> None:
    assert machine.does(EventKind.OTHER_SERVER_ANSWERED) is None
    assert machine.does(EventKind.FILE_REFUSED, protocol="http") is None
    assert machine.does(EventKind.TRANSFER_FINISHED, role="image", protocol="http") is None
    assert machine.does(EventKind.FILE_REFUSED, protocol="tftp") is not None
    assert Attempts().place(Event(EventKind.STATION_READY, 1.0)).attempt is None


def test_a_machine_whose_dhcp_is_not_heard_begins_with_its_first_file(machine: Machine) -> None:
    first = machine.does(EventKind.READ_REQUESTED, file="pxelinux.0")
    machine.gets("loader")
    assert machine.does(EventKind.READ_REQUESTED, file="linux") == first
    machine.gets("kernel")
    assert machine.does(EventKind.READ_REQUESTED, file="initrd") == first
    assert machine.does(EventKind.READ_REQUESTED, 30, file="pxelinux.0") != first


def test_what_a_reset_cut_off_fails_in_the_attempt_it_began_in(machine: Machine) -> None:
    first = machine.asks("uefi-pxe", "1")
    assert machine.does(EventKind.READ_REQUESTED, transfer="tftp-1", file="a") == first
    assert machine.does(EventKind.TRANSFER_STARTED, transfer="http-1") == first
    second = machine.asks("uefi-pxe", "2", 5)
    assert machine.does(EventKind.TRANSFER_FAILED, 31, transfer="tftp-1") == first
    assert machine.does(EventKind.TRANSFER_STALLED, 15, transfer="http-1", role="kernel") == first
    assert machine.does(EventKind.TRANSFER_FINISHED, 75, transfer="http-1", role="kernel") == first
    assert not machine.attempts.has_loaded(MAC), "the second attempt has loaded nothing"
    assert machine.does(EventKind.OFFERED) == second
    assert second is not None
    assert first is not None
    assert is_older(first, second)
    assert not is_older(second, first)
    assert is_older("zzzzzzz", "10000000")


def test_has_loaded_is_about_the_newest_attempt(machine: Machine) -> None:
    machine.asks("uefi-pxe", "1")
    assert machine.attempts.is_booting(MAC)
    assert not machine.attempts.has_loaded(MAC)
    machine.gets("loader")
    assert machine.attempts.has_loaded(MAC)
    machine.asks("uefi-pxe", "2")
    assert not machine.attempts.has_loaded(MAC)
    assert not machine.attempts.is_booting("52:54:00:00:00:09")


def test_ids_are_short_sort_by_time_and_are_never_used_twice() -> None:
    attempts = Attempts()
    ids = []
    for number in range(2000):
        event = Event(EventKind.CLIENT_SEEN, 1_800_000_000.0, f"m{number}", facts={"xid": "1"})
        ids.append(str(attempts.place(event).attempt))
    assert ids == sorted(set(ids))
    assert {len(each) for each in ids} == {7}
    assert encode_id(0) == "0"
    assert encode_id(33) == "11"


def test_machines_are_not_remembered_for_ever() -> None:
    attempts = Attempts()
    for number in range(MAX_MACHINES + 10):
        attempts.place(Event(EventKind.CLIENT_SEEN, 1.0, f"m{number}", facts={"xid": "1"}))
    assert not attempts.is_booting("m9")
    assert attempts.is_booting("m10")

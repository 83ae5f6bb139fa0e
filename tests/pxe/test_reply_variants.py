"""What clients do with what they get, and what they get then. The clients are played event by event."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe import reply_variants
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.reply_variant import ReplyVariant, default_variant
from bootbeam.pxe.reply_variants import Observation, ReplyVariants, Start, VariantChange, VariantWorked
from bootbeam.wire.architecture import ARCHITECTURES

PC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
NONE, TAKE_FILE, MENU = PxeVendorOptions.NONE, PxeVendorOptions.TAKE_FILE, PxeVendorOptions.MENU
UEFI_DEFAULT = ReplyVariant(NONE, NONE, True)
BIOS_DEFAULT = ReplyVariant(TAKE_FILE, TAKE_FILE, True)
FIRMWARE = {ClientKind.BIOS_PXE: 0, ClientKind.UEFI_PXE: 7, ClientKind.UEFI_HTTP: 16, ClientKind.IPXE: 7}


def info(kind: ClientKind = ClientKind.UEFI_PXE, xid: int = 1, secs: int = 0, mac: str = PC) -> ClientInfo:
    number = FIRMWARE[kind]
    return ClientInfo(kind, mac, number, ARCHITECTURES[number], "PXEClient", xid, secs)


class Room:
    """A machine under watch, with a clock; each power-on has a transaction number of its own."""

    def __init__(self, kind: ClientKind = ClientKind.UEFI_PXE, variants: ReplyVariants | None = None) -> None:
        self.variants = variants or ReplyVariants()
        self.kind = kind
        self.now = 1000.0
        self.xid = 0
        self.changes: list[VariantChange] = []
        self.variants.request(OTHER, self.now)  # a DHCP server is there: another machine has an address

    def power_on(self, after_s: float = 600.0) -> ReplyVariant:
        """The first DISCOVER."""
        self.now += after_s
        self.xid += 1
        return self.discover()

    def discover(self, kind: ClientKind | None = None, secs: int = 0) -> ReplyVariant:
        choice = self.variants.offer(info(kind or self.kind, self.xid, secs), self.now)
        if choice.change is not None:
            self.changes.append(choice.change)
        return choice.variant

    def repeat_discover(self) -> None:
        """The second to fourth: 4, 12 and 28 s after the first."""
        for wait_s, secs in ((4, 4), (8, 12), (16, 28)):
            self.now += wait_s
            self.discover(secs=secs)

    def request(self, after_s: float = 4.0) -> None:
        self.now += after_s
        self.variants.request(PC, self.now)

    def ask(self, times: int = 1) -> ReplyVariant:
        """Port 4011, as edk2 asks: 0, 1, 3 and 6 s, its seconds with their bytes turned round."""
        for n in range(times):
            self.now += (0.1, 1.0, 2.0, 3.0)[n]
            variant = self.variants.answer(info(self.kind, 1_000_000 + self.xid, 256 * n), self.now).variant
        return variant

    def fetch(self) -> VariantWorked | None:
        self.now += 0.1
        return self.variants.fetch(PC)

    def boot(self) -> ReplyVariant:
        """A boot that goes well."""
        variant = self.power_on()
        self.request()
        self.ask()
        self.fetch()
        return variant


class TestWhatIsObserved:
    def test_four_discovers_and_no_request(self) -> None:
        room = Room()
        room.power_on()
        room.repeat_discover()
        assert room.power_on() == ReplyVariant(TAKE_FILE, NONE, True)
        assert room.changes == [
            VariantChange(PC, Observation.NO_REQUEST, UEFI_DEFAULT, ReplyVariant(TAKE_FILE, NONE, True), False)
        ]

    def test_a_request_and_then_nothing_but_http_boot(self) -> None:
        room = Room()
        room.power_on()
        room.request()
        room.now += 1
        assert room.discover(ClientKind.UEFI_HTTP) == UEFI_DEFAULT, "HTTP boot has one form only"
        assert [change.observed for change in room.changes] == [Observation.NO_QUESTION]
        assert room.power_on() == ReplyVariant(TAKE_FILE, NONE, True)

    def test_a_request_and_a_new_try_at_once(self) -> None:
        room = Room(ClientKind.BIOS_PXE)
        room.power_on()
        room.request()
        assert room.power_on(after_s=30) == ReplyVariant(MENU, TAKE_FILE, True)

    def test_port_4011_asked_four_times(self) -> None:
        room = Room()
        room.power_on()
        room.request()
        assert room.ask(4) == UEFI_DEFAULT
        assert room.power_on() == ReplyVariant(NONE, MENU, True)
        assert [change.observed for change in room.changes] == [Observation.REPEATED_QUESTION]

    @pytest.mark.parametrize("after_s", [1.0, 600.0, 86_400.0])
    def test_port_4011_asked_once_and_a_new_try(self, after_s: float) -> None:
        room = Room()
        room.power_on()
        room.request()
        room.ask()
        assert room.power_on(after_s) == ReplyVariant(NONE, MENU, True)
        assert [change.observed for change in room.changes] == [Observation.CANCELLED]

    def test_port_4011_asked_once_and_http_boot(self) -> None:
        room = Room()
        room.power_on()
        room.request()
        room.ask()
        room.discover(ClientKind.UEFI_HTTP)
        assert [change.observed for change in room.changes] == [Observation.CANCELLED]

    def test_port_4011_asked_of_a_station_that_was_started_meanwhile(self) -> None:
        room = Room()
        assert room.ask() == UEFI_DEFAULT
        assert room.power_on() == ReplyVariant(NONE, MENU, True)


class TestWhatSaysNothing:
    @pytest.mark.parametrize("kind", [ClientKind.UEFI_PXE, ClientKind.BIOS_PXE])
    def test_boots_that_go_well(self, kind: ClientKind) -> None:
        room = Room(kind)
        assert {room.boot() for _ in range(5)} == {default_variant(kind)}
        assert room.changes == []

    def test_a_rom_that_never_asks_port_4011(self) -> None:
        room = Room(ClientKind.BIOS_PXE)
        for _ in range(3):
            assert room.power_on() == BIOS_DEFAULT
            room.request()
            room.fetch()
        assert room.changes == []

    def test_discovers_without_a_dhcp_server(self) -> None:
        room = Room()
        room.now += reply_variants.SERVER_REMEMBERED_S
        room.power_on()
        room.repeat_discover()
        assert room.power_on() == UEFI_DEFAULT

    def test_discovers_that_the_dhcp_server_does_not_answer_though_it_does_others(self) -> None:
        room = Room()
        room.variants.hear_server(OTHER, room.now, gives_address=True, is_boot_server=False, is_final=False)
        room.power_on()
        room.repeat_discover()
        assert room.power_on() == UEFI_DEFAULT, "no address in its pool for this one"

    def test_discovers_that_the_dhcp_server_is_heard_to_answer_say_something(self) -> None:
        room = Room()
        room.power_on()
        room.variants.hear_server(PC, room.now, gives_address=True, is_boot_server=False, is_final=False)
        room.repeat_discover()
        assert room.power_on() != UEFI_DEFAULT

    def test_somebody_switches_it_off_and_on(self) -> None:
        room = Room()
        for _ in range(6):
            assert room.power_on(after_s=7) == UEFI_DEFAULT
            room.now += 4
            room.discover(secs=4)
        assert room.changes == []

    def test_a_late_dhcp_server(self) -> None:
        room = Room()
        room.power_on()
        room.repeat_discover()
        room.request()
        room.ask()
        room.fetch()
        assert room.power_on() == UEFI_DEFAULT

    def test_one_datagram_heard_on_two_interfaces(self) -> None:
        room = Room()
        for secs in (0, 4):
            room.now += secs
            for _ in range(2):
                room.discover(secs=secs)
        assert room.power_on() == UEFI_DEFAULT, "two of them, not four"

    def test_a_request_that_the_dhcp_server_refuses(self) -> None:
        room = Room()
        room.power_on()
        room.request()
        room.variants.hear_refusal(PC)
        assert room.power_on(after_s=1) == UEFI_DEFAULT

    def test_requests_that_the_dhcp_server_does_not_answer(self) -> None:
        room = Room()
        room.power_on()
        for _ in range(4):
            room.request(4)
        assert room.power_on(after_s=10) == UEFI_DEFAULT

    def test_but_requests_that_it_is_heard_to_answer_say_something(self) -> None:
        room = Room()
        room.power_on()
        room.request()
        room.request()
        room.variants.hear_server(PC, room.now, gives_address=True, is_boot_server=False, is_final=True)
        assert room.power_on(after_s=10) != UEFI_DEFAULT

    def test_another_boot_server_has_it(self) -> None:
        room = Room()
        for _ in range(4):
            assert room.power_on(after_s=30) == UEFI_DEFAULT
            room.variants.hear_server(PC, room.now, gives_address=False, is_boot_server=True, is_final=False)
            room.request()

    def test_a_file_that_it_could_not_load(self) -> None:
        room = Room()
        for _ in range(3):
            assert room.power_on() == UEFI_DEFAULT
            room.request()
            room.ask()
            room.now += 24  # six requests for it, which a firewall kept from us
            room.discover(ClientKind.UEFI_HTTP)
        assert room.changes == []

    def test_an_ipxe_that_somebody_else_started(self) -> None:
        room = Room()
        for _ in range(4):
            assert room.power_on() == UEFI_DEFAULT
            room.request()
            room.discover(ClientKind.IPXE)

    def test_ipxe_and_http_boot_have_one_form(self) -> None:
        variants = ReplyVariants()
        for kind in (ClientKind.IPXE, ClientKind.UEFI_HTTP):
            for now in range(10):
                assert variants.offer(info(kind, now), now * 100).variant == UEFI_DEFAULT
                assert variants.answer(info(kind, now), now * 100).variant == UEFI_DEFAULT

    def test_an_address_taken_and_the_next_question_much_later_says_something_the_second_time_only(self) -> None:
        room = Room()
        for expected in (UEFI_DEFAULT, UEFI_DEFAULT, ReplyVariant(TAKE_FILE, NONE, True)):
            assert room.power_on() == expected
            room.request()

    def test_another_machine_is_not_concerned(self) -> None:
        room = Room()
        room.power_on()
        room.request()
        room.ask()
        room.power_on()
        assert room.variants.offer(info(mac=OTHER), room.now).variant == UEFI_DEFAULT


class TestTheLadder:
    def climb(self, room: Room, observed: Observation, tries: int) -> list[ReplyVariant]:
        """What the machine gets at each of so many tries that all fail like that."""
        got = []
        for _ in range(tries):
            got.append(room.power_on())
            if observed is Observation.NO_REQUEST:
                room.repeat_discover()
                continue
            room.request()
            if observed is not Observation.NO_QUESTION:
                room.ask(4 if observed is Observation.REPEATED_QUESTION else 1)
            room.now += 1
            room.discover(ClientKind.UEFI_HTTP)
        return got

    def test_offers_that_lead_nowhere(self) -> None:
        expected = [
            ReplyVariant(NONE, NONE, True),
            ReplyVariant(TAKE_FILE, NONE, True),
            ReplyVariant(NONE, NONE, False),
            ReplyVariant(MENU, NONE, True),
            ReplyVariant(NONE, NONE, True),
        ]
        for observed in (Observation.NO_REQUEST, Observation.NO_QUESTION):
            room = Room()
            assert self.climb(room, observed, 5) == expected
            assert [change.is_exhausted for change in room.changes][:4] == [False, False, False, True]

    def test_answers_that_lead_nowhere_end_with_an_offer_that_needs_none(self) -> None:
        room = Room()
        assert self.climb(room, Observation.CANCELLED, 4) == [
            ReplyVariant(NONE, NONE, True),
            ReplyVariant(NONE, MENU, True),
            ReplyVariant(NONE, TAKE_FILE, True),
            ReplyVariant(TAKE_FILE, NONE, True),
        ]

    def test_a_bios_rom(self) -> None:
        assert self.climb(Room(ClientKind.BIOS_PXE), Observation.CANCELLED, 4) == [
            ReplyVariant(TAKE_FILE, TAKE_FILE, True),
            ReplyVariant(TAKE_FILE, NONE, True),
            ReplyVariant(TAKE_FILE, MENU, True),
            ReplyVariant(MENU, TAKE_FILE, True),
        ]
        assert self.climb(Room(ClientKind.BIOS_PXE), Observation.NO_REQUEST, 4) == [
            ReplyVariant(TAKE_FILE, TAKE_FILE, True),
            ReplyVariant(MENU, TAKE_FILE, True),
            ReplyVariant(NONE, TAKE_FILE, True),
            ReplyVariant(NONE, TAKE_FILE, False),
        ]

    def test_nothing_is_tried_twice_before_it_begins_again(self) -> None:
        room = Room()
        tries = self.climb(room, Observation.CANCELLED, 13)
        assert len(set(tries[:12])) == 12
        assert tries[12] == UEFI_DEFAULT
        assert [change.is_exhausted for change in room.changes[:12]] == [False] * 11 + [True]

    def test_what_worked_stays_and_is_told_once(self) -> None:
        room = Room()
        self.climb(room, Observation.CANCELLED, 1)
        room.power_on()
        room.request()
        room.ask()
        room.ask()  # the entry of its menu
        assert room.fetch() == VariantWorked(ClientKind.UEFI_PXE, ReplyVariant(NONE, MENU, True), is_usual=False)
        assert room.fetch() is None
        assert {room.boot() for _ in range(5)} == {ReplyVariant(NONE, MENU, True)}
        assert len(room.changes) == 1

    def test_what_worked_is_given_up_after_two_failures_only(self) -> None:
        room = Room()
        room.boot()
        assert self.climb(room, Observation.CANCELLED, 1) == [UEFI_DEFAULT]
        assert room.boot() == UEFI_DEFAULT, "somebody had pressed Esc"
        assert self.climb(room, Observation.CANCELLED, 3) == [UEFI_DEFAULT, UEFI_DEFAULT, ReplyVariant(NONE, MENU)]

    def test_a_remembered_variant_comes_first_and_the_default_is_on_its_ladder(self) -> None:
        remembered = ReplyVariant(NONE, TAKE_FILE, True)
        variants = ReplyVariants(lambda client: Start(default_variant(client.kind), remembered))
        room = Room(variants=variants)
        assert room.boot() == remembered
        assert self.climb(room, Observation.CANCELLED, 3) == [remembered, remembered, UEFI_DEFAULT]

    def test_a_chosen_variant_comes_first(self) -> None:
        chosen = ReplyVariant(TAKE_FILE, NONE, False)
        room = Room(variants=ReplyVariants(lambda _: Start(chosen)))
        assert self.climb(room, Observation.NO_QUESTION, 2) == [chosen, ReplyVariant(NONE, NONE, True)]
        room.power_on()
        room.request()
        room.fetch()

    def test_a_machine_set_to_its_other_firmware_begins_anew(self) -> None:
        room = Room()
        self.climb(room, Observation.CANCELLED, 1)
        room.kind = ClientKind.BIOS_PXE
        assert room.power_on() == BIOS_DEFAULT


def test_a_bounded_number_of_machines_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_variants, "MAX_MACHINES", 2)
    room = Room()
    room.power_on()
    room.request()
    room.ask()
    for n in range(2):
        room.variants.offer(info(mac=f"52:54:00:00:01:{n:02x}"), room.now)
    assert room.power_on() == UEFI_DEFAULT, "it has been forgotten"
    assert len(room.variants._machines) == 2


STEPS = st.sampled_from(
    ["discover", "repeat", "request", "ask", "fetch", "http", "ipxe", "nak", "server", "boot server"]
)


@given(
    st.sampled_from([ClientKind.UEFI_PXE, ClientKind.BIOS_PXE]),
    st.lists(st.tuples(STEPS, st.floats(0, 200)), max_size=60),
)
def test_whatever_a_client_does(kind: ClientKind, steps: list[tuple[str, float]]) -> None:
    room = Room(kind)
    expected: ReplyVariant | None = None
    for step, wait_s in steps:
        room.now += wait_s
        changes = len(room.changes)
        match step:
            case "discover":
                expected = room.power_on(after_s=0)
            case "repeat":
                again = room.discover(secs=int(wait_s))
                assert len(room.changes) > changes or expected in (None, again), "one try, one form"
                expected = again
            case "request":
                room.request(0)
            case "ask":
                answered = room.ask()
                assert expected in (None, answered), "the answer goes with the offer"
            case "fetch":
                room.fetch()
            case "http" | "ipxe":
                room.discover(ClientKind.UEFI_HTTP if step == "http" else ClientKind.IPXE)
                expected = expected if len(room.changes) == changes else None
            case "nak":
                room.variants.hear_refusal(PC)
            case _:
                room.variants.hear_server(
                    PC, room.now, gives_address=step == "server", is_boot_server=step != "server", is_final=wait_s > 9
                )
    for change in room.changes:
        assert change.before != change.now
        assert change.is_exhausted is False or change.now == default_variant(kind)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2), st.integers(1, 3)), max_size=20))
def test_boots_on_a_lossy_network_never_change_anything(boots: list[tuple[int, int, int]]) -> None:
    room = Room()
    for more_discovers, requests, questions in boots:
        assert room.power_on() == UEFI_DEFAULT
        for wait_s, secs in ((4, 4), (8, 12), (16, 28))[:more_discovers]:
            room.now += wait_s
            room.discover(secs=secs)
        for _ in range(requests):
            room.request()
        room.ask(questions)
        room.fetch()
    assert room.changes == []


def test_a_rom_whose_transaction_number_never_changes() -> None:
    room = Room(ClientKind.BIOS_PXE)
    for expected in (BIOS_DEFAULT, ReplyVariant(MENU, TAKE_FILE, True)):
        room.now += 40
        assert room.discover() == expected
        for secs in (4, 12, 28):
            room.now += 8
            room.discover(secs=secs)


def test_the_words_of_a_variant_are_those_of_the_command_line() -> None:
    assert str(replace(UEFI_DEFAULT, answer=MENU)) == "offer=none,answer=menu,file=yes"

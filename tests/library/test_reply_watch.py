"""From the journal's events to the form of an answer, and back to the journal."""

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.library.reply_watch import ReplyVariantWatch
from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.reply_variant import ReplyVariant, default_variant
from bootbeam.settings.reply_choice import ReplyChoice
from bootbeam.wire.architecture import ARCHITECTURES
from bootbeam.wire.dhcp4 import MessageType
from tests.library.recorded import Recorded

PC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
UEFI = ClientKind.UEFI_PXE
NONE, TAKE_FILE, MENU = PxeVendorOptions.NONE, PxeVendorOptions.TAKE_FILE, PxeVendorOptions.MENU
DEFAULT, WITH_MENU = default_variant(UEFI), ReplyVariant(NONE, MENU, True)


class Memory:
    """What is remembered, in a dict."""

    def __init__(self, **known: ReplyVariant) -> None:
        self.known: dict[str, ReplyVariant | None] = {PC: known["pc"]} if known else {}
        self.written = 0

    def get(self, mac: str, kind: ClientKind) -> ReplyVariant | None:
        return self.known.get(mac)

    def set(self, mac: str, kind: ClientKind, variant: ReplyVariant | None) -> None:
        self.known[mac] = variant
        self.written += 1


class Station:
    """A watch with a journal, a clock and a memory."""

    def __init__(self, *choices: ReplyChoice, memory: Memory | None = None) -> None:
        self.now = 1000.0
        self.recorded = Recorded()
        self.memory = memory or Memory()
        self.watch = ReplyVariantWatch(choices, self.memory, self.recorded, lambda: self.now)

    def hear(self, kind: EventKind, mac: str | None = PC, address: str | None = None, /, **facts: Fact) -> None:
        self.watch.watch(Event(kind, 0.0, mac, address, facts=facts))

    def choose(self, message_type: MessageType, number: int = 7, mac: str = PC) -> ReplyVariant:
        kind = UEFI if number else ClientKind.BIOS_PXE
        client = ClientInfo(kind, mac, number, ARCHITECTURES[number], "PXEClient", int(self.now), 0)
        return self.watch.choose(client, message_type, self.now)

    def power_on(self, *, fetches: bool = False, questions: int = 1) -> ReplyVariant:
        """One boot, which ends with a file being fetched or not."""
        self.now += 600
        offered = self.choose(MessageType.OFFER)
        self.hear(EventKind.ADDRESS_REQUESTED, server="192.168.1.1", address_requested="192.168.1.7")
        for _ in range(questions):
            self.now += 1
            assert self.choose(MessageType.ACK) == offered
        if fetches:
            self.hear(EventKind.READ_REQUESTED, PC, "192.168.1.7", file="x64/snponly.efi")
        return offered


def test_a_change_and_what_works_are_told_and_remembered() -> None:
    station = Station()
    assert station.power_on() == DEFAULT
    assert station.power_on(fetches=True) == WITH_MENU
    assert station.power_on(fetches=True) == WITH_MENU
    [changed] = station.recorded.of(EventKind.REPLY_VARIANT_CHANGED)
    assert "PXE-E21" in str(changed["observed"])
    assert (changed["before"], changed["variant"]) == (str(DEFAULT), str(WITH_MENU))
    assert "boot it once more" in str(changed["fix"])
    assert station.recorded.of(EventKind.REPLY_VARIANT_KEPT) == [{"variant": str(WITH_MENU)}]
    assert station.memory.known == {PC: WITH_MENU}
    assert station.memory.written == 1


def test_the_usual_is_neither_told_nor_remembered() -> None:
    station = Station()
    for _ in range(3):
        assert station.power_on(fetches=True) == DEFAULT
    assert station.memory.written == 0
    assert station.recorded.of(EventKind.REPLY_VARIANT_KEPT) == []


def test_what_is_remembered_comes_first_and_goes_when_the_usual_works_again() -> None:
    station = Station(memory=Memory(pc=WITH_MENU))
    assert station.power_on(fetches=True) == WITH_MENU
    assert station.memory.written == 0
    for _ in range(2):
        assert station.power_on() == WITH_MENU
    assert station.power_on(fetches=True) == DEFAULT
    assert station.memory.known == {PC: None}


def test_the_narrowest_choice_counts_and_goes_before_what_is_remembered() -> None:
    choices = [
        ReplyChoice(PC, file_in_offer=False),
        ReplyChoice("uefi", TAKE_FILE, TAKE_FILE),
        ReplyChoice("52:54:00", answer=NONE),
        ReplyChoice("bios", answer=MENU),
    ]
    station = Station(*choices, memory=Memory(pc=WITH_MENU))
    assert station.choose(MessageType.OFFER) == ReplyVariant(TAKE_FILE, NONE, False)
    assert station.choose(MessageType.OFFER, mac=OTHER) == ReplyVariant(TAKE_FILE, NONE, True)
    assert station.choose(MessageType.OFFER, mac="aa:bb:cc:00:00:01") == ReplyVariant(TAKE_FILE, TAKE_FILE, True)
    assert station.choose(MessageType.OFFER, 0, "aa:bb:cc:00:00:02") == ReplyVariant(TAKE_FILE, MENU, True)


def test_a_choice_that_works_is_not_remembered_but_what_worked_in_its_place_is() -> None:
    station = Station(ReplyChoice("x64", answer=TAKE_FILE))
    assert station.power_on(fetches=True) == ReplyVariant(NONE, TAKE_FILE, True)
    assert station.memory.written == 0
    for _ in range(2):
        station.power_on()
    assert station.power_on() == DEFAULT
    assert station.power_on(fetches=True) == WITH_MENU
    assert station.memory.known == {PC: WITH_MENU}


def test_what_happens_over_ipv6_or_http_is_no_sign() -> None:
    station = Station()
    station.power_on()
    station.hear(EventKind.READ_REQUESTED, PC, "fd00::7", file="x64/snponly.efi")
    station.hear(EventKind.ADDRESS_REQUESTED, PC, None, address_requested="fd00::7")
    station.hear(EventKind.FILE_REFUSED, PC, "192.168.1.7", protocol="http", file="x")
    station.hear(EventKind.TRANSFER_STARTED, PC, "192.168.1.7", protocol="http", file="x")
    station.hear(EventKind.READ_REQUESTED, None, "192.168.1.7", file="x64/snponly.efi")
    assert station.power_on() == WITH_MENU


def test_a_file_refused_by_tftp_is_a_sign_that_the_answer_was_accepted() -> None:
    station = Station()
    station.power_on()
    station.hear(EventKind.FILE_REFUSED, PC, "192.168.1.7", protocol="tftp", file="x")
    assert station.power_on() == DEFAULT


def test_what_other_servers_answer() -> None:
    """Another boot server: no change. A NAK: no change. An address and nothing else: our OFFER was not accepted."""
    proxy: dict[str, Fact] = {"message": "offer", "address_given": None, "vendor_class": "PXEClient"}
    router: dict[str, Fact] = {"message": "offer", "address_given": "192.168.1.7", "vendor_class": None, "file": ""}
    with_file: dict[str, Fact] = {**router, "file": "pxelinux.0"}
    refusal: dict[str, Fact] = {"message": "nak", "address_given": None}
    for facts, expected in ((proxy, 0), (with_file, 0), (refusal, 0), (router, 1)):
        station = Station()
        for _ in range(3):
            station.now += 30
            station.choose(MessageType.OFFER)
            station.hear(EventKind.ADDRESS_REQUESTED, server="192.168.1.1")
            station.hear(EventKind.OTHER_SERVER_ANSWERED, PC, None, **facts)
        assert bool(station.recorded.of(EventKind.REPLY_VARIANT_CHANGED)) is bool(expected), facts


def test_when_all_has_failed_it_says_what_else_there_is() -> None:
    for questions, advice in ((1, "UEFI HTTP boot"), (4, "firewall")):
        station = Station()
        for _ in range(13):
            station.power_on(questions=questions)
        last = station.recorded.of(EventKind.REPLY_VARIANT_CHANGED)[-1]
        assert last["is_exhausted"] is True
        assert last["variant"] == str(DEFAULT)
        assert advice in str(last["fix"])

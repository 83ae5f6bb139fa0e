"""From the journal's events to what a machine is given, and back to the journal."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bootbeam.boot.decision import Offering
from bootbeam.boot.entry import BootEntry, ServedFile, SignedStart
from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.library import first_programs
from bootbeam.library.first_programs import FirstProgramWatch
from bootbeam.machine import Cpu, Firmware, SecureBootPolicy
from bootbeam.pxe.first_program import SILENCE_S, Chain, Standing
from tests.library.recorded import Recorded

PC = "52:54:00:00:00:01"
X64 = (Firmware.UEFI, Cpu.X86_64)
BIOS = (Firmware.BIOS, Cpu.X86_64)
IPXE, SHIM, DISK = "x64/snponly.efi", "x64/shimx64.efi", "x64/signed.img"


class Station:
    """A watch with a journal and a clock."""

    def __init__(
        self, policy: SecureBootPolicy = SecureBootPolicy.AUTO, *, has_chain: bool = True, has_disk: bool = False
    ) -> None:
        self.now = 100.0
        self.recorded = Recorded()
        self.offering = Offering(
            (),
            {X64: IPXE},
            signed_loaders={X64: SHIM} if has_chain else {},
            signed_disks={X64: DISK} if has_disk else {},
            secure_boot=policy,
        )
        self.watch = FirstProgramWatch(lambda: self.offering, self.recorded, lambda: self.now)

    def hear(self, kind: EventKind, mac: str | None = PC, /, **facts: Fact) -> None:
        self.watch.watch(Event(kind, 0.0, mac, facts=facts))

    def load(self, path: str = IPXE, role: str = "loader") -> None:
        self.hear(EventKind.TRANSFER_FINISHED, file=path, role=role)


def test_a_doubt_is_told_once() -> None:
    station = Station()
    for remark in ("it asks the router", "it asks the router", "something else"):
        station.watch.doubt(PC, remark, "do this")
    told = station.recorded.of(EventKind.FIRST_PROGRAM_DOUBTFUL)
    assert [(facts["remark"], facts["fix"]) for facts in told] == [
        ("it asks the router", "do this"),
        ("something else", "do this"),
    ]


def test_a_loader_that_was_loaded_and_never_heard_of_changes_the_standing() -> None:
    station = Station()
    assert station.watch.standing(PC, X64) == Standing()
    station.load()
    assert station.watch.standing(PC, X64) == Standing(Chain.SIGNED, IPXE)
    station.load(SHIM)
    station.load("x64/grubx64.efi")
    assert station.watch.standing(PC, X64) == Standing(Chain.PLAIN, SHIM), "shim came up, but no GRUB with a script"


@pytest.mark.parametrize(
    "live",
    [
        lambda station: station.hear(EventKind.CLIENT_SEEN, kind_of_client="ipxe"),
        lambda station: station.hear(EventKind.ADDRESS_REQUESTED, is_ipxe=True),
        lambda station: station.load("autoexec script", "script"),
        lambda station: station.hear(EventKind.SCRIPT_SENT, entry="linux"),
        lambda station: station.hear(EventKind.MESSAGE_SHOWN, title="cannot boot"),
    ],
    ids=["iPXE asks by DHCP", "its question was lost, its request not", "autoexec.ipxe", "a script", "a message"],
)
@pytest.mark.parametrize(("path", "chain"), [(IPXE, Chain.PLAIN), (SHIM, Chain.SIGNED)])
def test_any_sign_of_life_settles_it(live: Callable[[Station], None], path: str, chain: Chain) -> None:
    station = Station()
    station.load(path)
    live(station)
    assert station.watch.standing(PC, X64) == Standing(chain)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (EventKind.CLIENT_SEEN, {"kind_of_client": "uefi-http"}),
        (EventKind.TRANSFER_FINISHED, {"role": "loader", "file": "x64/mmx64.efi"}),
        (EventKind.FILE_REFUSED, {"file": "x64/revocations.efi"}),
        (EventKind.SIZE_PROBED, {"file": IPXE}),
        (EventKind.TRANSFER_FAILED, {"file": IPXE, "role": "loader"}),
    ],
)
def test_other_events_are_none(kind: EventKind, facts: dict[str, Fact]) -> None:
    station = Station()
    station.hear(kind, **facts)
    assert station.watch.standing(PC, X64) == Standing()
    station.load()
    station.hear(kind, **facts)
    assert station.watch.standing(PC, X64) == Standing(Chain.SIGNED, IPXE)


def test_events_of_nobody_known_are_left_alone() -> None:
    station = Station()
    station.hear(EventKind.TRANSFER_FINISHED, None, file=IPXE, role="loader")
    assert station.watch.standing(PC, X64) == Standing()


def test_a_remark_is_recorded_once_until_the_machine_lives() -> None:
    station = Station()
    for _ in range(3):
        station.watch.note(PC, "it refused iPXE", "fetch")
    assert station.recorded.of(EventKind.FIRST_PROGRAM_CHANGED) == [{"remark": "it refused iPXE", "fix": "fetch"}]
    station.watch.note(PC, "and shim too", "")
    station.hear(EventKind.SCRIPT_SENT, entry="linux")
    station.watch.note(PC, "it refused iPXE", "fetch")
    assert len(station.recorded.of(EventKind.FIRST_PROGRAM_CHANGED)) == 3


def test_remarks_are_kept_for_so_many_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_programs, "MAX_REMEMBERED_NOTES", 2)
    station = Station()
    for mac in ("a", "b", "c", "a"):
        station.watch.note(mac, "the same", "")
    assert len(station.recorded.of(EventKind.FIRST_PROGRAM_CHANGED)) == 4


@pytest.mark.parametrize(
    ("policy", "has_chain", "path", "advice"),
    [
        (SecureBootPolicy.AUTO, True, IPXE, "boot it once more"),
        (SecureBootPolicy.AUTO, False, IPXE, "bootbeam loaders fetch brings signed"),
        (SecureBootPolicy.NEVER, True, IPXE, "Secure Boot is on"),
        (SecureBootPolicy.ALWAYS, True, SHIM, "newer shim"),
    ],
)
def test_silence_is_told_with_what_to_do(policy: SecureBootPolicy, has_chain: bool, path: str, advice: str) -> None:
    station = Station(policy, has_chain=has_chain)
    station.load(path)
    station.watch.tell_silent()
    assert station.recorded.of(EventKind.FIRST_PROGRAM_SILENT) == []
    station.now += SILENCE_S
    for _ in range(2):
        station.watch.tell_silent()
    [facts] = station.recorded.of(EventKind.FIRST_PROGRAM_SILENT)
    assert facts["file"] == path
    assert advice in str(facts["fix"])


def test_a_bios_has_no_secure_boot_to_speak_of() -> None:
    station = Station()
    station.offering = replace(station.offering, loaders={X64: IPXE, BIOS: "bios/undionly.kpxe"})
    station.hear(EventKind.CLIENT_SEEN, kind_of_client="bios-pxe", architecture=0)
    station.load("bios/undionly.kpxe")
    station.now += SILENCE_S
    station.watch.tell_silent()
    [told] = station.recorded.of(EventKind.FIRST_PROGRAM_SILENT)
    assert "Secure Boot" not in str(told["fix"])
    assert "--loaders" in str(told["fix"])


@pytest.mark.parametrize("path", [IPXE, SHIM])
def test_an_efi_program_that_a_bios_machines_ipxe_has_fetched_is_no_first_program(path: str) -> None:
    station = Station()
    station.hear(EventKind.CLIENT_SEEN, kind_of_client="ipxe", architecture=0)
    station.load(path)
    station.now += SILENCE_S
    station.watch.tell_silent()
    assert station.recorded.of(EventKind.FIRST_PROGRAM_SILENT) == []
    assert station.watch.standing(PC, X64) == Standing(), "nothing was learned of it"
    station.hear(EventKind.CLIENT_SEEN, kind_of_client="uefi-pxe", architecture=7)
    station.load(path)
    station.now += SILENCE_S
    station.watch.tell_silent()
    assert len(station.recorded.of(EventKind.FIRST_PROGRAM_SILENT)) == 1, "switched over to UEFI, it is one"


def test_a_disk_image_with_the_signed_chain_is_a_first_program_too() -> None:
    station = Station(has_chain=False, has_disk=True)
    station.load(IPXE)
    station.now += SILENCE_S
    station.watch.tell_silent()
    [facts] = station.recorded.of(EventKind.FIRST_PROGRAM_SILENT)
    assert "choose UEFI HTTP boot in its boot menu" in str(facts["fix"])
    assert "bootbeam loaders fetch" in str(facts["fix"])
    assert station.watch.standing(PC, X64) == Standing(Chain.SIGNED, IPXE)
    station.load(DISK)
    station.hear(EventKind.SCRIPT_SENT, entry="linux", secure_boot=True)
    assert station.watch.standing(PC, X64) == Standing(Chain.SIGNED)


def test_the_signed_boot_loaders_of_an_iso_are_a_first_program_too() -> None:
    own = SignedStart(Cpu.X86_64, "signed/fedora.iso/shimx64.efi", ("Fedora CA",))
    entry = BootEntry("fedora.iso", "Fedora", (), ServedFile("fedora.iso"), own_chains=(own,))
    station = Station(has_chain=False)
    station.offering = replace(station.offering, entries=(entry,))
    station.load(IPXE)
    station.now += SILENCE_S
    station.watch.tell_silent()
    [facts] = station.recorded.of(EventKind.FIRST_PROGRAM_SILENT)
    assert "boot it once more" in str(facts["fix"])
    assert station.watch.standing(PC, X64).chain is Chain.SIGNED
    station.load(own.path)
    station.hear(EventKind.SCRIPT_SENT, entry="linux", secure_boot=True)
    assert station.watch.standing(PC, X64) == Standing(Chain.SIGNED)


def test_a_grub_that_reports_secure_boot_off_gives_ipxe_another_try() -> None:
    station = Station()
    station.load(IPXE)
    assert station.watch.standing(PC, X64).chain is Chain.SIGNED
    station.load(SHIM)
    station.load("GRUB's start script", "script")
    assert station.watch.standing(PC, X64).chain is Chain.SIGNED
    station.hear(EventKind.MESSAGE_SHOWN, title="cannot boot", secure_boot=False)
    assert station.watch.standing(PC, X64) == Standing()


SECOND_CARD = "52:54:00:00:00:02"
NUMBER = "5b5a0f0c-1111-4222-8333-123456789abc"


def seen(station: Station, mac: str, kind: str, uuid: str | None) -> None:
    station.hear(EventKind.CLIENT_SEEN, mac, kind_of_client=kind, uuid=uuid)


def test_an_ipxe_that_asks_by_another_card_of_the_machine_runs_all_the_same() -> None:
    station = Station()
    seen(station, PC, "uefi-pxe", NUMBER)
    station.load(IPXE)
    seen(station, SECOND_CARD, "ipxe", NUMBER)
    assert station.watch.standing(PC, X64) == Standing()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (NUMBER, "6b5a0f0c-1111-4222-8333-123456789abc"),
        (None, None),
        ("00000000-0000-0000-0000-000000000000",) * 2,
        ("ffffffff-ffff-ffff-ffff-ffffffffffff",) * 2,
    ],
)
def test_an_ipxe_of_another_machine_does_not(first: str | None, second: str | None) -> None:
    station = Station()
    seen(station, PC, "uefi-pxe", first)
    station.load(IPXE)
    seen(station, SECOND_CARD, "ipxe", second)
    assert station.watch.standing(PC, X64) == Standing(Chain.SIGNED, IPXE)


def test_a_number_that_a_maker_gives_to_all_machines_is_none() -> None:
    station = Station()
    for number in range(first_programs.MAX_CARDS + 3):
        seen(station, f"52:54:00:00:01:{number:02x}", "uefi-pxe", NUMBER)
    first, other = "52:54:00:00:01:00", "52:54:00:00:01:01"
    station.hear(EventKind.TRANSFER_FINISHED, first, file=IPXE, role="loader")
    seen(station, other, "ipxe", NUMBER)
    assert station.watch.standing(first, X64) == Standing(Chain.SIGNED, IPXE)


def test_numbers_are_kept_for_so_many_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_programs, "MAX_REMEMBERED_UUIDS", 1)
    station = Station()
    seen(station, PC, "uefi-pxe", NUMBER)
    station.load(IPXE)
    seen(station, "52:54:00:00:00:03", "uefi-pxe", "6b5a0f0c-1111-4222-8333-123456789abc")
    seen(station, SECOND_CARD, "ipxe", NUMBER)
    assert station.watch.standing(PC, X64).chain is Chain.SIGNED, "forgotten, and learnt anew for the second card"

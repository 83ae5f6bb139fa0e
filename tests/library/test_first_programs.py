"""From the journal's events to what a machine is given, and back to the journal."""

from collections.abc import Callable

import pytest

from bootbeam.boot.decision import Offering
from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.library import first_programs
from bootbeam.library.first_programs import FirstProgramWatch
from bootbeam.machine import Cpu, Firmware, SecureBootPolicy
from bootbeam.pxe.first_program import SILENCE_S, Chain, Standing
from tests.library.recorded import Recorded

PC = "52:54:00:00:00:01"
X64 = (Firmware.UEFI, Cpu.X86_64)
IPXE, SHIM = "x64/snponly.efi", "x64/shimx64.efi"


class Station:
    """A watch with a journal and a clock."""

    def __init__(self, policy: SecureBootPolicy = SecureBootPolicy.AUTO, *, has_chain: bool = True) -> None:
        self.now = 100.0
        self.recorded = Recorded()
        offering = Offering((), {X64: IPXE}, signed_loaders={X64: SHIM} if has_chain else {}, secure_boot=policy)
        self.watch = FirstProgramWatch(lambda: offering, self.recorded, lambda: self.now)

    def hear(self, kind: EventKind, mac: str | None = PC, /, **facts: Fact) -> None:
        self.watch.watch(Event(kind, 0.0, mac, facts=facts))

    def load(self, path: str = IPXE, role: str = "loader") -> None:
        self.hear(EventKind.TRANSFER_FINISHED, file=path, role=role)


def test_a_loader_that_was_loaded_and_never_heard_of_changes_the_standing() -> None:
    station = Station()
    assert station.watch.standing(PC) == Standing()
    station.load()
    assert station.watch.standing(PC) == Standing(Chain.SIGNED, IPXE)
    station.load(SHIM)
    station.load("x64/grubx64.efi")
    assert station.watch.standing(PC) == Standing(Chain.PLAIN, SHIM), "shim came up, but no GRUB with a script"


@pytest.mark.parametrize(
    "live",
    [
        lambda station: station.hear(EventKind.CLIENT_SEEN, kind_of_client="ipxe"),
        lambda station: station.load("autoexec script", "script"),
        lambda station: station.hear(EventKind.SCRIPT_SENT, entry="linux"),
        lambda station: station.hear(EventKind.MESSAGE_SHOWN, title="cannot boot"),
    ],
    ids=["iPXE asks by DHCP", "autoexec.ipxe", "a script", "a message"],
)
@pytest.mark.parametrize(("path", "chain"), [(IPXE, Chain.PLAIN), (SHIM, Chain.SIGNED)])
def test_any_sign_of_life_settles_it(live: Callable[[Station], None], path: str, chain: Chain) -> None:
    station = Station()
    station.load(path)
    live(station)
    assert station.watch.standing(PC) == Standing(chain)


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
    assert station.watch.standing(PC) == Standing()
    station.load()
    station.hear(kind, **facts)
    assert station.watch.standing(PC) == Standing(Chain.SIGNED, IPXE)


def test_events_of_nobody_known_are_left_alone() -> None:
    station = Station()
    station.hear(EventKind.TRANSFER_FINISHED, None, file=IPXE, role="loader")
    assert station.watch.standing(PC) == Standing()


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

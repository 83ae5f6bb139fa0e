"""Real UEFI firmware and answers in unusual forms: which it goes on with, and what happens when it does not."""

from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import fnv1a
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(300)]

BOOT_TIMEOUT_S = 120.0
PROOF = r"^efi options: (.*)\n+efi hash: (\w{8})$"


@pytest.mark.parametrize(
    ("form", "questions"),
    [
        ("answer=menu", 2),
        ("offer=menu", 1),
        pytest.param("offer=take-file", 0, marks=pytest.mark.slow),
        pytest.param("answer=take-file", 1, marks=pytest.mark.slow),
        pytest.param("file=no", 1, marks=pytest.mark.slow),
    ],
)
def test_uefi_goes_on_with_every_form(
    start_station: StartStation, power_on: PowerOn, efi_application: Path, form: str, questions: int
) -> None:
    station = start_station(efi_application, "--reply", f"x64:{form}", "--no-ipv6")
    pc = power_on(PcSpec("pc", OVMF))
    proof = pc.wait_for(PROOF, BOOT_TIMEOUT_S)
    assert proof[2] == fnv1a(proof[1].encode())
    kinds = [event.kind for event in station.events(pc.mac)]
    assert kinds.count(EventKind.BOOT_SERVER_ASKED) == questions, "of a menu it asks for the entry"
    assert EventKind.REPLY_VARIANT_CHANGED not in kinds
    assert "PXE-E" not in pc.console


def test_uefi_that_does_not_go_on_with_a_form_gets_the_next_at_its_next_boot(
    start_station: StartStation, power_on: PowerOn, efi_application: Path
) -> None:
    station = start_station(efi_application, "--reply", "x64:offer=take-file,file=no", "--no-ipv6")
    pc = power_on(PcSpec("pc", OVMF))
    pc.wait_for("PXE-E21", BOOT_TIMEOUT_S)  # "take the file", of which it was not told
    pc.reset()
    proof = pc.wait_for(PROOF, BOOT_TIMEOUT_S)
    assert proof[2] == fnv1a(proof[1].encode())
    events = station.events(pc.mac)
    [changed] = [event.facts for event in events if event.kind is EventKind.REPLY_VARIANT_CHANGED]
    assert changed["before"] == "offer=take-file,answer=none,file=no"
    assert changed["variant"] == "offer=none,answer=none,file=yes"
    assert "got an address, but asked for no boot file" in str(changed["observed"])
    assert [event.facts["variant"] for event in events if event.kind is EventKind.REPLY_VARIANT_KEPT] == [
        "offer=none,answer=none,file=yes"
    ]
    station.wait_for(EventKind.TRANSFER_FINISHED, 10, mac=pc.mac, where=lambda event: event.facts["protocol"] == "tftp")

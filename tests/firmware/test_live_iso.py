"""A live system straight out of its ISO: nothing is mounted, unpacked or copied, and it fetches itself by HTTP."""

import contextlib
import hashlib
import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS, Firmware
from bootbeam.lab.initrd import expected_marker
from bootbeam.lab.lan import STATION_ADDRESS
from bootbeam.lab.live_iso import INITRD_PATH, KERNEL_PATH, SQUASHFS_PATH, make_live_iso
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.station import StationProcess
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation
from tests.formats.disc_images import run

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(500)]

BOOT_TIMEOUT_S = 240.0
MAX_PRIVATE_BYTES = 4 << 20
"""What a station may hold in files without a name: copies of boot loaders."""


@pytest.fixture(scope="session")
def live_iso() -> Path:
    """Debian 12 with live-boot."""
    return make_live_iso(CACHE_DIR)


@pytest.fixture(scope="session")
def needed_mib(live_iso: Path) -> dict[str, int]:
    """The memory that ``bootbeam inspect`` says each way to boot it needs; the virtual PCs have no more."""
    command = [sys.executable, "-m", "bootbeam", "inspect", "--json", str(live_iso)]
    [told] = json.loads(subprocess.check_output(command, timeout=30))
    assert told["system"]["family"] == "debian-live"
    return {boot["name"]: boot["ram_mb"] for boot in told["boots"]}


@pytest.fixture(scope="session")
def iso_files(live_iso: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What a boot needs, as xorriso takes it out of the ISO."""
    into = tmp_path_factory.mktemp("iso")
    run("xorriso", "-osirrox", "on", "-indev", live_iso, "-extract", "/live", into / "live")
    return {path: into / path for path in (KERNEL_PATH, INITRD_PATH, SQUASHFS_PATH)}


def private_bytes(station: StationProcess) -> int:
    """How much the station keeps in files that nobody else can see: a copy would be there."""
    total = 0
    for entry in Path(f"/proc/{station.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if str(entry.readlink()).endswith(" (deleted)"):
                total += entry.stat().st_blocks * 512
    return total


def sent_files(events: list[Event]) -> list[tuple[str, str, object]]:
    """Each download in order: file, protocol, size."""
    return [
        (str(event.facts["file"]), str(event.facts["protocol"]), event.facts["size_bytes"])
        for event in events
        if event.kind is EventKind.TRANSFER_FINISHED
    ]


@pytest.mark.parametrize(
    "firmware", [SEABIOS, pytest.param(OVMF, marks=pytest.mark.slow)], ids=lambda firmware: firmware.name
)
def test_a_debian_live_system_reaches_its_login_prompt_out_of_its_iso(
    start_station: StartStation,
    power_on: PowerOn,
    live_iso: Path,
    iso_files: dict[str, Path],
    needed_mib: dict[str, int],
    firmware: Firmware,
) -> None:
    nonce = secrets.token_hex(8)
    station = start_station(live_iso, "--cmdline", f"console=ttyS0 nonce={nonce}")
    pc = power_on(PcSpec("pc", firmware, memory_mib=needed_mib["live"]))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    pc.wait_for(r"^debian login: *$", 60)
    assert "system: debian 12, root on overlayfs" in pc.console
    squashfs = iso_files[SQUASHFS_PATH].read_bytes()
    assert f"squashfs: {hashlib.sha256(squashfs).hexdigest()}" in pc.console

    sent = sent_files(station.events(pc.mac))
    name = live_iso.name
    assert [one for one in sent if name in one[0]] == [
        (f"iso/{name}/{path}", "http", file.stat().st_size) for path, file in iso_files.items()
    ]
    [script] = [event for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
    assert str(script.facts["entry"]).startswith("Debian live 12.")
    assert str(script.facts["notes"]).startswith(f"This needs a machine with {needed_mib['live']} MB of memory")
    assert 0 < private_bytes(station) < MAX_PRIVATE_BYTES


@pytest.mark.slow
def test_it_also_boots_as_one_file_when_that_is_asked_for(
    start_station: StartStation, power_on: PowerOn, live_iso: Path, needed_mib: dict[str, int]
) -> None:
    nonce = secrets.token_hex(8)
    station = start_station(live_iso, "--boot", "whole-image", "--cmdline", f"console=ttyS0 nonce={nonce}")
    pc = power_on(PcSpec("pc", SEABIOS, memory_mib=needed_mib["whole-image"]))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    assert f"http://{STATION_ADDRESS}:8080/{live_iso.name}" in pc.console
    assert (live_iso.name, "http", live_iso.stat().st_size) in sent_files(station.events(pc.mac))

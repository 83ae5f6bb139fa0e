"""Real firmware in the lab: a LAN per test, the real command on it, virtual PCs that boot from it.

Every test here boots at most two PCs at a time. Logs and packet captures are in the test's ``tmp_path``.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.payload import (
    fetch_own_signed_loaders,
    fetch_xen,
    make_efi_application,
    make_multiboot2_elf,
    make_multiboot_elf,
    make_multiboot_elf64,
)
from bootbeam.lab.station import StationProcess

CACHE_DIR = Path(__file__).parents[2] / ".cache" / "lab"
"""Keeps what is downloaded from one run to the next."""

StartStation = Callable[..., StationProcess]
PowerOn = Callable[[PcSpec], VirtualMachine]


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    """A home network: a router that knows nothing of booting, and room for a station."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs) as made:
        yield made


@pytest.fixture
def start_station(lan: Lan, request: pytest.FixtureRequest) -> Iterator[StartStation]:
    """Starts ``bootbeam serve ARGUMENTS...`` on the LAN; it is serving when the call returns.

    At the end its verdicts are looked at: of a good boot nothing is said. A test of a boot that cannot succeed names
    what may be said: ``@pytest.mark.finding("BB-082")``, and waits for that itself if it must.
    """
    started: list[StationProcess] = []
    with ExitStack() as stack:

        def start(*arguments: str | Path) -> StationProcess:
            started.append(stack.enter_context(StationProcess(lan, *arguments)))
            return started[-1]

        yield start
        expected = {name for marker in request.node.iter_markers("finding") for name in marker.args}
        told = [event.facts for one in started for event in one.events() if event.kind is EventKind.FINDING]
        assert {facts["id"] for facts in told} <= expected, told


@pytest.fixture
def power_on(lan: Lan, start_station: StartStation) -> Iterator[PowerOn]:
    """Switches a virtual PC on: ``power_on(PcSpec("pc", SEABIOS))``."""
    # It takes start_station in, so that the PCs are off before the station ends.
    with ExitStack() as stack:
        yield lambda spec: stack.enter_context(VirtualMachine(lan, spec))


@pytest.fixture(scope="session")
def multiboot_elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Multiboot kernel that prints its command line and the hash of it."""
    return make_multiboot_elf(tmp_path_factory.mktemp("payload") / "tiny.elf")


@pytest.fixture(scope="session")
def multiboot_elf64(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in a 64-bit ELF."""
    return make_multiboot_elf64(tmp_path_factory.mktemp("payload") / "tiny64.elf")


@pytest.fixture(scope="session")
def multiboot2_elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Multiboot 2 kernel that prints its loader's name, its modules' hashes, its command line and the hash of it."""
    return make_multiboot2_elf(tmp_path_factory.mktemp("payload") / "tiny2.elf")


@pytest.fixture(scope="session")
def efi_application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An EFI application that prints its options and the hash of them, and switches the PC off."""
    return make_efi_application(tmp_path_factory.mktemp("payload") / "tiny.efi")


@pytest.fixture(scope="session")
def xen() -> Path:
    """Debian's Xen: a real hypervisor, Multiboot 1 and 2."""
    return fetch_xen(CACHE_DIR)


@pytest.fixture(scope="session")
def fetched_loaders() -> Path:
    """What ``bootbeam loaders fetch`` brings: Debian 13's iPXE, shim and GRUB. Fetched once, looked up every time."""
    directory = CACHE_DIR / "loaders"
    command = [sys.executable, "-m", "bootbeam", "loaders", "fetch", "--into", str(directory)]
    CACHE_DIR.mkdir(parents=True, exist_ok=True)
    with (CACHE_DIR / "loaders.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the suite runs in two processes
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=200,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": "200"},
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="session")
def old_signed_loaders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian 12's own shim and GRUB 2.06, and its iPXE: what there is without ``bootbeam loaders fetch``."""
    directory = tmp_path_factory.mktemp("old-loaders")
    for file in (*fetch_own_signed_loaders(CACHE_DIR).iterdir(), Path("/usr/lib/ipxe/snponly.efi")):
        (directory / file.name).symlink_to(file)
    return directory


def protocols(station: StationProcess, pc: VirtualMachine) -> list[tuple[str, str]]:
    """By which protocol each file reached ``pc``, in order."""
    finished = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
    return [(str(facts["protocol"]), str(facts["role"])) for facts in finished]

"""Routers that name a boot file of their own: Kea and dnsmasq, as somebody once set them up."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.lan import DHCP_FIRST, DHCP_LAST, INTERFACE, Lan
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import fnv1a
from tests.firmware.conftest import PowerOn, StartStation, protocols

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(300)]

BOOT_TIMEOUT_S = 200.0
PROOF = r"^efi options: (.*)\n+efi hash: (\w{8})$"
MULTIBOOT_PROOF = r"^multiboot cmdline: (.*)\nmultiboot hash: (\w{8})$"
OWN_FILE = "old/pxelinux.0"


@dataclass(frozen=True)
class Router:
    """A DHCP server's program and settings."""

    kea: dict[str, object] | None = None
    """Settings of Kea's Dhcp4; None: it is dnsmasq."""
    dnsmasq: tuple[str, ...] = ()

    def start_kea(self, lan: Lan, kea: dict[str, object]) -> None:
        """Real Kea in place of the router's dnsmasq."""
        subnet = {"id": 1, "subnet": "192.168.1.0/24", "pools": [{"pool": f"{DHCP_FIRST} - {DHCP_LAST}"}]}
        settings = {
            "interfaces-config": {"interfaces": [INTERFACE]},
            "lease-database": {"type": "memfile", "persist": False},
            "subnet4": [subnet],
            **kea,
        }
        configuration = lan.log_dir / "kea.json"
        configuration.write_text(json.dumps({"Dhcp4": settings}))
        lan.router.start(
            *("env", f"KEA_PIDFILE_DIR={lan.scratch_dir}", "KEA_LOCKFILE_DIR=none", f"KEA_LOG={lan.log_dir}"),
            *("kea-dhcp4", "-c", str(configuration)),
            output=lan.router_log,
        )


ROUTERS = {
    "kea": Router(kea={"next-server": "192.168.1.77", "boot-file-name": OWN_FILE}),
    "dnsmasq": Router(dnsmasq=(f"--dhcp-boot={OWN_FILE},,192.168.1.77",)),
}


@pytest.fixture
def router(request: pytest.FixtureRequest) -> Router:
    """The router of this test, by its name."""
    return ROUTERS[str(request.param)]


@pytest.fixture
def lan(tmp_path: Path, router: Router) -> Iterator[Lan]:
    """A network with that router."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs, router=router.kea is None, router_arguments=router.dnsmasq) as made:
        if router.kea is not None:
            router.start_kea(made, router.kea)
        yield made


@pytest.mark.parametrize("router", ["kea", pytest.param("dnsmasq", marks=pytest.mark.slow)], indirect=True)
def test_a_uefi_machine_boots_beside_a_router_with_a_boot_file_of_its_own(
    start_station: StartStation, power_on: PowerOn, efi_application: Path
) -> None:
    station = start_station(efi_application, "--no-ipv6")
    pc = power_on(PcSpec("pc", OVMF))
    proof = pc.wait_for(PROOF, BOOT_TIMEOUT_S)
    assert proof[2] == fnv1a(proof[1].encode())
    assert protocols(station, pc)[0] == ("tftp", "loader")
    assert EventKind.REPLY_VARIANT_CHANGED not in [event.kind for event in station.events(pc.mac)]


@pytest.mark.parametrize("router", ["dnsmasq", pytest.param("kea", marks=pytest.mark.slow)], indirect=True)
def test_ipxe_takes_our_boot_file_before_the_routers(
    start_station: StartStation, power_on: PowerOn, multiboot_elf: Path
) -> None:
    station = start_station(multiboot_elf, "--no-ipv6")
    pc = power_on(PcSpec("pc", SEABIOS))
    proof = pc.wait_for(MULTIBOOT_PROOF, BOOT_TIMEOUT_S)
    assert proof[2] == fnv1a(proof[1].encode())
    assert OWN_FILE not in pc.console
    assert EventKind.SCRIPT_SENT in [event.kind for event in station.events(pc.mac)]

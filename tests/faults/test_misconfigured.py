"""Kea and dnsmasq, set up as people set them up wrongly."""

import json
import shutil
from pathlib import Path

import pytest

from bootbeam.lab.firmware import OVMF
from bootbeam.lab.lan import DHCP_FIRST, DHCP_LAST, INTERFACE, Lan
from tests.faults.fault_lab import FaultLab
from tests.faults.played import lease_to_guest

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(300)]

Settings = dict[str, object]
"""Of Kea's Dhcp4."""
DNSMASQ = (
    *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file", "--port=0"),
    *(f"--interface={INTERFACE}", "--bind-interfaces", "--log-dhcp"),
)


def start_kea(fault: FaultLab, settings: Settings, pool: str = f"{DHCP_FIRST} - {DHCP_LAST}") -> Lan:
    """A network whose router is a real Kea with these settings."""
    lan = fault.network(router=False)
    whole = {
        "interfaces-config": {"interfaces": [INTERFACE]},
        "lease-database": {"type": "memfile", "persist": False},
        "subnet4": [{"id": 1, "subnet": "192.168.1.0/24", "pools": [{"pool": pool}]}],
        **settings,
    }
    configuration = lan.log_dir / "kea.json"
    configuration.write_text(json.dumps({"Dhcp4": whole}))
    lan.router.start(
        *("env", f"KEA_PIDFILE_DIR={lan.scratch_dir}", "KEA_LOCKFILE_DIR=none", f"KEA_LOG={lan.log_dir}"),
        *("kea-dhcp4", "-c", str(configuration)),
        output=lan.router_log,
    )
    return lan


PXE_CLIENT = [{"name": "vendor-class-identifier", "data": "PXEClient", "always-send": True}]


def test_kea_says_pxeclient_and_names_a_server_that_is_gone(fault: FaultLab) -> None:
    fault.inject("Kea: option 60 PXEClient, next-server is a computer that is gone")
    settings: Settings = {"next-server": "192.168.1.77", "boot-file-name": "pxelinux.0", "option-data": PXE_CLIENT}
    start_kea(fault, settings)
    fault.serve()
    pc = fault.power_on(OVMF)
    # Kea sends its offers to the machine alone, so that nobody else hears them: whom it looks for then tells.
    finding = fault.expect(pc.mac, "BB-017", 120)
    assert "192.168.1.77" in str(finding.facts["seen"])
    assert "Kea" in str(finding.facts["fix"])


def test_kea_names_a_boot_file_for_the_other_firmware(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject(
        "Kea: option 60 PXEClient and undionly.kpxe for all, which TFTP on the router gives out; a UEFI machine"
    )
    settings: Settings = {"next-server": "192.168.1.1", "boot-file-name": "undionly.kpxe", "option-data": PXE_CLIENT}
    lan = start_kea(fault, settings)
    shutil.copy("/usr/lib/ipxe/undionly.kpxe", tmp_path)
    fault.start_in(lan.router, "tftp", *DNSMASQ, "--enable-tftp", f"--tftp-root={tmp_path}", "--tftp-no-fail")
    fault.serve()
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-017", 120)
    assert "which is the DHCP server" in str(finding.facts["seen"])


def test_kea_has_given_its_last_address_away(fault: FaultLab) -> None:
    fault.inject("Kea: the only address of its pool has gone to another machine")
    lan = start_kea(fault, {}, pool="192.168.1.2 - 192.168.1.2")
    fault.serve()
    lease_to_guest(lan.add_host("guest", "192.168.1.71"))
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-002", 120, or_id="BB-003")
    assert "all given away" in str(finding.facts["cause"])
    fault.expect_on_screen(pc, finding)

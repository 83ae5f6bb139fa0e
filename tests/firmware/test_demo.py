from pathlib import Path

import pytest
from typer.testing import CliRunner

from bootbeam.cli.app import app
from bootbeam.lab.claim import NETNS_ROOT, STATE_ROOT
from bootbeam.lab.demo import Step, run_demo

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]


def test_both_firmwares_reach_userland_beside_a_router_that_knows_nothing_of_booting(tmp_path: Path) -> None:
    told: list[tuple[str, Step]] = []
    bios, uefi = run_demo(tmp_path, lambda boot, step: told.append((boot.pc.spec.name, step)))

    for boot in (bios, uefi):
        assert boot.reached_userland, f"{boot.problem}\n{boot.pc.console[-2000:]}"
        names = [step.name for step in boot.steps]
        assert names[0] in ("asks for a boot", "iPXE is up")
        assert names[-4:] == ["script", "kernel sent", "initrd sent", "userland"]
        times = [step.at_s for step in boot.steps]
        assert times == sorted(times)
        assert 0 < times[0] < times[-1] < 180
        assert [step for name, step in told if name == boot.pc.spec.name] == boot.steps
    # The firmware's own PXE takes the whole way: asked the boot server, got a loader by TFTP, which asked again.
    assert {"loader offered", "asks the boot server", "boot loader sent", "iPXE is up"} <= {
        step.name for step in uefi.steps
    }

    router_log = (tmp_path / "router.log").read_text()
    assert "DHCPACK" in router_log
    assert "PXE" not in router_log.replace("vendor class: PXEClient", "").replace("user class: iPXE", "")
    capture = (tmp_path / "lan.pcap").read_bytes()
    for boot in (bios, uefi):
        assert bytes.fromhex(boot.pc.mac.replace(":", "")) in capture
    assert not any(NETNS_ROOT.glob(f"bb-{bios.pc.lan.run_id}-*"))
    assert not (STATE_ROOT / bios.pc.lan.run_id).exists()


def test_a_boot_that_takes_too_long_is_a_failure_with_both_logs_ends(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["demo", "--logs", str(tmp_path), "--timeout", "1"])
    assert ran.exit_code == 1, ran.output
    assert ran.output.count("no userland within 1 s") >= 4  # for each PC, in the table and above its logs
    assert "--- console, " in ran.output
    assert "station-ready" in ran.output

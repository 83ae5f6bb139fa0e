import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.lab.claim import STATE_ROOT, namespaces_of
from bootbeam.lab.demo import Boot, Step, failure_report, steps_of
from bootbeam.lab.demo_table import render_step, render_table
from bootbeam.lab.firmware import OVMF
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine

MAC = "52:54:00:00:00:01"


def event(kind: EventKind, at_s: float, **facts: Fact) -> Event:
    return Event(kind, at_s, MAC, "192.168.1.7", "eth0", facts)


def boot(tmp_path: Path) -> Boot:
    return Boot("UEFI: OVMF", VirtualMachine(Lan(tmp_path), PcSpec("uefi", OVMF)))


def take_sigint() -> None:
    """A suite that was started in the background has SIGINT ignored, and its children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.firmware
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_demonstration_that_is_interrupted_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "bootbeam", "demo", "--logs", str(tmp_path / "logs")]
    with (
        (tmp_path / "out").open("w") as output,
        subprocess.Popen(command, stdout=output, stderr=output, preexec_fn=take_sigint) as demo,
    ):
        deadline = time.monotonic() + 30
        while not (tmp_path / "logs/uefi.serial.log").exists():
            assert demo.poll() is None, (tmp_path / "out").read_text()
            assert time.monotonic() < deadline, "the second PC was not switched on"
            time.sleep(0.05)
        (run_id,) = [
            claim.parent.name for claim in STATE_ROOT.glob("*/claim") if claim.read_text().strip() == str(demo.pid)
        ]
        assert namespaces_of(run_id)
        demo.send_signal(number)
        assert demo.wait(20) in (130, 128 + number)
    assert namespaces_of(run_id) == []
    assert not (STATE_ROOT / run_id).exists()


def test_each_kind_of_step_is_told_once_in_order() -> None:
    events = [
        event(EventKind.CLIENT_SEEN, 103.0, firmware="UEFI x64"),
        event(EventKind.OFFERED, 103.1, what="loader", file="snponly.efi"),
        event(EventKind.CLIENT_SEEN, 104.0, firmware="UEFI x64"),
        event(EventKind.BOOT_SERVER_ACKNOWLEDGED, 106.0, what="loader", file="snponly.efi"),
        event(EventKind.SIZE_PROBED, 106.1, file="snponly.efi"),
        event(EventKind.TRANSFER_STARTED, 106.2, role="loader"),
        event(
            EventKind.TRANSFER_FINISHED,
            107.0,
            role="loader",
            file="snponly.efi",
            protocol="tftp",
            size_bytes=250_000,
            duration_s=0.8,
        ),
        event(EventKind.CLIENT_SEEN, 109.0, firmware="UEFI x64", ipxe_version="1.0.0"),
        event(EventKind.OFFERED, 109.1, what="script", file="http://192.168.1.50:8080/boot"),
        event(EventKind.SCRIPT_SENT, 110.0, entry="linux"),
        event(EventKind.TRANSFER_FINISHED, 111.0, role="kernel", file="linux", protocol="http"),
        event(EventKind.TRANSFER_FINISHED, 112.0, role="initrd", file="initrd.img", protocol="http"),
        event(EventKind.TRANSFER_FINISHED, 112.5, role="script", file="x", protocol="http"),
    ]
    steps = steps_of(events, 100.0)
    assert [(step.name, round(step.at_s, 1)) for step in steps] == [
        ("asks for a boot", 3.0),
        ("loader offered", 3.1),
        ("asks the boot server", 6.0),
        ("boot loader sent", 7.0),
        ("iPXE is up", 9.0),
        ("script offered", 9.1),
        ("script", 10.0),
        ("kernel sent", 11.0),
        ("initrd sent", 12.0),
    ]
    assert steps[3].detail == "snponly.efi by TFTP, 0.2 MB in 0.80 s"


def test_a_message_on_the_screen_is_a_step() -> None:
    (step,) = steps_of([event(EventKind.MESSAGE_SHOWN, 5.0, title="BIOS only")], 0.0)
    assert step == Step("message", 5.0, "BIOS only")


def test_the_table_shows_every_step_and_the_result(tmp_path: Path) -> None:
    good, bad = boot(tmp_path), boot(tmp_path)
    good.steps, good.problem = [Step("kernel sent", 12.34, "linux [over] http"), Step("userland", 20.0, "")], ""
    bad.problem = "no userland within 180 s"
    console = Console(width=100, record=True, file=(tmp_path / "out").open("w"))
    console.print(render_table([good, bad]))
    console.print(render_step(good, good.steps[0]))
    console.file.close()
    text = console.export_text()
    assert "12.3 s" in text
    assert "linux [over] http" in text
    assert "booted" in text
    assert "no userland within 180 s" in text
    assert good.reached_userland
    assert not bad.reached_userland


def test_a_failure_is_told_with_the_ends_of_both_logs(tmp_path: Path) -> None:
    failed = boot(tmp_path)
    failed.pc.serial_log.write_text("".join(f"console line {number}\n" for number in range(1, 41)))
    (tmp_path / "station.jsonl").write_text("".join(f"event {number}\n" for number in range(1, 41)))
    report = failure_report(failed, tmp_path / "station.jsonl")
    assert "console line 11\n" in report
    assert "console line 10\n" not in report
    assert "event 40" in report
    assert str(failed.pc.serial_log) in report

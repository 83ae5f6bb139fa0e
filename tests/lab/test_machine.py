import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import BootFailed, PcSpec, VirtualMachine

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(90)]

_MBR_SAYS_HELLO = (
    bytes.fromhex(
        # cld; xor ax,ax; mov ds,ax; mov si,text; next: lodsb; test al,al; jz halt; mov ah,0x0e; int 0x10; jmp next
        "fc 31c0 8ed8 be 207c ac 84c0 7406 b40e cd10 ebf5"
        # halt: hlt; jmp halt
        "f4 ebfd"
    ).ljust(32, b"\0")
    + b"disk boot \x01\x02 ok\0"
)


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    with Lan(tmp_path, router=False) as made:
        yield made


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk whose boot sector writes a line to the screen, which is on the serial port, and stops."""
    path = tmp_path / "disk.img"
    path.write_bytes(_MBR_SAYS_HELLO.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    return path


def test_a_disk_boots_resets_and_shows_its_screen(lan: Lan, disk: Path, tmp_path: Path) -> None:
    before = disk.read_bytes()
    with VirtualMachine(lan, PcSpec("pc", SEABIOS, disk=disk)) as pc:
        pc.wait_for("disk boot .* ok|disk boot  ok", 60)
        pc.take_screenshot(tmp_path / "screen.png")
        assert (tmp_path / "screen.png").read_bytes().startswith(b"\x89PNG")
        pc.reset()
        deadline = time.monotonic() + 60
        while pc.console.count("disk boot") < 2:
            assert time.monotonic() < deadline, pc.console
            time.sleep(0.1)
        assert pc.is_running
    assert not pc.is_running
    assert disk.read_bytes() == before


def test_what_does_not_come_is_told_with_the_consoles_last_lines(lan: Lan, disk: Path) -> None:
    with VirtualMachine(lan, PcSpec("pc", SEABIOS, disk=disk)) as pc:
        pc.wait_for("disk boot", 60)
        with pytest.raises(BootFailed, match=r"'never' was not seen within 0 s[\s\S]*disk boot"):
            pc.wait_for("never", 0.2)


def test_a_pc_that_switches_itself_off_is_not_waited_for(lan: Lan, disk: Path) -> None:
    with VirtualMachine(lan, PcSpec("pc", SEABIOS, disk=disk)) as pc:
        pc.control("quit")
        pc.wait_off(10)
        started = time.monotonic()
        with pytest.raises(BootFailed, match="switched itself off before 'never'"):
            pc.wait_for("never", 60)
        assert time.monotonic() - started < 5


def test_no_pc_outlives_its_time_limit(lan: Lan, disk: Path) -> None:
    with VirtualMachine(lan, PcSpec("pc", SEABIOS, disk=disk, max_run_s=0.5)) as pc:
        with pytest.raises(BootFailed, match="used up its 0 s before 'never'"):
            pc.wait_for("never", 30)
        pc.wait_off(1)


def test_stopping_twice_is_harmless_and_leaves_no_zombie(lan: Lan, disk: Path) -> None:
    with VirtualMachine(lan, PcSpec("pc", SEABIOS, disk=disk)) as pc:
        pc.stop()
        assert not Path(f"/proc/{pc.pid}").exists()
    assert pc._process.exit_code == -signal.SIGKILL


def test_an_emulator_that_refuses_its_arguments_says_so(lan: Lan, disk: Path) -> None:
    spec = PcSpec("pc", SEABIOS, disk=disk, extra_arguments=("-no-such-option",))
    with VirtualMachine(lan, spec) as pc, pytest.raises(BootFailed, match=r"the emulator says: .*no-such-option"):
        pc.wait_for("never", 30)


def test_every_pc_has_a_mac_of_its_own(lan: Lan) -> None:
    macs = {VirtualMachine(lan, PcSpec(name, SEABIOS)).mac for name in "abc"}
    assert len(macs) == 3
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs), "locally administered, not multicast"


def test_a_card_the_firmware_has_no_driver_for_is_refused(lan: Lan) -> None:
    with pytest.raises(UserError, match="OVMF cannot boot from a rtl8139"):
        VirtualMachine(lan, PcSpec("pc", OVMF, nic_model="rtl8139")).__enter__()

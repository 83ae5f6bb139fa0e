"""Several images: a menu on the machine's own screen, whose default fits the machine; and one that fits nothing."""

import re
import struct
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import fnv1a
from tests.firmware.conftest import PowerOn, StartStation
from tests.firmware.test_images import BOOT_TIMEOUT_S, MULTIBOOT_PROOF, words

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]


def test_after_the_timeout_each_machine_boots_the_image_that_fits_it(
    start_station: StartStation, power_on: PowerOn, efi_application: Path, multiboot_elf: Path
) -> None:
    start_station(efi_application, multiboot_elf, "--timeout", "3")
    bios, uefi = power_on(PcSpec("bios", SEABIOS)), power_on(PcSpec("uefi", OVMF))
    proof = bios.wait_for(MULTIBOOT_PROOF, BOOT_TIMEOUT_S)
    assert proof[4] == fnv1a(proof[1].encode())
    proof = uefi.wait_for(r"^efi options: (.*)\n+efi hash: (\w{8})$", BOOT_TIMEOUT_S)
    assert proof[2] == fnv1a(proof[1].encode())
    for pc in (bios, uefi):
        assert "what shall this machine boot" in words(pc.console)


@pytest.mark.finding("BB-082")
def test_a_program_for_another_processor_says_so_on_the_machines_own_screen(
    start_station: StartStation, power_on: PowerOn, efi_application: Path, tmp_path: Path
) -> None:
    program = bytearray(efi_application.read_bytes())
    pe_offset = struct.unpack_from("<I", program, 0x3C)[0]
    assert struct.unpack_from("<H", program, pe_offset + 4) == (0x8664,)
    struct.pack_into("<H", program, pe_offset + 4, 0xAA64)
    arm64 = tmp_path / "arm64.efi"
    arm64.write_bytes(program)
    station = start_station(arm64)
    pc = power_on(PcSpec("pc", OVMF))
    shown = station.wait_for(EventKind.MESSAGE_SHOWN, BOOT_TIMEOUT_S, mac=pc.mac)
    assert "arm64" in str(shown.facts["why"])
    pc.wait_for("Press any key", 60)
    screen = words(pc.console)
    assert "arm64.efi cannot boot on this machine" in screen
    assert not re.search(r"Exec format error|Could not boot", screen)
    station.wait_for(EventKind.FINDING, 10, mac=pc.mac)

"""The registry table: spot checks against IANA's numbers, and no row twice."""

import pytest

from bootbeam.machine import Cpu, Firmware
from bootbeam.wire.architecture import ARCHITECTURES


@pytest.mark.parametrize(
    ("number", "firmware", "cpu", "http"),
    [
        (0, Firmware.BIOS, Cpu.X86_64, False),
        (6, Firmware.UEFI, Cpu.I386, False),
        (7, Firmware.UEFI, Cpu.X86_64, False),
        (9, Firmware.UEFI, Cpu.X86_64, False),
        (10, Firmware.UEFI, Cpu.ARM32, False),
        (11, Firmware.UEFI, Cpu.ARM64, False),
        (15, Firmware.UEFI, Cpu.I386, True),
        (16, Firmware.UEFI, Cpu.X86_64, True),
        (19, Firmware.UEFI, Cpu.ARM64, True),
        (22, Firmware.UBOOT, Cpu.ARM64, False),
        (27, Firmware.UEFI, Cpu.RISCV64, False),
        (28, Firmware.UEFI, Cpu.RISCV64, True),
        (39, Firmware.UEFI, Cpu.LOONG64, False),
    ],
)
def test_rows_of_the_iana_registry(number: int, firmware: Firmware, cpu: Cpu, http: bool) -> None:
    row = ARCHITECTURES[number]
    assert (row.firmware, row.cpu, row.http) == (firmware, cpu, http)


def test_the_table_is_complete_and_each_row_its_own() -> None:
    assert sorted(ARCHITECTURES) == list(range(42))
    assert len({row.words for row in ARCHITECTURES.values()}) == len(ARCHITECTURES)


def test_http_rows_say_so_in_words() -> None:
    assert all(("HTTP" in row.words) == row.http for row in ARCHITECTURES.values())

import struct
from pathlib import Path

import pytest

from bootbeam.formats.nbp import is_network_boot_program
from tests.image_bytes import INSTALLER, IPXE


@pytest.mark.parametrize("path", [INSTALLER / "pxelinux.0", IPXE / "undionly.kpxe", IPXE / "ipxe.pxe"])
def test_real_network_boot_programs_are_known(path: Path) -> None:
    data = path.read_bytes()
    assert is_network_boot_program(data[:512], len(data))


def test_grubs_sets_a_drive_number_before_the_jump() -> None:
    head = bytes.fromhex("b27fea00820000").ljust(512, b"\0")
    assert is_network_boot_program(head, 99_678)


@pytest.mark.parametrize("target", [0x7C00, 0x7C00 + 9_999])
@pytest.mark.parametrize("segment", [0, 0x07C0])
def test_the_jump_may_go_anywhere_inside_the_program(target: int, segment: int) -> None:
    offset = target - segment * 16
    head = (b"\xea" + struct.pack("<HH", offset, segment)).ljust(512, b"\0")
    assert is_network_boot_program(head, 10_000)
    assert not is_network_boot_program(head, 9_999) or target == 0x7C00


def test_it_fits_under_640_kib() -> None:
    head = bytes.fromhex("ea247c0000").ljust(512, b"\0")
    assert is_network_boot_program(head, 640 * 1024 - 0x7C00)
    assert not is_network_boot_program(head, 640 * 1024 - 0x7C00 + 1)
    assert is_network_boot_program(head, 2048)
    assert not is_network_boot_program(head, 2047)


@pytest.mark.parametrize(
    ("head", "size_bytes"),
    [
        (bytes.fromhex("ea247c0000").ljust(512, b"\0"), 1000),  # no larger than a boot sector
        (bytes.fromhex("ea247c0000").ljust(512, b"\0"), 700_000),  # does not fit into real mode's memory
        (bytes.fromhex("ea00000080").ljust(512, b"\0"), 40_000),  # jumps out of itself
        (bytes.fromhex("ea247c0000").ljust(510, b"\0") + b"\x55\xaa", 40_000),  # a boot sector
        (bytes.fromhex("ea247c0000"), 40_000),
        (bytes(512), 40_000),
        (b"", 40_000),
    ],
)
def test_anything_else_is_none(head: bytes, size_bytes: int) -> None:
    assert not is_network_boot_program(head, size_bytes)

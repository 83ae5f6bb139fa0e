"""What the files of a tree are, by their bytes."""

import os
from pathlib import Path

import pytest

from bootbeam.boot.tftp_tree import TreeProgram
from bootbeam.formats.boot_loader import LoaderFamily
from bootbeam.library.tree_programs import TreeProgramReader
from bootbeam.machine import Cpu, Firmware
from tests.loader_bytes import ARM64, efi, grub, packed_nbp, shim

HTTP = b"User-Agent: GRUB"
PXELINUX = Path("/usr/lib/PXELINUX/pxelinux.0")


def read(path: Path) -> TreeProgram | None:
    return TreeProgramReader().read(path, path.parent)


@pytest.mark.parametrize(
    ("name", "data", "program"),
    [
        ("a.efi", efi(), TreeProgram("a.efi", Firmware.UEFI, Cpu.X86_64)),
        ("pxelinux.0", efi(machine=ARM64), TreeProgram("pxelinux.0", Firmware.UEFI, Cpu.ARM64)),
        ("g.efi", grub(), TreeProgram("g.efi", Firmware.UEFI, Cpu.X86_64, LoaderFamily.GRUB, asks_router=True)),
        ("g.efi", grub(b"2.12", HTTP), TreeProgram("g.efi", Firmware.UEFI, Cpu.X86_64, LoaderFamily.GRUB)),
        ("a.0", packed_nbp(), TreeProgram("a.0", Firmware.BIOS, Cpu.X86_64)),
        ("a.kpxe", packed_nbp(), TreeProgram("a.kpxe", Firmware.BIOS, Cpu.X86_64, LoaderFamily.IPXE)),
        ("bootx64.efi", packed_nbp(), TreeProgram("bootx64.efi", Firmware.BIOS, Cpu.X86_64)),
        ("a.ipxe", b"#!ipxe\n", TreeProgram("a.ipxe", None, None)),
        ("driver.efi", efi(subsystem=11), None),
        ("cut.efi", efi()[:3000], None),
        ("text.0", b"no program " * 500, None),
        ("empty.0", b"", None),
    ],
)
def test_the_bytes_tell_and_not_the_name(tmp_path: Path, name: str, data: bytes, program: TreeProgram | None) -> None:
    (tmp_path / name).write_bytes(data)
    assert read(tmp_path / name) == program


def test_a_real_pxelinux() -> None:
    assert read(PXELINUX) == TreeProgram("pxelinux.0", Firmware.BIOS, Cpu.X86_64, LoaderFamily.PXELINUX)


def test_a_shim_counts_only_with_the_program_it_starts_beside_it(tmp_path: Path) -> None:
    (tmp_path / "bootx64.efi").write_bytes(shim())
    assert read(tmp_path / "bootx64.efi") is None
    (tmp_path / "grubx64.efi").write_bytes(grub())
    program = read(tmp_path / "bootx64.efi")
    assert program is not None
    assert program.family is LoaderFamily.SHIM
    assert program.asks_router
    (tmp_path / "grubx64.efi").write_bytes(grub(b"2.12", HTTP))
    program = read(tmp_path / "bootx64.efi")
    assert program is not None
    assert not program.asks_router
    (tmp_path / "grubx64.efi").write_bytes(shim())
    assert read(tmp_path / "bootx64.efi") is None


def test_a_file_that_was_changed_is_looked_into_again(tmp_path: Path) -> None:
    path, reader = tmp_path / "a.efi", TreeProgramReader()
    path.write_bytes(efi())
    first = reader.read(path, tmp_path)
    assert first is not None
    assert first.cpu is Cpu.X86_64
    path.write_bytes(efi(machine=ARM64))
    os.utime(path, (1, 1))
    second = reader.read(path, tmp_path)
    assert second is not None
    assert second.cpu is Cpu.ARM64


def test_what_lies_elsewhere_or_cannot_be_named_in_dhcp_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (tmp_path / "outside.efi").write_bytes(efi())
    (root / "link.efi").symlink_to(tmp_path / "outside.efi")
    (root / "broken.efi").symlink_to("nowhere")
    (root / "loop.efi").symlink_to("loop.efi")
    (root / "grün.efi").write_bytes(efi())
    (root / f"{'x' * 130}.efi").write_bytes(efi())
    os.mkfifo(root / "pipe.efi")
    (root / "inside.efi").write_bytes(efi())
    (root / "good.efi").symlink_to("inside.efi")
    reader = TreeProgramReader()
    found = [reader.read(path, root) for path in sorted(root.iterdir())]
    assert [program.path for program in found if program] == ["good.efi", "inside.efi"]

"""What the files of a tree are, by their bytes."""

import os
from pathlib import Path

import pytest

from bootbeam.boot.tftp_tree import PassedOver, TreeProgram
from bootbeam.formats.boot_loader import LoaderFamily
from bootbeam.library.tree_programs import TreeProgramReader
from bootbeam.machine import Cpu, Firmware
from tests.loader_bytes import ARM64, efi, grub, packed_nbp, shim

HTTP = b"User-Agent: GRUB"
PXELINUX = Path("/usr/lib/PXELINUX/pxelinux.0")


def read(path: Path) -> TreeProgram | PassedOver | None:
    return TreeProgramReader().read(path, path.parent)


def why_not(path: Path) -> PassedOver:
    passed_over = read(path)
    assert isinstance(passed_over, PassedOver), passed_over
    return passed_over


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
    ],
)
def test_the_bytes_tell_and_not_the_name(tmp_path: Path, name: str, data: bytes, program: TreeProgram | None) -> None:
    (tmp_path / name).write_bytes(data)
    assert read(tmp_path / name) == program


@pytest.mark.parametrize(
    ("name", "data", "why", "cpu"),
    [
        ("driver.efi", efi(subsystem=11), "is an EFI driver", Cpu.X86_64),
        ("cut.efi", efi()[:3000], "has 3,000 bytes", Cpu.X86_64),
        ("cut.efi", efi()[:90], "is cut off", None),
        ("page.efi", b"<!DOCTYPE html><title>404</title>" * 50, "is a web page", None),
        ("grub.0", b"no program " * 500, "is no boot program", None),
        ("pxelinux.0", b"", "is empty", None),
    ],
)
def test_what_is_named_like_a_program_and_is_none_is_passed_over_with_the_reason(
    tmp_path: Path, name: str, data: bytes, why: str, cpu: Cpu | None
) -> None:
    (tmp_path / name).write_bytes(data)
    passed_over = why_not(tmp_path / name)
    assert passed_over.path == name
    assert passed_over.why.startswith(why)
    assert passed_over.cpu is cpu
    assert passed_over.firmware is (Firmware.UEFI if name.endswith(".efi") else Firmware.BIOS)
    assert str(tmp_path / name) in passed_over.fix


def test_programs_that_no_machine_begins_with_are_not_spoken_of(tmp_path: Path) -> None:
    title = "Perform MOK management".encode("utf-16-le")
    (tmp_path / "mmx64.efi").write_bytes(efi(b"sbat,1,SBAT Version,sbat,1,x\nshim,4,UEFI shim,shim,1,x\n", title))
    (tmp_path / "vmlinuz-6.1.0").write_bytes(b"a kernel")
    assert read(tmp_path / "mmx64.efi") is None
    assert read(tmp_path / "vmlinuz-6.1.0") is None


def test_a_real_pxelinux() -> None:
    assert read(PXELINUX) == TreeProgram("pxelinux.0", Firmware.BIOS, Cpu.X86_64, LoaderFamily.PXELINUX)


def test_a_shim_counts_only_with_the_program_it_starts_beside_it(tmp_path: Path) -> None:
    (tmp_path / "bootx64.efi").write_bytes(shim())
    passed_over = why_not(tmp_path / "bootx64.efi")
    assert "is a shim" in passed_over.why
    assert "no grubx64.efi beside it" in passed_over.why
    assert f"{tmp_path}/grubx64.efi" in passed_over.fix
    (tmp_path / "grubx64.efi").write_bytes(grub())
    program = read(tmp_path / "bootx64.efi")
    assert isinstance(program, TreeProgram)
    assert program.family is LoaderFamily.SHIM
    assert program.asks_router
    (tmp_path / "grubx64.efi").write_bytes(grub(b"2.12", HTTP))
    program = read(tmp_path / "bootx64.efi")
    assert isinstance(program, TreeProgram)
    assert not program.asks_router
    (tmp_path / "grubx64.efi").write_bytes(shim())
    assert "which is a shim too" in why_not(tmp_path / "bootx64.efi").why
    (tmp_path / "grubx64.efi").write_bytes(grub(machine=ARM64))
    assert "for another processor" in why_not(tmp_path / "bootx64.efi").why
    (tmp_path / "grubx64.efi").write_bytes(grub()[:3000])
    assert "which has 3,000 bytes" in why_not(tmp_path / "bootx64.efi").why


def test_a_file_that_was_changed_is_looked_into_again(tmp_path: Path) -> None:
    path, reader = tmp_path / "a.efi", TreeProgramReader()
    path.write_bytes(efi())
    first = reader.read(path, tmp_path)
    assert isinstance(first, TreeProgram)
    assert first.cpu is Cpu.X86_64
    path.write_bytes(efi(machine=ARM64))
    os.utime(path, (1, 1))
    second = reader.read(path, tmp_path)
    assert isinstance(second, TreeProgram)
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
    assert [each.path for each in found if isinstance(each, TreeProgram)] == ["good.efi", "inside.efi"]
    reasons = {each.path: each.why for each in found if isinstance(each, PassedOver)}
    assert "out of the tree" in reasons["link.efi"]
    assert "leads nowhere" in reasons["broken.efi"]
    assert "leads nowhere" in reasons["loop.efi"]
    assert "letters" in reasons["gr?n.efi"], "what is told goes to screens that know ASCII only"
    assert "127" in reasons[f"{'x' * 130}.efi"]
    assert "pipe.efi" not in reasons

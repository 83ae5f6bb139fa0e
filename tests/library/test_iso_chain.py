"""Signed boot loaders inside ISOs: which are taken, and under which names they are served."""

from pathlib import Path

import pytest

from bootbeam.library.content import Content, Missing, Peer
from bootbeam.library.iso_chain import IsoChain, find_iso_chains
from bootbeam.library.iso_files import ReadTree
from bootbeam.machine import Cpu
from tests.library.iso_bench import Bench, write_iso
from tests.library.test_signed_chain import MOK_MANAGER, grub_of, shim_of
from tests.loader_bytes import efi, grub

PEER = Peer("192.168.1.7", "192.168.1.50", "tftp")
MENU = "menuentry x { linux /vmlinuz }\n"
SHIM, GRUB = shim_of("Fedora CA", b"16.1"), grub_of("Fedora CA")


def bench_of(tmp_path: Path, **loaders: bytes) -> Bench:
    files: dict[str, bytes | str] = {"boot/grub/grub.cfg": MENU, "vmlinuz": b"unknown"}
    files |= {f"EFI/BOOT/{name}.EFI": data for name, data in loaders.items()}
    return Bench(write_iso(tmp_path / "disc.iso", files), tmp_path)


def chains(bench: Bench) -> tuple[IsoChain, ...]:
    try:
        with bench.files.reading() as read:
            assert isinstance(read, ReadTree)
            return find_iso_chains(read)
    finally:
        bench.close()


def test_a_shim_and_the_grub_it_accepts_are_found_and_served(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, BOOTX64=SHIM, grubx64=GRUB, mmx64=MOK_MANAGER)
    entry = bench.entry()
    try:
        [start] = entry.entry().own_chains
        assert (start.cpu, start.path, start.trusts) == (Cpu.X86_64, "signed/disc.iso/shimx64.efi", ("Fedora CA",))
        for name, data in {"shimx64.efi": SHIM, "grubx64.efi": GRUB, "mmx64.efi": MOK_MANAGER}.items():
            content = entry.open("signed", [name], PEER, "http://192.168.1.50:8080")
            assert isinstance(content, Content)
            assert content.read_at(0, content.size_bytes) == data
            assert (content.name, content.role) == (f"signed/disc.iso/{name}", "loader")
            assert content.media_type == "application/efi"
            content.close()
        assert isinstance(entry.open("signed", ["vmlinuz"], PEER, ""), Missing)
        assert isinstance(entry.open("signed", [], PEER, ""), Missing)
    finally:
        bench.close()


@pytest.mark.parametrize(
    "loaders",
    [
        {},
        {"BOOTX64": SHIM},
        {"grubx64": GRUB},
        {"BOOTX64": SHIM, "grubx64": grub_of("Debian CA")},
        {"BOOTX64": SHIM, "grubx64": grub(b"2.12")},
        {"BOOTX64": GRUB, "grubx64": GRUB},
        {"BOOTX64": efi(b"x"), "grubx64": GRUB},
        {"BOOTX64": SHIM, "grubx64": SHIM},
        {"BOOTX64": SHIM[:1000], "grubx64": GRUB},
        {"BOOTX64": b"text", "grubx64": b""},
        {"BOOTAA64": SHIM, "grubaa64": GRUB},
    ],
    ids=[
        *("nothing", "no GRUB", "no shim", "another's GRUB", "a GRUB for discs", "no shim but GRUB", "unsigned"),
        *("shim twice", "cut off", "no programs", "for another processor"),
    ],
)
def test_what_could_not_boot_is_not_offered(tmp_path: Path, loaders: dict[str, bytes]) -> None:
    assert chains(bench_of(tmp_path, **loaders)) == ()


def test_a_key_manager_need_not_be_there(tmp_path: Path) -> None:
    [chain] = chains(bench_of(tmp_path, BOOTX64=SHIM, grubx64=GRUB))
    assert list(chain.files) == ["shimx64.efi", "grubx64.efi"]

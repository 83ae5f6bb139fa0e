import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab import payload
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.payload import (
    fnv1a,
    make_efi_application,
    make_ia32_efi_application,
    make_multiboot2_elf,
    make_multiboot_elf,
    make_multiboot_elf64,
    wrap_in_pe,
)


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    with Lan(tmp_path, router=False) as made:
        yield made


@pytest.mark.parametrize(("data", "value"), [(b"", "811c9dc5"), (b"a", "e40c292c"), (b"foobar", "bf9cf968")])
def test_the_hash_is_fnv_1a(data: bytes, value: str) -> None:
    # Values published with the algorithm (RFC 9923, test vectors).
    assert fnv1a(data) == value


@pytest.mark.parametrize("make", [make_multiboot_elf, make_multiboot_elf64, make_multiboot2_elf])
def test_nothing_of_a_multiboot_kernel_lies_in_the_firmwares_megabyte(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    listing = subprocess.check_output(
        ["readelf", "--program-headers", "--wide", make(tmp_path / "kernel.elf")], text=True, timeout=10
    )
    addresses = [int(line.split()[3], 16) for line in listing.splitlines() if line.strip().startswith("LOAD")]
    assert addresses
    assert min(addresses) >= 0x100000


@pytest.mark.parametrize(
    ("make", "option", "container"),
    [
        (make_multiboot_elf, "--is-x86-multiboot", "ELF32"),
        (make_multiboot_elf64, "--is-x86-multiboot", "ELF64"),
        (make_multiboot2_elf, "--is-x86-multiboot2", "ELF32"),
    ],
)
def test_grub_takes_them_for_what_they_are(
    tmp_path: Path, make: Callable[[Path], Path], option: str, container: str
) -> None:
    kernel = make(tmp_path / "kernel.elf")
    assert subprocess.run(["grub-file", option, kernel], timeout=10, check=False).returncode == 0
    header = subprocess.check_output(["readelf", "--file-header", kernel], text=True, timeout=10)
    assert container in header


@pytest.mark.firmware
def test_the_multiboot_kernel_proves_its_command_line_and_modules(lan: Lan, tmp_path: Path) -> None:
    kernel = make_multiboot_elf(tmp_path / "kernel.elf")
    (tmp_path / "module").write_bytes(bytes(range(256)))
    # QEMU itself is a Multiboot loader: no network and no code of ours on the way.
    arguments = ("-kernel", str(kernel), "-append", "one two", "-initrd", f"{tmp_path / 'module'} three")
    with VirtualMachine(lan, PcSpec("pc", SEABIOS, extra_arguments=arguments)) as pc:
        printed = pc.wait_for(
            r"^multiboot cmdline: (.*)\nmultiboot module: (.*) hash (\w{8})\nmultiboot hash: (\w{8})$", 30
        )
    assert printed[1].endswith("kernel.elf one two")
    assert printed[2].endswith("module three")
    assert printed[3] == fnv1a(bytes(range(256)))
    assert printed[4] == fnv1a(printed[1].encode())


@pytest.mark.firmware
def test_the_efi_application_runs_and_switches_off(lan: Lan, tmp_path: Path) -> None:
    boot = tmp_path / "esp/EFI/BOOT"
    boot.mkdir(parents=True)
    make_efi_application(boot / "BOOTX64.EFI")
    # QEMU shows the directory as a FAT disk; the firmware starts the program of that name by itself.
    drive = f"if=none,id=esp,format=raw,file=fat:rw:{tmp_path / 'esp'}"
    arguments = ("-drive", drive, "-device", "virtio-blk-pci,drive=esp,bootindex=0")
    with VirtualMachine(lan, PcSpec("pc", OVMF, extra_arguments=arguments)) as pc:
        pc.wait_for(rf"^efi options: $\n^efi hash: {fnv1a(b'')}$", 50)
        pc.wait_off(10)
        assert pc.console.count(f"efi hash: {fnv1a(b'')}") == 2, "once by the serial port, once by the firmware"


def test_the_pe_headers_say_what_others_read_in_them(tmp_path: Path) -> None:
    program = tmp_path / "app.efi"
    program.write_bytes(wrap_in_pe(b"\x90" * 1000 + b"\xc3"))
    said = subprocess.check_output(
        ["objdump", "--private-headers", "--section-headers", program], text=True, timeout=10
    )
    assert "pei-x86-64" in said
    assert "(EFI application)" in said
    assert "executable" in said
    sections = [line.split() for line in said.splitlines() if " .text " in line]
    assert [int(field, 16) for field in sections[0][2:6]] == [1001, 0x1000, 0x1000, 0x200]
    content = program.read_bytes()
    assert len(content) == 0x200 + 1024
    (size_of_image,) = struct.unpack_from("<I", content, 64 + 24 + 56)
    assert size_of_image == 0x2000


def test_a_machine_without_an_assembler_is_told_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UserError, match="assembler") as caught:
        make_multiboot_elf(tmp_path / "kernel.elf")
    assert caught.value.fix == "apt-get install binutils"


def test_xen_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / payload.XEN_PACKAGE / "xen"
    kept.parent.mkdir()
    kept.write_bytes(b"kept from the last time")

    def download(name: str, directory: Path) -> None:
        pytest.fail(f"downloads {name} into {directory} again")

    monkeypatch.setattr(payload, "download_package", download)
    assert payload.fetch_xen(tmp_path) == kept


def test_a_package_that_cannot_be_downloaded_says_how_to_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "XEN_PACKAGE", "no-such-package-anywhere")
    monkeypatch.setenv("PATH", f"{fake_apt(tmp_path)}:/usr/bin:/bin")
    with pytest.raises(UserError, match="no-such-package-anywhere") as caught:
        payload.fetch_xen(tmp_path / "cache")
    assert "no network here" in caught.value.why
    assert caught.value.fix == "apt-get download no-such-package-anywhere"


def fake_apt(tmp_path: Path) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "apt-get").write_text("#!/bin/sh\necho no network here >&2\nexit 100\n")
    (directory / "apt-get").chmod(0o755)
    return directory


def test_the_pe_headers_for_32_bits_say_what_others_read_in_them(tmp_path: Path) -> None:
    program = make_ia32_efi_application(tmp_path / "app.efi")
    said = subprocess.check_output(
        ["objdump", "--private-headers", "--section-headers", program], text=True, timeout=10
    )
    assert "pei-i386" in said
    assert "(EFI application)" in said
    assert "(PE32)" in said
    assert said.split("SectionAlignment")[1].split()[0] == "00001000"
    assert said.split("SizeOfImage")[1].split()[0] == "00002000"
    assert said.split("NumberOfRvaAndSizes")[1].split()[0] == "00000010"
    sections = [line.split() for line in said.splitlines() if " .text " in line]
    assert [int(field, 16) for field in sections[0][3:6]] == [0x1000, 0x1000, 0x200]

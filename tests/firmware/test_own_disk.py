"""A machine that is installed boots from its own disk, though its firmware tries the network first."""

import secrets
from functools import reduce
from operator import xor
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.initrd import KERNEL
from bootbeam.lab.lan import STATION_ADDRESS, Lan
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.payload import fnv1a
from bootbeam.lab.station import StationProcess
from tests.firmware.conftest import PowerOn, StartStation
from tests.formats.disc_images import run

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

MAC = "52:54:00:b0:07:d2"
BOOT_TIMEOUT_S = 120.0
BOOT_SECTOR = """\
# Writes "own disk DD XX" to the first serial port: the drive's number in the BIOS, and the XOR of the nonce.
        .code16
        .globl  _start
_start: cli
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %dl, %bl
        mov     $text, %si
1:      lodsb
        test    %al, %al
        jz      2f
        call    putc
        jmp     1b
2:      mov     %bl, %al
        call    hex
        mov     $' ', %al
        call    putc
        mov     $nonce, %si
        mov     $NONCE_BYTES, %cx
        xor     %bl, %bl
3:      lodsb
        xor     %al, %bl
        loop    3b
        mov     %bl, %al
        call    hex
        mov     $'\\n', %al
        call    putc
4:      hlt
        jmp     4b
hex:    push    %ax
        shr     $4, %al
        call    digit
        pop     %ax
        and     $15, %al
digit:  cmp     $10, %al
        jb      5f
        add     $('a' - '0' - 10), %al
5:      add     $'0', %al
putc:   mov     %al, %ah
        mov     $0x3fd, %dx
6:      in      %dx, %al
        test    $0x20, %al
        jz      6b
        mov     $0x3f8, %dx
        mov     %ah, %al
        out     %al, %dx
        ret
text:   .asciz  "\\nown disk "
nonce:  .byte   NONCE
        .org    510
        .word   0xaa55
"""


def make_bios_disk(path: Path, nonce: bytes) -> Path:
    """A disk of one boot sector."""
    source, program = path.with_suffix(".s"), path.with_suffix(".o")
    text = BOOT_SECTOR.replace("NONCE_BYTES", str(len(nonce))).replace("NONCE", ", ".join(map(str, nonce)))
    source.write_text(text)
    run("as", "--32", "-o", program, source)
    run("ld", "-m", "elf_i386", "--oformat", "binary", "-Ttext", "0x7c00", "-o", path, program)
    with path.open("r+b") as disk:
        assert disk.seek(0, 2) == 512
        disk.truncate(1 << 20)
    return path


def make_uefi_disk(path: Path, application: Path) -> Path:
    """A disk whose file system the firmware finds by itself."""
    run("mkfs.fat", "-C", path, "8192")
    run("mmd", "-i", path, "::EFI", "::EFI/BOOT")
    run("mcopy", "-i", path, application, "::EFI/BOOT/BOOTX64.EFI")
    return path


def behind_the_network(disk: Path) -> tuple[str, ...]:
    """QEMU's arguments for a disk that the firmware tries after the network."""
    drive = f"if=none,id=d1,format=raw,snapshot=on,file={disk}"
    return ("-drive", drive, "-device", "virtio-blk-pci,drive=d1,bootindex=2")


def station_that_installed(start_station: StartStation, lan: Lan, tmp_path: Path) -> StationProcess:
    """A station with an unattended installation for ``MAC``, whose installer says that it is done."""
    preseed = tmp_path / "preseed.cfg"
    preseed.write_text("d-i time/zone string Etc/UTC\n")
    station = start_station(KERNEL, "--preseed", preseed, "--mac", MAC)
    installer = lan.add_host("installer", "192.168.1.60")
    for path in ("answers/{}/preseed.cfg", "report/{}/installed"):
        url = f"http://{STATION_ADDRESS}:8080/{path.format(MAC.replace(':', '-'))}"
        installer.run("curl", "--silent", "--fail", "--output", "/dev/null", url)
    return station


def test_an_installed_bios_machine_starts_its_own_disk(
    lan: Lan, start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    nonce = secrets.token_bytes(16)
    station = station_that_installed(start_station, lan, tmp_path)
    disk = make_bios_disk(tmp_path / "disk.img", nonce)
    pc = power_on(PcSpec("pc", SEABIOS, mac=MAC, extra_arguments=behind_the_network(disk)))
    pc.wait_for(rf"^own disk 80 {reduce(xor, nonce):02x}$", BOOT_TIMEOUT_S)
    sent = [event for event in station.events(MAC) if event.kind is EventKind.SCRIPT_SENT]
    assert "its own disk: it was installed from" in str(sent[-1].facts["entry"])


@pytest.mark.slow
def test_an_installed_uefi_machine_goes_on_to_its_own_disk(
    lan: Lan, start_station: StartStation, power_on: PowerOn, efi_application: Path, tmp_path: Path
) -> None:
    station = station_that_installed(start_station, lan, tmp_path)
    disk = make_uefi_disk(tmp_path / "disk.img", efi_application)
    pc = power_on(PcSpec("pc", OVMF, mac=MAC, extra_arguments=behind_the_network(disk)))
    started = pc.wait_for(r"^efi options: (.*)\n+efi hash: (\w{8})$", BOOT_TIMEOUT_S)
    assert started[2] == fnv1a(started[1].encode())
    sent = [event for event in station.events(MAC) if event.kind is EventKind.SCRIPT_SENT]
    assert "its own disk: it was installed from" in str(sent[-1].facts["entry"])

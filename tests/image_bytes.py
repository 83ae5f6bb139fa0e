"""Images built by hand from their specifications, for the tests of every room that deals with files.

Nothing here uses bootbeam's own code for the layout, and the numbers are the specifications' own.
"""

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

ReadAt = Callable[[int, int], bytes]

INSTALLER = Path("/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64")
"""Package debian-installer-12-netboot-amd64."""
IPXE = Path("/usr/lib/ipxe")
"""Package ipxe."""

MULTIBOOT1 = struct.pack("<III", 0x1BADB002, 3, -(0x1BADB002 + 3) & 0xFFFFFFFF)


def reading(data: bytes) -> ReadAt:
    """A ``read_at`` over bytes in memory, short at the end as a file's is."""
    return lambda offset, size_bytes: data[offset : offset + size_bytes]


def multiboot1(flags: int = 3, addresses: tuple[int, int, int, int, int] | None = None) -> bytes:
    """A Multiboot 1 header; ``addresses``: header, load, load end, bss end, entry."""
    header = struct.pack("<III", 0x1BADB002, flags, -(0x1BADB002 + flags) & 0xFFFFFFFF)
    return header + (struct.pack("<5I", *addresses) if addresses else b"")


def multiboot2(*tags: int, architecture: int = 0) -> bytes:
    """A Multiboot 2 header with tags of these types, 8 bytes of nothing in each."""
    body = b"".join(struct.pack("<HHIQ", tag, 0, 16, 0) for tag in tags) + struct.pack("<HHI", 0, 0, 8)
    size = 16 + len(body)
    return struct.pack("<4I", 0xE85250D6, architecture, size, -(0xE85250D6 + architecture + size) & 0xFFFFFFFF) + body


def elf32(body: bytes = b"\x90" * 64, *, machine: int = 3, vaddr: int = 0x100000, paddr: int = 0x100000) -> bytes:
    """A 32-bit little-endian executable with one segment: ``body`` at offset 84."""
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = ident + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, vaddr, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    return header + struct.pack("<8I", 1, 84, vaddr, paddr, len(body), len(body), 5, 4) + body


def elf64(body: bytes = b"\x90" * 64, *, machine: int = 62, address: int = 0x100000) -> bytes:
    """A 64-bit little-endian executable with one segment: ``body`` at offset 120."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, address, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 120, address, address, len(body), len(body), 4) + body


def bzimage(
    *,
    version: str = "6.1.0-9-amd64 (builder@host) #1 SMP Debian 6.1",
    protocol: int = 0x020F,
    xloadflags: int = 1,
    payload_bytes: int = 4096,
    loadflags: int = 1,
) -> bytes:
    """An x86 kernel with two setup sectors and ``payload_bytes`` bytes of protected-mode code."""
    image = bytearray(3 * 512 + payload_bytes)
    image[0x1F1] = 2
    struct.pack_into("<I", image, 0x1F4, (payload_bytes + 15) // 16)
    image[0x1FE:0x206] = b"\x55\xaa\xeb\x66HdrS"
    struct.pack_into("<H", image, 0x206, protocol)
    struct.pack_into("<H", image, 0x20E, 0x100)
    image[0x211] = loadflags
    struct.pack_into("<H", image, 0x236, xloadflags)
    struct.pack_into("<I", image, 0x238, 2047)
    text = version.encode() + b"\0"
    image[0x300 : 0x300 + len(text)] = text
    return bytes(image)


def pe(
    *,
    machine: int = 0x8664,
    subsystem: int = 10,
    sections: tuple[tuple[bytes, bytes], ...] = ((b".text", b"\xc3" * 512),),
    certificate: bytes = b"",
    pe_offset: int = 0x80,
    dos_header: bytes = b"MZ",
) -> bytes:
    """A PE image; PE32 for i386 and arm, PE32+ for the others."""
    is_pe32 = machine in (0x014C, 0x01C2)
    directories_at = 96 if is_pe32 else 112
    optional = bytearray(directories_at + 16 * 8)
    struct.pack_into("<H", optional, 0, 0x10B if is_pe32 else 0x20B)
    struct.pack_into("<H", optional, 68, subsystem)
    struct.pack_into("<I", optional, directories_at - 4, 16)
    headers_end = pe_offset + 24 + len(optional) + 40 * len(sections)
    table, contents, at = b"", b"", headers_end
    for name, data in sections:
        table += struct.pack("<8sIIIIIIHHI", name, len(data), 0x1000, len(data), at, 0, 0, 0, 0, 0x60000020)
        contents += data
        at += len(data)
    if certificate:
        struct.pack_into("<II", optional, directories_at + 8 * 4, at, len(certificate))
    dos = bytearray(dos_header.ljust(pe_offset, b"\0"))
    struct.pack_into("<I", dos, 0x3C, pe_offset)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", machine, len(sections), 0, 0, 0, len(optional), 0x0206)
    return bytes(dos) + coff + bytes(optional) + table + contents + certificate


def newc(name: str = "init", contents: bytes = b"#!/bin/sh\n") -> bytes:
    """A newc archive with one member and no trailer."""
    fields = [1, 0o100755, 0, 0, 1, 0, len(contents), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + contents + bytes(-len(contents) % 4)


def iso9660(volume_id: str = "TEST_DISC", *, sectors: int = 40, joliet: bool = False, el_torito: bool = False) -> bytes:
    """The volume descriptors of an image of ``sectors`` sectors, with zeros behind them."""
    primary = bytearray(2048)
    primary[0:7] = b"\x01CD001\x01"
    primary[40:72] = volume_id.encode().ljust(32)
    struct.pack_into("<I", primary, 80, sectors)
    struct.pack_into(">I", primary, 84, sectors)
    struct.pack_into("<H", primary, 128, 2048)
    descriptors = bytes(primary)
    if el_torito:
        descriptors += (b"\0CD001\x01EL TORITO SPECIFICATION").ljust(2048, b"\0")
    if joliet:
        descriptors += (b"\x02CD001\x01" + bytes(81) + b"%/E").ljust(2048, b"\0")
    descriptors += b"\xffCD001\x01".ljust(2048, b"\0")
    return (bytes(16 * 2048) + descriptors).ljust(sectors * 2048, b"\0")


def mbr(*partitions: tuple[int, int, int], size_bytes: int = 1 << 20) -> bytes:
    """A disk with these (type, first sector, sectors) in its MBR."""
    disk = bytearray(size_bytes)
    for index, (kind, first, count) in enumerate(partitions):
        struct.pack_into("<B3sB3sII", disk, 0x1BE + 16 * index, 0x80, b"\0\0\0", kind, b"\0\0\0", first, count)
    disk[510:512] = b"\x55\xaa"
    return bytes(disk)


def gpt(*partitions: tuple[bytes, int, int], size_bytes: int = 1 << 20, sector_bytes: int = 512) -> bytes:
    """A disk with these (type GUID, first sector, last sector) in its GPT, under a protective MBR."""
    disk = bytearray(mbr((0xEE, 1, 0xFFFFFFFF), size_bytes=size_bytes))
    last = size_bytes // sector_bytes - 1
    header = struct.pack(
        "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, last, 34, last - 33, b"g" * 16, 2, 128, 128, 0
    )
    disk[sector_bytes : sector_bytes + len(header)] = header
    for index, (kind, first, end) in enumerate(partitions):
        struct.pack_into("<16s16sQQ", disk, 2 * sector_bytes + 128 * index, kind, b"u" * 16, first, end)
    return bytes(disk)


def linked_multiboot_elf(directory: Path) -> Path:
    """A Multiboot 1 ELF made by the assembler and linker (package binutils), not by this file."""
    source, linked = directory / "kernel.s", directory / "kernel.elf"
    source.write_text(
        '.section .multiboot, "a"\n.long 0x1BADB002, 3, -(0x1BADB002 + 3)\n'
        ".section .text\n.globl _start\n_start: cli\n1: hlt\njmp 1b\n.section .data\n.fill 5000, 1, 0x5a\n"
        ".bss\n.space 100000\n"
    )
    script = directory / "kernel.ld"
    script.write_text(
        "OUTPUT_FORMAT(elf32-i386) ENTRY(_start)\nSECTIONS { . = 1M; .text : { *(.multiboot) *(.text) }"
        " .data : { *(.data) } .bss : { *(.bss) } }\n"
    )
    subprocess.run(["as", "--32", "-o", directory / "kernel.o", source], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-T", script, "-o", linked, directory / "kernel.o"], check=True)
    return linked

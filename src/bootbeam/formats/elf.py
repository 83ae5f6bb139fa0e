"""ELF: class, machine, how it wants to be loaded, and the smallest size the file can have.

Source: System V ABI, chapters 4 and 5. Symbols and relocations are left out: no boot loader reads them.
"""

from dataclasses import dataclass
from typing import Literal

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt, read_fields
from bootbeam.machine import Cpu

MAGIC = b"\x7fELF"
MAX_PROGRAM_HEADERS = 1024
"""A kernel has fewer than 20; only core dumps have more than this."""
MAX_SECTION_HEADERS_READ = 4096
"""Above it only the table's own end is counted, which linkers put behind every section anyway."""

MAX_TABLE_ENTRY_BYTES = 256
"""The specification's largest is 64; without a limit a hostile header has a quarter of a gigabyte read."""

_PT_LOAD = 1
_SHT_NULL, _SHT_NOBITS = 0, 8
_CPU_OF_MACHINE: dict[tuple[int, int], Cpu] = {
    (3, 32): Cpu.I386,
    (62, 64): Cpu.X86_64,
    (40, 32): Cpu.ARM32,
    (183, 64): Cpu.ARM64,
    (243, 32): Cpu.RISCV32,
    (243, 64): Cpu.RISCV64,
    (258, 64): Cpu.LOONG64,
}
"""(e_machine, class) -> processor."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields lie in one ELF class; ``word`` is the size of an address in bytes."""

    bits: int
    word: int
    header_bytes: int
    phoff: int
    shoff: int
    ehsize: int
    segment_bytes: int
    p_offset: int
    p_vaddr: int
    p_paddr: int
    p_filesz: int
    section_bytes: int
    sh_offset: int
    sh_size: int


_LAYOUTS = {
    1: _Layout(32, 4, 52, 28, 32, 40, 32, 4, 8, 12, 16, 40, 16, 20),
    2: _Layout(64, 8, 64, 32, 40, 52, 56, 8, 16, 24, 32, 64, 24, 32),
}


@dataclass(frozen=True, slots=True)
class ElfFile:
    """What a boot loader must know of an ELF file."""

    bits: int
    """32 or 64: the file's class, not the code in it."""
    machine: int
    """``e_machine`` as it stands."""
    cpu: Cpu | None
    """The processor, None for one that nothing here boots."""
    is_executable: bool
    """``e_type`` is ET_EXEC or ET_DYN and there is at least one segment to load."""
    has_flat_addresses: bool
    """Every segment's virtual address is its physical one: loadable by a loader that only copies."""
    needed_size_bytes: int
    """End of the headers, segments and sections that the file says it has."""


def read_elf(read_at: ReadAt) -> ElfFile | None:
    """The ELF file at offset 0, None when it is not one.

    Raises:
        ImageError: the header contradicts itself; ``TruncatedImage`` when it is not complete.
    """
    ident = read_at(0, 16)
    if not ident.startswith(MAGIC):
        return None
    layout, byteorder = _layout_of(read_fields(read_at, 0, 16, "ELF identification"))
    header = read_fields(read_at, 0, layout.header_bytes, "ELF header", byteorder)
    machine = header.u16(18)
    loads, segments_end = _read_segments(read_at, header, layout, byteorder)
    sections_end = _sections_end(read_at, header, layout, byteorder)
    return ElfFile(
        bits=layout.bits,
        machine=machine,
        cpu=_CPU_OF_MACHINE.get((machine, layout.bits)),
        is_executable=header.u16(16) in (2, 3) and bool(loads),
        has_flat_addresses=bool(loads) and all(virtual == physical for virtual, physical in loads),
        needed_size_bytes=max(layout.header_bytes, segments_end, sections_end),
    )


def _layout_of(ident: Fields) -> tuple[_Layout, Literal["little", "big"]]:
    layout = _LAYOUTS.get(ident.u8(4))
    if layout is None:
        raise ImageError(f"ELF class {ident.u8(4)} is neither 1 (32 bits) nor 2 (64 bits)")
    if ident.u8(5) not in (1, 2):
        raise ImageError(f"ELF data encoding {ident.u8(5)} is neither 1 (little endian) nor 2 (big endian)")
    return layout, "little" if ident.u8(5) == 1 else "big"


def _word(fields: Fields, layout: _Layout, offset: int) -> int:
    return fields.u32(offset) if layout.word == 4 else fields.u64(offset)


def _read_segments(
    read_at: ReadAt, header: Fields, layout: _Layout, byteorder: Literal["little", "big"]
) -> tuple[list[tuple[int, int]], int]:
    """(virtual, physical) address of each PT_LOAD segment, and where the last segment or their table ends."""
    table = _word(header, layout, layout.phoff)
    entry_bytes, count = header.u16(layout.ehsize + 2), header.u16(layout.ehsize + 4)
    if count == 0:
        return [], 0
    if not layout.segment_bytes <= entry_bytes <= MAX_TABLE_ENTRY_BYTES or count > MAX_PROGRAM_HEADERS:
        raise ImageError(f"ELF header names {count} program headers of {entry_bytes} bytes each")
    loads, end = [], table + entry_bytes * count
    data = read_at(table, entry_bytes * count)
    for start in range(0, len(data) - entry_bytes + 1, entry_bytes):
        segment = Fields(data[start : start + entry_bytes], "ELF program header", byteorder)
        file_bytes = _word(segment, layout, layout.p_filesz)
        if file_bytes:
            end = max(end, _word(segment, layout, layout.p_offset) + file_bytes)
        if segment.u32(0) == _PT_LOAD:
            loads.append((_word(segment, layout, layout.p_vaddr), _word(segment, layout, layout.p_paddr)))
    return loads, end


def _sections_end(read_at: ReadAt, header: Fields, layout: _Layout, byteorder: Literal["little", "big"]) -> int:
    """Where the last section or their table ends; 0 without sections."""
    table = _word(header, layout, layout.shoff)
    entry_bytes, count = header.u16(layout.ehsize + 6), header.u16(layout.ehsize + 8)
    if table == 0:
        return 0
    if not layout.section_bytes <= entry_bytes <= MAX_TABLE_ENTRY_BYTES:
        raise ImageError(f"ELF header names section headers of {entry_bytes} bytes each")
    # A count of 0 with a table means "more than 65279, see the first entry": at least that entry must be there.
    end = table + entry_bytes * max(count, 1)
    if count > MAX_SECTION_HEADERS_READ:
        return end
    data = read_at(table, entry_bytes * count)
    for start in range(0, len(data) - entry_bytes + 1, entry_bytes):
        section = Fields(data[start : start + entry_bytes], "ELF section header", byteorder)
        if section.u32(4) not in (_SHT_NULL, _SHT_NOBITS):
            end = max(end, _word(section, layout, layout.sh_offset) + _word(section, layout, layout.sh_size))
    return end

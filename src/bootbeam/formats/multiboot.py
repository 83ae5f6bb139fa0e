"""Multiboot 1 and 2 headers: where they are and what they ask of the loader.

Sources: Multiboot Specification 0.6.96 §3.1, Multiboot2 Specification 2.0 §3.1. Whether the file round
the header is an ELF is another reader's business.
"""

from dataclasses import dataclass

from bootbeam.formats.fields import Fields, ReadAt

MULTIBOOT1_MAGIC = 0x1BADB002
MULTIBOOT1_SEARCH_BYTES = 8192
MULTIBOOT1_ALIGNMENT = 4
MULTIBOOT2_MAGIC = 0xE85250D6
MULTIBOOT2_SEARCH_BYTES = 32768
MULTIBOOT2_ALIGNMENT = 8
MULTIBOOT2_ARCHITECTURE_I386 = 0

_ADDRESS_FIELDS_FLAG = 1 << 16
_COMPULSORY_FLAGS = 0xFFFF
_TAG_END, _TAG_ADDRESS, _TAG_EFI_I386_ENTRY, _TAG_EFI_AMD64_ENTRY = 0, 2, 8, 9
MAX_TAGS = 64
"""The specification knows ten."""


@dataclass(frozen=True, slots=True)
class Multiboot1Header:
    """A Multiboot 1 header."""

    offset: int
    """Where in the file, in bytes."""
    flags: int
    """As they stand; bits 0-15 are demands, a loader that does not know one must refuse."""
    raw_needed_size_bytes: int | None
    """With address fields (flag bit 16): how large the file must be for them. None without address fields or
    when they contradict the header's place."""

    @property
    def has_address_fields(self) -> bool:
        """The header itself says where to load the file, so it need not be an ELF."""
        return self.raw_needed_size_bytes is not None

    @property
    def compulsory_flags(self) -> int:
        """Bits 0-15: what the kernel demands."""
        return self.flags & _COMPULSORY_FLAGS


@dataclass(frozen=True, slots=True)
class Multiboot2Header:
    """A Multiboot 2 header."""

    offset: int
    """Where in the file, in bytes."""
    architecture: int
    """0 = i386, 4 = MIPS32."""
    size_bytes: int
    """The header with all its tags."""
    tags: tuple[int, ...]
    """Types of the tags, in order, without the ending one."""

    @property
    def has_address_tag(self) -> bool:
        """The header itself says where to load the file, so it need not be an ELF."""
        return _TAG_ADDRESS in self.tags

    @property
    def has_efi_amd64_entry(self) -> bool:
        """It can be entered from 64-bit UEFI firmware with boot services still running."""
        return _TAG_EFI_AMD64_ENTRY in self.tags

    @property
    def has_efi_i386_entry(self) -> bool:
        """The same for 32-bit UEFI firmware."""
        return _TAG_EFI_I386_ENTRY in self.tags


def find_multiboot1(read_at: ReadAt) -> Multiboot1Header | None:
    """The first valid Multiboot 1 header in the first 8 KiB, None when there is none."""
    data = read_at(0, MULTIBOOT1_SEARCH_BYTES)
    magic = MULTIBOOT1_MAGIC.to_bytes(4, "little")
    offset = data.find(magic)
    while 0 <= offset <= len(data) - 12:
        header = Fields(data[offset : offset + 32], "Multiboot header")
        flags = header.u32(4)
        if offset % MULTIBOOT1_ALIGNMENT == 0 and (MULTIBOOT1_MAGIC + flags + header.u32(8)) & 0xFFFFFFFF == 0:
            return Multiboot1Header(offset, flags, _raw_needed_size_bytes(offset, flags, header, len(data) - offset))
        offset = data.find(magic, offset + 1)
    return None


def _raw_needed_size_bytes(offset: int, flags: int, header: Fields, available_bytes: int) -> int | None:
    """Multiboot Specification §3.1.3: header_addr, load_addr and load_end_addr follow the checksum."""
    if not flags & _ADDRESS_FIELDS_FLAG or available_bytes < 32:
        return None
    header_addr, load_addr, load_end_addr = header.u32(12), header.u32(16), header.u32(20)
    start = offset - (header_addr - load_addr)
    if load_addr > header_addr or start < 0 or (load_end_addr and load_end_addr < load_addr):
        return None
    return max(offset + 32, start + (load_end_addr - load_addr if load_end_addr else 0))


def find_multiboot2(read_at: ReadAt) -> Multiboot2Header | None:
    """The first valid Multiboot 2 header in the first 32 KiB, None when there is none."""
    data = read_at(0, MULTIBOOT2_SEARCH_BYTES)
    magic = MULTIBOOT2_MAGIC.to_bytes(4, "little")
    offset = data.find(magic)
    while 0 <= offset <= len(data) - 16:
        header = Fields(data[offset : offset + 16], "Multiboot 2 header")
        architecture, size_bytes = header.u32(4), header.u32(8)
        total = MULTIBOOT2_MAGIC + architecture + size_bytes + header.u32(12)
        if offset % MULTIBOOT2_ALIGNMENT == 0 and total & 0xFFFFFFFF == 0 and size_bytes >= 16:
            tags = _tags(data[offset + 16 : offset + size_bytes])
            return Multiboot2Header(offset, architecture, size_bytes, tags)
        offset = data.find(magic, offset + 1)
    return None


def _tags(data: bytes) -> tuple[int, ...]:
    tags: list[int] = []
    offset = 0
    while offset + 8 <= len(data) and len(tags) < MAX_TAGS:
        tag = Fields(data[offset : offset + 8], "Multiboot 2 tag")
        if tag.u16(0) == _TAG_END or tag.u32(4) < 8:
            break
        tags.append(tag.u16(0))
        offset += (tag.u32(4) + 7) & ~7
    return tuple(tags)

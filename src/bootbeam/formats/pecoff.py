"""PE/COFF as UEFI uses it: machine, subsystem, signature, and the smallest size the file can have.

Sources: Microsoft PE Format (COFF File Header, Optional Header, Section Table, Attribute Certificate Table),
UEFI Specification 2.10 §2.1.1. A signature is seen here, not checked.
"""

from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.certificates import names_in
from bootbeam.formats.fields import Fields, ReadAt, TruncatedImage, printable_text, read_fields
from bootbeam.machine import Cpu

MAGIC = b"MZ"
MAX_PE_OFFSET = 65536
"""A DOS program has anything at 0x3c; a PE header further away than this is not believed."""
MAX_SECTIONS = 1024
MAX_CERTIFICATE_BYTES = 1 << 16
"""How much of the certificates is looked into for names; those of a shim with two signatures have 20 KB."""

SUBSYSTEM_EFI_APPLICATION = 10
SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER = 11
SUBSYSTEM_EFI_RUNTIME_DRIVER = 12

_PE32, _PE32_PLUS = 0x10B, 0x20B
_SECURITY_DIRECTORY = 4
_SECTION_BYTES = 40
_CPU_OF_MACHINE = {
    0x014C: Cpu.I386,
    0x8664: Cpu.X86_64,
    0x01C0: Cpu.ARM32,
    0x01C2: Cpu.ARM32,
    0x01C4: Cpu.ARM32,
    0xAA64: Cpu.ARM64,
    0x5032: Cpu.RISCV32,
    0x5064: Cpu.RISCV64,
    0x6264: Cpu.LOONG64,
}


@dataclass(frozen=True, slots=True)
class PeImage:
    """What firmware and loaders look at in a PE image."""

    machine: int
    """As it stands."""
    cpu: Cpu | None
    """The processor, None for one that nothing here boots (0x0ebc is EFI byte code)."""
    subsystem: int
    """10 EFI application, 11 and 12 EFI drivers, 2 and 3 Windows programs."""
    is_signed: bool
    """It carries an attribute certificate: Secure Boot has a chance, whether the key fits is not looked at."""
    signers: tuple[str, ...]
    """The names in its certificates, who vouches for it first."""
    certificates_offset: int
    """Where the attribute certificates begin in the file; 0 without any."""
    section_names: tuple[str, ...]
    needed_size_bytes: int
    """End of the headers, of every section's bytes in the file and of the certificates."""

    @property
    def is_efi_application(self) -> bool:
        """UEFI firmware can start it."""
        return self.subsystem == SUBSYSTEM_EFI_APPLICATION

    @property
    def is_efi_driver(self) -> bool:
        """UEFI firmware can load it, and it stays."""
        return self.subsystem in (SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER, SUBSYSTEM_EFI_RUNTIME_DRIVER)

    @property
    def is_unified_kernel_image(self) -> bool:
        """Kernel, initrd and command line in one EFI application (UAPI.5 Unified Kernel Image)."""
        return ".linux" in self.section_names and (".osrel" in self.section_names or ".cmdline" in self.section_names)


def read_pe(read_at: ReadAt) -> PeImage | None:
    """The PE image at offset 0, None when it is not one (a plain DOS program is not).

    Raises:
        ImageError: the headers contradict themselves; ``TruncatedImage`` when they are not complete.
    """
    if not read_at(0, 2).startswith(MAGIC):
        return None
    pe_offset = read_fields(read_at, 0, 64, "DOS header before a PE image").u32(0x3C)
    if pe_offset > MAX_PE_OFFSET:
        return None
    signature = read_at(pe_offset, 4)
    if len(signature) < 4 and b"PE\0\0".startswith(signature):
        raise TruncatedImage("PE header", pe_offset + 24)
    if signature != b"PE\0\0":
        return None
    coff = read_fields(read_at, pe_offset + 4, 20, "COFF header")
    optional_bytes = coff.u16(16)
    optional = read_fields(read_at, pe_offset + 24, optional_bytes, "PE optional header")
    offset, size_bytes = _certificates(optional, optional_bytes)
    table = pe_offset + 24 + optional_bytes
    names, sections_end = _read_sections(read_at, table, coff.u16(2))
    return PeImage(
        machine=coff.u16(0),
        cpu=_CPU_OF_MACHINE.get(coff.u16(0)),
        subsystem=optional.u16(68),
        is_signed=size_bytes > 0,
        signers=names_in(read_at(offset, min(size_bytes, MAX_CERTIFICATE_BYTES))) if size_bytes else (),
        certificates_offset=offset,
        section_names=names,
        needed_size_bytes=max(table, sections_end, offset + size_bytes),
    )


def _certificates(optional: Fields, optional_bytes: int) -> tuple[int, int]:
    """Offset and size of the attribute certificate table; zeros without one."""
    magic = optional.u16(0)
    if magic not in (_PE32, _PE32_PLUS):
        raise ImageError(f"PE optional header of unknown kind {magic:#x}")
    directories = 96 if magic == _PE32 else 112
    count = min(optional.u32(directories - 4), (optional_bytes - directories) // 8)
    if count <= _SECURITY_DIRECTORY:
        return 0, 0
    # This one directory holds a file offset, not an address.
    offset, size_bytes = (optional.u32(directories + 8 * _SECURITY_DIRECTORY + part) for part in (0, 4))
    return (offset, size_bytes) if offset and size_bytes else (0, 0)


def _read_sections(read_at: ReadAt, table: int, count: int) -> tuple[tuple[str, ...], int]:
    """The sections' names, and where the bytes of the last one end in the file."""
    if count > MAX_SECTIONS:
        raise ImageError(f"PE header names {count} sections")
    names, end = [], table + _SECTION_BYTES * count
    headers = read_fields(read_at, table, _SECTION_BYTES * count, "PE section table")
    for start in range(0, _SECTION_BYTES * count, _SECTION_BYTES):
        names.append(printable_text(headers.take(start, 8)))
        virtual_bytes, raw_bytes, raw_offset = (headers.u32(start + field) for field in (8, 16, 20))
        # The size in the file is rounded up, and some linkers leave the rounding out at the end of the file.
        file_bytes = min(virtual_bytes, raw_bytes) if virtual_bytes else raw_bytes
        if file_bytes:
            end = max(end, raw_offset + file_bytes)
    return tuple(names), end

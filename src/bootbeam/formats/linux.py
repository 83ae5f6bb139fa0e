"""Linux kernels: the x86 boot protocol, and the image headers of arm, arm64, riscv64 and loong64.

Sources: Linux ``Documentation/arch/x86/boot.rst``, ``arch/arm64/booting.rst``, ``arch/riscv/boot-image-header.rst``,
``drivers/firmware/efi/libstub/zboot-header.S``. An EFI stub makes a kernel a PE image as well; that side is
read by ``pecoff``. Programs that are not Linux (iPXE, memtest86+, memdisk) use the x86 protocol too.
"""

import re
from dataclasses import dataclass

from bootbeam.formats.fields import Fields, ReadAt, printable_text, read_fields
from bootbeam.machine import Cpu

MAX_VERSION_CHARACTERS = 200
_X86_HEADER_BYTES = 0x268
_LOADED_HIGH = 1
_XLF_KERNEL_64, _XLF_EFI_HANDOVER_32, _XLF_EFI_HANDOVER_64 = 1, 4, 8
_PARAGRAPH_BYTES, _SECTOR_BYTES = 16, 512
_DEFAULT_SETUP_SECTORS = 4
_OLD_CMDLINE_BYTES = 255
_ARM_ZIMAGE_MAGIC = 0x016F2818
_LINUX_PE_MAGIC = 0x818223CD
_LINUX_BANNER = re.compile(r"(\d+\.\d+\S*) \(.*@.*\) #")
"""What Linux writes and the other programs do not: release, (builder), #build number."""
_DISTRIBUTION_BUILDER = re.compile(
    r"\((debian-kernel@lists\.debian\.org|buildd@|mockbuild@|geeko@buildhost|linux@archlinux|buildozer@build"
    r"|build@proxmox)"
)
"""Who builds the kernels of Debian, Ubuntu, Fedora and its relatives, SUSE, Arch, Alpine, Proxmox: drivers for disks
and networks are modules in them, and lie in the initrd."""


@dataclass(frozen=True, slots=True)
class LinuxKernel:
    """A kernel image, or a program that is loaded like one."""

    form: str
    """"bzImage", "zImage", "Image" or "zboot" (an EFI program that unpacks the kernel)."""
    cpu: Cpu | None
    """The processor it needs; None when only the PE header tells. For protocols before 2.12 a 64-bit x86 kernel
    cannot be told from a 32-bit one and is called i386."""
    version_text: str = ""
    """What the header says of itself, e.g. ``6.1.0-50-amd64 (builder@host) #1 SMP ...``; "" when nothing."""
    protocol: tuple[int, int] | None = None
    """x86 boot protocol, e.g. (2, 15)."""
    cmdline_size_bytes: int | None = None
    """Longest command line, without its NUL (x86)."""
    has_efi_handover: bool = False
    """x86: a loader may enter it with EFI boot services running (the EFI handover protocol)."""
    needed_size_bytes: int = 0
    """How large the file must at least be by this header; 0 when the header does not tell."""

    @property
    def is_linux(self) -> bool:
        """It is Linux itself, as far as can be seen."""
        return self.protocol is None or _LINUX_BANNER.match(self.version_text) is not None

    @property
    def is_of_distribution(self) -> bool:
        """A distribution built it, so that it does not get far without its initrd. Only x86 kernels tell."""
        return _DISTRIBUTION_BUILDER.search(self.version_text) is not None

    @property
    def release(self) -> str:
        """The first word of its version, as ``uname -r`` would say; "" when unknown."""
        return self.version_text.split(" ", 1)[0]


def read_linux(read_at: ReadAt) -> LinuxKernel | None:
    """The kernel at offset 0, None when it is not one.

    Raises:
        TruncatedImage: the header is not complete.
    """
    head = read_at(0, _X86_HEADER_BYTES)
    if head[0x1FE:0x200] == b"\x55\xaa" and head[0x202:0x206] == b"HdrS":
        return _read_x86(read_at, read_fields(read_at, 0, _X86_HEADER_BYTES, "Linux setup header"))
    if len(head) < 64:
        return None
    header = Fields(head[:64], "Linux image header")
    if header.take(0, 2) == b"MZ" and header.take(4, 4) == b"zimg":
        return LinuxKernel("zboot", None)
    if header.take(0x38, 4) == b"ARM\x64":
        return LinuxKernel("Image", Cpu.ARM64)
    if header.take(0x38, 4) == b"RSC\x05" or header.take(0x30, 8) == b"RISCV\0\0\0":
        return LinuxKernel("Image", Cpu.RISCV64)
    if header.u32(0x24) == _ARM_ZIMAGE_MAGIC:
        # zImage start address and end address: what lies between is the file.
        return LinuxKernel("zImage", Cpu.ARM32, needed_size_bytes=max(64, header.u32(0x2C) - header.u32(0x28)))
    if header.take(0, 2) == b"MZ" and header.u32(0x38) == _LINUX_PE_MAGIC:
        return LinuxKernel("Image", None)
    return None


def _read_x86(read_at: ReadAt, header: Fields) -> LinuxKernel:
    protocol = (header.u8(0x207), header.u8(0x206))
    is_high = bool(header.u8(0x211) & _LOADED_HIGH)
    setup_bytes = ((header.u8(0x1F1) or _DEFAULT_SETUP_SECTORS) + 1) * _SECTOR_BYTES
    if protocol >= (2, 4):
        # Counted in paragraphs, rounded up; the last one need not be filled up in the file.
        needed = setup_bytes + max(0, header.u32(0x1F4) * _PARAGRAPH_BYTES - (_PARAGRAPH_BYTES - 1))
    else:
        needed = setup_bytes  # Only two bytes wide then, and not to be trusted for a kernel that is loaded high.
    xloadflags = header.u16(0x236) if protocol >= (2, 12) else 0
    return LinuxKernel(
        form="bzImage" if is_high else "zImage",
        cpu=Cpu.X86_64 if xloadflags & _XLF_KERNEL_64 else Cpu.I386,
        version_text=_version_text(read_at, header.u16(0x20E), setup_bytes),
        protocol=protocol,
        cmdline_size_bytes=header.u32(0x238) if protocol >= (2, 6) else _OLD_CMDLINE_BYTES,
        has_efi_handover=bool(xloadflags & (_XLF_EFI_HANDOVER_32 | _XLF_EFI_HANDOVER_64)),
        needed_size_bytes=max(needed, _X86_HEADER_BYTES),
    )


def _version_text(read_at: ReadAt, pointer: int, setup_bytes: int) -> str:
    """``pointer`` is counted from 0x200 and valid inside the setup code only."""
    if not 0 < pointer < setup_bytes - _SECTOR_BYTES:
        return ""
    return printable_text(read_at(pointer + _SECTOR_BYTES, MAX_VERSION_CHARACTERS), MAX_VERSION_CHARACTERS)

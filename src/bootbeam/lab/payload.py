"""Things for a virtual PC to boot that say on the serial port that they run: hypervisors, EFI programs.

Made at run time from the assembly beside this file, with the assembler and linker of binutils. Each proves itself
with the hash of what it was given; ``fnv1a`` says what it has to be.
"""

import gzip
import shutil
import struct
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.errors import UserError
from bootbeam.lab.claim import run_tool
from bootbeam.machine import Cpu

ASSEMBLY_DIR = Path(__file__).parent / "assembly"
MULTIBOOT_ADDRESS = 0x100000
"""Where the Multiboot kernel is linked to: the first megabyte belongs to the firmware."""

HYPERVISOR_NAME = "hypervisor.elf"
PE_HEADERS_BYTES = 0x200
PE_TEXT_ADDRESS = 0x1000
_PE_MACHINES = {Cpu.I386: 0x14C, Cpu.X86_64: 0x8664, Cpu.ARM64: 0xAA64}
_SUBSYSTEM_EFI_APPLICATION = 10

XEN_PACKAGE = "xen-hypervisor-4.17-amd64"
SIGNED_PACKAGES = ("shim-signed", "grub-efi-amd64-signed")
APT_TIMEOUT_S = 300.0


def fnv1a(data: bytes) -> str:
    """The hash the payloads print: FNV-1a, 32 bit (RFC 9923 §2), as eight hexadecimal digits."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{value:08x}"


def make_multiboot_elf(path: Path) -> Path:
    """Write a Multiboot 1 kernel (ELF, i386) to ``path``; it prints its command line and modules, then stops."""
    # One segment (--omagic) without the ELF header, which would be loaded below the address: into the firmware.
    _link("multiboot.s", path, "--32", "elf_i386", "-Ttext", f"{MULTIBOOT_ADDRESS:#x}", "--omagic")
    return path


def make_multiboot2_elf(path: Path) -> Path:
    """The same for Multiboot 2."""
    _link("multiboot2.s", path, "--32", "elf_i386", "-Ttext", f"{MULTIBOOT_ADDRESS:#x}", "--omagic")
    return path


def make_multiboot_elf64(path: Path) -> Path:
    """The Multiboot 1 kernel in a 64-bit ELF, which GRUB loads and iPXE does not."""
    _link("multiboot.s", path, "--64", "elf_x86_64", "-Ttext", f"{MULTIBOOT_ADDRESS:#x}", "--omagic")
    return path


def make_efi_application(path: Path) -> Path:
    """Write an EFI application for x64 to ``path``; it prints its options, then switches the PC off."""
    return _make_efi(path, "efi-x64.s")


def make_ia32_efi_application(path: Path) -> Path:
    """The same for 32-bit UEFI."""
    with TemporaryDirectory() as scratch:
        text = Path(scratch) / "text"
        _link("efi-ia32.s", text, "--32", "elf_i386", "--oformat", "binary", "-Ttext", f"{PE_TEXT_ADDRESS:#x}")
        path.write_bytes(wrap_in_pe(text.read_bytes(), Cpu.I386))
    return path


def make_hypervisor_loader(path: Path) -> Path:
    """Write an EFI application for x64 to ``path``; it prints size and hash of ``HYPERVISOR_NAME``, which it opens in
    its own directory, and returns success, as BitVisor's loader does when its hypervisor runs."""
    return _make_efi(path, "efi-companion.s")


def make_arm64_efi_application(path: Path) -> Path:
    """The same as ``make_efi_application`` for arm64."""
    tools = "aarch64-linux-gnu-"
    if shutil.which(f"{tools}as") is None:
        raise UserError("there is no assembler for arm64 here", "", "apt-get install binutils-aarch64-linux-gnu")
    with TemporaryDirectory() as scratch:
        assembled, text = Path(scratch) / "assembled.o", Path(scratch) / "text"
        run_tool(f"{tools}as", "-o", str(assembled), str(ASSEMBLY_DIR / "efi-arm64.s"))
        # Nothing in it is left for a linker to do.
        run_tool(f"{tools}objcopy", "-O", "binary", "-j", ".text", str(assembled), str(text))
        path.write_bytes(wrap_in_pe(text.read_bytes(), Cpu.ARM64))
    return path


def _make_efi(path: Path, source: str) -> Path:
    with TemporaryDirectory() as scratch:
        text = Path(scratch) / "text"
        _link(source, text, "--64", "elf_x86_64", "--oformat", "binary", "-Ttext", f"{PE_TEXT_ADDRESS:#x}")
        path.write_bytes(wrap_in_pe(text.read_bytes()))
    return path


def wrap_in_pe(text: bytes, cpu: Cpu = Cpu.X86_64) -> bytes:
    """An EFI application whose one section is the position-independent code ``text``, entered at its start: PE32 for
    32-bit x86, PE32+ for the others.

    Layout (Microsoft PE Format): MS-DOS header 64, signature 4, COFF header 20, optional header (96 in PE32, 112 in
    PE32+) + 16 * 8, section header 40, padding to ``PE_HEADERS_BYTES``, ``text``.
    """
    is_32_bit = cpu is Cpu.I386
    size_bytes = -(-len(text) // PE_HEADERS_BYTES) * PE_HEADERS_BYTES
    image_bytes = -(-(PE_TEXT_ADDRESS + size_bytes) // PE_TEXT_ADDRESS) * PE_TEXT_ADDRESS
    dos = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    headers = (224, 0x0102) if is_32_bit else (240, 0x0022)  # size of the optional one; executable, and of what width
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", _PE_MACHINES[cpu], 1, 0, 0, 0, *headers)
    sizes = (0, 0, size_bytes, 0, 0, PE_TEXT_ADDRESS, PE_TEXT_ADDRESS)
    # Where the image begins: 64 bits, of which PE32 has the first half for where its data begins.
    optional = struct.pack("<HBBIIIIIQ", 0x10B if is_32_bit else 0x20B, *sizes, 0)
    optional += struct.pack(
        "<IIHHHHHHIIIIHH",
        *(PE_TEXT_ADDRESS, PE_HEADERS_BYTES),  # alignment in memory, in the file
        *(0, 0, 0, 0, 0, 0, 0, image_bytes, PE_HEADERS_BYTES, 0, _SUBSYSTEM_EFI_APPLICATION, 0),
    )
    # Stack and heap, reserved and committed; then 16 data directories, all empty.
    optional += struct.pack("<IIIIII" if is_32_bit else "<QQQQII", 0, 0, 0, 0, 0, 16) + bytes(16 * 8)
    section = struct.pack(
        "<8sIIIIIIHHI",
        *(b".text", len(text), PE_TEXT_ADDRESS, size_bytes, PE_HEADERS_BYTES, 0, 0, 0, 0),
        0x60000020,  # code, may be executed and read
    )
    return (dos + coff + optional + section).ljust(PE_HEADERS_BYTES, b"\0") + text.ljust(size_bytes, b"\0")


def fetch_xen(directory: Path) -> Path:
    """A real hypervisor: Debian's Xen, unpacked into ``directory``, which keeps it for the next time.

    The package comes through the machine's own apt, which checks its signature, and is never installed: that would
    change the machine's own boot menu.
    """
    xen = directory / XEN_PACKAGE / "xen"
    if xen.exists():
        return xen
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory) as scratch:
        download_package(XEN_PACKAGE, Path(scratch))
        (package,) = Path(scratch).glob("*.deb")
        run_tool("dpkg-deb", "--extract", str(package), f"{scratch}/tree")
        (packed,) = Path(scratch).glob("tree/boot/xen-*-amd64.gz")
        unpacked = Path(scratch) / "xen"
        unpacked.write_bytes(gzip.decompress(packed.read_bytes()))
        xen.parent.mkdir(exist_ok=True)
        unpacked.replace(xen)
    return xen


def fetch_own_signed_loaders(directory: Path) -> Path:
    """This computer's release's own shim and signed GRUB for x64, unpacked into a directory below ``directory``.

    Never installed: that would change what the station on this machine offers, and the machine's own boot menu.
    """
    loaders = directory / "own-signed-loaders"
    if not loaders.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=directory) as scratch:
            for package in SIGNED_PACKAGES:
                (Path(scratch) / package).mkdir()
                download_package(package, Path(scratch) / package)
                (found,) = (Path(scratch) / package).glob("*.deb")
                run_tool("dpkg-deb", "--extract", str(found), f"{scratch}/tree")
            unpacked = Path(scratch) / "loaders"
            unpacked.mkdir()
            for signed in Path(scratch).glob("tree/usr/lib/*/**/*.efi.signed"):
                signed.replace(unpacked / signed.name)
            unpacked.replace(loaders)
    return loaders


def download_package(name: str, directory: Path) -> None:
    """Put the package's file into ``directory``, by the machine's own apt, which checks its signature."""
    commands = [["apt-get", "--quiet", "download", name]]
    # The lists of what there is are missing on a machine whose image was made small: fetch them, ask again.
    commands += [["apt-get", "--quiet", "update"], ["apt-get", "--quiet", "download", name]]
    for command in commands:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=APT_TIMEOUT_S, stdin=subprocess.DEVNULL
        )
        if list(directory.glob("*.deb")):
            return
    raise UserError(f"the package {name} could not be downloaded", done.stderr.strip(), f"apt-get download {name}")


def _link(source: str, target: Path, width: str, emulation: str, *arguments: str) -> None:
    if shutil.which("as") is None or shutil.which("ld") is None:
        raise UserError("there is no assembler and linker on this machine", "", "apt-get install binutils")
    with TemporaryDirectory() as scratch:
        assembled = Path(scratch) / "assembled.o"
        run_tool("as", width, "-I", str(ASSEMBLY_DIR), "-o", str(assembled), str(ASSEMBLY_DIR / source))
        # No build id: its note would come before the Multiboot header.
        run_tool(
            *("ld", "-m", emulation, "--build-id=none", "--no-warn-rwx-segments", "-static"),
            *(*arguments, "-o", str(target), str(assembled)),
        )

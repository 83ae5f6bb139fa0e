"""Boot loaders built by hand: the texts that the real ones carry, in the form of program that they have."""

from pathlib import Path

from tests.image_bytes import bzimage, pe

OLD = "1.0.0+git-20190125.36a4c85-5.1"
"""Debian 12's iPXE."""
NEW = "1.21.1+git20250501.dad20602+dfsg-1"
"""Debian 13's."""
CERTIFICATE = b"\x10\0\0\0\0\2\2\0certific"
X64, ARM64, I386, RISCV64 = 0x8664, 0xAA64, 0x014C, 0x5064


def efi(*texts: bytes, machine: int = X64, certificate: bytes = b"", subsystem: int = 10) -> bytes:
    """An EFI application with these texts inside, each ended by NUL."""
    data = (b"\0" + b"".join(text + b"\0" for text in texts)).ljust(8192, b"\0")
    return pe(machine=machine, sections=((b".text", data),), certificate=certificate, subsystem=subsystem)


def ipxe_efi(version: str | None = NEW, *more: bytes, machine: int = X64, name: bytes = b"snponly.efi") -> bytes:
    """iPXE for UEFI; ``more`` are names of its commands and protocols."""
    texts = [b"iPXE initialising devices...", b"http://ipxe.org/cmd/%s", name, b"http", *more]
    return efi(*texts, *([version.encode()] if version else []), machine=machine)


def shim(version: bytes = b"16.1", machine: int = X64) -> bytes:
    """A signed shim."""
    return efi(b"UEFI SHIM\n$Version: " + version + b" $\n$BuildMachine: x $", machine=machine, certificate=CERTIFICATE)


def grub(version: bytes = b"2.12-9+deb13u2", *more: bytes, machine: int = X64) -> bytes:
    """A signed GRUB."""
    sbat = (
        b"sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n"
        b"grub,5,Free Software Foundation,grub,2.12,https://www.gnu.org/software/grub/\n"
        b"grub.debian,5,Debian,grub2," + version + b",https://tracker.debian.org/pkg/grub2\n"
    )
    return efi(sbat, *more, machine=machine, certificate=CERTIFICATE)


def packed_nbp() -> bytes:
    """A network boot program for BIOS that shows nothing of itself, as iPXE's do: a far jump, then noise."""
    return b"\xea\x05\x00\xc0\x07" + bytes(range(1, 255)) * 40


def lkrn(version: str = NEW) -> bytes:
    """iPXE in the form of a Linux kernel."""
    return bzimage(version=version, payload_bytes=8192)


def write(directory: Path, **files: bytes) -> Path:
    """Files into ``directory``; ``__`` in a keyword stands for a dot, ``_`` for a dash."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (directory / name.replace("__", ".").replace("_", "-")).write_bytes(data)
    return directory

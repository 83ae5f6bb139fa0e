"""``identify``: what a file is, by its bytes and never by its name."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from bootbeam.formats.archive import archive_of
from bootbeam.formats.compression import Compression, compression_of, peek_gzip
from bootbeam.formats.cpio import read_cpio
from bootbeam.formats.describe import describe_disk, describe_iso
from bootbeam.formats.disk import DiskImage, read_disk
from bootbeam.formats.disk_boot import read_disk_boot
from bootbeam.formats.fields import ReadAt, TruncatedImage
from bootbeam.formats.identity import BootForm, BootsOn, Identity, Kind
from bootbeam.formats.iso9660.volume_descriptor import read_iso_volume
from bootbeam.formats.nbp import is_network_boot_program
from bootbeam.formats.program import read_program
from bootbeam.formats.script import is_ipxe_script
from bootbeam.formats.squashfs import read_squashfs
from bootbeam.formats.unknown import describe_unknown
from bootbeam.formats.wim import read_wim
from bootbeam.machine import Cpu, Firmware

HEAD_BYTES = 4096
BLANK_BYTES = 65536
"""A file is blank when this much of its start is zero. Disk and CD images have their headers before it."""
GZIP_SMALLEST_BYTES = 18
"""RFC 1952 §2.3: 10 bytes of header and 8 of trailer."""

_EVERYWHERE = (
    BootsOn(Firmware.BIOS, Cpu.I386, BootForm.IPXE_SCRIPT),
    *(BootsOn(Firmware.UEFI, cpu, BootForm.IPXE_SCRIPT) for cpu in Cpu),
)


def identify(read_at: ReadAt, size_bytes: int) -> Identity:
    """What the file is.

    Args:
        read_at: reads the file; what it raises passes through.
        size_bytes: the file's size.

    Raises:
        ImageError: the file claims to be of a known kind and its headers contradict themselves. A file that is
            only cut off is no error: see ``Identity.is_truncated``.
    """
    found = _identify_packed(read_at, size_bytes) or _identify_plain(read_at, size_bytes)
    return found if found.size_bytes == size_bytes else replace(found, size_bytes=size_bytes)


def _identify_plain(read_at: ReadAt, size_bytes: int | None) -> Identity:
    """Anything but compressed files; ``size_bytes`` is None when only the beginning is there."""
    as_program = partial(read_program, size_bytes=size_bytes)
    for recognise in (_as_script, _as_iso, _as_squashfs, _as_wim, _as_cpio, as_program, _as_disk):
        found = _or_cut_off(recognise, read_at)
        # A raw Multiboot header also stands in the boot loader of a disk image: partitions outweigh it.
        if found and found.kind is Kind.MULTIBOOT_KERNEL and found.elf is None:
            found = _or_cut_off(_as_disk, read_at) or found
        if found:
            return found
    head = read_at(0, HEAD_BYTES)
    if size_bytes is not None and is_network_boot_program(head, size_bytes):
        way = BootsOn(Firmware.BIOS, Cpu.I386, BootForm.NETWORK_BOOT_PROGRAM)
        words = "network boot program for BIOS"
        return Identity(Kind.NETWORK_BOOT_PROGRAM, words, None, architecture=Cpu.I386, boots_on=(way,))
    is_blank = bool(head) and not any(head) and not any(read_at(0, BLANK_BYTES))
    return Identity(Kind.UNKNOWN, describe_unknown(head), None, is_blank=is_blank, archive=archive_of(head))


def _or_cut_off(recognise: Callable[[ReadAt], Identity | None], read_at: ReadAt) -> Identity | None:
    try:
        return recognise(read_at)
    except TruncatedImage as cut_off:
        kind = _KIND_OF_CUT_OFF.get(recognise, Kind.UNKNOWN)
        return Identity(kind, f"{cut_off.what}, cut off", None, needed_size_bytes=cut_off.needed_size_bytes)


def _as_script(read_at: ReadAt) -> Identity | None:
    if not is_ipxe_script(read_at(0, 8)):
        return None
    return Identity(Kind.IPXE_SCRIPT, "iPXE script", None, boots_on=_EVERYWHERE)


def _as_iso(read_at: ReadAt) -> Identity | None:
    iso = read_iso_volume(read_at)
    if iso is None:
        return None
    return Identity(Kind.ISO_IMAGE, describe_iso(iso), None, needed_size_bytes=iso.needed_size_bytes, iso=iso)


def _as_squashfs(read_at: ReadAt) -> Identity | None:
    squashfs = read_squashfs(read_at)
    if squashfs is None:
        return None
    words = "squashfs file system"
    return Identity(Kind.SQUASHFS, words, None, needed_size_bytes=squashfs.needed_size_bytes, squashfs=squashfs)


def _as_wim(read_at: ReadAt) -> Identity | None:
    wim = read_wim(read_at)
    if wim is None:
        return None
    words = f"Windows image (WIM, {wim.image_count} inside)"
    return Identity(Kind.WIM, words, None, needed_size_bytes=wim.needed_size_bytes, wim=wim)


def _as_cpio(read_at: ReadAt) -> Identity | None:
    cpio = read_cpio(read_at)
    if cpio is None:
        return None
    words = f"initrd (cpio archive, {cpio.variety})"
    return Identity(Kind.INITRD, words, None, needed_size_bytes=cpio.needed_size_bytes, cpio=cpio)


def _as_disk(read_at: ReadAt) -> Identity | None:
    disk = read_disk(read_at)
    if disk is None:
        return None
    return Identity(
        Kind.DISK_IMAGE,
        describe_disk(disk),
        None,
        needed_size_bytes=disk.needed_size_bytes,
        boots_on=tuple(_disk_ways(read_at, disk)) if disk.is_raw else (),
        disk=disk,
    )


def _disk_ways(read_at: ReadAt, disk: DiskImage) -> Iterator[BootsOn]:
    boot = read_disk_boot(read_at, disk)
    for cpu in boot.efi_cpus:
        yield BootsOn(Firmware.UEFI, cpu, BootForm.DISK)
    if boot.has_boot_code:
        yield BootsOn(Firmware.BIOS, Cpu.I386, BootForm.DISK)


_KIND_OF_CUT_OFF: dict[Callable[[ReadAt], Identity | None], Kind] = {
    _as_iso: Kind.ISO_IMAGE,
    _as_squashfs: Kind.SQUASHFS,
    _as_wim: Kind.WIM,
    _as_cpio: Kind.INITRD,
}


def _identify_packed(read_at: ReadAt, size_bytes: int) -> Identity | None:
    """A compressed file; for gzip with what its beginning says is inside."""
    method = compression_of(read_at(0, 16))
    if method is None:
        return None
    if method is not Compression.GZIP:
        return Identity(Kind.COMPRESSED, f"data compressed with {method}", None, compression=method)
    start = peek_gzip(read_at)
    if not start:
        words = (
            "gzip file, damaged or cut off at its start" if size_bytes > GZIP_SMALLEST_BYTES else "gzip file, cut off"
        )
        return Identity(
            Kind.COMPRESSED, words, None, needed_size_bytes=GZIP_SMALLEST_BYTES, compression=Compression.GZIP
        )
    inside = _identify_plain(lambda offset, wanted_bytes: start[offset : offset + wanted_bytes], None)
    return Identity(
        Kind.INITRD if inside.cpio else Kind.COMPRESSED,
        f"{inside.description}, compressed with gzip",
        None,
        needed_size_bytes=GZIP_SMALLEST_BYTES,
        architecture=inside.architecture,
        compression=Compression.GZIP,
        unpacked=inside,
    )

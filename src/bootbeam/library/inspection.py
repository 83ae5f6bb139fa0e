"""What a file is and how it would be booted, as data: for ``bootbeam inspect``."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bootbeam.boot.cmdline import BootValues
from bootbeam.boot.entry import Method
from bootbeam.boot.fallback import guess_boots
from bootbeam.boot.matched import Boot, BootFile, Match
from bootbeam.boot.recipe import Recipe, Source
from bootbeam.boot.recipe_match import match
from bootbeam.errors import ImageError, UserError
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import BootForm, Identity, Kind
from bootbeam.formats.image_tree import open_image_tree
from bootbeam.formats.iso9660.cd_boot import CdBoot, read_cd_boot
from bootbeam.library.directory_tree import DirectoryTree
from bootbeam.library.entries import NamedFile, bootable, cannot_boot, ways_of
from bootbeam.library.iso_boots import RecipeTree
from bootbeam.library.packed import has_to_be_unpacked, may_have_to_be_unpacked, unpacking
from bootbeam.library.regular_file import insist_regular, unreadable
from bootbeam.machine import Firmware

SHOWN_STATION = "http://STATION:8080"
_VALUES = BootValues("http://192.0.2.1:8080", "http://192.0.2.1:8080/IMAGE.iso", "http://192.0.2.1:8080/iso/IMAGE.iso/")


def inspect_file(path: Path, recipes: Sequence[Recipe]) -> dict[str, Any]:
    """Everything that is found out about one file, fit for JSON.

    Raises:
        UserError: it cannot be read, or its own structure is broken.
    """
    try:
        insist_regular(path)
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        size_bytes = os.fstat(fd).st_size

        def read_at(offset: int, count: int) -> bytes:
            return os.pread(fd, count, offset)

        identity = identify(read_at, size_bytes)
        facts = _identity_facts(path, identity)
        if identity.kind is Kind.ISO_IMAGE:
            _insist_whole(path, identity)
            tree = open_image_tree(read_at, size_bytes)
            facts["names_by"] = list(tree.available_names)
            facts |= _iso_facts(RecipeTree(tree, size_bytes), recipes)
            facts["as_cd"] = _cd_facts(read_cd_boot(read_at, size_bytes))
        return facts
    except ImageError as error:
        raise UserError(f"{path} is broken", str(error), "build or fetch it again") from None
    except OSError as error:  # of a disk that goes
        raise unreadable(path, error) from None
    finally:
        os.close(fd)


def _insist_whole(path: Path, identity: Identity) -> None:
    """What an image that is cut off still holds would be told wrongly."""
    if identity.is_truncated:
        raise UserError(
            f"{path} is not complete",
            f"its headers say it has at least {identity.needed_size_bytes} bytes, it has {identity.size_bytes}",
            "wait until its copy or download is done; if none is under way, fetch it again",
        )


def _identity_facts(path: Path, identity: Identity) -> dict[str, Any]:
    what = bootable(identity)
    return {
        "file": str(path),
        "kind": identity.kind,
        "description": identity.description,
        "size_bytes": identity.size_bytes,
        "truncated": identity.is_truncated,
        "architecture": what.architecture,
        "signed": what.is_signed,
        "boots_on": [
            {"firmware": way.firmware, "cpu": way.cpu, "form": way.form, "needs_grub": way.needs_grub or None}
            for way in what.boots_on
        ]
        + list(_other_ways(identity)),
        "packed": has_to_be_unpacked(path, identity),
        "to_do": _to_do(path, identity) or None,
    }


def _other_ways(identity: Identity) -> Iterator[dict[str, Any]]:
    """Where the station starts a Linux by something else than iPXE, and nothing in the kernel tells."""
    told = {(way.firmware, way.cpu) for way in bootable(identity).boots_on}
    for way in ways_of(identity):
        if way.method not in (Method.GRUB_LINUX, Method.UBOOT_LINUX):
            continue
        why = "by GRUB: iPXE needs an EFI stub for this processor" if way.method is Method.GRUB_LINUX else None
        for cpu in sorted(way.cpus):
            if (way.firmware, cpu) not in told:
                yield {"firmware": way.firmware, "cpu": cpu, "form": BootForm.LINUX, "needs_grub": why}


def _to_do(path: Path, identity: Identity) -> str:
    """What makes something bootable of it; "" when nothing is known to."""
    if has_to_be_unpacked(path, identity) or (identity.disk and not identity.disk.is_raw):
        return cannot_boot(NamedFile(path, identity)).fix
    if may_have_to_be_unpacked(identity):
        command = unpacking(path, identity)
        return f"an initrd is served as it is, behind its kernel; a disk image or an ISO is unpacked first: {command}"
    return ""


def _iso_facts(tree: RecipeTree, recipes: Sequence[Recipe]) -> dict[str, Any]:
    matched = match(tree, recipes, DirectoryTree(Path("/")))
    boots = matched.boots if matched else guess_boots(tree)
    return {
        "volume_id": tree.volume_id,
        "system": _system_facts(matched) if matched else None,
        "boots": [_boot_facts(boot) for boot in boots],
    }


def _cd_facts(cd: CdBoot) -> dict[str, Any]:
    return {"bios": cd.has_bios_loader, "bios_needs_emulation": cd.needs_emulation, "uefi": list(cd.efi_cpus)}


def _system_facts(matched: Match) -> dict[str, Any]:
    return {
        "title": matched.title,
        "family": matched.family,
        "version": matched.version,
        "edition": matched.edition,
        "architecture": matched.architecture,
        "recipe": matched.recipe.origin,
        "unattended": list(matched.unattended_formats),
        "cannot_boot": matched.why_not or None,
    }


def _boot_facts(boot: Boot) -> dict[str, Any]:
    return {
        "name": boot.name,
        "title": boot.title,
        "firmware": [firmware for firmware in Firmware if firmware in boot.firmware],
        "kernel": _file_words(boot.kernel),
        "initrds": [_file_words(file) for file in boot.files],
        "injected": [injected.at for injected in boot.inject],
        "cmdline": _cmdline(boot),
        "ram_mb": boot.ram_mb,
        "note": boot.ram_note or None,
        "on_request": boot.is_on_request,
    }


def _file_words(file: BootFile) -> str:
    match file.source:
        case Source.WHOLE_IMAGE:
            return "the whole image"
        case Source.TEXT:
            return f"{file.name} (made by the recipe)"
    return file.path or file.name


def _cmdline(boot: Boot) -> str:
    try:
        return boot.render_cmdline(_VALUES).replace(_VALUES.station, SHOWN_STATION)
    except UserError as error:
        return f"({error.what})"

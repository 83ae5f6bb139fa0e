"""GRUB images made by the real ``grub-mkimage``, and what is said when there is none."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from bootbeam.formats.identify import identify
from bootbeam.formats.identity import Kind
from bootbeam.journal.events import EventKind
from bootbeam.library import grub_images
from bootbeam.library.content import Content, Missing
from bootbeam.library.grub_images import PLATFORMS, GrubImages, path_of
from bootbeam.library.loader_packages import Distribution
from bootbeam.machine import Cpu, Firmware
from tests.library.recorded import Recorded

DEBIAN = Distribution("debian", "Debian GNU/Linux 12", "bookworm")


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def image_of(images: GrubImages, platform: str, chosen: str | None = None, address: str = "192.168.1.50") -> bytes:
    content = images.open(platform, address, chosen)
    assert isinstance(content, Content), content
    assert content.role == "loader"
    assert content.body is not None
    assert len(content.body) == content.size_bytes
    return content.body


@pytest.mark.parametrize(
    ("platform", "kind", "cpu"),
    [
        ("x86_64-efi", Kind.EFI_APPLICATION, Cpu.X86_64),
        ("i386-efi", Kind.EFI_APPLICATION, Cpu.I386),
        ("i386-pc", Kind.NETWORK_BOOT_PROGRAM, Cpu.I386),
    ],
)
def test_an_image_is_a_program_for_its_firmware_with_the_station_inside(
    recorded: Recorded, platform: str, kind: Kind, cpu: Cpu
) -> None:
    data = image_of(GrubImages(8080, recorded), platform, "xen")
    identity = identify(lambda offset, size_bytes: data[offset : offset + size_bytes], len(data))
    assert (identity.kind, identity.architecture) == (kind, cpu)
    if kind is Kind.EFI_APPLICATION:  # the one for BIOS is packed
        assert b"(http,192.168.1.50:8080)/grub/chosen=xen/multiboot=y/" in data
    assert recorded.of(EventKind.PROBLEM) == []


def test_an_image_is_made_once_for_each_address_entry_and_platform(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = GrubImages(8080, recorded)
    first = image_of(images, "x86_64-efi", "xen")
    others = [
        image_of(images, "x86_64-efi", "other"),
        image_of(images, "x86_64-efi"),
        image_of(images, "i386-efi", "xen"),
        image_of(images, "x86_64-efi", "xen", "192.168.2.50"),
    ]
    assert len({first, *others}) == 5
    monkeypatch.setenv("PATH", "/nowhere")
    assert image_of(images, "x86_64-efi", "xen") is first


def test_only_so_many_are_kept(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grub_images, "MAX_KEPT_IMAGES", 2)
    images = GrubImages(8080, recorded)
    first = image_of(images, "x86_64-efi", "a")
    for name in ("b", "c"):
        image_of(images, "x86_64-efi", name)
    again = image_of(images, "x86_64-efi", "a")
    assert again == first
    assert again is not first, "it was made anew"


def test_many_may_ask_at_once(recorded: Recorded) -> None:
    images, made = GrubImages(8080, recorded), list[bytes]()
    threads = [threading.Thread(target=lambda: made.append(image_of(images, "i386-pc", "xen"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(made) == 8
    assert len({id(image) for image in made}) == 1


def test_an_ipv6_station_stands_in_brackets(recorded: Recorded) -> None:
    data = image_of(GrubImages(8080, recorded), "x86_64-efi", address="fd00::50")
    assert b"(http,[fd00::50]:8080)/grub/" in data


def test_what_can_be_made_here_needs_no_advice(recorded: Recorded) -> None:
    images = GrubImages(8080, recorded, distribution=DEBIAN)
    kinds = {(Firmware.BIOS, Cpu.X86_64), (Firmware.UEFI, Cpu.X86_64), (Firmware.UEFI, Cpu.I386)}
    assert kinds <= set(images.paths)
    assert not kinds & set(images.advice)
    assert set(images.paths) | set(images.advice) == set(PLATFORMS)
    assert images.paths[Firmware.UEFI, Cpu.I386] == "grub/i386-efi/grub.efi"
    assert images.only_loader_advice == {}


@pytest.mark.parametrize(
    ("distribution", "command"),
    [
        (DEBIAN, "sudo apt install grub-common grub-efi-ia32-bin"),
        (Distribution("linuxmint", "Linux Mint", like=("ubuntu", "debian")), "sudo apt install grub-common"),
        (Distribution("fedora", "Fedora Linux"), "sudo dnf install grub2-tools-minimal grub2-efi-ia32-modules"),
        (Distribution("opensuse-leap", "openSUSE Leap"), "sudo zypper install grub2 grub2-i386-efi"),
        (Distribution("arch", "Arch Linux"), "sudo pacman -S grub"),
        (Distribution("nixos", "NixOS"), "modules for i386-efi"),
    ],
)
def test_what_is_missing_is_named_as_the_distribution_calls_it(
    recorded: Recorded, tmp_path: Path, distribution: Distribution, command: str
) -> None:
    images = GrubImages(8080, recorded, (tmp_path,), distribution)
    assert images.paths == {}
    assert command in images.advice[Firmware.UEFI, Cpu.I386]
    assert set(images.only_loader_advice) == {(Firmware.UEFI, Cpu.I386)}
    assert isinstance(images.open("i386-efi", "192.168.1.50"), Missing)
    [facts] = recorded.of(EventKind.PROBLEM)
    assert command in str(facts["fix"])


def test_one_missing_module_counts(recorded: Recorded, tmp_path: Path) -> None:
    shutil.copytree("/usr/lib/grub/x86_64-efi", tmp_path / "x86_64-efi")
    assert (Firmware.UEFI, Cpu.X86_64) in GrubImages(8080, recorded, (tmp_path,), DEBIAN).paths
    (tmp_path / "x86_64-efi" / "multiboot2.mod").unlink()
    assert (Firmware.UEFI, Cpu.X86_64) in GrubImages(8080, recorded, (tmp_path,), DEBIAN).advice


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("echo the disk is full >&2; exit 1", "the disk is full"),
        ("exec sleep 60", "timed out after 0.5 seconds"),
        ("exit 0", "No such file"),
    ],
    ids=["fails", "hangs", "makes nothing"],
)
def test_a_program_that_fails_is_a_problem_in_its_own_words(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    fake = tmp_path / "grub-mkimage"
    fake.write_text(f"#!/bin/sh\n{program}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(grub_images, "BUILD_TIMEOUT_S", 0.5)
    answer = GrubImages(8080, recorded).open("x86_64-efi", "192.168.1.50")
    assert isinstance(answer, Missing)
    assert words in answer.reason
    [facts] = recorded.of(EventKind.PROBLEM)
    assert words in str(facts["why"])
    assert str(fake) in str(facts["fix"])


def test_a_platform_nobody_knows_is_missing(recorded: Recorded) -> None:
    assert isinstance(GrubImages(8080, recorded).open("powerpc-ieee1275", "192.168.1.50"), Missing)


def test_paths() -> None:
    assert path_of(Firmware.UEFI, Cpu.X86_64, "xen") == "grub/x86_64-efi/xen/grub.efi"
    assert path_of(Firmware.BIOS, Cpu.X86_64) == "grub/i386-pc/grub.pxe"


def test_an_image_for_the_own_disk_asks_nobody(recorded: Recorded) -> None:
    images = GrubImages(8080, recorded)
    content = images.open_for_own_disk("x86_64-efi")
    assert isinstance(content, Content)
    assert content.body is not None
    assert b"(hd*)/EFI/*/shim$efi.efi" in content.body
    assert b"(http," not in content.body
    for platform in ("i386-pc", "atari"):
        assert isinstance(images.open_for_own_disk(platform), Missing)

"""What is on offer: a rebuilt image counts at once, and nobody waits for a look at what is installed."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from bootbeam.boot.entry import BootEntry
from bootbeam.library import offerings
from bootbeam.library.grub_images import GrubImages
from bootbeam.library.images import ImageLibrary
from bootbeam.library.loader_files import LoaderFiles
from bootbeam.library.offerings import Offerings
from bootbeam.machine import Cpu, Firmware
from bootbeam.settings.model import StationSettings

KIND = (Firmware.UEFI, Cpu.X86_64)
PATIENCE_S = 20.0


@dataclass
class Images:
    changes: int = 0

    def entries(self) -> tuple[BootEntry, ...]:
        return ()


@dataclass
class Loaders:
    """Looks at the disk for as long as the test likes."""

    paths: dict[tuple[Firmware, Cpu], str] = field(default_factory=lambda: {KIND: "x64/ipxe.efi"})
    may_end: threading.Event = field(default_factory=threading.Event)
    looked_in: list[int] = field(default_factory=list)
    signed_paths: dict[tuple[Firmware, Cpu], str] = field(default_factory=dict)
    signed_disk_paths: dict[tuple[Firmware, Cpu], str] = field(default_factory=dict)
    trusted: frozenset[str] = frozenset()

    @property
    def advice(self) -> dict[tuple[Firmware, Cpu], str]:
        self.looked_in.append(threading.get_ident())
        assert self.may_end.wait(PATIENCE_S)
        return {}


@dataclass
class Grub:
    paths: dict[tuple[Firmware, Cpu], str] = field(default_factory=dict)
    advice: dict[tuple[Firmware, Cpu], str] = field(default_factory=dict)
    only_loader_advice: dict[tuple[Firmware, Cpu], str] = field(default_factory=dict)


@pytest.fixture
def images() -> Images:
    return Images()


@pytest.fixture
def loaders() -> Loaders:
    loaders = Loaders()
    loaders.may_end.set()
    return loaders


@pytest.fixture
def offered(images: Images, loaders: Loaders) -> Offerings:
    settings = StationSettings(images=(Path("image"),))
    return Offerings(cast("ImageLibrary", images), cast("LoaderFiles", loaders), cast("GrubImages", Grub()), settings)


def test_the_same_object_is_offered_while_nothing_has_changed(offered: Offerings, images: Images) -> None:
    first = offered()
    images.changes += 1
    assert offered() is first


def test_a_rebuilt_image_is_looked_at_before_the_answer(offered: Offerings, images: Images, loaders: Loaders) -> None:
    offered()
    loaders.paths = {KIND: "another.efi"}
    images.changes += 1
    assert offered().loaders[KIND] == "another.efi"


def test_an_answer_does_not_wait_for_the_look_and_the_look_counts_later(
    offered: Offerings, loaders: Loaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offerings, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(offerings, "LOOK_SHARE", 0)
    first = offered()
    loaders.may_end.clear()
    loaders.paths = {KIND: "another.efi"}
    # Would wait for the look if it were its own.
    assert offered() is first
    assert offered() is first
    loaders.may_end.set()
    deadline = time.monotonic() + PATIENCE_S
    while offered().loaders[KIND] != "another.efi":
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert threading.get_ident() not in loaders.looked_in[1:]


def test_after_a_long_silence_the_first_to_ask_gets_what_is_installed_now(
    offered: Offerings, loaders: Loaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOOK_AGAIN_S", "LOOK_SHARE", "TOO_OLD_S"):
        monkeypatch.setattr(offerings, name, 0)
    offered()
    loaders.paths = {KIND: "another.efi"}
    assert offered().loaders[KIND] == "another.efi"


def test_a_look_that_takes_long_is_not_taken_again_soon(
    offered: Offerings, loaders: Loaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offerings, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(offerings, "LOOK_SHARE", 1_000_000)
    loaders.may_end.clear()
    threading.Timer(0.05, loaders.may_end.set).start()
    offered()
    offered()
    assert len(loaders.looked_in) == 1

"""Images, boot loaders and a person's settings together: what the one decision chooses from."""

import threading
import time
from dataclasses import dataclass

from bootbeam.boot.decision import Offering
from bootbeam.boot.entry import BootEntry
from bootbeam.library.grub_images import GrubImages
from bootbeam.library.images import ImageLibrary
from bootbeam.library.loader_files import LoaderFiles
from bootbeam.settings.model import StationSettings

LOOK_AGAIN_S = 1.0
"""How long it is taken for granted that GRUB's modules, some 200 files, are still installed, or not."""
LOOK_SHARE = 20
"""A look that takes long, at 10,000 images a tenth of a second, is taken again only after so many times as long."""
TOO_OLD_S = 4.0
"""Nobody has asked for so long that the first who does waits for a look; else it is taken beside the answers."""


@dataclass(frozen=True, slots=True)
class _Kept:
    offering: Offering
    changes: int
    """How often images had changed."""
    until_s: float
    """When to look again."""


class Offerings:
    """What is on offer at the moment it is asked: images change while the station runs.

    The same object as before while nothing has changed, so that what was decided on it holds too.

    Args:
        images: what boots.
        loaders: the boot loaders that are installed.
        grub: the GRUBs that are made here.
        settings: what a person chose.
    """

    def __init__(self, images: ImageLibrary, loaders: LoaderFiles, grub: GrubImages, settings: StationSettings) -> None:
        self._images = images
        self._loaders = loaders
        self._grub = grub
        self._settings = settings
        self._kept: _Kept | None = None
        self._looking = threading.Lock()

    def __call__(self) -> Offering:
        """The offering of now. A rebuilt image counts at once; what is installed, a second or two later.

        Looking takes some 500 system calls. While transfers are under way, each of them is a chance for another thread
        to keep the answer waiting: together they took 10 ms and more.
        """
        now, kept = time.monotonic(), self._kept
        if kept is None or kept.changes != self._images.changes or now >= kept.until_s + TOO_OLD_S:
            return self._look()
        if now >= kept.until_s and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look_beside, name="offering", daemon=True).start()
        return kept.offering

    def _look_beside(self) -> None:
        try:
            self._look()
        finally:
            self._looking.release()

    def _look(self) -> Offering:
        changes, kept, began_at_s = self._images.changes, self._kept, time.monotonic()
        made = self._make(self._images.entries())
        offering = kept.offering if kept is not None and made == kept.offering else made
        now = time.monotonic()
        self._kept = _Kept(offering, changes, now + max(LOOK_AGAIN_S, LOOK_SHARE * (now - began_at_s)))
        return offering

    def _make(self, entries: tuple[BootEntry, ...]) -> Offering:
        return Offering(
            entries=entries,
            # Where there is no iPXE, a GRUB made here comes first.
            loaders={**self._grub.paths, **self._loaders.paths},
            default=self._settings.default,
            menu_timeout_s=self._settings.menu_timeout_s,
            loader_advice={**self._loaders.advice, **self._grub.only_loader_advice},
            grub_advice=self._grub.advice,
            signed_loaders=self._loaders.signed_paths,
            signed_disks=self._loaders.signed_disk_paths,
            trusted=self._loaders.trusted,
            secure_boot=self._settings.secure_boot,
        )

"""Images, boot loaders and a person's settings together: what the one decision chooses from."""

import time

from bootbeam.boot.decision import Offering
from bootbeam.boot.entry import BootEntry
from bootbeam.library.grub_images import GrubImages
from bootbeam.library.images import ImageLibrary
from bootbeam.library.loader_files import LoaderFiles
from bootbeam.settings.model import StationSettings

LOADERS_KEPT_S = 1.0
"""How long it is taken for granted that GRUB's modules, some 200 files, are still installed, or not."""


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
        self._kept: tuple[float, Offering] | None = None

    def __call__(self) -> Offering:
        """The offering of now."""
        now, entries, kept = time.monotonic(), self._images.entries(), self._kept
        if kept is not None and kept[1].entries is entries and now < kept[0]:
            return kept[1]
        made = self._make(entries)
        offering = kept[1] if kept is not None and made == kept[1] else made
        self._kept = (now + LOADERS_KEPT_S, offering)
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

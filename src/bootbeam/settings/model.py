"""What a person can choose about a station, checked in one place."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]


class StationSettings(BaseModel):
    """One station's settings, as the command line gives them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: tuple[Path, ...] = ()
    """Images, and directories of images; an initrd belongs to the kernel before it."""
    kernel: Path | None = None
    """An image given by its part; with ``initrds`` and ``cmdline`` it is one entry."""
    initrds: tuple[Path, ...] = ()
    cmdline: str = ""
    """Kernel command line of every entry that takes one."""
    interfaces: tuple[str, ...] = ()
    """Interface names; empty: the one that leads to the LAN."""
    http_port: Port = 8080
    default: str | None = None
    """Name of the menu entry that is taken when nobody chooses."""
    menu_timeout_s: Annotated[int, Field(ge=0, le=3600)] = 10
    """Seconds the menu waits; 0: for ever."""
    loader_directory: Path | None = None
    """A directory of boot loaders to look in first."""
    tftp_blksize_cap: Annotated[int, Field(ge=8, le=65464)] = 1468
    """Largest TFTP block granted, bytes; the interface's MTU bounds it too."""
    tftp_windowsize_cap: Annotated[int, Field(ge=1, le=64)] = 16
    """Most TFTP blocks in flight granted."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything that was named and has to be read."""
        return (*self.images, *((self.kernel,) if self.kernel else ()), *self.initrds)

"""Images named by their address, fetched before anything is served, with a bar where a person watches."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from bootbeam.errors import UserError
from bootbeam.library.cache import cache_directory
from bootbeam.library.image_address import is_address

if TYPE_CHECKING:
    from bootbeam.library.download import Fetched


def local_images(names: Sequence[str]) -> tuple[Path, ...]:
    """The files behind ``names``: paths as they are, addresses fetched first.

    Raises:
        UserError: an image cannot be had, or is not what its sum says.
    """
    return tuple(_fetch(name) if is_address(name) else _path(name) for name in names)


def _path(name: str) -> Path:
    if not name:
        # The current directory would be served otherwise, with all that is in it.
        raise UserError(
            "the name of an image is empty", "perhaps a variable in the command has no value", "bootbeam serve IMAGE"
        )
    path = Path(name)
    if "://" in name and not path.exists():
        raise UserError(
            f"{name} cannot be fetched",
            "images are fetched by http and https",
            "fetch it by other means, and name the file: bootbeam serve IMAGE",
        )
    return path


def _fetch(address: str) -> Path:
    # Loaded here: most images are files, and a station that fetches nothing starts without an HTTP client.
    from bootbeam.library.download import fetch_image

    console = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with progress:
        task = progress.add_task(f"fetching {address.rpartition('/')[2]}", total=None)
        try:
            fetched = fetch_image(
                address,
                cache_directory() / "images",
                lambda have_bytes, whole_bytes: progress.update(task, completed=have_bytes, total=whole_bytes),
            )
        except KeyboardInterrupt:
            progress.stop()
            console.print("stopped; the same command goes on where it stopped", highlight=False)
            raise
    _tell(console, address, fetched)
    return fetched.path


def _tell(console: Console, address: str, fetched: "Fetched") -> None:
    what = "already here" if fetched.was_there else f"fetched, checked against {fetched.checked}"
    for line in (f"{address}: {what}", f"  kept as {fetched.path}; to fetch it anew: rm {quote(str(fetched.path))}"):
        console.print(Text(line), soft_wrap=True, highlight=False)

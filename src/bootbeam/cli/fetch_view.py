"""An image is fetched by its address, with a bar where a person watches."""

from pathlib import Path
from shlex import quote

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from bootbeam.library.cache import cache_directory
from bootbeam.library.download import Fetched, fetch_image


def fetch(address: str) -> Path:
    """The image at this address, on this computer.

    Raises:
        UserError: it cannot be had, or is not what its sum says.
    """
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


def _tell(console: Console, address: str, fetched: Fetched) -> None:
    what = "already here" if fetched.was_there else f"fetched, checked against {fetched.checked}"
    for line in (f"{address}: {what}", f"  kept as {fetched.path}; to fetch it anew: rm {quote(str(fetched.path))}"):
        console.print(Text(line), soft_wrap=True, highlight=False)

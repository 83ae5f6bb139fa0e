"""The files behind the names of images: those named by their address are fetched before anything is served."""

from collections.abc import Sequence
from pathlib import Path

from bootbeam.errors import UserError
from bootbeam.library.image_address import is_address


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
    # Loaded here: most images are files, and a station that fetches nothing starts without an HTTP client and a bar.
    from bootbeam.cli.fetch_view import fetch

    return fetch(address)

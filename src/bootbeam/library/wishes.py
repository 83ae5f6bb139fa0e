"""What a person asked for beside the images: whether anything that is served can follow it."""

from collections.abc import Sequence

from bootbeam.errors import UserError
from bootbeam.settings.model import StationSettings


def check_wishes(settings: StationSettings, names: Sequence[str], *, may_have_iso: bool) -> None:
    """See that the options name what is there.

    Args:
        settings: the options.
        names: of the entries.
        may_have_iso: an ISO is served, or may be put into a directory that is.

    Raises:
        UserError: no entry has the default's name; a way to boot an ISO is named, and there is none.
    """
    if settings.default is not None and settings.default not in names:
        raise UserError(
            f"there is no entry {settings.default!r} that could be the default",
            f"the entries are: {', '.join(names)}",
            f"name one of them: --default {names[0]}",
        )
    option = "--boot" if settings.boot is not None else "--nfs" if settings.nfs is not None else ""
    if option and not may_have_iso:
        raise UserError(
            f"{option} says how an ISO boots, and no ISO is served",
            f"the entries are: {', '.join(names)}",
            f"leave {option} out, or name an ISO: bootbeam serve FILE.iso",
        )

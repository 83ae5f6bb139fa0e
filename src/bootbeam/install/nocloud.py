"""The kernel argument that tells cloud-init where its NoCloud files are, ``ds=nocloud-net;s=URL``, for each loader.

A ``;`` ends a command in some loaders, and the rest of the kernel command line with it. Seen with iPXE (2019 build,
BIOS and UEFI) and GRUB 2.06; PXELINUX splits at white space alone.
"""

import re
from enum import StrEnum

from bootbeam.errors import DecodeError
from bootbeam.install.facts import check_url
from bootbeam.install.finding import Finding, problem, warning

_ARGUMENT = re.compile(r"(?:^|(?<=\s))(\"|')?ds=nocloud(?:-net)?\S*")


class Loader(StrEnum):
    """What hands the command line to the kernel."""

    IPXE = "iPXE"
    """Splits at white space alone, knows neither quotes nor backslashes: both would arrive."""
    GRUB = "GRUB"
    """Ends the command at a ``;``; one quote or one backslash keeps it, both together arrive as a backslash."""
    PXELINUX = "PXELINUX"


def nocloud_argument(seed_url: str, loader: Loader, *, old_name: bool = True) -> str:
    """The argument as it is written for ``loader``.

    Args:
        seed_url: the directory of user-data and meta-data, plain http, ending in ``/``: the names are joined to it.
        loader: who reads it.
        old_name: ``nocloud-net``, which every cloud-init takes; False for ``nocloud``, which those of 2024 prefer.

    Raises:
        DecodeError: an address that cannot stand on a command line.
    """
    check_url(seed_url)
    argument = f"ds={'nocloud-net' if old_name else 'nocloud'};s={seed_url}"
    return argument.replace(";", "\\;") if loader is Loader.GRUB else argument


def check_nocloud_argument(cmdline: str, loader: Loader) -> list[Finding]:
    """What is wrong with a ``ds=nocloud`` in a person's own kernel command line, as written for ``loader``."""
    match = _ARGUMENT.search(cmdline)
    if not match:
        return []
    quoted = bool(match.group(1))
    argument = match.group().strip("\"'")
    backslashed = "\\" in argument
    right = "write it without quotes and backslashes"
    findings = []
    if loader is Loader.GRUB and not quoted and not backslashed and ";" in argument:
        why = "GRUB ends the command at the ;, so the address and every argument after it are lost"
        findings.append(problem(None, "the ; of ds= is not protected", why, r"write it as ds=nocloud-net\;s=..."))
    elif loader is Loader.GRUB and quoted and backslashed:
        why = "within quotes the backslash stays, and cloud-init sees it"
        findings.append(problem(None, "the ; of ds= is quoted twice", why, "leave out the quotes or the backslash"))
    elif loader is not Loader.GRUB and (quoted or backslashed):
        why = f"{loader} passes quotes and backslashes on, and cloud-init sees them"
        findings.append(problem(None, "the ; of ds= is quoted", why, right))
    return findings + _check_address(argument.replace("\\", ""))


def _check_address(argument: str) -> list[Finding]:
    name, semicolon, rest = argument.partition(";")
    settings = dict(part.partition("=")[::2] for part in rest.split(";"))
    address = settings.get("s") or settings.get("seedfrom") or ""
    if not semicolon or not address:
        why = "cloud-init then looks for a disk labelled cidata"
        return [problem(None, f"{name} names no address", why, "write ds=nocloud-net;s=http://ADDRESS/")]
    if not address.endswith("/"):
        why = "the file names are joined to it as they are: " + address + "user-data"
        return [problem(None, "the address of ds= does not end in /", why, f"write s={address}/")]
    try:
        check_url(address)
    except DecodeError:
        why = "installers have no certificates early on, and often no name server"
        return [warning(None, f"{address} may not be reached", why, "plain http and the address in numbers")]
    return []

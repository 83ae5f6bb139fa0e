"""Names that are safe wherever they end up: in a URL, a TFTP request, a script line, a menu."""

import re
import unicodedata
from collections.abc import Container, Iterator
from itertools import count

MAX_NAME_CHARACTERS = 40
"""iPXE counts each file's URL against the 512 bytes of Multiboot command lines."""
DIGEST_DIGITS = 6

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_SAYS_NOTHING = ("P", "Z")
"""Unicode's general categories of punctuation and spaces."""


def served_name(file_name: str, taken: Container[str]) -> str:
    """The name under which a file is served: letters, digits and ``._+-`` of its own, different from those ``taken``.

    The extension is kept: installers and firmware look at it. Accents are left out. A name in another script has no
    such letters; it gets the beginning of its own SHA-256, so that it stays the same whatever else is served.
    """
    decomposed = unicodedata.normalize("NFKD", file_name)
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    lost = any(not each.isascii() and unicodedata.category(each)[0] not in _SAYS_NOTHING for each in plain)
    safe = _UNSAFE.sub("-", plain).rstrip("-.")
    stem, dot, extension = safe.rpartition(".")
    if not stem or len(extension) > 12:
        stem, dot, extension = safe, "", ""
    stem = stem.strip("-.")
    candidates = _candidates(stem, f"{dot}{extension}", file_name, is_own=bool(stem) and not lost)
    return next(name for name in candidates if name not in taken)


def iso_name(file_name: str, taken: Container[str]) -> str:
    """The same for an ISO, whatever its file is called: ends in ``.iso``, as clients expect of an image's address."""
    stem = file_name.removesuffix(".iso").removesuffix(".ISO")
    return served_name(f"{stem}.iso", taken)


def _candidates(stem: str, ending: str, file_name: str, *, is_own: bool) -> Iterator[str]:
    """Its own letters, where they are all there; else, or where another has that name, with its digest."""
    room = MAX_NAME_CHARACTERS - len(ending)
    short = stem[: room - 3].strip("-.") or "image"
    if is_own:
        yield f"{short}{ending}"
    if not is_own or f"{short}{ending}" != file_name:
        short = f"{stem[: room - DIGEST_DIGITS - 4].strip('-.') or 'image'}-{_digest(file_name)}"
        yield f"{short}{ending}"
    for number in count(2):
        yield f"{short}-{number}{ending}"


def _digest(file_name: str) -> str:
    from hashlib import sha256  # loaded here: it takes 3 ms, and few names need it

    same = unicodedata.normalize("NFC", file_name)  # macOS writes accents apart from their letters
    return sha256(same.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_DIGITS]


def title_name(name: str, file_name: str) -> str:
    """What a title calls a file that is served as ``name``: with its own name, where that is in another script."""
    if file_name.isascii():
        return name
    return f"{name} ({''.join(each if each.isprintable() else '?' for each in file_name)})"

"""The machine's own package sources (sources.list(5)), turned towards another release of the same distribution.

Only entries of the distribution's own archive are taken over: those for the running release, signed by the
distribution's own keyring. Nothing in them that weakens apt's checks is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

POCKETS = ("", "-updates", "-security")
"""The parts of a release that are meant for everybody; backports and proposed updates are not."""
ALIASES = ("oldoldstable", "oldstable", "stable", "testing", "unstable", "sid")
"""Names that Debian's archive also knows its releases by."""
MAX_ENTRIES = 100

_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>\S.*)")
_DEB822_FIELD = re.compile(r"(?P<name>[A-Za-z0-9-]+):[ \t]*(?P<value>.*)")
_UNUSABLE_URI = ("cdrom:", "copy:")


@dataclass(frozen=True, slots=True)
class AptSource:
    """One source of binary packages."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    """Path of a keyring, a fingerprint, or a whole key in lines; "" for the system's trusted keys."""


def parse_one_line_sources(text: str) -> list[AptSource]:
    """The ``deb`` lines of a ``.list`` file; lines that are none, or not understood, are passed over."""
    sources = []
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match is None:
            continue
        options = {
            name.lower(): value
            for name, separator, value in (part.partition("=") for part in (match["options"] or "").split())
            if separator
        }
        components = tuple(match["components"].split())
        sources.append(AptSource((match["uri"],), (match["suite"],), components, options.get("signed-by", "")))
    return sources[:MAX_ENTRIES]


def parse_deb822_sources(text: str) -> list[AptSource]:
    """The stanzas of a ``.sources`` file that are for binary packages and switched on."""
    sources = []
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = _deb822_fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        uris, suites, components = (tuple(fields.get(name, "").split()) for name in ("uris", "suites", "components"))
        if uris and suites:
            sources.append(AptSource(uris, suites, components, fields.get("signed-by", "")))
    return sources[:MAX_ENTRIES]


def sources_for_suite(sources: Iterable[AptSource], distribution_id: str, codename: str, suite: str) -> list[AptSource]:
    """The sources of the distribution's own archive, for the release ``suite`` instead of ``codename``."""
    # Debian's testing and unstable say for example "forky/sid".
    running = {name for name in (*codename.split("/"), *ALIASES) if name}
    pockets = {name + pocket: pocket for name in running for pocket in POCKETS}
    # Debian before 11 wrote the security suite in another way.
    pockets.update({f"{name}/updates": "-security" for name in running})
    turned = []
    for source in sources:
        uris = tuple(uri for uri in source.uris if not uri.startswith(_UNUSABLE_URI))
        suites = tuple(dict.fromkeys(suite + pockets[old] for old in source.suites if old in pockets))
        if uris and suites and "main" in source.components and _is_own_keyring(source.signed_by, distribution_id):
            turned.append(AptSource(uris, suites, ("main",), source.signed_by))
    return turned


def render_deb822_sources(sources: Sequence[AptSource], architectures: Sequence[str]) -> str:
    """A ``.sources`` file: nothing but package lists for ``architectures`` is to be downloaded."""
    stanzas = []
    for source in sources:
        fields = {
            "Types": "deb",
            "URIs": " ".join(source.uris),
            "Suites": " ".join(source.suites),
            "Components": " ".join(source.components),
            "Architectures": " ".join(architectures),
            "Targets": "Packages",
            "Languages": "none",
            "PDiffs": "no",
        }
        if source.signed_by:
            fields["Signed-By"] = source.signed_by
        stanzas.append("".join(f"{name}: {value}\n" for name, value in fields.items()))
    return "\n".join(stanzas)


def _deb822_fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    current = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t") and current:
            fields[current] += "\n" + line
        elif match := _DEB822_FIELD.fullmatch(line):
            current = match["name"].lower()
            fields[current] = match["value"].strip()
    return fields


def _is_own_keyring(signed_by: str, distribution_id: str) -> bool:
    """Whether a source is the distribution's by its key: the system's, or a file named after the archive.

    A key or fingerprint written into the source cannot be told; apt's pin on the archive's origin decides there.
    """
    if not signed_by.startswith("/"):
        return True
    return signed_by.rpartition("/")[2].startswith(f"{distribution_id}-archive")

"""Who made a network card, from the first bytes of its hardware address (IEEE registry)."""

from functools import lru_cache

UNREGISTERED_MAKERS = {"52:54:00": "QEMU/KVM", "00:16:3e": "Xen", "08:00:27": "VirtualBox", "0a:00:27": "VirtualBox"}
"""Prefixes that hypervisors use; the first is locally administered and so in no registry."""


@lru_cache(maxsize=1024)
def maker_of(mac: str) -> str | None:
    """The registered maker, shortened to what people call it; None when the address belongs to nobody."""
    known = UNREGISTERED_MAKERS.get(mac[:8].lower())
    if known:
        return known
    # Loaded with the first machine whose maker is told: the registry's library takes 4 ms of a station's start.
    from netaddr import EUI, AddrFormatError, NotRegisteredError

    try:
        organisation = str(EUI(mac).oui.registration()["org"])
    except (NotRegisteredError, AddrFormatError):
        return None
    return _short(organisation)


def _short(organisation: str) -> str:
    words = organisation.replace(",", " ").split()
    legal_forms = {"inc", "inc.", "co.", "co", "ltd", "ltd.", "corporation", "corp", "corp.", "limited", "gmbh", "llc"}
    kept = [word for word in words if word.lower() not in legal_forms]
    return " ".join(kept or words)[:30]

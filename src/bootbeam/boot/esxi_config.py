"""ESXi's ``boot.cfg``, rewritten so that its loader fetches everything from the station.

On the medium the names begin with ``/`` and the prefix is empty; over HTTP the loader puts the prefix before each name.
"""

from bootbeam.errors import UserError

MAX_CONFIG_CHARACTERS = 64 << 10
_FROM_MEDIUM = frozenset({"cdromboot"})
"""Options that make the installer look for its medium."""


def rewrite_boot_cfg(text: str, prefix: str, options: str = "") -> str:
    """``boot.cfg`` for a network boot.

    Args:
        text: the medium's own.
        prefix: where the image's files are, an address; a slash at its end is taken off.
        options: words added to ``kernelopt``: ``ks=http://...``.

    Raises:
        UserError: it has no kernel line, so it is no such file.
    """
    lines: list[str] = []
    seen: set[str] = set()
    for line in text[:MAX_CONFIG_CHARACTERS].splitlines():
        key, equals, value = line.partition("=")
        name = key.strip().lower()
        if not equals or name in seen:
            continue
        seen.add(name)
        if name == "kernel":
            value = value.strip().lstrip("/")
        elif name == "modules":
            value = " --- ".join(module.strip().lstrip("/") for module in value.split("---") if module.strip())
        elif name == "kernelopt":
            words = [word for word in value.split() if word.lower() not in _FROM_MEDIUM]
            value = " ".join([*words, *options.split()])
        if name != "prefix":
            lines.append(f"{key.strip()}={value.strip()}")
    if "kernel" not in seen:
        raise UserError("boot.cfg of this image has no kernel= line", "it is not ESXi's, or it is broken")
    if "kernelopt" not in seen and options:
        lines.append(f"kernelopt={' '.join(options.split())}")
    return "\n".join([*lines, f"prefix={prefix.rstrip('/')}", ""])

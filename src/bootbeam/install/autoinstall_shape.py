"""The keys of Ubuntu's autoinstall format, version 1, and their types.

Source: the installer's reference manual, "Autoinstall configuration reference" (Subiquity, 2026). Its own JSON schema
is under the GPL and so is not here; what is, are the facts.
"""

import re

from bootbeam.install.cloud_config import NETWORK_2
from bootbeam.install.shape import (
    COMMANDS_HINT,
    Anything,
    Either,
    Flag,
    Keys,
    ListOf,
    MapOf,
    Null,
    Number,
    Shape,
    Text,
    Whole,
    Words,
)

USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")

_COMMANDS = ListOf(Either((Text(), ListOf(Text()))), hint=COMMANDS_HINT)
_SWITCH = Keys({"install": Flag()}, others="warning")

DISK_MATCH = Keys(
    {
        **dict.fromkeys(("serial", "model", "vendor", "path", "id_path", "devpath"), Text()),
        "ssd": Flag(),
        "install-media": Flag(),
        "size": Words(("largest", "smallest")),
    },
    others="warning",
)

_LAYOUT = Keys(
    {
        "name": Words(("lvm", "direct", "zfs", "hybrid")),
        "match": Either((DISK_MATCH, ListOf(DISK_MATCH))),
        "password": Text(),
        "ptable": Words(("gpt", "msdos", "vtoc")),
        "sizing-policy": Words(("scaled", "all")),
        "encrypted": Flag(),
        "reset-partition": Either((Flag(), Text(), Whole())),
        "reset-partition-only": Flag(),
        "mode": Text(),
    },
    required=("name",),
    others="warning",
)

_STORAGE_ACTION = Keys(
    {
        "type": Text(),
        "id": Text(),
        "match": Either((DISK_MATCH, ListOf(DISK_MATCH))),
        "size": Either((Text(), Number())),
    },
    required=("type", "id"),
    others="allowed",
)

_GROUPS = Either((ListOf(Text()), Keys({"override": ListOf(Text()), "append": ListOf(Text())})))

_KNOWN: dict[str, Shape] = {
    "version": Whole(1, 1),
    "interactive-sections": ListOf(Text()),
    "early-commands": _COMMANDS,
    "late-commands": _COMMANDS,
    "error-commands": _COMMANDS,
    "locale": Text(),
    "timezone": Text(),
    "refresh-installer": Keys({"update": Flag(), "channel": Text()}),
    "keyboard": Keys({"layout": Text(), "variant": Text(), "toggle": Either((Text(), Null()))}, required=("layout",)),
    "source": Keys({"search_drivers": Flag(), "id": Text()}, others="warning"),
    "network": Either((NETWORK_2, Keys({"network": NETWORK_2}, required=("network",)))),
    "proxy": Either((Text(re.compile(r"https?://\S+"), "http://192.168.1.9:3128"), Null())),
    "apt": Keys(
        {
            "preserve_sources_list": Flag(),
            "primary": ListOf(Anything()),
            "mirror-selection": Anything(),
            "geoip": Flag(),
            "sources": Anything(),
            "disable_components": ListOf(Words(("universe", "multiverse", "restricted", "contrib", "non-free"))),
            "preferences": ListOf(Keys({"package": Text(), "pin": Text(), "pin-priority": Whole()})),
            "fallback": Words(("abort", "continue-anyway", "offline-install")),
        },
        others="allowed",
    ),
    "storage": Keys(
        {
            "layout": _LAYOUT,
            "config": ListOf(_STORAGE_ACTION),
            "swap": Anything(),
            "grub": Anything(),
            "version": Whole(1, 2),
        },
        others="warning",
    ),
    "identity": Keys(
        {
            "realname": Text(),
            "username": Text(USER_NAME, "ann: a to z, digits, _ and -, at most 32 characters, no digit first"),
            "hostname": Text(),
            "password": Text(),
            "groups": _GROUPS,
        },
        required=("username", "hostname", "password"),
    ),
    "active-directory": Keys({"admin-name": Text(), "domain-name": Text()}),
    "ubuntu-pro": Keys({"token": Text()}, others="warning"),
    "ubuntu-advantage": Keys({"token": Text()}, others="warning"),
    "ssh": Keys({"install-server": Flag(), "authorized-keys": ListOf(Text()), "allow-pw": Flag()}, others="warning"),
    "codecs": _SWITCH,
    "drivers": _SWITCH,
    "oem": Keys({"install": Either((Flag(), Words(("auto",))))}, required=("install",), others="warning"),
    "snaps": ListOf(Keys({"name": Text(), "channel": Text(), "classic": Flag()}, required=("name",))),
    "debconf-selections": Text(),
    "packages": ListOf(Text()),
    "kernel": Keys({"package": Text(), "flavor": Text()}, others="warning"),
    "kernel-crash-dumps": Keys({"enabled": Either((Flag(), Null()))}, required=("enabled",)),
    "updates": Words(("security", "all")),
    "shutdown": Words(("reboot", "poweroff")),
    "reporting": MapOf(Keys({"type": Text()}, required=("type",), others="allowed")),
    "user-data": Keys({}, others="allowed"),
    "zdevs": ListOf(Keys({"id": Text(), "enabled": Flag()}, others="warning")),
}

AUTOINSTALL = Keys(_KNOWN, required=("version",), others="warning")
"""Version 1 ignores keys it does not know."""
SIGNS = frozenset(
    ("identity", "storage", "early-commands", "late-commands", "error-commands", "interactive-sections", "source")
)
"""Keys that cloud-config does not have: at the top of a file they mean that ``autoinstall:`` was left out."""

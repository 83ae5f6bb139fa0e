"""The keys of Ignition configurations 3.0 to 3.6, by the version that brought each.

Source: Ignition's "Configuration Specification" of each version, and "Upgrading Configs".
"""

from functools import cache

from bootbeam.install.shape import Flag, Keys, ListOf, Shape, Text, Whole

NEWEST_MINOR = 6
MAX_MODE = 0o7777


@cache
def ignition_shape(minor: int) -> Keys:
    """What version ``3.minor`` takes. Unknown keys are ignored by Ignition, with a word in its log."""
    resource = _resource(minor)
    storage: dict[str, Shape] = {
        "disks": ListOf(_keys({"device": Text(), "wipeTable": Flag(), "partitions": ListOf(_partition())}, "device")),
        "raid": ListOf(
            _keys(
                {
                    "name": Text(),
                    "level": Text(),
                    "devices": ListOf(Text()),
                    "spares": Whole(0),
                    "options": ListOf(Text()),
                },
                "name",
            )
        ),
        "filesystems": ListOf(_filesystem(minor)),
        "files": ListOf(_keys({**_NODE, "contents": resource, "append": ListOf(resource), "mode": _MODE}, "path")),
        "directories": ListOf(_keys({**_NODE, "mode": _MODE}, "path")),
        "links": ListOf(_keys({**_NODE, "target": Text(), "hard": Flag()}, "path")),
    }
    if minor >= 2:
        storage["luks"] = ListOf(Keys({"name": Text(), "device": Text()}, required=("name",), others="allowed"))
    known: dict[str, Shape] = {
        "ignition": _ignition(minor),
        "passwd": _keys({"users": ListOf(_user(minor)), "groups": ListOf(_group(minor))}),
        "storage": _keys(storage),
        "systemd": _keys({"units": ListOf(_UNIT)}),
    }
    if minor >= 3:
        known["kernelArguments"] = _keys({"shouldExist": ListOf(Text()), "shouldNotExist": ListOf(Text())})
    return _keys(known, "ignition")


def _keys(known: dict[str, Shape], *required: str) -> Keys:
    return Keys(known, required=required, others="warning")


def _ignition(minor: int) -> Keys:
    resource = _resource(minor)
    known: dict[str, Shape] = {
        "version": Text(),
        "config": _keys({"merge": ListOf(resource), "replace": resource}),
        "timeouts": _keys({"httpResponseHeaders": Whole(0), "httpTotal": Whole(0)}),
        "security": _keys({"tls": _keys({"certificateAuthorities": ListOf(resource)})}),
    }
    if minor >= 1:
        known["proxy"] = _keys({"httpProxy": Text(), "httpsProxy": Text(), "noProxy": ListOf(Text())})
    return _keys(known, "version")


def _resource(minor: int) -> Keys:
    known: dict[str, Shape] = {
        "source": Text(),
        "compression": Text(),
        "verification": _keys({"hash": Text()}),
    }
    if minor >= 1:
        known["httpHeaders"] = ListOf(_keys({"name": Text(), "value": Text()}, "name"))
    return _keys(known)


def _filesystem(minor: int) -> Keys:
    known: dict[str, Shape] = {
        **dict.fromkeys(("device", "format", "path", "label", "uuid"), Text()),
        "options": ListOf(Text()),
        "wipeFilesystem": Flag(),
    }
    if minor >= 1:
        known["mountOptions"] = ListOf(Text())
    return _keys(known, "device", "format")


def _user(minor: int) -> Keys:
    known: dict[str, Shape] = {
        **dict.fromkeys(("name", "passwordHash", "gecos", "homeDir", "primaryGroup", "shell"), Text()),
        **dict.fromkeys(("noCreateHome", "noUserGroup", "noLogInit", "system"), Flag()),
        **dict.fromkeys(("sshAuthorizedKeys", "groups"), ListOf(Text())),
        "uid": Whole(0),
    }
    if minor >= 2:
        known["shouldExist"] = Flag()
    return _keys(known, "name")


def _group(minor: int) -> Keys:
    known: dict[str, Shape] = {"name": Text(), "gid": Whole(0), "passwordHash": Text(), "system": Flag()}
    if minor >= 2:
        known["shouldExist"] = Flag()
    return _keys(known, "name")


def _partition() -> Keys:
    return _keys(
        {
            **dict.fromkeys(("label", "typeGuid", "guid"), Text()),
            **dict.fromkeys(("number", "sizeMiB", "startMiB"), Whole(0)),
            **dict.fromkeys(("wipePartitionEntry", "shouldExist", "resize"), Flag()),
        }
    )


_OWNER = _keys({"id": Whole(0), "name": Text()})
_MODE = Whole(0, MAX_MODE)
_NODE: dict[str, Shape] = {"path": Text(), "overwrite": Flag(), "user": _OWNER, "group": _OWNER}
_UNIT = _keys(
    {
        "name": Text(),
        "enabled": Flag(),
        "mask": Flag(),
        "contents": Text(),
        "dropins": ListOf(_keys({"name": Text(), "contents": Text()}, "name")),
    },
    "name",
)

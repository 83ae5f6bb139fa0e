"""Ignition: Fedora CoreOS, RHEL CoreOS, Flatcar, SUSE's Micro systems. JSON, version 3.

Source: Ignition's "Configuration Specification". The disk is not its affair: the installer is told it on the kernel
command line.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from bootbeam.errors import UserError
from bootbeam.install.document import Node
from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.finding import Finding, in_order, problem, shown, warning
from bootbeam.install.ignition_shape import NEWEST_MINOR, ignition_shape
from bootbeam.install.json_text import parse_json
from bootbeam.install.password_field import check_hash
from bootbeam.install.reporting import report_in_ignition
from bootbeam.install.shape import check_shape
from bootbeam.install.short_form import ShortForm, host_name

IGNITION = "config.ign"
RENDERED_VERSION = "3.0.0"
"""The oldest has everything that is needed here."""
UNIT_SUFFIXES = tuple(
    f".{kind}"
    for kind in (
        "service",
        "socket",
        "device",
        "mount",
        "automount",
        "swap",
        "target",
        "path",
        "timer",
        "slice",
        "scope",
    )
)
SCHEMES = ("http:", "https:", "tftp:", "s3:", "gs:", "arn:", "data:")

_VERSION = re.compile(r"3\.([0-9]+)\.0(-experimental)?")
_BUTANE = re.compile(r"^\s*variant\s*:", re.MULTILINE)
_MEANT_OCTAL = frozenset(
    {400, 440, 444, 500, 550, 555, 600, 640, 644, 660, 664, 700, 710, 711, 750, 755, 770, 775, 777}
)
"""Rights as people write them; as decimal numbers they are rights that nobody wants."""
_HASH = re.compile(r"sha512-[0-9a-f]{128}|sha256-[0-9a-f]{64}")


def check_ignition(text: str) -> list[Finding]:
    """What is wrong with an Ignition configuration."""
    if not text.lstrip().startswith("{") and _BUTANE.search(text):
        fix = "turn it into Ignition's JSON first: butane --strict FILE > config.ign"
        return [problem(1, "this is a Butane file", "machines read only what Butane makes of it", fix)]
    parsed = parse_json(text)
    findings = list(parsed.findings)
    root = parsed.root
    if root is None:
        return in_order(findings)
    root = _without_nulls(root)
    version = root.get("ignition", "version")
    minor, wrong_version = _check_version(version)
    findings += wrong_version
    findings += check_shape(root, ignition_shape(minor)) if minor is not None else []
    findings += _check_nodes(root)
    findings += _check_units(root)
    findings += _check_users(root)
    for resource in _resources(root):
        findings += _check_resource(resource)
    return in_order(findings)


def render_ignition(answers: ShortForm, machine: MachineFacts, station: StationFacts) -> dict[str, str]:
    """The configuration for one machine.

    Raises:
        UserError: packages; these systems are made of images and have none to add.
    """
    if answers.packages:
        raise UserError(
            "the systems installed by Ignition take no packages",
            "they are images, and programs run in containers",
            "leave packages out of the short form for these machines",
        )
    user: dict[str, object] = {"name": answers.user, "sshAuthorizedKeys": list(answers.ssh_keys)}
    if answers.user != "root":
        user |= {"gecos": answers.full_name or answers.user, "groups": ["sudo", "wheel"]}
    if answers.password_hash:
        user["passwordHash"] = answers.password_hash
    config = {
        "ignition": {"version": RENDERED_VERSION},
        "passwd": {"users": [user]},
        "storage": {
            "files": [
                _file("/etc/hostname", host_name(answers, machine)),
                _file("/etc/vconsole.conf", f"KEYMAP={answers.keyboard}"),
                _file("/etc/locale.conf", f"LANG={answers.locale}"),
            ],
            "links": [
                {
                    "path": "/etc/localtime",
                    "target": f"../usr/share/zoneinfo/{answers.timezone}",
                    "overwrite": True,
                    "hard": False,
                }
            ],
        },
    }
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    return {IGNITION: report_in_ignition(text, station.report_url)}


def _file(path: str, line: str) -> dict[str, object]:
    source = f"data:,{quote(line, safe='')}%0A"
    return {"path": path, "overwrite": True, "mode": 0o644, "contents": {"source": source}}


def _without_nulls(node: Node) -> Node:
    """A key without a value counts as one that is not there."""
    if isinstance(node.value, dict):
        kept = {key: _without_nulls(value) for key, value in node.value.items() if value.value is not None}
        return Node(kept, node.line, key_lines=node.key_lines)
    if isinstance(node.value, list):
        return Node([_without_nulls(item) for item in node.value], node.line)
    return node


def _check_version(version: Node | None) -> tuple[int | None, list[Finding]]:
    if version is None or not isinstance(version.value, str):
        return 0, []
    match = _VERSION.fullmatch(version.value)
    if match and int(match.group(1)) <= NEWEST_MINOR:
        return int(match.group(1)), []
    fix = f'write "version": "3.0.0" up to "3.{NEWEST_MINOR}.0"'
    if match:
        why = f"versions up to 3.{NEWEST_MINOR}.0 are known here, and are checked"
        return NEWEST_MINOR, [warning(version.line, f"version {version.value} is newer than this check", why)]
    if version.value.startswith("2."):
        why = "Fedora CoreOS takes version 3; Flatcar takes both, and version 2 is not checked here"
        return None, [warning(version.line, f"version {version.value} is of the old kind", why, fix)]
    return 0, [problem(version.line, f"there is no version {shown(version.value)}", "", fix)]


def _entries(root: Node, *path: str) -> Iterator[Node]:
    found = root.get(*path)
    if found is not None and isinstance(found.value, list):
        yield from found.value


def _check_nodes(root: Node) -> list[Finding]:
    findings = []
    paths: dict[str, int] = {}
    for kind in ("files", "directories", "links"):
        for entry in _entries(root, "storage", kind):
            path, mode = entry.get("path"), entry.get("mode")
            if path is not None and isinstance(path.value, str):
                findings += _check_path(path, path.value, paths)
            if mode is not None and isinstance(mode.value, int) and mode.value in _MEANT_OCTAL:
                meant = int(str(mode.value), 8)
                why = f"JSON has no octal numbers: {mode.value} sets the rights {mode.value:04o}"
                findings.append(
                    problem(mode.line, f"mode {mode.value} is decimal", why, f"for {mode.value} write {meant}")
                )
    return findings


def _check_path(node: Node, path: str, paths: dict[str, int]) -> list[Finding]:
    if not path.startswith("/"):
        return [problem(node.line, f"the path {shown(path)} does not begin with /", "the installer stops")]
    if path in paths:
        return [problem(node.line, f"{path} is there twice", f"it stands in line {paths[path]} already")]
    paths[path] = node.line
    return []


def _check_units(root: Node) -> list[Finding]:
    findings = []
    for unit in _entries(root, "systemd", "units"):
        name, contents = unit.text("name"), unit.text("contents")
        if name and not name.endswith(UNIT_SUFFIXES):
            fix = f"write {name}.service, or another of {', '.join(UNIT_SUFFIXES)}"
            findings.append(problem(unit.line, f"{name} is not the name of a unit", "", fix))
        enabled = unit.get("enabled")
        if contents and enabled is not None and enabled.value is True and "[Install]" not in contents:
            why = "systemd enables a unit by what stands there"
            findings.append(warning(unit.line, f"{name} is enabled but has no [Install]", why, "add WantedBy="))
    return findings


def _check_users(root: Node) -> list[Finding]:
    findings = []
    names: set[str] = set()
    for user in _entries(root, "passwd", "users"):
        name, word = user.text("name"), user.get("passwordHash")
        if name in names:
            findings.append(problem(user.line, f"the user {name} is there twice", "", "join the two"))
        names.add(name)
        if word is not None and isinstance(word.value, str):
            findings += check_hash(word.line, "passwordHash", word.value)
    if not names and root.get("ignition", "config") is None:
        why = "nobody could log in to the installed system"
        findings.append(warning(None, "there are no users", why, "add passwd.users with an SSH key"))
    return findings


def _resources(root: Node) -> Iterator[Node]:
    for entry in _entries(root, "storage", "files"):
        contents = entry.get("contents")
        if contents is not None:
            yield contents
        yield from _entries(entry, "append")
    yield from _entries(root, "ignition", "config", "merge")
    replace = root.get("ignition", "config", "replace")
    if replace is not None:
        yield replace


def _check_resource(resource: Node) -> list[Finding]:
    findings = []
    source = resource.get("source")
    if source is not None and isinstance(source.value, str) and source.value:
        if not source.value.lower().startswith(SCHEMES):
            fix = "an address, or the text itself as data:,TEXT with %20 for a space"
            findings.append(problem(source.line, f"{shown(source.value)} is no source", "", fix))
        elif source.value.startswith("data:") and (" " in source.value or "\n" in source.value):
            why = "everything but letters and digits is written as %XX in it"
            findings.append(problem(source.line, "a space or line break stands in a data: source", why))
    digest = resource.get("verification", "hash")
    if digest is not None and isinstance(digest.value, str) and not _HASH.fullmatch(digest.value):
        fix = "sha512- and what sha512sum FILE prints"
        findings.append(problem(digest.line, f"{shown(digest.value)} is no hash", "", fix))
    return findings

"""cloud-init's NoCloud files: user-data, meta-data, vendor-data and network-config.

Source: cloud-init's documentation, "NoCloud" and "User data formats"; seen with cloud-init 22.4.
The schema of its keys is cloud-init's own: where its package is installed, the caller hands it in.
"""

import re
from collections.abc import Mapping
from typing import Any

from bootbeam.install.document import Node
from bootbeam.install.finding import Finding, in_order, problem, warning
from bootbeam.install.shape import Anything, Either, Flag, Keys, ListOf, MapOf, Text, Whole, Words, check_shape
from bootbeam.install.yaml_text import parse_yaml

HEADER = "#cloud-config"
TEMPLATE_HEADER = re.compile(r"##\s*template\s*:\s*jinja\s*")
OTHER_HEADERS = ("#!", "#include", "#cloud-boothook", "#part-handler", "#upstart-job", "Content-Type:", "MIME-Version:")
"""Other kinds of user-data, which are not looked into."""
SCHEMA_PATH = "/usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json"
"""Where Debian's and Ubuntu's package puts the schema."""

CloudSchema = Mapping[str, Any]
"""The content of ``SCHEMA_PATH``."""


def check_cloud_config(text: str, schema: CloudSchema | None = None) -> list[Finding]:
    """What is wrong with a user-data or vendor-data file; one without content is fine."""
    if not text.strip():
        return []
    if text.lstrip("\ufeff").startswith(OTHER_HEADERS):
        return []
    findings = check_header(text)
    if is_filled_in_later(text):
        return findings
    parsed = parse_yaml(text)
    findings += parsed.findings
    if parsed.root is not None:
        findings += check_keys(parsed.root, schema)
    return in_order(findings)


def check_header(text: str) -> list[Finding]:
    """Whether cloud-init takes the file for a cloud-config: by its first line, and by nothing else."""
    lines = text.split("\n", 2)
    first = lines[0].removesuffix("\r")
    if TEMPLATE_HEADER.fullmatch(first):
        first = lines[1].removesuffix("\r") if len(lines) > 1 else ""
    if first.rstrip() == HEADER:
        return []
    if first.startswith("\ufeff"):
        fix = "save the file as UTF-8 without a byte order mark"
        return [problem(1, "an invisible mark stands before the first line", "cloud-init does not know the file", fix)]
    wanted = f"make {HEADER} the first line, without a space in it and nothing before it"
    if not first.strip() and text.lstrip().startswith(HEADER):
        why = "some versions of cloud-init skip empty lines, its own check and later ones do not"
        return [problem(1, f"the first line is empty, {HEADER} follows later", why, wanted)]
    why = f"cloud-init goes by the first line alone, this file's is not {HEADER}, and it is left aside without a word"
    return [problem(1, f"the first line is not {HEADER}", why, wanted)]


def is_filled_in_later(text: str) -> bool:
    """Whether it is a template of cloud-init's own, and so perhaps no YAML yet."""
    return TEMPLATE_HEADER.fullmatch(text.partition("\n")[0].rstrip("\r")) is not None


def check_keys(root: Node, schema: CloudSchema | None) -> list[Finding]:
    """The keys of a cloud-config, by cloud-init's own schema when there is one. ``autoinstall`` is not looked into."""
    if root.value is None:
        return []
    if not isinstance(root.value, dict):
        return check_shape(root, Keys({}, others="allowed"))
    if schema is None:
        return []
    # Loaded here: its library takes 28 ms and 2 MB, and only where cloud-init's own package is installed is it needed.
    from bootbeam.install.cloud_schema import check_against

    return check_against(schema, root, root.value)


def check_meta_data(text: str) -> list[Finding]:
    """What is wrong with a meta-data file; an empty one is fine."""
    parsed = parse_yaml(text)
    findings = list(parsed.findings)
    if parsed.root is not None and parsed.root.value is not None:
        findings += check_shape(parsed.root, _META_DATA)
    return in_order(findings)


def check_network_config(text: str) -> list[Finding]:
    """What is wrong with a network-config file (cloud-init's version 1, or netplan's, called 2); empty is fine."""
    parsed = parse_yaml(text)
    findings = list(parsed.findings)
    if parsed.root is None or parsed.root.value is None:
        return in_order(findings)
    root, path = parsed.root, ""
    nested = root.get("network")
    if nested is not None and len(list(root.items())) == 1:
        why = "cloud-init before 23 looks for version at the top of this file"
        fix = "leave the line network: out and indent the rest less"
        findings.append(warning(root.line, "everything stands under network:", why, fix))
        root, path = nested, "network"
    version = root.get("version")
    shape = _NETWORK_1 if version is not None and version.value == 1 else NETWORK_2
    return in_order(findings + check_shape(root, shape, path))


_META_DATA = Keys(
    {"instance-id": Text(), "local-hostname": Text(), "hostname": Text(), "public-keys": Anything()}, others="allowed"
)
_INTERFACE = Keys(
    {
        "match": Keys({"macaddress": Text(), "name": Text(), "driver": Either((Text(), ListOf(Text())))}),
        "dhcp4": Flag(),
        "dhcp6": Flag(),
        "addresses": ListOf(Either((Text(), Anything()))),
        "set-name": Text(),
        "gateway4": Text(),
        "gateway6": Text(),
        "routes": ListOf(Keys({"to": Text(), "via": Text()}, others="allowed")),
        "nameservers": Keys({"addresses": ListOf(Text()), "search": ListOf(Text())}),
        "mtu": Whole(68, 65535),
    },
    others="allowed",
)
_INTERFACES = MapOf(_INTERFACE)
NETWORK_2 = Keys(
    {
        "version": Whole(2, 2),
        "renderer": Words(("networkd", "NetworkManager")),
        **dict.fromkeys(("ethernets", "wifis", "bonds", "bridges", "vlans", "tunnels"), _INTERFACES),
    },
    required=("version",),
    others="allowed",
)
"""netplan's own form, which autoinstall takes too."""
_NETWORK_1 = Keys({"version": Whole(1, 1), "config": Anything()}, required=("version", "config"), others="warning")

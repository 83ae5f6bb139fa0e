"""The answer file of Proxmox's automatic installer (VE, Backup Server, Mail Gateway 8.2 and later). TOML.

Source: Proxmox's wiki, "Automated Installation", and the installer's own types (pve-installer, 2026-06). The installer
asks for it by POST; a file on its medium, ``auto-installer-mode.toml``, tells it to ask at all.
"""

import re

from bootbeam.errors import UserError
from bootbeam.install.disk_choice import DiskChoice, udev_pattern
from bootbeam.install.document import Node
from bootbeam.install.facts import HOST_NAME, MachineFacts, StationFacts, check_url
from bootbeam.install.finding import Finding, in_order, problem, shown
from bootbeam.install.password_field import check_clear, check_hash
from bootbeam.install.regions import KEYBOARDS, keyboard_named
from bootbeam.install.reporting import report_in_proxmox
from bootbeam.install.shape import Either, Flag, Keys, ListOf, MapOf, Number, Text, Whole, Words, check_shape
from bootbeam.install.short_form import ShortForm, host_name
from bootbeam.install.toml_text import parse_toml, toml_text, toml_texts

ANSWER = "answer.toml"
MODE_FILE = "auto-installer-mode.toml"
"""At the root of the installer's medium."""
MIN_PASSWORD_CHARACTERS = 8
DEFAULT_DOMAIN = "internal"
"""For a host name without one, which the installer refuses; reserved for private networks by ICANN."""

_DISK_NAME = re.compile(r"/dev/[A-Za-z0-9]+")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_KEYBOARD_WORDS = tuple(
    sorted({"fr-ca", "fr-ch", "mk", *(keyboard.proxmox for keyboard in KEYBOARDS.values() if keyboard.proxmox)})
)
_SNAKE = {
    name.replace("-", "_"): name
    for name in (
        *("root-password", "root-password-hashed", "root-ssh-keys", "reboot-on-error", "reboot-mode", "disk-list"),
        *("filter-match", "cert-fingerprint", "arc-max"),
    )
}
_SIZES = dict.fromkeys(("hdsize", "swapsize", "maxroot", "maxvz", "minfree"), Number())
_SHAPE = Keys(
    {
        "global": Keys(
            {
                "keyboard": Words(_KEYBOARD_WORDS),
                "country": Text(re.compile(r"[a-z]{2}"), "de: two small letters"),
                "fqdn": Either((Text(), Keys({"source": Words(("from-dhcp",)), "domain": Text()}))),
                "mailto": Text(_MAIL, "admin@example.com"),
                "timezone": Text(),
                "root-password": Text(),
                "root-password-hashed": Text(),
                "root-ssh-keys": ListOf(Text()),
                "reboot-on-error": Flag(),
                "reboot-mode": Words(("reboot", "power-off")),
                "subscription-key": Text(),
            },
            required=("keyboard", "country", "fqdn", "mailto", "timezone"),
            aliases=_SNAKE,
        ),
        "network": Keys(
            {
                "source": Words(("from-dhcp", "from-answer")),
                "cidr": Text(re.compile(r"\S+/[0-9]{1,3}"), "192.168.1.9/24"),
                "dns": Text(),
                "gateway": Text(),
                "filter": MapOf(Text()),
                "interface-name-pinning": Keys({"enabled": Flag(), "mapping": MapOf(Text())}, required=("enabled",)),
            },
        ),
        "disk-setup": Keys(
            {
                "filesystem": Words(("ext4", "xfs", "zfs", "btrfs")),
                "disk-list": ListOf(Text()),
                "filter": MapOf(Text()),
                "filter-match": Words(("any", "all")),
                "lvm": Keys(_SIZES),
                "zfs": Keys(
                    {
                        **dict.fromkeys(("raid", "checksum", "compress"), Text()),
                        **dict.fromkeys(("ashift", "arc-max", "copies"), Whole(0)),
                        "hdsize": Number(),
                    },
                    aliases=_SNAKE,
                ),
                "btrfs": Keys({"raid": Text(), "hdsize": Number(), "compress": Text()}),
            },
            required=("filesystem",),
            aliases=_SNAKE,
        ),
        "post-installation-webhook": Keys(
            {"url": Text(), "cert-fingerprint": Text()}, required=("url",), aliases=_SNAKE
        ),
        "first-boot": Keys(
            {
                "source": Words(("from-url", "from-iso")),
                "ordering": Words(("before-network", "network-online", "fully-up")),
                "url": Text(),
                "cert-fingerprint": Text(),
            },
            required=("source",),
            aliases=_SNAKE,
        ),
    },
    required=("global", "network", "disk-setup"),
)


def check_proxmox(text: str) -> list[Finding]:
    """What is wrong with an answer file for Proxmox's installer."""
    parsed = parse_toml(text)
    findings = list(parsed.findings)
    root = parsed.root
    if root is None:
        return in_order(findings)
    findings += check_shape(root, _SHAPE)
    findings += _check_login(root)
    findings += _check_network(root)
    findings += _check_disks(root)
    if root.text("first-boot", "source") == "from-url" and not root.text("first-boot", "url"):
        line = root.key_lines["first-boot"]
        findings.append(problem(line, "first-boot.url is missing", 'source is "from-url"', 'url = "http://..."'))
    return in_order(findings)


def render_proxmox(answers: ShortForm, machine: MachineFacts, station: StationFacts) -> dict[str, str]:
    """The answer file for one machine. The installer makes only root: the user's password and keys become root's.

    Raises:
        UserError: what this installer cannot do: packages, no password, another keyboard, a disk by a link to it.
    """
    if answers.packages:
        raise UserError(
            "Proxmox's installer takes no packages", "it installs what its medium holds", "leave packages out"
        )
    if not answers.password_hash:
        raise UserError(
            "Proxmox's installer wants a password for root", "SSH keys alone are refused", 'add password = "..."'
        )
    keyboard = keyboard_named(answers.keyboard, "Proxmox").proxmox
    if not keyboard:
        raise UserError(
            f"Proxmox's installer has no keyboard {answers.keyboard}", f"it has {', '.join(_KEYBOARD_WORDS)}"
        )
    name = host_name(answers, machine)
    fqdn = name if "." in name else f"{name}.{DEFAULT_DOMAIN}"
    lines = (
        "[global]",
        f"keyboard = {toml_text(keyboard)}",
        f"country = {toml_text((answers.language_and_country[1] or 'us').lower())}",
        f"fqdn = {toml_text(fqdn)}",
        f"mailto = {toml_text('root@' + fqdn)}",
        f"timezone = {toml_text('UTC' if answers.timezone == 'Etc/UTC' else answers.timezone)}",
        f"root-password-hashed = {toml_text(answers.password_hash)}",
        f"root-ssh-keys = {toml_texts(answers.ssh_keys)}",
        "",
        "[network]",
        'source = "from-dhcp"',
        "",
        "[disk-setup]",
        'filesystem = "ext4"',
        _disk(answers.disk),
    )
    return {ANSWER: report_in_proxmox("\n".join(lines) + "\n", station.report_url)}


def render_proxmox_mode(answer_url: str) -> str:
    """``auto-installer-mode.toml``, which makes the installer ask the station for its answers.

    Raises:
        DecodeError: an address that cannot stand in a file.
    """
    check_url(answer_url)
    return f'mode = "http"\n\n[http]\nurl = {toml_text(answer_url)}\n'


def _disk(disk: DiskChoice) -> str:
    """The installer takes the first disk that fits; every disk has a device name."""
    if disk.path:
        if not _DISK_NAME.fullmatch(disk.path):
            raise UserError(
                f"Proxmox's installer does not find a disk by {disk.path}",
                "it knows disks by their names, like sda, or by what udev knows of them",
                'describe the disk in the short form: disk = { serial = "..." }',
            )
        return f"disk-list = [{toml_text(disk.path.removeprefix('/dev/'))}]"
    if disk.serial:
        return f"filter.ID_SERIAL_SHORT = {toml_text(udev_pattern(disk.serial))}"
    if disk.model:
        return f"filter.ID_MODEL = {toml_text(udev_pattern(disk.model))}"
    return 'filter.DEVNAME = "/dev/*"'


def _check_login(root: Node) -> list[Finding]:
    section = root.get("global")
    if section is None or not isinstance(section.value, dict):
        return []
    findings = []
    clear = section.get("root-password") or section.get("root_password")
    hashed = section.get("root-password-hashed") or section.get("root_password_hashed")
    if clear is None and hashed is None:
        fix = 'root-password-hashed = "..." with what openssl passwd -6 prints'
        findings.append(problem(section.line, "there is no password for root", "the installer stops", fix))
    elif clear is not None and hashed is not None:
        why = "the installer refuses both"
        findings.append(problem(clear.line, "root-password and root-password-hashed exclude each other", why))
    elif clear is not None and isinstance(clear.value, str):
        if len(clear.value) < MIN_PASSWORD_CHARACTERS:
            why = f"the installer wants {MIN_PASSWORD_CHARACTERS} characters"
            findings.append(problem(clear.line, "the password is too short", why))
        findings += check_clear(clear.line, "root-password", clear.value, 'write root-password-hashed = "HASH"')
    elif hashed is not None and isinstance(hashed.value, str):
        findings += check_hash(hashed.line, "root-password-hashed", hashed.value)
    fqdn = section.get("fqdn")
    if (
        fqdn is not None
        and isinstance(fqdn.value, str)
        and ("." not in fqdn.value or not HOST_NAME.fullmatch(fqdn.value))
    ):
        why = "the installer wants a name with its domain"
        findings.append(problem(fqdn.line, f"{shown(fqdn.value)} is not a full name", why, 'fqdn = "pve1.example.com"'))
    return findings


def _check_network(root: Node) -> list[Finding]:
    network = root.get("network")
    if network is None or not isinstance(network.value, dict):
        return []
    fixed = [key for key in ("cidr", "dns", "gateway", "filter") if key in network.value]
    if network.text("source") == "from-answer":
        return [
            problem(network.line, f"network.{key} is missing", 'source is "from-answer"')
            for key in ("cidr", "dns", "gateway", "filter")
            if key not in fixed
        ]
    return [
        problem(network.key_lines[key], f"network.{key} excludes DHCP", "the installer stops", 'source = "from-answer"')
        for key in fixed
    ]


def _check_disks(root: Node) -> list[Finding]:
    setup = root.get("disk-setup")
    if setup is None or not isinstance(setup.value, dict):
        return []
    findings = []
    listed, described = setup.get("disk-list") or setup.get("disk_list"), setup.get("filter")
    if (listed is None) == (described is None):
        what = "neither disk-list nor filter is there" if listed is None else "disk-list and filter exclude each other"
        findings.append(problem(setup.line, what, "the installer stops", 'for example disk-list = ["sda"]'))
    filesystem = setup.text("filesystem")
    count = len(listed.value) if listed is not None and isinstance(listed.value, list) else 0
    if filesystem in ("ext4", "xfs") and count > 1:
        findings.append(problem(setup.line, f"{filesystem} takes one disk, {count} are listed", "the installer stops"))
    if filesystem in ("zfs", "btrfs") and setup.get(filesystem, "raid") is None:
        why = "the installer stops"
        findings.append(problem(setup.line, f"{filesystem}.raid is missing", why, f'{filesystem}.raid = "raid1"'))
    for other in ("lvm", "zfs", "btrfs"):
        own = "lvm" if filesystem in ("ext4", "xfs") else filesystem
        if other != own and other in setup.value:
            why = f"the filesystem is {filesystem}"
            findings.append(problem(setup.key_lines[other], f"{other} options do not belong here", why))
    return findings

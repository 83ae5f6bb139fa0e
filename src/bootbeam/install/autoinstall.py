"""Ubuntu's autoinstall: the NoCloud files that Subiquity, the installer of 20.04 and later, is answered with.

Source: the installer's reference manual (Subiquity, 2026). The answers stand under ``autoinstall:`` in a cloud-config.
"""

import fnmatch
from collections.abc import Mapping

from bootbeam.errors import UserError
from bootbeam.install.autoinstall_shape import AUTOINSTALL, SIGNS
from bootbeam.install.cloud_config import HEADER, CloudSchema, check_header, check_keys, is_filled_in_later
from bootbeam.install.disk_choice import DiskChoice, udev_pattern
from bootbeam.install.document import Node
from bootbeam.install.facts import DiskFacts, MachineFacts, StationFacts
from bootbeam.install.finding import Finding, in_order, problem, shown, warning
from bootbeam.install.password_field import check_hash
from bootbeam.install.reporting import report_in_user_data
from bootbeam.install.shape import check_shape
from bootbeam.install.short_form import ShortForm, host_name
from bootbeam.install.yaml_text import dump_yaml, parse_yaml

USER_DATA, META_DATA, VENDOR_DATA, NETWORK_CONFIG = "user-data", "meta-data", "vendor-data", "network-config"
RESERVED_USERS = frozenset(
    (
        *("root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data"),
        *("backup", "list", "irc", "gnats", "nobody", "adm", "tty", "disk", "kmem", "dialout", "fax", "voice", "cdrom"),
        *("floppy", "tape", "sudo", "audio", "dip", "operator", "src", "shadow", "utmp", "video", "sasl", "plugdev"),
        *("staff", "users", "nogroup", "netplan", "admin", "ftp", "ssh", "sshd", "mysql", "bind", "dnsmasq", "syslog"),
    )
)
"""The likeliest of the names that the installer refuses."""


def check_autoinstall(text: str, schema: CloudSchema | None = None, disks: tuple[DiskFacts, ...] = ()) -> list[Finding]:
    """What is wrong with a user-data file for Ubuntu's installer.

    Args:
        text: the file.
        schema: cloud-init's own, where it is installed (``cloud_config.SCHEMA_PATH``).
        disks: of the machine it is for; empty when not known, matches are then not tried.
    """
    findings = check_header(text)
    if is_filled_in_later(text):
        return findings
    parsed = parse_yaml(text)
    findings += parsed.findings
    root = parsed.root
    if root is None:
        return in_order(findings)
    findings += check_keys(root, schema)
    autoinstall = root.get("autoinstall")
    if autoinstall is None:
        return in_order([*findings, _missing(root)])
    findings += check_shape(autoinstall, AUTOINSTALL, "autoinstall")
    if isinstance(autoinstall.value, dict):
        findings += _check_login(autoinstall)
        findings += _check_sections(autoinstall)
        findings += _check_storage(autoinstall, disks)
        user_data = autoinstall.get("user-data")
        if user_data is not None:
            findings += check_keys(user_data, schema)
    return in_order(findings)


def render_autoinstall(answers: ShortForm, machine: MachineFacts, station: StationFacts) -> dict[str, str]:
    """The NoCloud files for one machine.

    Raises:
        UserError: a user name that Ubuntu's installer refuses.
    """
    if answers.user in RESERVED_USERS:
        raise UserError(
            f"Ubuntu's installer does not make the user {answers.user}",
            "the system has that name already",
            'choose another user in the short form; it gets sudo: user = "ann"',
        )
    name = host_name(answers, machine)
    autoinstall: dict[str, object] = {
        "version": 1,
        "locale": answers.locale,
        "keyboard": {"layout": answers.keyboard},
        "timezone": answers.timezone,
        **_login(answers, name),
        "ssh": {
            "install-server": True,
            "authorized-keys": list(answers.ssh_keys) if answers.password_hash else [],
            "allow-pw": bool(answers.password_hash),
        },
        "storage": {"layout": {"name": "direct", **_match(answers.disk)}},
        "packages": list(answers.packages),
        "shutdown": "reboot",
    }
    user_data = f"{HEADER}\n{dump_yaml({'autoinstall': autoinstall})}"
    return {
        USER_DATA: report_in_user_data(user_data, station.report_url),
        META_DATA: render_meta_data(machine, name),
        VENDOR_DATA: "",
        NETWORK_CONFIG: "",
    }


def render_meta_data(machine: MachineFacts, hostname: str = "") -> str:
    """A meta-data file: an ``instance-id`` of the machine's own, and its name when there is one."""
    identity = machine.uuid or (machine.mac or "").replace(":", "-") or "bootbeam"
    name = {"local-hostname": hostname} if hostname else {}
    return dump_yaml({"instance-id": f"bootbeam-{identity}", **name})


def _login(answers: ShortForm, hostname: str) -> dict[str, object]:
    """With a password, the installer's own ``identity``. Without, the first boot's cloud-init makes the user: the
    installer wants a password, and sudo would ask for it."""
    full_name = answers.full_name or answers.user
    if answers.password_hash:
        return {
            "identity": {
                "realname": full_name,
                "username": answers.user,
                "hostname": hostname,
                "password": answers.password_hash,
            }
        }
    user = {
        "name": answers.user,
        "gecos": full_name,
        "groups": ["adm", "sudo"],
        "shell": "/bin/bash",
        "lock_passwd": True,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "ssh_authorized_keys": list(answers.ssh_keys),
    }
    return {"user-data": {"hostname": hostname, "users": [user]}}


def _match(disk: DiskChoice) -> dict[str, object]:
    """udev's ``ID_SERIAL``, which is compared, has the model before the serial number."""
    match = {
        "path": disk.path,
        "serial": f"*{udev_pattern(disk.serial)}*" if disk.serial else "",
        "model": udev_pattern(disk.model),
    }
    given = {key: value for key, value in match.items() if value}
    return {"match": given} if given else {}


def _missing(root: Node) -> Finding:
    keys = set(root.value) if isinstance(root.value, dict) else set()
    if keys & SIGNS:
        fix = "write autoinstall: in the line after #cloud-config and indent everything below it by two spaces"
        return problem(root.line, "the answers do not stand under autoinstall:", "cloud-init passes on only that", fix)
    why = "without it the installer asks every question"
    return problem(None, "there is no autoinstall:", why, "begin with: autoinstall: and, indented, version: 1")


def _check_login(autoinstall: Node) -> list[Finding]:
    identity = autoinstall.get("identity")
    if identity is None:
        if autoinstall.get("user-data") or autoinstall.get("active-directory"):
            return []
        fix = "give identity: with username, hostname and password"
        return [problem(autoinstall.line, "neither identity nor user-data is there", "the installer stops", fix)]
    findings = []
    password = identity.get("password")
    if password is not None and isinstance(password.value, str):
        findings += check_hash(password.line, "identity.password", password.value)
    name = identity.get("username")
    if name is not None and name.value in RESERVED_USERS:
        why = "the system has that name already"
        findings.append(problem(name.line, f"the user cannot be called {name.value}", why, "choose another"))
    return findings


def _check_sections(autoinstall: Node) -> list[Finding]:
    findings = []
    interactive = autoinstall.get("interactive-sections")
    if interactive is not None and list(interactive.items()):
        why = "the installer stops there and asks, and it reports no progress"
        line = autoinstall.key_lines["interactive-sections"]
        findings.append(warning(line, "interactive-sections is not empty", why, "leave it out, unless you mean it"))
    kernel = autoinstall.get("kernel")
    if kernel is not None and kernel.get("package") and kernel.get("flavor"):
        findings.append(problem(kernel.line, "kernel has both package and flavor", "", "leave one of them"))
    source = autoinstall.text("source", "id")
    if "desktop" in source and autoinstall.get("ssh") is not None:
        why = "the desktop installer does not know the section"
        findings.append(warning(autoinstall.key_lines["ssh"], "ssh is ignored on a desktop system", why))
    return findings


def _check_storage(autoinstall: Node, disks: tuple[DiskFacts, ...]) -> list[Finding]:
    layout, config = autoinstall.get("storage", "layout"), autoinstall.get("storage", "config")
    findings = []
    if layout is not None and config is not None:
        why = "the layout is taken, the config ignored"
        findings.append(problem(config.line, "storage has both layout and config", why, "leave one of them"))
    matches = [layout.get("match")] if layout is not None else []
    actions = config.items() if config is not None else ()
    matches += [action.get("match") for action in actions if action.text("type") == "disk"]
    for match in matches:
        findings += _check_match(match, disks) if match is not None else []
    return findings


def _check_match(match: Node, disks: tuple[DiskFacts, ...]) -> list[Finding]:
    """Whether a description fits a disk. The installer's comparison is by case, of the whole value, with * and ?."""
    alternatives = list(match.items()) if isinstance(match.value, list) else [match]
    conditions = [
        {key: node.value for key, node in one.value.items()} for one in alternatives if isinstance(one.value, dict)
    ]
    if not any(conditions):
        return []
    if disks:
        if any(_fits(disk, condition) for disk in disks for condition in conditions):
            return []
        have = ", ".join(f"{disk.path} (model {disk.model}, serial {disk.serial})" for disk in disks)
        return [problem(match.line, "the disk match fits no disk of this machine", f"it has {have}")]
    named = [node for one in alternatives for key in ("serial", "model", "path") if (node := one.get(key))]
    inexact = [node for node in named if isinstance(node.value, str) and not set(node.value) & set("*?[")]
    return [
        warning(
            node.line,
            f"the disk has to match {shown(node.value)} exactly",
            "udev writes _ for a space, and the model before the serial number; where nothing fits, the install stops",
            f"leave room with stars: {shown('*' + str(node.value) + '*')}",
        )
        for node in inexact
        if not str(node.value).startswith("/dev/")
    ]


def _fits(disk: DiskFacts, condition: Mapping[str, object]) -> bool:
    """As far as the facts go; what they do not tell is taken to fit."""
    for key, value in (("serial", disk.serial), ("model", disk.model), ("vendor", disk.vendor), ("path", disk.path)):
        wanted = condition.get(key)
        if isinstance(wanted, str) and value and not fnmatch.fnmatchcase(value, wanted):
            return False
    wanted_ssd = condition.get("ssd")
    return not (isinstance(wanted_ssd, bool) and disk.solid_state not in (None, wanted_ssd))

"""SUSE's AutoYaST: openSUSE Leap and SLES 15.

Source: the AutoYaST guide and the schemas of its own parts (``users.rnc``, ``general.rnc``, ``scripts.rnc`` ...).
Every list and every boolean says its type by an attribute; one that does not is read as a text.
"""

from bootbeam.errors import UserError
from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.finding import Finding, in_order, nearest, problem, shown, warning
from bootbeam.install.password_field import check_clear, check_hash
from bootbeam.install.regions import keyboard_named
from bootbeam.install.reporting import AUTOYAST_NAMESPACE, CONFIG_NAMESPACE, report_in_autoyast
from bootbeam.install.short_form import ShortForm, host_name
from bootbeam.install.xml_text import Element, parse_xml, xml_text

AUTOYAST = "autoinst.xml"

TYPES = ("list", "boolean", "integer", "symbol", "string", "map", "disksize")
LISTS = frozenset(
    (
        *("users", "groups", "partitioning", "partitions", "packages", "post-packages", "remove-packages", "patterns"),
        *("remove-patterns", "post-patterns", "products", "remove-products", "pre-scripts", "chroot-scripts"),
        *("post-scripts", "init-scripts", "postpartitioning-scripts", "ask-list", "interfaces", "skip_list"),
        *("authorized_keys", "add_on_products", "add_on_others", "addons", "subvolumes", "semi-automatic", "zones"),
    )
)
"""Elements that are lists wherever they stand."""
BOOLEANS = frozenset(
    (
        *("confirm", "second_stage", "final_halt", "final_reboot", "halt", "forceboot", "encrypted", "initialize"),
        *("create", "format", "resize", "keep_install_network", "do_online_update", "install_recommends"),
        *("install_recommended", "enable_firewall", "start_firewall", "self_update", "chrooted", "debug", "feedback"),
        *("accept_unsigned_file", "accept_file_without_checksum", "accept_unknown_gpg_key", "import_gpg_key"),
        *("do_registration", "install_updates", "password_less_login", "is_lvm_vg", "enable_snapshots"),
    )
)
SECTIONS = frozenset(
    (
        *("general", "report", "software", "partitioning", "partitioning_advanced", "users", "groups", "user_defaults"),
        *(
            "login_settings",
            "networking",
            "firewall",
            "services-manager",
            "timezone",
            "language",
            "keyboard",
            "scripts",
        ),
        *("files", "bootloader", "suse_register", "add-on", "ntp-client", "host", "proxy", "security", "ssh_import"),
        *("deploy_image", "kdump", "sysconfig", "upgrade", "classes", "ask-list", "configuration_management", "dasd"),
        *("zfcp", "iscsi-client", "fcoe-client", "nfs", "nfs_server", "nis", "samba-client", "dns-server", "mail"),
        *(
            "dhcp-server",
            "ftp-server",
            "http-server",
            "tftp-server",
            "squid",
            "printer",
            "sound",
            "audit-laf",
            "cio_ignore",
        ),
    )
)
ALIKE_SECTION_CHARACTERS = 5
"""Shorter names are like too many others."""


def check_autoyast(text: str) -> list[Finding]:
    """What is wrong with an AutoYaST profile."""
    parsed = parse_xml(text)
    findings = list(parsed.findings)
    root = parsed.root
    if root is None:
        return in_order(findings)
    if (root.namespace, root.name) != (AUTOYAST_NAMESPACE, "profile"):
        fix = f'begin with: <profile xmlns="{AUTOYAST_NAMESPACE}" xmlns:config="{CONFIG_NAMESPACE}">'
        what = f"the root element is {shown(root.name)} of the namespace {shown(root.namespace)}"
        return in_order([*findings, problem(root.line, what, "the installer knows only its own", fix)])
    findings += _check_sections(root)
    findings += _check_types(root)
    findings += _check_users(root)
    return in_order(findings)


def render_autoyast(answers: ShortForm, machine: MachineFacts, station: StationFacts) -> dict[str, str]:
    """The profile for one machine.

    Raises:
        UserError: a disk by serial number or model, which AutoYaST cannot look for; a keyboard it has another name for.
    """
    if answers.disk.serial or answers.disk.model:
        raise UserError(
            "AutoYaST does not find a disk by its serial number or model",
            "it knows a disk by its device only",
            'name it so in the short form: disk = "/dev/disk/by-id/..."',
        )
    name, _, domain = host_name(answers, machine).partition(".")
    sections = (
        '<general><mode><confirm config:type="boolean">false</confirm></mode></general>',
        f"<language><language>{xml_text(answers.locale.partition('.')[0])}</language></language>",
        f"<keyboard><keymap>{keyboard_named(answers.keyboard, 'YaST').yast}</keymap></keyboard>",
        f"<timezone><hwclock>UTC</hwclock><timezone>{xml_text(answers.timezone)}</timezone></timezone>",
        '<networking><keep_install_network config:type="boolean">true</keep_install_network>'
        f"<dns><hostname>{xml_text(name)}</hostname>{_element('domain', domain)}</dns></networking>",
        f'<partitioning config:type="list"><drive>{_element("device", answers.disk.path)}'
        '<initialize config:type="boolean">true</initialize><use>all</use></drive></partitioning>',
        _software(answers),
        '<services-manager><services><enable config:type="list"><service>sshd</service></enable></services>'
        "</services-manager>",
        _users(answers),
        *([_sudo(answers.user)] if not answers.password_hash and answers.user != "root" else []),
    )
    profile = "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            "<!DOCTYPE profile>",
            f'<profile xmlns="{AUTOYAST_NAMESPACE}" xmlns:config="{CONFIG_NAMESPACE}">',
            *sections,
            "</profile>",
            "",
        )
    )
    return {AUTOYAST: report_in_autoyast(profile, station.report_url)}


def _element(name: str, text: str) -> str:
    return f"<{name}>{xml_text(text)}</{name}>" if text else ""


def _software(answers: ShortForm) -> str:
    packages = "".join(_element("package", package) for package in ("openssh", "sudo", "curl", *answers.packages))
    patterns = '<patterns config:type="list"><pattern>base</pattern></patterns>'
    return f'<software>{patterns}<packages config:type="list">{packages}</packages></software>'


def _users(answers: ShortForm) -> str:
    """SUSE's sudo asks for root's password: root gets the user's own. Without a password both are locked."""
    word = answers.password_hash or "!"
    root = _user("root", "root", word, answers.ssh_keys if answers.user == "root" else (), "")
    if answers.user == "root":
        return f'<users config:type="list">{root}</users>'
    person = _user(answers.user, answers.full_name or answers.user, word, answers.ssh_keys, "wheel")
    return f'<users config:type="list">{root}{person}</users>'


def _user(name: str, full_name: str, word: str, keys: tuple[str, ...], groups: str) -> str:
    listed = "".join(_element("authorized_key", key) for key in keys)
    authorized = f'<authorized_keys config:type="list">{listed}</authorized_keys>' if keys else ""
    return (
        f"<user>{_element('username', name)}{_element('fullname', full_name)}{_element('groups', groups)}"
        f'<encrypted config:type="boolean">true</encrypted>{_element("user_password", word)}{authorized}</user>'
    )


def _sudo(user: str) -> str:
    rule = xml_text(f"{user} ALL=(ALL) NOPASSWD:ALL\n")
    return (
        f'<files config:type="list"><file><file_path>/etc/sudoers.d/{user}</file_path>'
        f"<file_contents>{rule}</file_contents><file_owner>root.root</file_owner>"
        "<file_permissions>440</file_permissions></file></files>"
    )


def _check_sections(root: Element) -> list[Finding]:
    findings = []
    for section in root.children:
        if section.name in SECTIONS or len(section.name) < ALIKE_SECTION_CHARACTERS:
            continue
        meant = nearest(section.name, SECTIONS)
        if meant:
            why = "an unknown section is left out"
            findings.append(warning(section.line, f"there is no section {section.name}", why, f"did you mean {meant}?"))
    confirm = root.value("general", "mode", "confirm")
    if confirm != "false":
        fix = 'add <general><mode><confirm config:type="boolean">false</confirm></mode></general>'
        findings.append(warning(root.line, "the installer will ask for confirmation", "confirm is not false", fix))
    return findings


def _check_types(root: Element) -> list[Finding]:
    findings = []
    todo = [root]
    while todo:
        element = todo.pop()
        todo += element.children
        kind = _type_of(element)
        text = element.text.strip()
        if kind and kind not in TYPES:
            meant = nearest(kind, TYPES)
            fix = f"did you mean {meant}?" if meant else f"one of {', '.join(TYPES)}"
            findings.append(problem(element.line, f"{element.name} has no type {shown(kind)}", "", fix))
        elif kind == "boolean" and text not in ("true", "false"):
            findings.append(problem(element.line, f"{element.name} should be true or false", f"it is {shown(text)}"))
        elif kind == "integer" and not text.lstrip("+-").isdigit():
            findings.append(problem(element.line, f"{element.name} should be a number", f"it is {shown(text)}"))
        elif not kind:
            findings += _check_untyped(element)
    return findings


def _check_untyped(element: Element) -> list[Finding]:
    name = element.name
    if name in LISTS and element.children:
        why = "without its type it is read as something else, and the installer stops or leaves it out"
        return [problem(element.line, f"{name} does not say that it is a list", why, f'<{name} config:type="list">')]
    if name in BOOLEANS and element.text.strip() in ("true", "false"):
        why = 'without its type it is the text "true" or "false", and no boolean'
        return [
            problem(element.line, f"{name} does not say that it is boolean", why, f'<{name} config:type="boolean">')
        ]
    return []


def _type_of(element: Element) -> str:
    for name in (f"{CONFIG_NAMESPACE} type", "type", "t"):
        if name in element.attributes:
            return element.attributes[name]
    return ""


def _check_users(root: Element) -> list[Finding]:
    users = root.find("users")
    if users is None:
        why = "nobody could log in to the installed system"
        return [warning(root.line, "there are no users", why, "add <users> with at least root")]
    findings = []
    for user in users.find_all("user"):
        word = user.find("user_password")
        if word is None or not word.text.strip():
            continue
        if user.value("encrypted") == "true":
            findings += check_hash(word.line, "user_password", word.text.strip())
        else:
            fix = 'write <encrypted config:type="boolean">true</encrypted> and the hash'
            findings += check_clear(word.line, "user_password", word.text.strip(), fix)
    return findings

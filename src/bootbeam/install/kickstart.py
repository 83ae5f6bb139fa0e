"""Anaconda's kickstart: Fedora, RHEL, AlmaLinux, Rocky Linux.

Source: pykickstart's documentation, "Kickstart Documentation"; commands of RHEL 7 to 10 and Fedora to 42.
"""

import shlex

from bootbeam.install.disk_choice import DiskChoice, render_disk_search
from bootbeam.install.document import check_size
from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.finding import Finding, in_order, nearest, problem, shown, warning
from bootbeam.install.kickstart_sections import SECTIONS, KickstartFile, is_of_esxi, split_sections
from bootbeam.install.password_field import check_clear, check_hash
from bootbeam.install.reporting import report_in_kickstart
from bootbeam.install.short_form import ShortForm, host_name

KICKSTART = "ks.cfg"
DISK_FILE = "/tmp/bootbeam-disk.ks"
"""Written by %pre on the machine, with the disk that was found; missing when none was, which stops the installer."""

COMMANDS = frozenset(
    (
        *(
            "auth",
            "authconfig",
            "authselect",
            "autopart",
            "autostep",
            "bootc",
            "bootloader",
            "btrfs",
            "cdrom",
            "clearpart",
        ),
        *("cmdline", "device", "deviceprobe", "dmraid", "driverdisk", "eula", "fcoe", "firewall", "firstboot"),
        *("graphical", "group", "halt", "harddrive", "hmc", "ignoredisk", "install", "iscsi", "iscsiname", "keyboard"),
        *("lang", "liveimg", "logging", "logvol", "mediacheck", "method", "module", "mount", "multipath", "network"),
        *("nfs", "nvdimm", "ostreecontainer", "ostreesetup", "part", "partition", "poweroff", "raid", "rdp", "realm"),
        *("reboot", "repo", "reqpart", "rescue", "rhsm", "rootpw", "selinux", "services", "shutdown", "skipx"),
        *("snapshot", "sshkey", "sshpw", "syspurpose", "text", "timesource", "timezone", "updates", "upgrade", "url"),
        *("unsupported_hardware",),
        *("user", "vnc", "volgroup", "xconfig", "zerombr", "zfcp", "zipl"),
    )
)
REMOVED = {
    "install": "leave it out: installing is what happens by itself",
    "auth": "write authselect instead",
    "authconfig": "write authselect instead",
    "autostep": "leave it out",
    "deviceprobe": "leave it out",
    "upgrade": "leave it out: upgrades go by dnf",
    "multipath": "leave it out",
    "dmraid": "leave it out",
    "device": "leave it out",
}
"""Refused by some release on the way from 7 to 10."""

PARTITIONING = ("autopart", "part", "partition", "logvol", "btrfs", "mount", "ostreesetup")
STOPS = (
    (("lang",), "the language", "lang en_US.UTF-8"),
    (("keyboard",), "the keyboard", "keyboard --xlayouts=us"),
    (("timezone",), "the time zone", "timezone Etc/UTC --utc"),
    (("rootpw", "user", "sshkey"), "a user or the password of root", "rootpw --iscrypted HASH"),
    (PARTITIONING, "how to partition the disk", "autopart"),
)
"""Any one of these commands, or the installer asks for that; and what to write."""
ENDINGS = ("reboot", "poweroff", "halt", "shutdown")
BY_HAND = ("part", "partition", "logvol", "volgroup", "btrfs", "mount")

_Command = tuple[int, list[str]]


def check_kickstart(text: str) -> list[Finding]:
    """What is wrong with a kickstart file for Anaconda. One for VMware ESXi is not looked into."""
    too_large = check_size(text)
    if too_large:
        return [too_large]
    if is_of_esxi(text):
        return []
    file = split_sections(text)
    findings = _check_sections(file)
    commands: list[_Command] = []
    for number, line in file.commands.lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            why = f"{error}: the installer reads the line by a shell's rules"
            findings.append(problem(number, "a quote is not closed", why, "close it, or put it in double quotes"))
            continue
        if words:
            commands.append((number, words))
            findings += _check_command(number, words)
    findings += _check_disk(commands)
    if not file.includes:
        findings += _check_stops(file, {words[0] for _, words in commands})
    return in_order(findings)


def render_kickstart(answers: ShortForm, machine: MachineFacts, station: StationFacts) -> dict[str, str]:
    """The kickstart file for one machine."""
    lines = [
        "text",
        f"lang {answers.locale}",
        f"keyboard --xlayouts={answers.keyboard}",
        f"timezone {answers.timezone} --utc",
        f"network --bootproto=dhcp --activate --hostname={host_name(answers, machine)}",
        *([f"url --url={station.repository_url}"] if station.repository_url else []),
        *_user(answers),
        "firstboot --disable",
        "bootloader",
        "zerombr",
        f"%include {DISK_FILE}",
        "clearpart --all --initlabel",
        "autopart",
        "reboot",
        "",
        "%pre",
        _disk_script(answers.disk),
        "%end",
        "",
        "%packages",
        "@core",
        "openssh-server",
        *answers.packages,
        "%end",
    ]
    if not answers.password_hash and answers.user != "root":
        rule = shlex.quote(f"{answers.user} ALL=(ALL) NOPASSWD:ALL")
        lines += ["", "%post", "umask 337", f"echo {rule} > /etc/sudoers.d/{answers.user}", "%end"]
    return {KICKSTART: report_in_kickstart("\n".join(lines) + "\n", station.report_url)}


def _user(answers: ShortForm) -> list[str]:
    """root is locked but where root is the user: the first user is in ``wheel`` and so may use sudo."""
    word = shlex.quote(answers.password_hash)
    keys = [f"sshkey --username={answers.user} {_double_quoted(key)}" for key in answers.ssh_keys]
    if answers.user == "root":
        return [f"rootpw --iscrypted {word}" if answers.password_hash else "rootpw --lock", *keys]
    password = f"--iscrypted --password={word}" if answers.password_hash else "--lock"
    full_name = f" --gecos={_double_quoted(answers.full_name)}" if answers.full_name else ""
    return ["rootpw --lock", f"user --name={answers.user} --groups=wheel {password}{full_name}", *keys]


def _double_quoted(text: str) -> str:
    """``text`` for ``shlex``, in one pair of quotes: Anaconda writes some lines anew, and closes no other kind."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _disk_script(disk: DiskChoice) -> str:
    device = '"ignoredisk --only-use=${disk#/dev/}"'
    return f'{render_disk_search(disk)}\n[ -z "$disk" ] || echo {device} > {DISK_FILE}'


def _check_sections(file: KickstartFile) -> list[Finding]:
    findings = []
    within = {opened for _, _, opened in file.inner}
    for line, header, opened in file.inner:
        why = f"{opened} is still open here, and the installer stops"
        findings.append(problem(line, f"{header} begins within {opened}", why, f"write %end before {header}"))
    for section in file.sections:
        if section.name not in SECTIONS:
            meant = nearest(section.name, SECTIONS)
            fix = f"did you mean {meant}?" if meant else f"known: {', '.join(SECTIONS)}"
            findings.append(problem(section.line, f"there is no section {section.name}", "", fix))
        elif not section.is_closed and section.name not in within:
            why = "everything after it counts as a part of it, and the installer stops"
            findings.append(problem(section.line, f"{section.name} has no %end", why, "write a line with %end"))
    findings += [
        problem(line, "this %end ends nothing", "", "remove it, or look for the section above")
        for line in file.stray_ends
    ]
    return findings


def _check_command(number: int, words: list[str]) -> list[Finding]:
    name, options = words[0], words[1:]
    if name not in COMMANDS:
        meant = nearest(name, COMMANDS)
        fix = f"did you mean {meant}?" if meant else "a line of a section has to stand between its %name and %end"
        return [problem(number, f"there is no command {shown(name)}", "the installer stops at an unknown one", fix)]
    if name in REMOVED:
        return [warning(number, f"{name} is gone from newer releases", "they refuse it", REMOVED[name])]
    if name == "rootpw":
        return _check_password(number, _last_word(options), "--iscrypted" in options)
    if name == "user":
        return _check_password(number, _option(options, "--password"), "--iscrypted" in options)
    if name == "keyboard" and not options:
        return [problem(number, "keyboard names no layout", "", "write: keyboard --xlayouts=us")]
    return []


def _check_password(number: int, word: str, is_crypted: bool) -> list[Finding]:
    if is_crypted:
        return check_hash(number, "the password", word)
    return check_clear(number, "the password", word, "write --iscrypted and the hash")


def _last_word(options: list[str]) -> str:
    return next((word for word in reversed(options) if not word.startswith("--")), "")


def _option(options: list[str], name: str) -> str:
    """The value of ``--name=value`` or ``--name value``."""
    for word, following in zip(options, [*options[1:], ""], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _check_disk(commands: list[_Command]) -> list[Finding]:
    first = {words[0]: number for number, words in reversed(commands)}
    findings = []
    if "autopart" in first:
        other = next((name for name in BY_HAND if name in first), None)
        if other:
            why = f"{other} in line {first[other]} does it too, and the installer refuses both"
            findings.append(problem(first["autopart"], f"autopart and {other} exclude each other", why, "leave one"))
        if "clearpart" not in first:
            why = "on a disk that is full the installer finds no room and stops"
            fix = "clearpart --all --initlabel, if everything on the disk may go"
            findings.append(warning(first["autopart"], "there is no clearpart", why, fix))
        elif "zerombr" not in first:
            why = "on a disk without a partition table the installer asks"
            findings.append(warning(first["clearpart"], "there is no zerombr", why, "add a line with zerombr"))
    return findings


def _check_stops(file: KickstartFile, names: set[str]) -> list[Finding]:
    findings = [
        warning(None, f"the installer will ask for {what}", "the file does not say", f"for example: {example}")
        for commands, what, example in STOPS
        if not names & set(commands)
    ]
    images = {"liveimg", "ostreesetup", "ostreecontainer", "bootc"}
    if not any(section.name == "%packages" for section in file.sections) and not names & images:
        fix = "add: %packages, @core, %end"
        findings.append(warning(None, "there is no %packages section", "the installer asks what to install", fix))
    if not names & set(ENDINGS):
        why = "the installer waits for a key when it is done"
        findings.append(warning(None, "the file does not say how to end", why, "add a line with reboot"))
    return findings

"""Debian's preseed: one answer a line, ``OWNER QUESTION TYPE VALUE``.

Source: Debian GNU/Linux Installation Guide, appendix B; the installer's own reader, see ``preseed_lines``.
"""

import base64
import difflib
import re

from bootbeam.install.disk_choice import render_disk_search
from bootbeam.install.document import check_size
from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.finding import Finding, in_order, nearest, problem, shown, warning
from bootbeam.install.password_field import check_clear, check_hash
from bootbeam.install.preseed_lines import LogicalLine, logical_lines, text_lines
from bootbeam.install.preseed_questions import (
    COMMANDS,
    INCLUDES,
    KNOWN,
    PASSWORD_CLEAR,
    PASSWORD_HASH,
    STOPS,
    TARGET_OWNERS,
    TYPES,
)
from bootbeam.install.reporting import report_in_preseed
from bootbeam.install.short_form import ShortForm, host_name

PRESEED = "preseed.cfg"
DEFAULT_COUNTRY = "US"
"""Of the mirror, where the locale names none."""
ALIKE = 0.9
"""How alike (0 to 1) an unknown question must be to a known one to be taken for a slip of the pen."""

_HOST_AND_PATH = re.compile(r"http://([^/]+)(/.*?)/?")


def check_preseed(text: str) -> list[Finding]:
    """What is wrong with a preseed file for Debian's installer."""
    too_large = check_size(text)
    if too_large:
        return [too_large]
    findings = _check_physical_lines(text)
    seen: dict[str, LogicalLine] = {}
    for line in logical_lines(text):
        wrong_form = _check_form(line)
        findings += wrong_form or [*_check_question(line), *_check_value(line)]
        if wrong_form or line.type == "seen":
            continue
        if line.question in seen:
            findings.append(_twice(line, seen[line.question]))
        seen[line.question] = line
    if not seen:
        findings.append(problem(None, "the file answers nothing", "", "write lines like: d-i time/zone string Etc/UTC"))
    elif not set(seen) & set(INCLUDES):
        findings += _check_stops(seen)
    return in_order(findings)


def render_preseed(answers: ShortForm, machine: MachineFacts, station: StationFacts) -> dict[str, str]:
    """The preseed file for one machine."""
    host, _, domain = host_name(answers, machine).partition(".")
    language, country = answers.language_and_country
    lines = [
        f"d-i debian-installer/language string {language}",
        f"d-i debian-installer/country string {country or 'US'}",
        f"d-i debian-installer/locale string {answers.locale}",
        f"d-i keyboard-configuration/xkb-keymap select {answers.keyboard}",
        "d-i netcfg/choose_interface select auto",
        f"d-i netcfg/hostname string {host}",
        f"d-i netcfg/get_hostname string {host}",
        f"d-i netcfg/get_domain string {domain}",
        *_mirror(station.repository_url, answers.language_and_country[1]),
        *_user(answers),
        "d-i clock-setup/utc boolean true",
        "d-i clock-setup/ntp boolean true",
        f"d-i time/zone string {answers.timezone}",
        f'd-i partman/early_command string {render_disk_search(answers.disk)}; debconf-set partman-auto/disk "$disk"',
        *_PARTITIONING,
        "tasksel tasksel/first multiselect standard, ssh-server",
        f"d-i pkgsel/include string {' '.join(('sudo', *answers.packages))}",
        "d-i pkgsel/upgrade select safe-upgrade",
        "popularity-contest popularity-contest/participate boolean false",
        "d-i grub-installer/only_debian boolean true",
        "d-i grub-installer/with_other_os boolean true",
        "d-i grub-installer/bootdev string default",
        *_late_command(answers),
        "d-i finish-install/reboot_in_progress note",
    ]
    return {PRESEED: report_in_preseed("\n".join(lines) + "\n", station.report_url)}


_PARTITIONING = (
    "d-i partman-auto/method string regular",
    "d-i partman-auto/choose_recipe select atomic",
    "d-i partman-lvm/device_remove_lvm boolean true",
    "d-i partman-md/device_remove_md boolean true",
    "d-i partman-efi/non_efi_system boolean true",
    "d-i partman-partitioning/confirm_write_new_label boolean true",
    "d-i partman/choose_partition select finish",
    "d-i partman/confirm boolean true",
    "d-i partman/confirm_nooverwrite boolean true",
)


def _mirror(repository_url: str, country: str) -> list[str]:
    """Where packages come from: the station's own, whose index nobody signed, else the mirror of the person's country
    that the installer's own list has."""
    match = _HOST_AND_PATH.fullmatch(repository_url)
    if match is None:
        return [f"d-i mirror/country string {country or DEFAULT_COUNTRY}", "d-i mirror/http/proxy string"]
    host, path = match.groups()
    return [
        "d-i debian-installer/allow_unauthenticated boolean true",
        "d-i mirror/country string manual",
        "d-i mirror/protocol string http",
        f"d-i mirror/http/hostname string {host}",
        f"d-i mirror/http/directory string {path}",
        "d-i mirror/http/proxy string",
    ]


def _user(answers: ShortForm) -> list[str]:
    """root has no password but where root is the user: the first user gets sudo."""
    word = answers.password_hash or "!"
    if answers.user == "root":
        return [
            "d-i passwd/root-login boolean true",
            f"d-i passwd/root-password-crypted password {word}",
            "d-i passwd/make-user boolean false",
        ]
    return [
        "d-i passwd/root-login boolean false",
        f"d-i passwd/user-fullname string {answers.full_name or answers.user}",
        f"d-i passwd/username string {answers.user}",
        f"d-i passwd/user-password-crypted password {word}",
    ]


def _late_command(answers: ShortForm) -> list[str]:
    """SSH keys in Base64, which passes through debconf and two shells as it is."""
    commands = []
    if answers.ssh_keys:
        home = "/root" if answers.user == "root" else f"/home/{answers.user}"
        encoded = base64.b64encode("".join(f"{key}\n" for key in answers.ssh_keys).encode()).decode()
        commands.append(f"in-target install -d -m 700 -o {answers.user} -g {answers.user} {home}/.ssh")
        commands.append(f"in-target sh -c 'echo {encoded} | base64 -d > {home}/.ssh/authorized_keys'")
        commands.append(f"in-target chown {answers.user}:{answers.user} {home}/.ssh/authorized_keys")
    if not answers.password_hash and answers.user != "root":
        rule = f"{answers.user} ALL=(ALL) NOPASSWD:ALL"
        commands.append(f"in-target sh -c 'umask 337; echo \"{rule}\" > /etc/sudoers.d/{answers.user}'")
    return [f"d-i preseed/late_command string {' && '.join(commands)}"] if commands else []


def _check_physical_lines(text: str) -> list[Finding]:
    findings = []
    is_continued = False
    for line in text_lines(text):
        stripped = line.text.strip()
        if line.text.startswith("#") and is_continued:
            why = "the installer leaves it out, other tools take it for a part of the answer"
            findings.append(warning(line.number, "a comment stands within a continued line", why, "move it above"))
        if line.is_dropped:
            continue
        if stripped.startswith("#"):
            why = "the installer knows a comment by a # in the first column, and may stop at this as no whole line"
            findings.append(problem(line.number, "a space stands before a comment", why, "begin the line with #"))
        is_continued = line.text.endswith("\\")
        if stripped.endswith("\\") and not is_continued:
            why = "a backslash continues a line only as its very last character"
            findings.append(problem(line.number, "a space follows the backslash", why, "remove the space at the end"))
    return findings


def _check_form(line: LogicalLine) -> list[Finding]:
    if line.is_open:
        why = "the last line ends in a backslash, and the installer leaves it out"
        return [problem(line.line, "this line has no end", why, "remove the backslash")]
    if line.owner.startswith("#"):
        return []
    form = "write it as: d-i QUESTION TYPE VALUE"
    if "/" in line.owner and line.question in TYPES:
        return [problem(line.line, f"{line.owner} has no owner before it", "", f"write: d-i {line.owner} ...")]
    if not line.type:
        words = " ".join(word for word in (line.owner, line.question) if word)
        return [problem(line.line, f"{shown(words)} is no whole line", "it stops the installer", form)]
    if line.type not in TYPES:
        meant = nearest(line.type, TYPES)
        why = "the third word is the answer's type"
        fix = f"did you mean {meant}?" if meant else f"put the type before the value: {', '.join(TYPES[:4])} ..."
        return [problem(line.line, f"{line.question} has no type {shown(line.type)}", why, fix)]
    return []


def _check_question(line: LogicalLine) -> list[Finding]:
    if line.question in TARGET_OWNERS and line.owner == "d-i":
        owner = TARGET_OWNERS[line.question]
        why = "it is asked in the installed system, which gets no line of the owner d-i"
        return [warning(line.line, f"{line.question} has the owner d-i", why, f"write: {owner} {line.question} ...")]
    if line.question in KNOWN or line.owner != "d-i":
        return []
    alike = difflib.get_close_matches(line.question, KNOWN, n=1, cutoff=ALIKE)
    if not alike:
        return []
    why = "an answer to a question that is not asked is ignored without a word"
    return [warning(line.line, f"there is no question {line.question}", why, f"did you mean {alike[0]}?")]


def _check_value(line: LogicalLine) -> list[Finding]:
    value, kept = line.value, line.value.rstrip()
    if line.type in ("boolean", "seen") and kept not in ("true", "false"):
        return [problem(line.line, f"{line.question} should be true or false", f"it is {shown(value)}")]
    if value != kept and line.type in ("boolean", "select", "password"):
        why = "it is taken as a part of the answer"
        return [problem(line.line, f"a space follows the answer to {line.question}", why, "remove it")]
    if line.question in PASSWORD_HASH:
        return check_hash(line.line, line.question, value)
    if line.question in PASSWORD_CLEAR:
        return check_clear(line.line, line.question, value, f"answer {line.question}-crypted with the hash")
    return []


def _twice(line: LogicalLine, before: LogicalLine) -> Finding:
    why = f"line {before.line} answers it too; the last one counts"
    if line.question in COMMANDS:
        return problem(line.line, f"{line.question} is there twice", why, "join the two with ; or &&")
    return warning(line.line, f"{line.question} is answered twice", why, "leave one of them")


def _check_stops(seen: dict[str, LogicalLine]) -> list[Finding]:
    findings = []
    for questions, what in STOPS:
        if not set(seen) & set(questions) and not _is_needless(questions[0], seen):
            why = "the file does not answer it"
            findings.append(warning(None, f"the installer will ask for {what}", why, f"answer {questions[0]}"))
    return findings


def _is_needless(question: str, seen: dict[str, LogicalLine]) -> bool:
    """No password for a user who is not made."""
    make_user = seen.get("passwd/make-user")
    return question == "passwd/username" and make_user is not None and make_user.value == "false"

"""What is handed in by default so that an installation's progress comes back to the station.

A stage is reported by fetching ``report_url`` with the stage's name added: GET and POST mean the same, for each
installer uses what it has. Nothing here may stop an installation: a station that is gone is not waited for. Every
function takes a person's own file and gives it back with the report added; one that cannot be read comes back as it
is, an existing report of the person's own stays, and commands are put before theirs or in ``trap``, so that theirs
run and end as they did.
"""

import json
import re

from bootbeam.install.cloud_config import check_header
from bootbeam.install.json_text import parse_json
from bootbeam.install.kickstart_sections import has_open_section, is_of_esxi
from bootbeam.install.preseed_lines import LogicalLine, logical_lines
from bootbeam.install.stage import Stage
from bootbeam.install.toml_text import parse_toml, toml_text
from bootbeam.install.xml_text import Element, parse_xml, xml_text
from bootbeam.install.yaml_edit import append_item, insert_entry
from bootbeam.install.yaml_text import parse_yaml

REPORTER = "bootbeam"
"""The name of the entry, where the format wants one."""
TIMEOUT_S = 10
"""How long an installer waits for a station that does not answer."""
PHONE_HOME_TRIES = 10
AUTOYAST_NAMESPACE = "http://www.suse.com/1.0/yast2ns"
CONFIG_NAMESPACE = "http://www.suse.com/1.0/configns"
_START_TAG = re.compile(rb"""<([^\s/>]+)(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_NAMESPACES = f'xmlns="{AUTOYAST_NAMESPACE}" xmlns:config="{CONFIG_NAMESPACE}"'
PRESEED_MARK = "#_preseed_V1"
"""A first line that some of Debian's tools look for."""


def wget_report(url: str) -> str:
    """The shell command that reports from Debian's installer, whose wget is GNU's: it would try twenty times."""
    return f"wget -q -t 1 -T {TIMEOUT_S} -O /dev/null {url} || true"


def curl_report(url: str) -> str:
    """The shell command that reports where curl is: Anaconda, YaST, CoreOS."""
    return f"curl -s -m {TIMEOUT_S} -o /dev/null {url} || true"


def either_report(url: str) -> str:
    """The shell command that reports where curl or wget is: Ubuntu's installer, whose media differ."""
    return f"curl -s -m {TIMEOUT_S} -o /dev/null {url} || {wget_report(url)}"


def report_in_user_data(text: str, report_url: str) -> str:
    """A cloud-config that reports: an autoinstall its steps, its end and the first boot, any other its first boot.

    The ``user-data`` of an autoinstall is only added to where it or ``identity`` is: by itself it would stand for one.
    """
    root = parse_yaml(text).root
    if not report_url or root is None or check_header(text):
        return text
    phone_home = {
        "url": report_url + Stage.FIRST_BOOT,
        "post": ["instance_id", "hostname"],
        "tries": PHONE_HOME_TRIES,
    }
    autoinstall = root.get("autoinstall")
    if autoinstall is None:
        return insert_entry(text, (), "phone_home", phone_home)
    webhook = {"type": "webhook", "endpoint": report_url + Stage.PROGRESS, "level": "INFO"}
    text = insert_entry(text, ("autoinstall", "reporting"), REPORTER, webhook)
    # The installer ends at the first of these commands that fails: then this last one does not run.
    text = append_item(text, ("autoinstall", "late-commands"), either_report(report_url + Stage.INSTALLED))
    text = append_item(text, ("autoinstall", "error-commands"), either_report(report_url + Stage.FAILED))
    if autoinstall.get("identity") or autoinstall.get("user-data"):
        text = insert_entry(text, ("autoinstall", "user-data"), "phone_home", phone_home)
    return text


def report_in_preseed(text: str, report_url: str) -> str:
    """A preseed file that reports when it was read and when the system is installed, or that the last commands failed.

    Where there are several ``early_command`` or ``late_command`` lines, the last one counts, and is the one extended.
    """
    if not report_url:
        return text
    failed, installed = (wget_report(report_url + stage) for stage in (Stage.FAILED, Stage.INSTALLED))
    report = f"s=$?; if [ $s = 0 ]; then {installed}; else {failed}; fi; exit $s"
    text = _before_command(text, "preseed/late_command", f"trap '{report}' EXIT")
    return _before_command(text, "preseed/early_command", wget_report(report_url + Stage.STARTED))


def report_in_kickstart(text: str, report_url: str) -> str:
    """A kickstart file that reports when it was read, and when the system is installed or the installation failed.

    A file with a section that is not closed comes back as it is, and one for VMware ESXi, where nothing is closed.
    """
    if not report_url or has_open_section(text) or is_of_esxi(text):
        return text
    sections = (
        ("%pre", Stage.STARTED),
        ("%post --nochroot", Stage.INSTALLED),
        ("%onerror", Stage.FAILED),
    )
    added = "".join(f"\n{header}\n{curl_report(report_url + stage)}\n%end\n" for header, stage in sections)
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{added}"


def report_in_autoyast(text: str, report_url: str) -> str:
    """An AutoYaST profile that reports when it was read, when the system is installed, and its first boot."""
    root = parse_xml(text).root
    if not report_url or root is None or (root.namespace, root.name) != (AUTOYAST_NAMESPACE, "profile"):
        return text
    data = text.encode()
    wanted = (("init-scripts", Stage.FIRST_BOOT), ("chroot-scripts", Stage.INSTALLED), ("pre-scripts", Stage.STARTED))
    scripts = root.find("scripts")
    if scripts is None:
        lists = "".join(_yast_list(name, report_url, stage) for name, stage in wanted)
        return _inserted(data, root, f'<scripts xmlns="{AUTOYAST_NAMESPACE}">{lists}</scripts>\n')
    for name, stage in wanted:
        root = parse_xml(data.decode()).root or root
        scripts = root.find("scripts") or root
        existing = scripts.find(name)
        if existing is None:
            data = _inserted(data, scripts, _yast_list(name, report_url, stage)).encode()
        else:
            data = _inserted(data, existing, _yast_script(report_url, stage, f" {_NAMESPACES}")).encode()
    return data.decode()


def report_in_ignition(text: str, report_url: str) -> str:
    """An Ignition configuration with a unit that reports the first boot. The file is written anew."""
    config = parse_json(text).plain
    if not report_url or not isinstance(config, dict):
        return text
    systemd = config.setdefault("systemd", {})
    units = systemd.setdefault("units", []) if isinstance(systemd, dict) else None
    name = f"{REPORTER}-report.service"
    if not isinstance(units, list) or any(isinstance(unit, dict) and unit.get("name") == name for unit in units):
        return text
    units.append({"name": name, "enabled": True, "contents": _report_unit(report_url + Stage.FIRST_BOOT)})
    return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def report_in_proxmox(text: str, report_url: str) -> str:
    """A Proxmox answer file whose installer reports that it is done."""
    root = parse_toml(text).root
    if not report_url or root is None or root.get("post-installation-webhook"):
        return text
    gap = "" if text.endswith("\n") or not text else "\n"
    return f"{text}{gap}\n[post-installation-webhook]\nurl = {toml_text(report_url + Stage.INSTALLED)}\n"


def _before_command(text: str, question: str, command: str) -> str:
    """The preseed text with ``command`` run before the one that answers ``question``, if there is one."""
    found: LogicalLine | None = None
    for line in logical_lines(text):
        if line.question == question and line.type == "string":
            found = line
    if found is None:
        # At the top: a line after the last one would continue it, if that ends in a backslash.
        first, newline, rest = text.partition("\n")
        marked = first.strip() == PRESEED_MARK and newline != ""
        return f"{first}\n" * marked + f"d-i {question} string {command}\n" + (rest if marked else text)
    if command in found.value:
        return text
    rest = text[found.start :]
    head = re.match(r"\s*\S+\s+\S+\s+\S+[ \t]*", rest.replace("\\\n", "  ").replace("\\\r\n", "   "))
    at = found.start + (head.end() if head else 0)
    return f"{text[:at]}{command}; {text[at:]}" if head and found.value else _replaced(text, found, question, command)


def _replaced(text: str, line: LogicalLine, question: str, command: str) -> str:
    return f"{text[: line.start]}d-i {question} string {command}\n{text[line.end :]}"


def _yast_list(name: str, report_url: str, stage: Stage) -> str:
    script = _yast_script(report_url, stage)
    return f'<{name} {_NAMESPACES} config:type="list">{script}</{name}>\n'


def _yast_script(report_url: str, stage: Stage, namespaces: str = "") -> str:
    chrooted = ""
    if stage is Stage.INSTALLED:
        chrooted = '<chrooted config:type="boolean">false</chrooted>'
    source = xml_text(curl_report(report_url + stage))
    name = f"<filename>{REPORTER}-{stage}.sh</filename>"
    return f"<script{namespaces}>{name}{chrooted}<source>{source}</source></script>\n"


def _inserted(data: bytes, element: Element, markup: str) -> str:
    """The XML with ``markup`` as the element's last child."""
    tag = _START_TAG.match(data, element.start_byte)
    if tag is None or not tag.group().endswith(b"/>"):
        end = element.end_byte
        return (data[:end] + markup.encode() + data[end:]).decode()
    opened = tag.group()[:-2] + b">"
    return (data[: tag.start()] + opened + markup.encode() + b"</" + tag.group(1) + b">" + data[tag.end() :]).decode()


def _report_unit(url: str) -> str:
    done = f"/var/lib/{REPORTER}-reported"
    return "\n".join(
        (
            "[Unit]",
            "Description=Tell the boot station that this system runs",
            f"ConditionPathExists=!{done}",
            "Wants=network-online.target",
            "After=network-online.target",
            "[Service]",
            "Type=oneshot",
            f"ExecStart=/usr/bin/curl -s -m {TIMEOUT_S} --retry 5 --retry-connrefused -o /dev/null {url}",
            f"ExecStart=/usr/bin/touch {done}",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        )
    )

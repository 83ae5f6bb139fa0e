"""Ubuntu's autoinstall: each trap is found with its line, and what is rendered is what cloud-init and YAML read."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.install.autoinstall import check_autoinstall, render_autoinstall, render_meta_data
from bootbeam.install.autoinstall_shape import AUTOINSTALL, SIGNS
from bootbeam.install.cloud_config import SCHEMA_PATH
from bootbeam.install.facts import DiskFacts, MachineFacts
from bootbeam.install.finding import Finding, Severity
from tests.install.examples import HASH, KEY, MACHINE, QUIET_STATION, STATION, full_names, lines, public_key, short_form

START = f"""\
#cloud-config
autoinstall:
  version: 1
  identity:
    username: ann
    hostname: pc1
    password: "{HASH}"
"""
LINE = START.count("\n") + 1


def found(text: str) -> list[Finding]:
    """The findings of a file that is right, with more lines under autoinstall."""
    return check_autoinstall(START + "".join(f"  {line}\n" for line in text.splitlines()))


def only(text: str) -> Finding:
    findings = found(text)
    assert len(findings) == 1, [str(finding) for finding in findings]
    return findings[0]


def test_a_file_that_is_right_has_no_findings() -> None:
    assert found("") == []
    everything = """\
locale: en_US.UTF-8
keyboard: {layout: us, variant: "", toggle: null}
early-commands: [[sleep, "1"], "echo x"]
late-commands:
  - curtin in-target -- ls
  - [sh, -c, "echo a: b"]
network: {version: 2, ethernets: {e: {dhcp4: yes}}}
ssh: {install-server: yes, authorized-keys: ["k"], allow-pw: no}
storage:
  layout: {name: lvm, match: {size: largest}, sizing-policy: all}
apt: {geoip: true, fallback: abort, mirror-selection: {primary: [country-mirror]}}
packages: [git, "dns-server^"]
snaps: [{name: etcd, channel: edge, classic: false}]
oem: {install: auto}
updates: security
shutdown: poweroff
reporting: {hook: {type: webhook, endpoint: "http://x/"}}
timezone: Etc/UTC
proxy: null
"""
    assert found(everything) == []


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("late-commands: echo x", "late-commands should be a list", '"- "'),
        ("late-commands:\n - echo a: b", "late-commands, entry 1 should be", "in quotes"),
        ("late-commands:\n - [echo, 1]", "late-commands, entry 1, entry 2 should be a text", ""),
        ("late-commands:\n -", "late-commands, entry 1 should be", ""),
        ("keyboard: us", "keyboard should be a mapping", ""),
        ("keyboard: {layout: no}", "keyboard.layout should be a text", '"no"'),
        ("locale: no", "locale should be a text", '"no"'),
        ("packages: git", "packages should be a list", ""),
        ("ssh: {allow-pw: 'no'}", "ssh.allow-pw should be true or false", ""),
        ("storage: {layout: {name: lmv}}", "'lmv' will not do", "did you mean lvm?"),
        ("storage: {layout: lvm}", "storage.layout should be a mapping", ""),
        ("shutdown: rebot", "'rebot' will not do", "did you mean reboot?"),
        ("version: 2", "version is there twice", ""),
        ("snaps: [etcd]", "snaps, entry 1 should be a mapping", ""),
        ("kernel: {package: a, flavor: b}", "both package and flavor", ""),
        ("reporting: {x: {endpoint: 'http://x/'}}", "reporting.x.type is missing", ""),
        ("storage: {layout: {name: lvm}, config: []}", "both layout and config", ""),
        ("storage: {config: [{id: x}]}", "type is missing", ""),
        ("network: {ethernets: {}}", "network.version is missing", ""),
        ("proxy: 192.168.1.9", "proxy: '192.168.1.9' will not do", "http://"),
        ("packages: [on]", "packages, entry 1 should be a text", '"on"'),
    ],
)
def test_what_the_installer_refuses(text: str, what: str, fix: str) -> None:
    problems = [finding for finding in found(text) if finding.severity is Severity.PROBLEM]
    finding = next(finding for finding in problems if what in finding.what)
    assert finding.line is not None
    assert finding.line >= LINE
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("late_commands: [x]", "there is no autoinstall.late_commands"),
        ("interactive-sections: [network]", "interactive-sections is not empty"),
        ("storage: {layout: {name: lvm, match: {serial: S4EWNX0N}}}", "'S4EWNX0N' exactly"),
        ("storage: {config: [{type: disk, id: d, match: {model: Seagate}}]}", "'Seagate' exactly"),
        ("source: {id: ubuntu-desktop}\nssh: {}", "ssh is ignored"),
        ("packages: [1:20]", "1:20 is not a text"),
    ],
)
def test_what_may_be_meant_so(text: str, what: str) -> None:
    finding = next(finding for finding in found(text) if what in finding.what)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("autoinstall:\n  version: 1\n  user-data: {}\n", 1, "the first line is not #cloud-config"),
        ("#cloud-config\nversion: 1\nidentity: {}\n", 2, "do not stand under autoinstall:"),
        ("#cloud-config\nhostname: x\n", None, "there is no autoinstall:"),
        ("#cloud-config\n", None, "there is no autoinstall:"),
        ("#cloud-config\nautoinstall:\n  user-data: {}\n", 3, "autoinstall.version is missing"),
        ("#cloud-config\nautoinstall:\n  version: '1'\n  user-data: {}\n", 3, "version should be a whole number"),
        ("#cloud-config\nautoinstall: {version: 1}\n", 2, "neither identity nor user-data"),
        ("#cloud-config\nautoinstall:\n\tversion: 1\n", 3, "this is not YAML"),
        ("#cloud-config\nautoinstall:\n", 2, "autoinstall should be a mapping"),
    ],
)
def test_what_every_file_needs(text: str, line: int | None, what: str) -> None:
    finding = next(finding for finding in check_autoinstall(text) if what in finding.what)
    assert (finding.severity, finding.line) == (Severity.PROBLEM, line)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (f'"{HASH}"', "secret", "identity.password is no hash"),
        ("username: ann", "username: root", "cannot be called root"),
        ("username: ann", "username: Ann", "'Ann' will not do"),
        ("hostname: pc1", "hostname: 1:20", "hostname should be a text"),
        ("    hostname: pc1\n", "", "identity.hostname is missing"),
        ("    hostname", "    hostnam", "there is no autoinstall.identity.hostnam"),
    ],
)
def test_the_identity(old: str, new: str, what: str) -> None:
    problems = [f for f in check_autoinstall(START.replace(old, new)) if f.severity is Severity.PROBLEM]
    assert any(what in finding.what for finding in problems), [str(finding) for finding in problems]


def test_a_template_of_cloud_inits_own_is_not_looked_into() -> None:
    assert check_autoinstall("## template: jinja\n#cloud-config\nautoinstall:\n  {% if x %}\n") == []


DISKS = (
    DiskFacts("/dev/sda", 10**12, "WDC_WD10_WD-1", "WDC_WD10", "ATA", solid_state=False),
    DiskFacts("/dev/nvme0n1", 10**12, "Samsung_SSD_S4", "Samsung_SSD", solid_state=True),
)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ("{}", True),
        ("{size: largest}", True),
        ("{serial: '*S4'}", True),
        ("{serial: S4}", False),
        ("{model: Samsung_SSD, ssd: true}", True),
        ("{model: Samsung SSD}", False),
        ("{model: Samsung_SSD, ssd: false}", False),
        ("{path: /dev/sd*}", True),
        ("{path: /dev/vda}", False),
        ("[{serial: x}, {path: /dev/sda}]", True),
        ("[{serial: x}, {path: /dev/sdz}]", False),
    ],
)
def test_a_disk_match_is_tried_when_the_disks_are_known(match: str, fits: bool) -> None:
    text = f"{START}  storage: {{layout: {{name: lvm, match: {match}}}}}\n"
    findings = [finding for finding in check_autoinstall(text, disks=DISKS) if "fits no disk" in finding.what]
    assert bool(findings) != fits
    assert all("/dev/nvme0n1" in finding.why for finding in findings)


@pytest.mark.peer
def test_the_rest_of_the_cloud_config_is_checked_by_its_own_schema() -> None:
    schema = json.loads(Path(SCHEMA_PATH).read_text("utf-8"))
    text = f"{START}  user-data: {{ssh_pwauth: 3}}\nruncmd: 3\n"
    lines_found = {finding.line for finding in check_autoinstall(text, schema)}
    assert {LINE, LINE + 1} <= lines_found
    assert check_autoinstall(START, schema) == []


@given(st.text(max_size=200))
def test_no_text_makes_the_check_fail(text: str) -> None:
    check_autoinstall(text)
    check_autoinstall(f"#cloud-config\n{text}")
    check_autoinstall(f"#cloud-config\nautoinstall: {text}")


any_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "match", "name", "x"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(AUTOINSTALL.known)), any_value), any_value)
def test_no_value_makes_the_check_fail(content: dict[str, object], layout: object) -> None:
    content["storage"] = {"layout": layout, "config": [layout]}
    check_autoinstall("#cloud-config\n" + yaml.safe_dump({"autoinstall": content}), disks=DISKS)


def test_the_signs_are_not_keys_of_cloud_config() -> None:
    keys = json.loads(Path(SCHEMA_PATH).read_text("utf-8"))["$defs"]
    known = {key for part in keys.values() for key in part.get("properties", {})}
    assert not SIGNS & known


def rendered(more: str = "", user: str = "ann") -> dict[str, object]:
    text = render_autoinstall(short_form(more, user), MACHINE, STATION)["user-data"]
    assert text.startswith("#cloud-config\n")
    assert check_autoinstall(text) == []
    content = yaml.safe_load(text)["autoinstall"]
    assert isinstance(content, dict)
    return content


def test_with_a_password_the_installer_makes_the_user() -> None:
    content = rendered(f'password-hash = "{HASH}"\nfull-name = "Ann"')
    assert content["identity"] == {
        "realname": "Ann",
        "username": "ann",
        "hostname": "pc-525400123456",
        "password": HASH,
    }
    assert content["ssh"] == {"install-server": True, "authorized-keys": [KEY], "allow-pw": True}


def test_with_keys_alone_the_first_boot_makes_a_user_who_needs_no_password() -> None:
    content = rendered()
    assert "identity" not in content
    user_data = content["user-data"]
    assert isinstance(user_data, dict)
    (user,) = user_data["users"]
    assert (user["name"], user["lock_passwd"], user["ssh_authorized_keys"]) == ("ann", True, [KEY])
    assert content["ssh"] == {"install-server": True, "authorized-keys": [], "allow-pw": False}


@pytest.mark.parametrize(
    ("disk", "layout"),
    [
        ('"auto"', {"name": "direct"}),
        ('"/dev/sda"', {"name": "direct", "match": {"path": "/dev/sda"}}),
        ('{ serial = "S4EW" }', {"name": "direct", "match": {"serial": "*S4EW*"}}),
        ('{ model = "WD Blue" }', {"name": "direct", "match": {"model": "WD?Blue"}}),
    ],
)
def test_the_disk(disk: str, layout: dict[str, object]) -> None:
    text = render_autoinstall(short_form(f"disk = {disk}"), MACHINE, QUIET_STATION)["user-data"]
    assert yaml.safe_load(text)["autoinstall"]["storage"] == {"layout": layout}


def test_root_is_refused_with_the_way_out() -> None:
    with pytest.raises(UserError) as caught:
        rendered("", "root")
    assert 'user = "ann"' in caught.value.fix


@given(full_names, lines, lines)
def test_texts_arrive_as_they_are(full_name: str, comment: str, password: str) -> None:
    form = short_form()
    keys = (public_key(comment.strip()), KEY)
    answers = type(form)(user="ann", full_name=full_name, password_hash=HASH, password_clear=password, ssh_keys=keys)
    text = render_autoinstall(answers, MACHINE, STATION)["user-data"]
    content = yaml.safe_load(text)["autoinstall"]
    assert content["identity"]["realname"] == full_name
    assert content["identity"]["password"] == HASH
    assert content["ssh"]["authorized-keys"] == list(keys)
    expected = yaml.safe_load(
        render_autoinstall(short_form(f'password-hash = "{HASH}"'), MACHINE, STATION)["user-data"]
    )
    assert content.keys() == expected["autoinstall"].keys()
    keyless = type(form)(user="ann", full_name=full_name, ssh_keys=keys)
    data = yaml.safe_load(render_autoinstall(keyless, MACHINE, STATION)["user-data"])["autoinstall"]["user-data"]
    assert data["users"][0]["gecos"] == full_name
    assert data["users"][0]["ssh_authorized_keys"] == list(keys)


def test_a_password_does_not_appear() -> None:
    for text in render_autoinstall(short_form('password = "open sesame"'), MACHINE, STATION).values():
        assert "sesame" not in text


@pytest.mark.peer
@pytest.mark.parametrize("more", ["", f'password-hash = "{HASH}"\nkeyboard = "no"\npackages = ["git"]'])
def test_cloud_init_takes_what_is_rendered(tmp_path: Path, more: str) -> None:
    path = tmp_path / "user-data"
    path.write_text(render_autoinstall(short_form(more), MACHINE, STATION)["user-data"])
    subprocess.run(["cloud-init", "schema", "--config-file", path], check=True, capture_output=True)
    content = yaml.safe_load(path.read_text())["autoinstall"].get("user-data", {})
    path.write_text("#cloud-config\n" + yaml.safe_dump(content))
    subprocess.run(["cloud-init", "schema", "--config-file", path], check=True, capture_output=True)


def test_every_machine_has_an_instance_of_its_own() -> None:
    assert yaml.safe_load(render_meta_data(MACHINE, "pc1")) == {
        "instance-id": "bootbeam-11111111-2222-3333-4444-555555555555",
        "local-hostname": "pc1",
    }
    by_mac = yaml.safe_load(render_meta_data(MachineFacts(mac="52:54:00:12:34:56")))
    assert by_mac == {"instance-id": "bootbeam-52-54-00-12-34-56"}

"""Ignition: the verdict is ignition-validate's, and what is rendered passes it."""

import json
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.install.finding import Severity
from bootbeam.install.ignition import IGNITION, check_ignition, render_ignition
from tests.install.examples import HASH, KEY, MACHINE, QUIET_STATION, STATION, full_names, lines, public_key, short_form
from tests.install.test_json_text import values

USERS = '"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": ["ssh-ed25519 AAAA"]}]}'


def config(more: str = "", version: str = "3.3.0") -> str:
    return f'{{"ignition": {{"version": "{version}"}},\n{USERS}{"," if more else ""}\n{more}}}'


def accepted(path: Path, text: str) -> bool:
    path.write_text(text, "utf-8")
    return subprocess.run(["ignition-validate", path], capture_output=True, check=False).returncode == 0


def file(more: str, path: str = "/etc/x") -> str:
    return f'"storage": {{"files": [{{"path": "{path}"{"," if more else ""} {more}}}]}}'


@pytest.mark.peer
@pytest.mark.parametrize(
    "text",
    [
        config(),
        config(version="3.0.0"),
        config(version="3.9.0"),
        config(version="1.0.0"),
        config(version="three"),
        "{}",
        "[]",
        '{"ignition": {}}',
        config().replace("}}", "}", 1),
        config(file('"mode": 420, "contents": {"source": "data:,x%20y"}')),
        config(file('"mode": "0644"')),
        config(file('"mode": 99999')),
        config(file("", "etc/x")),
        config(file('"contents": {"source": "file:///etc/passwd"}')),
        config(file('"contents": {"source": null}')),
        config(file('"contents": {"source": "data:,x", "verification": {"hash": "md5-00"}}')),
        config(file('"contents": {"source": "data:,x", "verification": {"hash": "sha512-' + "0" * 128 + '"}}')),
        config('"storage": {"files": [{"path": "/a"}], "directories": [{"path": "/a"}]}'),
        config('"storage": {"filesystems": [{"device": "/dev/sda1", "format": "ext4", "path": "/var"}]}'),
        config('"storage": {"links": [{"path": "/a", "target": "b"}]}'),
        config('"systemd": {"units": [{"name": "a.service", "enabled": true}]}'),
        config('"systemd": {"units": [{"name": "a", "enabled": true}]}'),
        config('"systemd": {"units": [{"enabled": true}]}'),
        config('"systemd": {"units": {}}'),
        config('"kernelArguments": {"shouldExist": ["quiet"]}'),
        config('"storage": {"luks": [{"name": "x", "device": "/dev/sda"}]}'),
        '{"ignition": {"version": "3.0.0"}, "passwd": {"users": [{"name": "a"}, {"name": "a"}]}}',
        '{"ignition": {"version": "3.0.0"}, "passwd": {"users": [{"uid": "1"}]}}',
    ],
)
def test_the_verdict_is_ignitions_own(tmp_path: Path, text: str) -> None:
    problems = [str(finding) for finding in check_ignition(text) if finding.severity is Severity.PROBLEM]
    if "3.9.0" in text:  # newer than the program here, and so than this check: said, not refused
        assert not problems
        return
    assert bool(problems) != accepted(tmp_path / IGNITION, text), problems


@pytest.mark.parametrize(
    ("text", "severity", "line", "what"),
    [
        ("variant: fcos\nversion: 1.5.0\n", Severity.PROBLEM, 1, "this is a Butane file"),
        (config(file('"mode": 644')), Severity.PROBLEM, 3, "mode 644 is decimal"),
        (config(version="2.3.0"), Severity.WARNING, 1, "version 2.3.0 is of the old kind"),
        (config(version="3.9.0"), Severity.WARNING, 1, "newer than this check"),
        (config('"pasword": {}'), Severity.WARNING, 3, "there is no pasword"),
        (config('"kernelArguments": {}', "3.2.0"), Severity.WARNING, 3, "there is no kernelArguments"),
        (config('"storage": {"luks": []}', "3.1.0"), Severity.WARNING, 3, "there is no storage.luks"),
        (config().replace('["ssh-ed25519 AAAA"]', '[], "passwordHash": "secret"'), Severity.PROBLEM, 2, "is no hash"),
        (
            '{"ignition": {"version": "3.0.0", "config": {"replace": {"source": "x"}}}}',
            Severity.PROBLEM,
            1,
            "'x' is no source",
        ),
        (config(file('"contents": {"source": "data:,a b"}')), Severity.PROBLEM, 3, "a space or line break"),
        ('{"ignition": {"version": "3.0.0"}}', Severity.WARNING, None, "there are no users"),
        (
            config('"systemd": {"units": [{"name": "a.service", "enabled": true, "contents": "[Service]"}]}'),
            Severity.WARNING,
            3,
            "has no [Install]",
        ),
    ],
)
def test_what_else_is_said(text: str, severity: Severity, line: int | None, what: str) -> None:
    findings = check_ignition(text)
    assert [(finding.severity, finding.line) for finding in findings] == [(severity, line)]
    assert what in findings[0].what


def test_decimal_rights_are_told_in_decimal() -> None:
    (finding,) = check_ignition(config(file('"mode": 755')))
    assert finding.fix == "for 755 write 493"
    assert "1363" in finding.why


@given(st.text(max_size=100))
def test_no_text_makes_the_check_fail(text: str) -> None:
    check_ignition(text)


@given(st.dictionaries(st.sampled_from(["ignition", "passwd", "storage", "systemd"]), values), values)
def test_no_value_makes_the_check_fail(content: dict[str, object], inner: object) -> None:
    content["storage"] = {"files": [inner], "links": inner}
    content["systemd"] = {"units": [inner, {"name": inner, "contents": inner, "enabled": True}]}
    content["passwd"] = {"users": [{"name": inner, "passwordHash": inner}, inner]}
    check_ignition(json.dumps(content))


@pytest.mark.peer
@pytest.mark.parametrize("station", [STATION, QUIET_STATION])
@pytest.mark.parametrize("user", ["ann", "root"])
@pytest.mark.parametrize("more", ["", f'password-hash = "{HASH}"\nhostname = "a.example.org"\nkeyboard = "de"'])
def test_ignition_takes_what_is_rendered(tmp_path: Path, station: object, user: str, more: str) -> None:
    assert station in (STATION, QUIET_STATION)
    text = render_ignition(short_form(more, user), MACHINE, STATION if station is STATION else QUIET_STATION)[IGNITION]
    path = tmp_path / IGNITION
    path.write_text(text)
    done = subprocess.run(["ignition-validate", path], capture_output=True, check=True)
    assert done.stdout + done.stderr == b""
    assert check_ignition(text) == []


@given(full_names, lines)
def test_texts_arrive_as_they_are(full_name: str, comment: str) -> None:
    form = short_form()
    keys = (public_key(comment.strip()), KEY)
    answers = type(form)(user="ann", full_name=full_name, password_hash=HASH, ssh_keys=keys)
    content = json.loads(render_ignition(answers, MACHINE, STATION)[IGNITION])
    (user,) = content["passwd"]["users"]
    assert (user["gecos"], user["passwordHash"], user["sshAuthorizedKeys"]) == (full_name, HASH, list(keys))


def test_the_files_hold_what_they_should() -> None:
    answers = short_form('hostname = "pc1"\nkeyboard = "de"\ntimezone = "Asia/Tokyo"\npassword = "open sesame"')
    text = render_ignition(answers, MACHINE, STATION)[IGNITION]
    assert "sesame" not in text
    storage = json.loads(text)["storage"]
    contents = {entry["path"]: urlopen(entry["contents"]["source"]).read().decode() for entry in storage["files"]}
    assert contents == {
        "/etc/hostname": "pc1\n",
        "/etc/vconsole.conf": "KEYMAP=de\n",
        "/etc/locale.conf": "LANG=en_US.UTF-8\n",
    }
    assert storage["links"][0]["target"] == "../usr/share/zoneinfo/Asia/Tokyo"


def test_packages_are_refused_with_the_reason() -> None:
    with pytest.raises(UserError, match="no packages"):
        render_ignition(short_form('packages = ["git"]'), MACHINE, STATION)

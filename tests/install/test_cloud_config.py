"""cloud-init's files, against cloud-init's own check."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.cloud_config import (
    SCHEMA_PATH,
    check_cloud_config,
    check_header,
    check_meta_data,
    check_network_config,
    is_filled_in_later,
)
from bootbeam.install.finding import Severity


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(SCHEMA_PATH).read_text("utf-8"))
    return content


def by_cloud_init(tmp_path: Path, text: str) -> bool:
    path = tmp_path / "user-data"
    path.write_text(text, "utf-8", newline="")
    done = subprocess.run(["cloud-init", "schema", "--config-file", path], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "#cloud-config\na: 1\n",
        "#cloud-config\r\na: 1\r\n",
        "#cloud-config",
        "## template: jinja\n#cloud-config\na: {{ v1 }}",
    ],
)
def test_the_first_line_says_what_it_is(text: str) -> None:
    assert check_header(text) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: 1\n", "the first line is not #cloud-config"),
        ("# cloud-config\na: 1\n", "the first line is not #cloud-config"),
        ("#cloud_config\n", "the first line is not #cloud-config"),
        ("# mine\n#cloud-config\n", "the first line is not #cloud-config"),
        ("\n#cloud-config\n", "the first line is empty"),
        ("\ufeff#cloud-config\n", "an invisible mark"),
        ("## template: jinja\na: 1\n", "the first line is not #cloud-config"),
        ("#cloud-config: yes\n", "the first line is not #cloud-config"),
    ],
)
def test_a_file_that_cloud_init_leaves_aside(text: str, what: str) -> None:
    (finding,) = check_header(text)
    assert (finding.severity, finding.line) == (Severity.PROBLEM, 1)
    assert finding.what.startswith(what)


@pytest.mark.peer
@pytest.mark.parametrize("text", ["hostname: a\n", "# cloud-config\nhostname: a\n", "\n#cloud-config\nhostname: a\n"])
def test_cloud_init_refuses_such_first_lines(tmp_path: Path, text: str) -> None:
    assert not by_cloud_init(tmp_path, text)
    assert by_cloud_init(tmp_path, "#cloud-config\nhostname: a\n")


@pytest.mark.peer
@pytest.mark.parametrize(
    "content",
    [
        "hostname: a\n",
        "hostname: [a]\n",
        "users: yes\n",
        "runcmd:\n - echo\n - [ls, -l]\n",
        "runcmd:\n - echo a: b\n",
        "phone_home: {url: 'http://x/', tries: many}\n",
        "packages: [a, b]\nntp: {enabled: true}\n",
        "ssh_pwauth: 3\n",
        "write_files:\n - {path: /x, content: y, permissions: '0600'}\n",
        "write_files: {path: /x}\n",
    ],
)
def test_with_its_schema_the_verdict_is_cloud_inits(tmp_path: Path, schema: dict[str, Any], content: str) -> None:
    text = f"#cloud-config\n{content}"
    problems = [f for f in check_cloud_config(text, schema) if f.severity is Severity.PROBLEM]
    assert bool(problems) != by_cloud_init(tmp_path, text), problems


@pytest.mark.peer
def test_the_line_of_what_the_schema_refuses(schema: dict[str, Any]) -> None:
    text = "#cloud-config\nhostname: a\nwrite_files:\n  - path: /x\n  - path: [y]\n"
    findings = check_cloud_config(text, schema)
    assert any(finding.line == 5 and finding.what.startswith("write_files.1") for finding in findings)


@pytest.mark.peer
def test_a_misspelt_key(schema: dict[str, Any]) -> None:
    (finding,) = check_cloud_config("#cloud-config\npakages: [vim]\n", schema)
    assert (finding.line, finding.fix) == (2, "did you mean packages?")


def test_without_a_schema_the_form_is_checked() -> None:
    assert check_cloud_config("#cloud-config\nwhatever: 1\n") == []
    assert [finding.line for finding in check_cloud_config("#cloud-config\na:\n\tb\n")] == [3]
    assert [finding.what for finding in check_cloud_config("#cloud-config\n- a\n")] == [
        "the file should be a mapping (key: value lines)"
    ]


def test_a_schema_that_is_none_is_no_reason_to_fail() -> None:
    broken: Any = {"$ref": "https://nowhere.invalid/schema.json"}
    (finding,) = check_cloud_config("#cloud-config\na: 1\n", broken)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("text", ["", "\n", "#!/bin/sh\nx", "#include\nhttp://x/", "Content-Type: multipart/mixed"])
def test_other_kinds_of_user_data_are_left_alone(text: str) -> None:
    assert check_cloud_config(text) == []


def test_a_template_of_cloud_inits_own_is_not_looked_into() -> None:
    text = "## template: jinja\n#cloud-config\n{% if x %}\nhostname: {{ v1.name }}\n{% endif %}\n"
    assert is_filled_in_later(text)
    assert check_cloud_config(text) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("instance-id: x\nlocal-hostname: y\n", 0),
        ("instance-id: 007\n", 1),
        ("local-hostname: no\n", 1),
        ("- x\n", 1),
    ],
)
def test_meta_data(text: str, count: int) -> None:
    assert len(check_meta_data(text)) == count


@pytest.mark.parametrize(
    ("text", "whats"),
    [
        ("", []),
        ("version: 2\nethernets:\n  e: {dhcp4: true, match: {macaddress: '52:54:00:12:34:56'}}\n", []),
        (
            "version: 2\nethernets:\n  e: {match: {macaddress: 12:34:56:12:34:56}}\n",
            ["12:34:56", "macaddress should be a text"],
        ),
        ("version: 2\nethernets:\n  e: {dhcp4: maybe}\n", ["dhcp4 should be true or false"]),
        ("version: 1\nconfig: []\n", []),
        ("version: 1\n", ["config is missing"]),
        ("ethernets: {}\n", ["version is missing"]),
        ("network:\n  version: 2\n", ["under network:"]),
        ("network:\n  version: 3\n", ["under network:", "network.version: 3 is out of range"]),
    ],
)
def test_network_config(text: str, whats: list[str]) -> None:
    findings = check_network_config(text)
    assert len(findings) == len(whats), [str(finding) for finding in findings]
    for what in whats:
        assert any(what in finding.what for finding in findings)


@given(st.text(max_size=100))
def test_no_text_makes_a_check_fail(text: str) -> None:
    for start in ("", "#cloud-config\n"):
        check_cloud_config(start + text)
        check_meta_data(start + text)
        check_network_config(start + text)

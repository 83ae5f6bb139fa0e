"""Reports put into people's own files: they are there, and what was there works as before."""

import json
import subprocess
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bootbeam.install.answers import KINDS, AnswerFormat
from bootbeam.install.reporting import (
    report_in_autoyast,
    report_in_ignition,
    report_in_kickstart,
    report_in_preseed,
    report_in_proxmox,
    report_in_user_data,
)
from bootbeam.install.stage import Stage
from tests.install.examples import HASH, REPORT_URL
from tests.install.installer import answers_set_by, run_in_ash
from tests.install.test_kickstart import parsed

YAST = {"y": "http://www.suse.com/1.0/yast2ns"}
WGET = "wget -q -t 1 -T 10 -O /dev/null " + REPORT_URL


@pytest.mark.parametrize("kind", AnswerFormat)
def test_switched_off_nothing_is_touched(kind: AnswerFormat) -> None:
    for text in ("", "{}", "a: 1\n", "#cloud-config\nautoinstall: {version: 1, identity: {}}\n", "%post\n"):
        assert KINDS[kind].report(text, "") == text


@pytest.mark.parametrize("kind", AnswerFormat)
@given(st.text(max_size=100))
def test_no_text_makes_it_fail(kind: AnswerFormat, text: str) -> None:
    KINDS[kind].report(text, REPORT_URL)
    KINDS[kind].report(f"#cloud-config\n{text}", REPORT_URL)


class TestUserData:
    TEXT = f"#cloud-config\n# mine\nautoinstall:\n  version: 1 # one\n  identity: {{password: '{HASH}'}}\n"

    def test_an_autoinstall_reports_its_steps_and_its_first_boot(self) -> None:
        text = report_in_user_data(self.TEXT, REPORT_URL)
        assert text.startswith("#cloud-config\n# mine\nautoinstall:\n")
        assert "  version: 1 # one\n" in text
        content = yaml.safe_load(text)["autoinstall"]
        assert content["reporting"] == {
            "bootbeam": {"type": "webhook", "endpoint": f"{REPORT_URL}progress", "level": "INFO"}
        }
        assert content["user-data"]["phone_home"]["url"] == f"{REPORT_URL}first-boot"
        for key, stage in (("late-commands", "installed"), ("error-commands", "failed")):
            [command] = content[key]
            assert command == f"curl -s -m 10 -o /dev/null {REPORT_URL}{stage} || {WGET}{stage} || true"
        del content["reporting"], content["user-data"], content["late-commands"], content["error-commands"]
        assert content == yaml.safe_load(self.TEXT)["autoinstall"]

    def test_what_the_person_reports_and_says_stays(self) -> None:
        more = "  reporting:\n    mine: {type: print}\n  user-data:\n    runcmd: [ls]\n    phone_home: {url: 'http://x/'}\n"
        content = yaml.safe_load(report_in_user_data(self.TEXT + more, REPORT_URL))["autoinstall"]
        assert set(content["reporting"]) == {"mine", "bootbeam"}
        assert content["reporting"]["mine"] == {"type": "print"}
        assert content["user-data"] == {"runcmd": ["ls"], "phone_home": {"url": "http://x/"}}

    def test_an_own_entry_of_the_same_name_stays(self) -> None:
        text = self.TEXT + "  reporting: {bootbeam: {type: none}}\n  user-data: {phone_home: {url: x}}\n"
        content = yaml.safe_load(report_in_user_data(text, REPORT_URL))["autoinstall"]
        assert content["reporting"] == {"bootbeam": {"type": "none"}}
        assert content["user-data"] == {"phone_home": {"url": "x"}}

    def test_their_commands_come_before_the_report(self) -> None:
        text = self.TEXT + "  late-commands:\n  - first  # one\n  - [second, x]\n"
        reported = report_in_user_data(text, REPORT_URL)
        assert "  late-commands:\n  - first  # one\n  - [second, x]\n  - " in reported
        *theirs, ours = yaml.safe_load(reported)["autoinstall"]["late-commands"]
        assert theirs == ["first", ["second", "x"]]
        assert f"{REPORT_URL}installed" in ours

    def test_without_a_login_user_data_is_not_made_up(self) -> None:
        content = yaml.safe_load(report_in_user_data("#cloud-config\nautoinstall: {version: 1}\n", REPORT_URL))
        assert set(content["autoinstall"]) == {"version", "reporting", "late-commands", "error-commands"}

    def test_any_other_cloud_config_phones_home(self) -> None:
        text = report_in_user_data("#cloud-config\nhostname: a\n", REPORT_URL)
        assert text.endswith("hostname: a\n")
        assert yaml.safe_load(text)["phone_home"]["url"] == f"{REPORT_URL}first-boot"

    @pytest.mark.parametrize(
        "text", ["#!/bin/sh\nx", "a: 1\n", "#cloud-config\n\t", "#cloud-config\n", "#include\nhttp://x/"]
    )
    def test_another_file_comes_back_as_it_is(self, text: str) -> None:
        assert report_in_user_data(text, REPORT_URL) == text

    @pytest.mark.peer
    def test_cloud_init_takes_it(self, tmp_path: Path) -> None:
        path = tmp_path / "user-data"
        path.write_text(report_in_user_data("#cloud-config\nhostname: a\n", REPORT_URL))
        subprocess.run(["cloud-init", "schema", "--config-file", path], check=True, capture_output=True)

    def test_a_second_time_nothing_is_added(self) -> None:
        once = report_in_user_data(self.TEXT, REPORT_URL)
        assert report_in_user_data(once, REPORT_URL) == once


LATE = "d-i preseed/late_command string "
EARLY = "d-i preseed/early_command string "


class TestPreseed:
    def commands(self, root: Path, text: str) -> tuple[str, str]:
        said = answers_set_by(root, report_in_preseed(text, REPORT_URL))
        return said["preseed/early_command"], said["preseed/late_command"]

    @pytest.mark.peer
    @pytest.mark.parametrize(
        ("theirs", "status"),
        [
            ("", 0),
            ("touched a", 0),
            ("touched a; touched b", 0),
            ("touched a || touched b", 0),
            ("touched a &", 0),
            ("touched a;", 0),
            ("touched a # remark", 0),
            ("false", 1),
            ("touched a; exit 7", 7),
            ("sh -c 'exit 3'", 3),
            ('touched "a  b"', 0),
            ("if true; then touched a; fi", 0),
        ],
    )
    def test_their_last_command_runs_and_ends_as_before(self, installer_root: Path, theirs: str, status: int) -> None:
        text = f"d-i a/b string x\n{LATE}{theirs}\n"
        _, late = self.commands(installer_root, text)
        before = run_in_ash(installer_root, theirs, "touched", "wget")
        after = run_in_ash(installer_root, late, "touched", "wget")
        assert (before[0], after[0]) == (status, status)
        calls = sorted(before[1])
        assert sorted(after[1]) == sorted([*calls, WGET + ("failed" if status else "installed")])

    @pytest.mark.peer
    def test_a_station_that_is_gone_changes_nothing(self, installer_root: Path) -> None:
        early, late = self.commands(installer_root, LATE + "touched a\n")
        for command, calls in ((early, []), (late, ["touched a"])):
            broken = f"wget() {{ return 1; }}; {command}"
            assert run_in_ash(installer_root, broken, "touched") == (0, calls)

    @pytest.mark.peer
    @pytest.mark.parametrize(
        "text",
        [
            f"{LATE}touched a; \\\n  touched b\n",
            f"{LATE}\\\n touched a; touched b\n",
            f"  {LATE.replace(' ', chr(9))}touched a; touched b\n",
            f"{LATE}touched x\n{LATE}touched a; touched b\n",
            "d-i \\\n preseed/late_command \\\n string \\\n touched a; touched b\nd-i a/b string x\n",
            f"{LATE}touched a; touched b\r\n",
            f"{LATE}touched a; touched b",
            f"#_preseed_V1\n{LATE}touched a; touched b\nd-i x/y string z \\\n",
        ],
    )
    def test_however_the_line_is_written(self, installer_root: Path, text: str) -> None:
        _, late = self.commands(installer_root, text)
        status, calls = run_in_ash(installer_root, late, "touched", "wget")
        assert (status, calls) == (0, ["touched a", "touched b", WGET + "installed"])

    @pytest.mark.peer
    def test_their_first_command_runs_after_the_report(self, installer_root: Path) -> None:
        early, _ = self.commands(installer_root, f"{EARLY}touched a; exit 4\n")
        assert run_in_ash(installer_root, early, "touched", "wget") == (4, [WGET + "started", "touched a"])

    def test_the_rest_of_the_file_stays(self) -> None:
        text = f"#_preseed_V1\n# mine\nd-i a/b string x \\\n  y\n{LATE}z\n"
        reported = report_in_preseed(text, REPORT_URL)
        assert reported.startswith("#_preseed_V1\nd-i preseed/early_command string wget")
        assert "# mine\nd-i a/b string x \\\n  y\n" in reported
        assert reported.endswith("EXIT; z\n")

    def test_a_second_time_nothing_is_added(self) -> None:
        once = report_in_preseed(f"{LATE}x\n", REPORT_URL)
        assert report_in_preseed(once, REPORT_URL) == once

    @pytest.mark.peer
    @settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.sampled_from(["d-i a/b string x", "# remark", "", "d-i c/d boolean true", f"{LATE}y", " d-i e/f note"])
        )
    )
    def test_every_other_answer_stays(self, installer_root: Path, answers: list[str]) -> None:
        text = "\n".join(answers)
        before = answers_set_by(installer_root, text)
        after = answers_set_by(installer_root, report_in_preseed(text, REPORT_URL))
        commands = {"preseed/early_command", "preseed/late_command"}
        assert {k: v for k, v in after.items() if k not in commands} == {
            k: v for k, v in before.items() if k not in commands
        }
        assert commands <= set(after)


class TestKickstart:
    @pytest.mark.peer
    @pytest.mark.parametrize("text", ["", "lang en_US.UTF-8", "%post\necho mine\n%end\n", "%pre\nx\n%end"])
    def test_scripts_are_added_after_theirs(self, text: str) -> None:
        before = parsed(text).handler.scripts
        after = parsed(report_in_kickstart(text, REPORT_URL)).handler.scripts
        assert [script.script for script in after[: len(before)]] == [script.script for script in before]
        added = [script.script for script in after[len(before) :]]
        assert [url.split(REPORT_URL)[1].split()[0] for url in added] == ["started", "installed", "failed"]
        assert not after[len(before) + 1].inChroot

    @pytest.mark.parametrize("text", ["%post\nx\n", "%pre\n%post\n%end\n"])
    def test_a_section_left_open_would_swallow_them(self, text: str) -> None:
        assert report_in_kickstart(text, REPORT_URL) == text


class TestAutoYast:
    HEAD = '<profile xmlns="http://www.suse.com/1.0/yast2ns" xmlns:config="http://www.suse.com/1.0/configns">'
    MINE = "<script><source>mine</source></script>"

    def sources(self, text: str) -> dict[str, list[str]]:
        root = ElementTree.fromstring(report_in_autoyast(text, REPORT_URL))
        lists = root.findall("y:scripts/*", YAST)
        for found in lists:
            assert found.get("{http://www.suse.com/1.0/configns}type") == "list" or found.get("t") == "list"
        return {
            found.tag.split("}")[1]: [source.text or "" for source in found.iterfind("y:script/y:source", YAST)]
            for found in lists
        }

    @pytest.mark.parametrize(
        "scripts",
        [
            "",
            "<scripts/>",
            "<scripts></scripts>",
            "<scripts><post-scripts t='list'>MINE</post-scripts></scripts>",
            "<scripts><pre-scripts config:type='list'>MINE</pre-scripts><init-scripts t='list'/></scripts>",
            "<scripts ><chroot-scripts t='list' /></scripts>",
        ],
    )
    def test_each_stage_has_its_script_and_theirs_stay(self, scripts: str) -> None:
        text = f"<?xml version='1.0'?>\n<!-- é -->\n{self.HEAD}{scripts.replace('MINE', self.MINE)}</profile>\n"
        sources = self.sources(text)
        for name, stage in (
            ("pre-scripts", "started"),
            ("chroot-scripts", "installed"),
            ("init-scripts", "first-boot"),
        ):
            assert sources[name][-1].split(REPORT_URL)[1].split()[0] == stage
        assert sum(source == "mine" for found in sources.values() for source in found) == scripts.count("MINE")
        assert report_in_autoyast(text, REPORT_URL).startswith("<?xml version='1.0'?>\n<!-- é -->\n")

    def test_with_prefixes_of_their_own(self) -> None:
        text = '<y:profile xmlns:y="http://www.suse.com/1.0/yast2ns"><y:scripts/></y:profile>'
        assert set(self.sources(text)) == {"pre-scripts", "chroot-scripts", "init-scripts"}

    @pytest.mark.parametrize("text", ["<profile/>", "x", f"{HEAD}"])
    def test_another_file_comes_back_as_it_is(self, text: str) -> None:
        assert report_in_autoyast(text, REPORT_URL) == text


class TestIgnition:
    @pytest.mark.peer
    @pytest.mark.parametrize("systemd", ["", ', "systemd": {}', ', "systemd": {"units": [{"name": "a.service"}]}'])
    def test_a_unit_is_added(self, tmp_path: Path, systemd: str) -> None:
        text = report_in_ignition(f'{{"ignition": {{"version": "3.3.0"}}{systemd}}}', REPORT_URL)
        units = json.loads(text)["systemd"]["units"]
        assert units[-1]["name"] == "bootbeam-report.service"
        assert REPORT_URL + "first-boot" in units[-1]["contents"]
        assert len(units) == 1 + systemd.count("a.service")
        (tmp_path / "x").write_text(text)
        subprocess.run(["ignition-validate", tmp_path / "x"], check=True, capture_output=True)
        assert report_in_ignition(text, REPORT_URL) == text

    @pytest.mark.parametrize("text", ["[]", "x", '{"systemd": []}', '{"systemd": {"units": 1}}'])
    def test_another_file_comes_back_as_it_is(self, text: str) -> None:
        assert report_in_ignition(text, REPORT_URL) == text


class TestProxmox:
    @pytest.mark.parametrize("text", ["", "a = 1", "[global]\nfqdn = 'x'\n", "x.y = 1 # remark"])
    def test_a_section_is_added_at_the_end(self, text: str) -> None:
        reported = report_in_proxmox(text, REPORT_URL)
        assert reported.startswith(text)
        webhook = {"post-installation-webhook": {"url": REPORT_URL + Stage.INSTALLED}}
        assert tomllib.loads(reported) == {**tomllib.loads(text), **webhook}

    @pytest.mark.parametrize("text", ["[post-installation-webhook]\nurl = 'x'\n", "x", "a ="])
    def test_theirs_stays(self, text: str) -> None:
        assert report_in_proxmox(text, REPORT_URL) == text

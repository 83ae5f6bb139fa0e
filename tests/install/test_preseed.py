"""Preseed files: each trap is found, and Debian's own readers take what is rendered."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bootbeam.install.facts import StationFacts
from bootbeam.install.finding import Finding, Severity
from bootbeam.install.preseed import PRESEED, check_preseed, render_preseed
from bootbeam.install.preseed_questions import KNOWN, STOPS, TYPES
from tests.install.examples import HASH, KEY, MACHINE, QUIET_STATION, STATION, full_names, lines, public_key, short_form
from tests.install.installer import answers_set_by, run_in_ash

COMPLETE = """\
d-i debian-installer/locale string en_US.UTF-8
d-i keyboard-configuration/xkb-keymap select us
d-i mirror/country string manual
d-i passwd/root-login boolean false
d-i passwd/username string ann
d-i time/zone string Etc/UTC
d-i partman-auto/method string regular
d-i partman/confirm boolean true
d-i partman/confirm_nooverwrite boolean true
tasksel tasksel/first multiselect standard
d-i grub-installer/bootdev string default
d-i finish-install/reboot_in_progress note
"""


def found(text: str) -> list[Finding]:
    """The findings of a file that answers everything else."""
    return check_preseed(COMPLETE + text)


def only(text: str) -> Finding:
    findings = found(text)
    assert len(findings) == 1, [str(finding) for finding in findings]
    return findings[0]


LINE = COMPLETE.count("\n") + 1


def test_a_complete_file_has_no_findings() -> None:
    assert found("") == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("passwd/user-uid string 1000\n", "no owner"),
        ("d-i time/zone\n", "no whole line"),
        ("d-i\n", "no whole line"),
        ("d-i clock-setup/utc bolean true\n", "no type 'bolean'"),
        ("d-i debian-installer/country US\n", "no type 'US'"),
        ("d-i clock-setup/utc boolean yes\n", "should be true or false"),
        ("d-i clock-setup/utc boolean true \n", "a space follows the answer"),
        ("d-i passwd/user-password-crypted password secret\n", "is no hash"),
        ("d-i partman/early_command string a; \\ \n", "a space follows the backslash"),
        ("  # a remark\n", "a space stands before a comment"),
        ("d-i pkgsel/include string vim \\\n", "has no end"),
    ],
)
def test_what_stops_the_installer(text: str, what: str) -> None:
    finding = only(text)
    assert finding.severity is Severity.PROBLEM
    assert finding.line == LINE
    assert what in finding.what


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("d-i partman/confirm_nooverwite boolean true\n", "no question", "partman/confirm_nooverwrite"),
        ("d-i popularity-contest/participate boolean false\n", "has the owner d-i", "popularity-contest pop"),
        ("d-i passwd/user-password password secret\n", "in clear", "passwd/user-password-crypted"),
        ("d-i netcfg/get_hostname string a\nd-i netcfg/get_hostname string b\n", "answered twice", "leave one"),
    ],
)
def test_what_may_be_meant_so(text: str, what: str, fix: str) -> None:
    finding = next(finding for finding in found(text) if what in finding.what)
    assert finding.severity is Severity.WARNING
    assert fix in finding.fix


def test_a_second_late_command_replaces_the_first() -> None:
    finding = only("d-i preseed/late_command string a\nd-i preseed/late_command string b\n")
    assert finding.severity is Severity.PROBLEM
    assert f"line {LINE} answers it too" in finding.why


def test_a_comment_within_a_continued_line() -> None:
    finding = only("d-i pkgsel/include string vim \\\n# git too\n  git\n")
    assert (finding.severity, finding.line) == (Severity.WARNING, LINE + 1)


def test_what_is_not_answered_is_asked() -> None:
    asked = [finding.what for finding in check_preseed("d-i time/zone string Etc/UTC\n")]
    assert "the installer will ask for how to partition the disk" in asked
    assert "the installer will ask for the time zone" not in asked
    assert check_preseed("d-i preseed/include string more.cfg\n") == []


def test_an_empty_file_answers_nothing() -> None:
    assert [finding.what for finding in check_preseed("# nothing\n")] == ["the file answers nothing"]


@given(st.text(max_size=300))
def test_no_text_makes_the_check_fail(text: str) -> None:
    check_preseed(text)


@given(st.lists(st.sampled_from(["d-i", " ", "#", "\\\n", "\n", "a/b", "string", "boolean", "true", "\t", "\r\n"])))
def test_no_file_of_such_pieces_makes_the_check_fail(pieces: list[str]) -> None:
    check_preseed("".join(pieces))


@pytest.mark.peer
@pytest.mark.parametrize("text", ["d-i\n", "d-i time/zone\n", "  # note\n", "x\n"])
def test_the_installers_reader_refuses_what_is_said_to_stop_it(installer_root: Path, text: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        answers_set_by(installer_root, COMPLETE + text)
    assert any(finding.severity is Severity.PROBLEM for finding in found(text))


@pytest.mark.peer
def test_the_installer_leaves_out_a_line_that_is_never_ended(installer_root: Path) -> None:
    assert answers_set_by(installer_root, "d-i a/b string x\nd-i c/d string y \\\n") == {"a/b": "x"}


@pytest.mark.peer
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(full_name=full_names, comment=lines)
def test_the_installers_own_reader_takes_what_is_rendered(installer_root: Path, full_name: str, comment: str) -> None:
    form = short_form(f'password-hash = "{HASH}"')
    key = public_key(comment.strip())
    answers = type(form)(user="ann", full_name=full_name, password_hash=HASH, ssh_keys=(key, KEY))
    text = render_preseed(answers, MACHINE, STATION)[PRESEED]
    said = answers_set_by(installer_root, text)
    assert said["passwd/user-fullname"].split() == full_name.split()
    assert said["passwd/user-password-crypted"] == HASH
    assert said["passwd/username"] == "ann"
    status, calls = run_in_ash(installer_root, said["preseed/late_command"], "in-target", "wget")
    assert status == 0
    assert len(calls) == 4
    assert calls[-1].endswith(STATION.report_url + "installed")


@pytest.mark.peer
def test_the_late_command_writes_the_keys_as_they_are(installer_root: Path, tmp_path: Path) -> None:
    keys = tuple(public_key(comment) for comment in ("'\"$(reboot)`x` \\ %", "#\u00e9"))
    form = short_form()
    answers = type(form)(user="ann", ssh_keys=keys)
    said = answers_set_by(installer_root, render_preseed(answers, MACHINE, QUIET_STATION)[PRESEED])
    command = said["preseed/late_command"]
    assert said["passwd/user-password-crypted"] == "!"
    # in-target runs its words in the installed system; here they run in a directory of the test's own.
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    script = command.replace("/home/ann", str(home)).replace("/etc/sudoers.d/", f"{tmp_path}/sudoers-")
    functions = 'in-target() { case $1 in sh) "$@" ;; esac; }; in_target() { in-target "$@"; }; '
    subprocess.run(["bash", "-c", functions + script], check=True, cwd=tmp_path)
    assert (home / ".ssh/authorized_keys").read_text("utf-8") == "".join(f"{key}\n" for key in keys)
    assert (tmp_path / "sudoers-ann").read_text() == "ann ALL=(ALL) NOPASSWD:ALL\n"
    assert (tmp_path / "sudoers-ann").stat().st_mode & 0o777 == 0o440


@pytest.mark.peer
def test_debconf_takes_what_is_rendered(tmp_path: Path) -> None:
    path = tmp_path / PRESEED
    path.write_text(render_preseed(short_form('full-name = "Ann O\'Neil"'), MACHINE, STATION)[PRESEED])
    done = subprocess.run(["debconf-set-selections", "--checkonly", path], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.peer
@pytest.mark.parametrize("text", ["d-i a/b sting x\n", "d-i a/b\n"])
def test_debconf_complains_where_the_check_does(tmp_path: Path, text: str) -> None:
    path = tmp_path / PRESEED
    path.write_text(text)
    done = subprocess.run(["debconf-set-selections", "--checkonly", path], capture_output=True, text=True, check=False)
    assert done.stderr
    assert any(finding.severity is Severity.PROBLEM for finding in found(text))


def test_what_is_rendered_has_no_findings_and_no_password_in_clear() -> None:
    for more in ("", 'password = "open sesame"', 'disk = "/dev/sda"\npackages = ["git"]', 'hostname = "a.example.org"'):
        for user in ("ann", "root"):
            text = render_preseed(short_form(more, user), MACHINE, STATION)[PRESEED]
            assert check_preseed(text) == []
            assert "sesame" not in text


def test_the_stations_packages_are_taken_when_it_has_them() -> None:
    station = StationFacts(repository_url="http://192.168.1.50:8080/iso/debian-12/")
    text = render_preseed(short_form(), MACHINE, station)[PRESEED]
    assert "d-i mirror/http/hostname string 192.168.1.50:8080\n" in text
    assert "d-i mirror/http/directory string /iso/debian-12\n" in text
    assert "d-i debian-installer/allow_unauthenticated boolean true\n" in text
    assert "allow_unauthenticated" not in render_preseed(short_form(), MACHINE, QUIET_STATION)[PRESEED]


def test_a_name_with_a_domain_is_taken_apart() -> None:
    text = render_preseed(short_form('hostname = "a.example.org"'), MACHINE, STATION)[PRESEED]
    assert "d-i netcfg/get_hostname string a\n" in text
    assert "d-i netcfg/get_domain string example.org\n" in text


def test_the_tables_hold_together() -> None:
    assert all(set(questions) <= KNOWN for questions, _ in STOPS)
    assert {"string", "boolean", "select", "multiselect", "password", "note"} <= set(TYPES)

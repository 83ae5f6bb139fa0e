"""Kickstart files: each trap is found, and pykickstart, Anaconda's own reader, takes what is rendered."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pykickstart.errors import KickstartError
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

from bootbeam.install.facts import StationFacts
from bootbeam.install.finding import Finding, Severity
from bootbeam.install.kickstart import COMMANDS, KICKSTART, check_kickstart, render_kickstart
from bootbeam.install.reporting import report_in_kickstart
from tests.install.examples import HASH, MACHINE, QUIET_STATION, STATION, full_names, lines, public_key, short_form

COMPLETE = f"""\
lang en_US.UTF-8
keyboard --xlayouts=us
timezone Etc/UTC --utc
rootpw --iscrypted {HASH}
zerombr
clearpart --all --initlabel
autopart
reboot
%packages
@core
%end
"""
LINE = COMPLETE.count("\n") + 1


def only(text: str) -> Finding:
    findings = check_kickstart(text)
    assert len(findings) == 1, [str(finding) for finding in findings]
    return findings[0]


def parsed(text: str, version: str = "RHEL9") -> KickstartParser:
    """What pykickstart makes of it.

    Raises:
        KickstartError: it refuses the file.
    """
    handler = makeVersion(version)
    parser = KickstartParser(handler, followIncludes=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser.readKickstartFromString(text)
    return parser


def test_a_complete_file_has_no_findings() -> None:
    assert check_kickstart(COMPLETE) == []


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("%post\necho x\n", "%post has no %end", "write a line with %end"),
        ("%post\n%packages\n%end\n", "%packages begins within %post", "write %end before %packages"),
        ("%end\n", "ends nothing", "remove it"),
        ("%pots\n%end\n", "no section %pots", "%post"),
        ("firewal --enabled\n", "no command 'firewal'", "firewall"),
        ("user --name='ann\n", "a quote is not closed", "close it"),
        ("keyboard\n", "names no layout", "--xlayouts"),
        ("user --name=ann --iscrypted --password=secret\n", "is no hash", "openssl"),
        (f"user --name=ann --password={HASH}\n", "is a hash", "--iscrypted"),
    ],
)
def test_what_stops_the_installer(text: str, what: str, fix: str) -> None:
    finding = next(finding for finding in check_kickstart(COMPLETE + text) if what in finding.what)
    assert finding.severity is Severity.PROBLEM
    assert finding.line is not None
    assert finding.line >= LINE
    assert fix in finding.fix


def test_autopart_and_part_exclude_each_other() -> None:
    finding = only(COMPLETE + "part / --grow\n")
    assert (finding.line, finding.severity) == (7, Severity.PROBLEM)
    assert f"line {LINE}" in finding.why


@pytest.mark.parametrize(
    ("left_out", "what"),
    [
        ("lang en_US.UTF-8\n", "will ask for the language"),
        ("clearpart --all --initlabel\n", "no clearpart"),
        ("zerombr\n", "no zerombr"),
        ("reboot\n", "how to end"),
        ("%packages\n@core\n%end\n", "no %packages"),
        (f"rootpw --iscrypted {HASH}\n", "a user or the password of root"),
    ],
)
def test_what_is_left_out_is_asked(left_out: str, what: str) -> None:
    finding = only(COMPLETE.replace(left_out, ""))
    assert finding.severity is Severity.WARNING
    assert what in finding.what


def test_with_another_file_included_nothing_is_missed() -> None:
    assert check_kickstart("%include http://192.168.1.50/more.ks\n") == []


@pytest.mark.parametrize(
    ("line", "what"),
    [("rootpw secret", "in clear"), ("user --name=a --password secret", "in clear"), ("install", "gone from newer")],
)
def test_what_may_be_meant_so(line: str, what: str) -> None:
    finding = only(COMPLETE + line + "\n")
    assert (finding.severity, finding.line) == (Severity.WARNING, LINE)
    assert what in finding.what


def test_a_file_for_esxi_is_another_language() -> None:
    text = "vmaccepteula\ninstall --firstdisk\nrootpw secret\nreboot\n%firstboot --interpreter=busybox\nls\n"
    assert check_kickstart(text) == []
    assert report_in_kickstart(text, STATION.report_url) == text


def test_a_locked_password_is_fine() -> None:
    assert check_kickstart(COMPLETE + "rootpw --lock\nuser --name=a --iscrypted --password=!\n") == []


@given(st.text(max_size=300))
def test_no_text_makes_the_check_fail(text: str) -> None:
    check_kickstart(text)


@pytest.mark.peer
@pytest.mark.parametrize(
    "text",
    ["%post\necho x\n", "%post\n%packages\n%end\n", "firewal --enabled\n", "part / --grow\nautopart\n"],
)
def test_pykickstart_refuses_what_is_said_to_stop_it(text: str) -> None:
    with pytest.raises(KickstartError):
        parsed(COMPLETE + text)
    assert any(finding.severity is Severity.PROBLEM for finding in check_kickstart(COMPLETE + text))


@pytest.mark.peer
def test_every_command_of_pykickstart_is_known() -> None:
    for version in ("RHEL7", "RHEL8", "RHEL9", "RHEL10", "F42"):
        assert set(makeVersion(version).commands) <= COMMANDS


@pytest.mark.peer
@pytest.mark.parametrize("version", ["RHEL8", "RHEL9", "RHEL10", "F42"])
@pytest.mark.parametrize(
    ("more", "user"),
    [
        ("", "ann"),
        ("", "root"),
        (f'password-hash = "{HASH}"', "root"),
        (f'password-hash = "{HASH}"\ndisk = {{ model = "WD Blue*" }}\npackages = ["git"]', "ann"),
    ],
)
def test_pykickstart_takes_what_is_rendered(version: str, more: str, user: str) -> None:
    station = StationFacts(STATION.report_url, "http://192.168.1.50:8080/iso/alma-9/")
    text = render_kickstart(short_form(more, user), MACHINE, station)[KICKSTART]
    handler = parsed(text, version).handler
    assert handler.network.network[0].hostname == "pc-525400123456"
    assert handler.url.url == station.repository_url
    assert handler.rootpw.lock == (user != "root" or not more)
    assert [key.username for key in handler.sshkey.sshUserList] == [user]
    assert check_kickstart(text) == []


@pytest.mark.peer
@given(full_names, lines)
def test_texts_arrive_as_they_are(full_name: str, comment: str) -> None:
    form = short_form()
    key = public_key(comment.strip())
    answers = type(form)(user="ann", full_name=full_name, password_hash=HASH, ssh_keys=(key,))
    text = render_kickstart(answers, MACHINE, QUIET_STATION)[KICKSTART]
    handler = parsed(text).handler
    assert handler.user.userList[0].gecos == full_name
    assert handler.user.userList[0].password == HASH
    assert handler.sshkey.sshUserList[0].key == key
    assert len(handler.user.userList) == len(handler.sshkey.sshUserList) == 1
    assert [script.script for script in parsed(text).handler.scripts] == [
        script.script for script in parsed(render_kickstart(form, MACHINE, QUIET_STATION)[KICKSTART]).handler.scripts
    ][:1]


def test_a_password_does_not_appear() -> None:
    text = render_kickstart(short_form('password = "open sesame"'), MACHINE, STATION)[KICKSTART]
    assert "sesame" not in text
    assert "$6$pepperandsalt$" in text


def test_who_has_no_password_needs_none_for_sudo() -> None:
    assert "'ann ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/ann" in _rendered("")
    assert "NOPASSWD" not in _rendered(f'password-hash = "{HASH}"')


def _rendered(more: str) -> str:
    return render_kickstart(short_form(more), MACHINE, STATION)[KICKSTART]

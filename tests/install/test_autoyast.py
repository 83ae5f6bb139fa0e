"""AutoYaST profiles: types, users, and texts that stay texts."""

import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.install.autoyast import AUTOYAST, check_autoyast, render_autoyast
from bootbeam.install.finding import Severity
from tests.install.examples import HASH, KEY, MACHINE, QUIET_STATION, STATION, full_names, lines, public_key, short_form

HEAD = '<profile xmlns="http://www.suse.com/1.0/yast2ns" xmlns:config="http://www.suse.com/1.0/configns">'
NAMES = {"y": "http://www.suse.com/1.0/yast2ns"}
GENERAL = '<general><mode><confirm config:type="boolean">false</confirm></mode></general>'
USER = (
    '<users t="list"><user><username>root</username><encrypted type="boolean">true</encrypted>'
    f"<user_password>{HASH}</user_password></user></users>"
)


def profile(more: str = "", general: str = GENERAL, users: str = USER) -> str:
    return f'<?xml version="1.0"?>\n<!DOCTYPE profile>\n{HEAD}\n{general}\n{users}\n{more}\n</profile>\n'


def test_a_profile_that_is_right_has_no_findings() -> None:
    assert check_autoyast(profile()) == []
    assert check_autoyast(profile('<scripts><pre-scripts t="list"><script/></pre-scripts></scripts><ca_mgm/>')) == []


@pytest.mark.parametrize(
    ("text", "line", "what", "fix"),
    [
        ("<profile/>", 1, "the root element is 'profile' of the namespace ''", "xmlns="),
        (f"{HEAD}<users></profile>", 1, "this is not XML", "closed under another name"),
        (
            profile("<software><packages><package>a</package></packages></software>"),
            6,
            "packages does not say",
            'type="list"',
        ),
        (profile("<scripts><debug>true</debug></scripts>"), 6, "debug does not say", 'type="boolean"'),
        (
            profile('<general><mode><halt t="boolean">yes</halt></mode></general>'),
            6,
            "halt should be true or false",
            "",
        ),
        (profile('<x t="integer">many</x>'), 6, "x should be a number", ""),
        (profile('<x t="bolean">true</x>'), 6, "x has no type 'bolean'", "boolean"),
        (profile(users=USER.replace(HASH, "secret")), 5, "user_password is no hash", "openssl"),
        (profile(users=USER.replace("true", "false")), 5, "user_password is a hash", "encrypted"),
    ],
)
def test_what_goes_wrong(text: str, line: int, what: str, fix: str) -> None:
    (finding,) = check_autoyast(text)
    assert (finding.severity, finding.line) == (Severity.PROBLEM, line)
    assert what in finding.what
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (profile(general=""), "will ask for confirmation"),
        (profile(general=GENERAL.replace("false", "true")), "will ask for confirmation"),
        (profile(users=""), "there are no users"),
        (profile("<sofware/>"), "there is no section sofware"),
        (profile(users=USER.replace(HASH, "secret").replace("true", "false")), "in clear"),
    ],
)
def test_what_may_be_meant_so(text: str, what: str) -> None:
    (finding,) = check_autoyast(text)
    assert finding.severity is Severity.WARNING
    assert what in finding.what


@given(st.text(max_size=100))
def test_no_text_makes_the_check_fail(text: str) -> None:
    check_autoyast(text)
    check_autoyast(f"{HEAD}{text}</profile>")


def rendered(more: str = "", user: str = "ann") -> ElementTree.Element:
    text = render_autoyast(short_form(more, user), MACHINE, STATION)[AUTOYAST]
    assert check_autoyast(text) == []
    return ElementTree.fromstring(text)


@pytest.mark.parametrize("user", ["ann", "root"])
@pytest.mark.parametrize("more", ["", f'password-hash = "{HASH}"\ndisk = "/dev/sda"\nhostname = "a.example.org"'])
def test_what_is_rendered_has_no_findings(user: str, more: str) -> None:
    root = rendered(more, user)
    assert root.findtext("y:partitioning/y:drive/y:device", "", NAMES) == ("/dev/sda" if more else "")
    assert root.findtext("y:users/y:user/y:username", "", NAMES) == "root"
    assert root.findtext("y:keyboard/y:keymap", "", NAMES) == "english-us"
    assert (root.find("y:files", NAMES) is not None) == (not more and user == "ann")


@pytest.mark.peer
def test_xmllint_takes_what_is_rendered(tmp_path: Path) -> None:
    path = tmp_path / AUTOYAST
    path.write_text(render_autoyast(short_form('full-name = "A & <B>"'), MACHINE, STATION)[AUTOYAST])
    subprocess.run(["xmllint", "--noout", "--nonet", path], check=True)


@given(full_names, lines)
def test_texts_arrive_as_they_are(full_name: str, comment: str) -> None:
    form = short_form()
    keys = (public_key(comment.strip()), KEY)
    answers = type(form)(user="ann", full_name=full_name, password_hash=HASH, ssh_keys=keys)
    root = ElementTree.fromstring(render_autoyast(answers, MACHINE, STATION)[AUTOYAST])
    person = root.findall("y:users/y:user", NAMES)[1]
    assert person.findtext("y:fullname", None, NAMES) == full_name
    assert [key.text for key in person.iterfind("y:authorized_keys/y:authorized_key", NAMES)] == list(keys)
    plain = ElementTree.fromstring(render_autoyast(short_form(f'password-hash = "{HASH}"'), MACHINE, STATION)[AUTOYAST])
    assert [element.tag for element in root] == [element.tag for element in plain]


def test_a_password_does_not_appear() -> None:
    assert "sesame" not in render_autoyast(short_form('password = "open sesame"'), MACHINE, QUIET_STATION)[AUTOYAST]


@pytest.mark.parametrize("more", ['disk = { serial = "S4" }', 'disk = { model = "x" }', 'keyboard = "latam"'])
def test_what_autoyast_cannot_do_is_refused(more: str) -> None:
    with pytest.raises(UserError):
        rendered(more)

"""Windows' answer file. Setup itself is nowhere to be had here: the cases are those of Microsoft's reference."""

import base64
import dataclasses
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.install.autounattend import AUTOUNATTEND, check_autounattend, encoded_password, render_autounattend
from bootbeam.install.finding import Severity
from bootbeam.install.short_form import ShortForm, parse_short_form
from bootbeam.machine import Cpu, Firmware
from tests.install.examples import HASH, KEY, MACHINE, QUIET_STATION, SALT, STATION, full_names, lines

NAMES = {"u": "urn:schemas-microsoft-com:unattend"}
FORM = parse_short_form('user = "ann"\npassword = "open sesame"', SALT)
GOOD = render_autounattend(FORM, MACHINE, STATION)[AUTOUNATTEND]


def test_what_is_rendered_has_no_findings() -> None:
    assert check_autounattend(GOOD) == []
    assert check_autounattend(render_autounattend(FORM, MACHINE, QUIET_STATION)[AUTOUNATTEND]) == []


@pytest.mark.parametrize(
    ("old", "new", "what", "fix"),
    [
        ('xmlns="urn:schemas-microsoft-com:unattend" ', "", "the root element is 'unattend'", "xmlns="),
        ('pass="windowsPE"', 'pass="WindowsPE"', "no pass 'WindowsPE'", "windowsPE"),
        ('processorArchitecture="amd64"', 'processorArchitecture="x64"', "no architecture 'x64'", "amd64"),
        ('language="neutral" ', "", "has no language=neutral", 'language="neutral"'),
        ("31bf3856ad364e35", "31bf3856ad364e36", "has no publicKeyToken", "31bf3856ad364e35"),
        ('"Microsoft-Windows-Setup"', '"Microsoft-Windows-setup"', "no component", "Microsoft-Windows-Setup"),
        ('pass="specialize"', 'pass="windowsPE"', "Shell-Setup stands in windowsPE", "oobeSystem"),
        ("pc-525400123456<", "pc-525400123456-too-long<", "ComputerName is too long", "shorten"),
        ("<Value>bwBw", "<Value>#bwBw", "the hidden password cannot be read", "PlainText"),
        ("</unattend>", "", "this is not XML", "closed"),
    ],
)
def test_what_goes_wrong(old: str, new: str, what: str, fix: str) -> None:
    assert old in GOOD
    findings = check_autounattend(GOOD.replace(old, new))
    finding = next(finding for finding in findings if what in finding.what)
    assert finding.severity is Severity.PROBLEM
    assert finding.line is not None
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<AcceptEula>true</AcceptEula>", "", "the licence"),
        ("DiskConfiguration>", "DiskConfig>", "where to install"),
        ("InstallFrom>", "From>", "which edition"),
        ("UserAccounts>", "Accounts>", "a user"),
        ("<PlainText>false", "<PlainText>true", "in clear"),
    ],
)
def test_what_is_asked_or_seen(old: str, new: str, what: str) -> None:
    (finding,) = check_autounattend(GOOD.replace(old, new))
    assert finding.severity is Severity.WARNING
    assert what in finding.what


@given(st.text(max_size=100))
def test_no_text_makes_the_check_fail(text: str) -> None:
    check_autounattend(text)
    check_autounattend(GOOD.replace("<ComputerName>", f"<ComputerName>{text}"))


def parsed(form: ShortForm, **machine: Firmware | Cpu) -> ElementTree.Element:
    facts = dataclasses.replace(
        MACHINE,
        firmware=Firmware.BIOS if Firmware.BIOS in machine.values() else Firmware.UEFI,
        cpu=Cpu.ARM64 if Cpu.ARM64 in machine.values() else Cpu.X86_64,
    )
    return ElementTree.fromstring(render_autounattend(form, facts, STATION)[AUTOUNATTEND])


def test_partitions_as_the_firmware_needs_them() -> None:
    for firmware, types, last in (
        (Firmware.UEFI, ["EFI", "MSR", "Primary"], "3"),
        (Firmware.BIOS, ["Primary"] * 2, "2"),
    ):
        root = parsed(FORM, firmware=firmware)
        assert [found.text for found in root.iterfind(".//u:CreatePartition/u:Type", NAMES)] == types
        assert root.findtext(".//u:InstallTo/u:PartitionID", "", NAMES) == last
        assert len(root.findall(".//u:ModifyPartition", NAMES)) == len(types)


def test_the_architecture_and_the_regions() -> None:
    form = dataclasses.replace(
        FORM, locale="ja_JP.UTF-8", keyboard="jp", timezone="Asia/Tokyo", hostname="pc1.example.org"
    )
    root = parsed(form, cpu=Cpu.ARM64)
    assert {found.get("processorArchitecture") for found in root.iterfind(".//u:component", NAMES)} == {"arm64"}
    assert root.findtext(".//u:TimeZone", "", NAMES) == "Tokyo Standard Time"
    assert root.findtext(".//u:InputLocale", "", NAMES) == "0411:00000411"
    assert root.findtext(".//u:UILanguage", "", NAMES) == "ja-JP"
    assert root.findtext(".//u:ComputerName", "", NAMES) == "pc1"


@given(full_names, lines)
def test_texts_arrive_as_they_are(full_name: str, password: str) -> None:
    root = parsed(dataclasses.replace(FORM, full_name=full_name, password_clear=password))
    account = root.find(".//u:LocalAccount", NAMES)
    assert account is not None
    assert account.findtext("u:DisplayName", None, NAMES) == full_name
    hidden = base64.b64decode(account.findtext("u:Password/u:Value", "", NAMES)).decode("utf-16-le")
    assert hidden == password + "Password"
    assert [element.tag for element in root.iter()] == [element.tag for element in parsed(FORM).iter()]


def test_the_hidden_password_is_that_of_microsofts_example() -> None:
    # "Unattended Windows Setup Reference", UserAccounts/AdministratorPassword
    assert encoded_password("pw", "AdministratorPassword").startswith("cAB3AEEAZABtAGkAbgBpAHMAdAByAGEAdABvAHI")


@pytest.mark.peer
def test_xmllint_takes_what_is_rendered(tmp_path: Path) -> None:
    (tmp_path / AUTOUNATTEND).write_text(GOOD)
    subprocess.run(["xmllint", "--noout", "--nonet", tmp_path / AUTOUNATTEND], check=True)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f'password = "x"\nssh-keys = ["{KEY}"]', "SSH keys"),
        ('password = "x"\npackages = ["git"]', "packages"),
        ('password = "x"\ndisk = "/dev/sda"', "a disk"),
        (f'password-hash = "{HASH}"', "hash"),
        ('password = "x"\nhostname = "a-name-that-is-too-long"', "too long"),
        ('password = "x"\ntimezone = "Antarctica/Troll"', "time zone"),
        ('password = "x"\nkeyboard = "latam"', "keyboard"),
    ],
)
def test_what_windows_does_not_take_is_refused(text: str, what: str) -> None:
    with pytest.raises(UserError, match=what):
        render_autounattend(parse_short_form(f'user = "ann"\n{text}', SALT), MACHINE, STATION)


@pytest.mark.parametrize("user", ["administrator", "guest", "root"])
def test_a_user_that_is_there_already(user: str) -> None:
    with pytest.raises(UserError, match=user):
        render_autounattend(parse_short_form(f'user = "{user}"\npassword = "x"', SALT), MACHINE, STATION)

"""Answers as the station hands them out: whose they are, what is filled in, what is refused before a machine asks."""

from pathlib import Path

import pytest

from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import UserError
from bootbeam.install.yaml_text import parse_yaml
from bootbeam.journal.events import EventKind
from bootbeam.library.answers import Answers
from bootbeam.library.content import Content, Missing, Peer
from tests.library.recorded import Recorded

MAC = "52:54:00:12:34:56"
WHO = "52-54-00-12-34-56"
BASE = "http://192.0.2.1:8080"
PEER = Peer("192.0.2.7", "192.0.2.1", "http")
HASH = "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG."
USER_DATA = f"#cloud-config\nautoinstall:\n  version: 1\n  identity: {{hostname: pc, username: u, password: {HASH}}}\n"


def made(path: Path, text: str, format: UnattendedFormat = UnattendedFormat.AUTOINSTALL) -> tuple[Answers, Recorded]:
    path.write_text(text)
    record = Recorded()
    return Answers({format: path}, None, True, record), record


def text(answers: Answers, file: str, who: str = WHO, peer: Peer = PEER) -> str:
    content = answers.open(who, file, peer, BASE)
    assert isinstance(content, Content), content
    body = content.read_at(0, content.size_bytes)
    assert len(body) == content.size_bytes
    return body.decode()


def test_a_template_gets_what_the_machine_told_and_what_it_told_of_itself_is_checked(tmp_path: Path) -> None:
    template = USER_DATA + "# {{ mac }} {{ uuid|default('-') }} {{ serial|default('-') }} {{ hostname|default('-') }}\n"
    answers, _ = made(tmp_path / "user-data.j2", template)
    uuid = "6a0e1d2c-0000-4000-8000-525400123456"
    assert "# 52:54:00:12:34:56 - - -" in text(answers, "user-data")
    answers.url(MachineFacts("efi", "x86_64", MAC, uuid, serial="S 1", hostname="desk-3"), BASE)
    assert f"# {MAC} {uuid} S 1 desk-3" in text(answers, "user-data")
    answers.url(MachineFacts("efi", "x86_64", MAC, uuid, serial="'; reboot", hostname="a b"), BASE)
    assert f"# {MAC} {uuid} - -" in text(answers, "user-data")


def test_meta_data_names_the_machine(tmp_path: Path) -> None:
    answers, _ = made(tmp_path / "user-data", USER_DATA)
    assert parse_yaml(text(answers, "meta-data")).plain == {"instance-id": f"bootbeam-{WHO}"}
    answers.url(MachineFacts("efi", "x86_64", MAC, hostname="desk-3"), BASE)
    named = {"instance-id": f"bootbeam-{WHO}", "local-hostname": "desk-3"}
    assert parse_yaml(text(answers, "meta-data")).plain == named


def test_the_files_beside_user_data_are_the_persons_own_filled_in_and_checked(tmp_path: Path) -> None:
    (tmp_path / "vendor-data").write_text("#cloud-config\npackages: [git]\n")
    (tmp_path / "meta-data.j2").write_text("instance-id: i-{{ mac }}\n")
    answers, _ = made(tmp_path / "user-data", USER_DATA)
    assert text(answers, "vendor-data") == "#cloud-config\npackages: [git]\n"
    assert text(answers, "meta-data") == f"instance-id: i-{MAC}\n"
    assert text(answers, "network-config") == ""
    (tmp_path / "network-config").write_text("version: 2\nethernets: [eth0]\n")
    with pytest.raises(UserError, match="network-config, line 2"):
        made(tmp_path / "user-data", USER_DATA)


@pytest.mark.parametrize("who", ["", "..", "52-54-00-12-34", "52:54:00:12:34:56", "x" * 5000, "52-54-00-12-34-5g", "ä"])
def test_who_is_a_mac_with_hyphens(tmp_path: Path, who: str) -> None:
    answers, record = made(tmp_path / "user-data", USER_DATA)
    assert isinstance(answers.open(who, "user-data", PEER, BASE), Missing)
    assert not record.of(EventKind.PROBLEM)
    assert not record.of(EventKind.ANSWERS_FETCHED)


def test_an_upper_case_mac_and_an_unknown_one_are_answered(tmp_path: Path) -> None:
    answers, record = made(tmp_path / "user-data", USER_DATA)
    assert f"{BASE}/report/{WHO}/progress" in text(answers, "user-data", WHO.upper())
    assert "/report/" not in text(answers, "user-data", "any")
    assert len(record.of(EventKind.ANSWERS_FETCHED)) == 2


def test_a_template_that_needs_what_a_machine_has_not_told_says_so_in_the_journal(tmp_path: Path) -> None:
    answers, record = made(tmp_path / "user-data.j2", USER_DATA + "# {{ serial }}\n")
    assert isinstance(answers.open(WHO, "user-data", PEER, BASE), Missing)
    [problem] = record.of(EventKind.PROBLEM)
    assert "user-data.j2, line 5" in str(problem["what"])
    assert "serial" in str(problem["why"])
    assert "default" in str(problem["fix"])


def test_other_formats_files_are_not_there(tmp_path: Path) -> None:
    answers, _ = made(tmp_path / "user-data", USER_DATA)
    for file in ("preseed.cfg", "ks.cfg", "../user-data", "user-data.j2", ""):
        assert isinstance(answers.open(WHO, file, PEER, BASE), Missing), file


def test_an_edit_counts_from_the_next_machine_on(tmp_path: Path) -> None:
    answers, _ = made(tmp_path / "preseed.cfg", "d-i time/zone string Etc/UTC\n", UnattendedFormat.PRESEED)
    assert "Etc/UTC" in text(answers, "preseed.cfg")
    (tmp_path / "preseed.cfg").write_text("d-i time/zone string Asia/Tokyo\n")
    assert "Asia/Tokyo" in text(answers, "preseed.cfg")


@pytest.mark.parametrize(
    ("format", "file", "content"),
    [
        (UnattendedFormat.AUTOINSTALL, "user-data", USER_DATA),
        (UnattendedFormat.PRESEED, "preseed.cfg", "d-i time/zone string Etc/UTC\n"),
        (UnattendedFormat.KICKSTART, "ks.cfg", "lang en_US.UTF-8\n"),
        (UnattendedFormat.AUTOYAST, "autoinst.xml", '<profile xmlns="http://www.suse.com/1.0/yast2ns"/>\n'),
        (UnattendedFormat.IGNITION, "config.ign", '{"ignition": {"version": "3.3.0"}}\n'),
        (UnattendedFormat.PROXMOX, "answer.toml", None),
        (UnattendedFormat.AUTOUNATTEND, "autounattend.xml", None),
    ],
)
def test_every_format_is_handed_out_under_its_own_name(
    tmp_path: Path, format: UnattendedFormat, file: str, content: str | None
) -> None:
    short_form = tmp_path / "unattended.toml"
    short_form.write_text('user = "ann"\npassword = "secret"\n')
    whole = Answers({}, short_form, True, Recorded())
    rendered = text(whole, file)
    assert whole.has(format)
    assert f"{BASE}/report/{WHO}/" in rendered
    whole.check_use({"x.iso": (format,)}, has_plain_kernel=False)
    answers, _ = made(tmp_path / file, content or rendered, format)
    assert text(answers, file)
    with pytest.raises(UserError, match="nothing that is served here takes") as error:
        answers.check_use({"x.iso": (UnattendedFormat.AGAMA,), "y.iso": ()}, has_plain_kernel=False)
    assert error.value.why == "x.iso takes no answers; y.iso takes no answers"


def test_two_files_for_a_kernel_of_no_recipe_are_one_too_many(tmp_path: Path) -> None:
    files = {}
    for format, name in ((UnattendedFormat.PRESEED, "preseed.cfg"), (UnattendedFormat.KICKSTART, "ks.cfg")):
        files[format] = tmp_path / name
        files[format].write_text("d-i time/zone string Etc/UTC\n" if name == "preseed.cfg" else "lang en_US.UTF-8\n")
    with pytest.raises(UserError) as error:
        Answers(files, None, True, Recorded()).check_use({}, has_plain_kernel=True)
    assert "one format" in error.value.why

"""Proxmox's answer file. Its own validator is in no Debian package: the cases are those of its documentation."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError, UserError
from bootbeam.install.finding import Severity
from bootbeam.install.proxmox import ANSWER, check_proxmox, render_proxmox, render_proxmox_mode
from tests.install.examples import HASH, KEY, MACHINE, QUIET_STATION, STATION, lines, public_key, short_form

GOOD = f"""\
[global]
keyboard = "de"
country = "at"
fqdn = "pve1.example.org"
mailto = "admin@example.org"
timezone = "Europe/Vienna"
root-password-hashed = "{HASH}"

[network]
source = "from-dhcp"

[disk-setup]
filesystem = "ext4"
disk-list = ["sda"]
"""


def test_a_file_that_is_right_has_no_findings() -> None:
    assert check_proxmox(GOOD) == []
    zfs = GOOD.replace('"ext4"\ndisk-list = ["sda"]', '"zfs"\nzfs.raid = "raid1"\ndisk-list = ["sda", "sdb"]')
    assert check_proxmox(zfs) == []
    dhcp = GOOD.replace('fqdn = "pve1.example.org"', 'fqdn.source = "from-dhcp"\nfqdn.domain = "example.org"')
    assert check_proxmox(dhcp) == []
    addresses = 'cidr = "10.0.0.9/24"\ndns = "10.0.0.1"\ngateway = "10.0.0.1"'
    fixed = f'source = "from-answer"\n{addresses}\nfilter.ID_NET_NAME = "e*"'
    assert check_proxmox(GOOD.replace('source = "from-dhcp"', fixed)) == []
    assert check_proxmox(GOOD.replace("root-password-hashed", "root_password_hashed")) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('keyboard = "de"', 'keyboard = "german"', 2, "'german' will not do"),
        ('country = "at"', 'country = "AT"', 3, "country: 'AT' will not do"),
        ('"pve1.example.org"', '"pve1"', 4, "'pve1' is not a full name"),
        ('"admin@example.org"', '"admin"', 5, "mailto: 'admin' will not do"),
        ('mailto = "admin@example.org"\n', "", 1, "global.mailto is missing"),
        ("root-password-hashed", "root-pasword-hashed", 7, "there is no global.root-pasword-hashed"),
        (f'root-password-hashed = "{HASH}"\n', "", 1, "there is no password"),
        (HASH, "secret", 7, "root-password-hashed is no hash"),
        ("root-password-hashed", "root-password", 7, "root-password is a hash"),
        (f'root-password-hashed = "{HASH}"', 'root-password = "short"', 7, "too short"),
        ("[network]", 'root-password = "long enough"\n[network]', 9, "exclude each other"),
        ('source = "from-dhcp"', 'source = "from-answer"', 9, "network.cidr is missing"),
        ('source = "from-dhcp"', 'source = "from-dhcp"\ndns = "10.0.0.1"', 11, "network.dns excludes DHCP"),
        ("[network]", "[netwrok]", 9, "there is no netwrok"),
        ('disk-list = ["sda"]', "", 12, "neither disk-list nor filter"),
        ('disk-list = ["sda"]', 'disk-list = ["sda"]\nfilter.X = "y"', 12, "exclude each other"),
        ('disk-list = ["sda"]', 'disk-list = ["sda", "sdb"]', 12, "ext4 takes one disk"),
        ('filesystem = "ext4"', 'filesystem = "zfs"', 12, "zfs.raid is missing"),
        ('filesystem = "ext4"', 'filesystem = "ext4"\nzfs.raid = "raid1"', 14, "zfs options do not belong"),
        ('disk-list = ["sda"]', 'disk-list = "sda"', 14, "disk-list should be a list"),
        ("[disk-setup]", '[first-boot]\nsource = "from-url"\n[disk-setup]', 12, "first-boot.url is missing"),
        ('keyboard = "de"', "keyboard = de", 2, "this is not TOML"),
    ],
)
def test_what_the_installer_refuses(old: str, new: str, line: int, what: str) -> None:
    problems = [finding for finding in check_proxmox(GOOD.replace(old, new, 1)) if what in finding.what]
    assert [(finding.severity, finding.line) for finding in problems] == [(Severity.PROBLEM, line)]


def test_a_password_in_clear() -> None:
    (finding,) = check_proxmox(GOOD.replace(f'root-password-hashed = "{HASH}"', 'root-password = "long enough"'))
    assert (finding.severity, finding.line) == (Severity.WARNING, 7)
    assert "root-password-hashed" in finding.fix


@given(st.text(max_size=100))
def test_no_text_makes_the_check_fail(text: str) -> None:
    check_proxmox(text)
    check_proxmox(GOOD + text)
    check_proxmox(f"global = {text}")


PASSWORD = f'password-hash = "{HASH}"\n'


def rendered(more: str = "") -> dict[str, dict[str, object]]:
    text = render_proxmox(short_form(PASSWORD + more), MACHINE, STATION)[ANSWER]
    assert check_proxmox(text) == []
    return tomllib.loads(text)


def test_root_gets_the_users_password_and_keys() -> None:
    answer = rendered('locale = "de_AT.UTF-8"\nkeyboard = "ch"')
    assert answer["global"] == {
        "keyboard": "de-ch",
        "country": "at",
        "fqdn": "pc-525400123456.internal",
        "mailto": "root@pc-525400123456.internal",
        "timezone": "UTC",
        "root-password-hashed": HASH,
        "root-ssh-keys": [KEY],
    }
    assert rendered('hostname = "pve1.example.org"')["global"]["fqdn"] == "pve1.example.org"


@pytest.mark.parametrize(
    ("disk", "setup"),
    [
        ('"auto"', {"filter": {"DEVNAME": "/dev/*"}}),
        ('"/dev/nvme0n1"', {"disk-list": ["nvme0n1"]}),
        ('{ serial = "S4EW*" }', {"filter": {"ID_SERIAL_SHORT": "S4EW*"}}),
        ('{ model = "WD Blue" }', {"filter": {"ID_MODEL": "WD?Blue"}}),
    ],
)
def test_the_disk(disk: str, setup: dict[str, object]) -> None:
    assert rendered(f"disk = {disk}")["disk-setup"] == {"filesystem": "ext4", **setup}


@given(lines)
def test_texts_arrive_as_they_are(comment: str) -> None:
    form = short_form()
    key = public_key(comment.strip())
    answers = type(form)(user="ann", password_hash=HASH, ssh_keys=(key, KEY))
    answer = tomllib.loads(render_proxmox(answers, MACHINE, STATION)[ANSWER])
    assert answer["global"]["root-ssh-keys"] == [key, KEY]
    assert set(answer) == {"global", "network", "disk-setup", "post-installation-webhook"}


def test_a_password_does_not_appear() -> None:
    assert "sesame" not in render_proxmox(short_form('password = "open sesame"'), MACHINE, QUIET_STATION)[ANSWER]


@pytest.mark.parametrize(
    "more",
    ["", PASSWORD + 'packages = ["git"]', PASSWORD + 'disk = "/dev/disk/by-id/x"', PASSWORD + 'keyboard = "ru"'],
)
def test_what_the_installer_cannot_do_is_refused(more: str) -> None:
    with pytest.raises(UserError):
        render_proxmox(short_form(more), MACHINE, STATION)


def test_the_file_that_makes_the_installer_ask() -> None:
    mode = tomllib.loads(render_proxmox_mode("http://192.168.1.50:8080/answer/"))
    assert mode == {"mode": "http", "http": {"url": "http://192.168.1.50:8080/answer/"}}
    with pytest.raises(DecodeError):
        render_proxmox_mode('http://x/"')

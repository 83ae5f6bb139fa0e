"""The short form: what it gives, and what it says of each mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import UserError
from bootbeam.install.crypt_hash import sha512_crypt
from bootbeam.install.disk_choice import DiskChoice
from bootbeam.install.facts import MachineFacts
from bootbeam.install.short_form import ShortForm, host_name, parse_short_form
from bootbeam.install.toml_text import toml_text
from tests.install.examples import HASH, KEY, MACHINE, SALT, lines, public_key, short_form

WHOLE = f"""
hostname = "pc1.example.org"
user = "ann"
full-name = "Ann O'Neil"
password = "open sesame"
ssh-keys = ['{KEY}', 'from="10.0.0.0/8" {public_key("")}']
disk = {{ serial = "S4EW*", model = "Samsung SSD*" }}
packages = ["git", "linux-image-amd64=6.1", "@development"]
locale = "de_DE.UTF-8@euro"
keyboard = "de"
timezone = "America/Argentina/Buenos_Aires"
"""


def test_everything_at_once() -> None:
    form = parse_short_form(WHOLE, SALT)
    assert form.password_hash == sha512_crypt("open sesame", SALT)
    assert form.disk == DiskChoice(serial="S4EW*", model="Samsung SSD*")
    assert form.language_and_country == ("de", "DE")
    assert form.packages[2] == "@development"
    assert len(form.ssh_keys) == 2
    assert "sesame" not in repr(form)


def test_the_least_that_will_do() -> None:
    form = parse_short_form(f'user = "ann"\npassword-hash = "{HASH}"', SALT)
    assert form == ShortForm(user="ann", password_hash=HASH)
    assert form.disk.is_auto
    assert (form.password_clear, form.keyboard, form.timezone) == ("", "us", "Etc/UTC")


def refused(text: str) -> UserError:
    with pytest.raises(UserError) as caught:
        parse_short_form(text, SALT)
    return caught.value


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('user = "Ann"', "is not a user name"),
        ("user = 3", "a text in quotes"),
        ('user = ""', "empty"),
        ('hostname = "a_b"', "is not a host name"),
        ('hostname = "a..b"', "is not a host name"),
        ('full-name = "a:b"', "/etc/passwd"),
        ('password = "a\\nb"', "a line break"),
        (f'password = "{HASH}"', "write password-hash ="),
        ('password = "' + "x" * 300 + '"', "longer than 256"),
        ('password-hash = "secret"', "openssl passwd -6"),
        ('ssh-keys = "ssh-ed25519 AAAA"', "a list of texts"),
        ('ssh-keys = ["ssh-ed25519 AAAAC3Nz"]', "damaged"),
        (f'ssh-keys = ["{KEY[:60]}"]', "damaged"),
        ('ssh-keys = ["ssh-ed25519 AAAAC"]', "damaged"),
        ("ssh-keys = [" + f'"{KEY} {"x" * 2000}",' * 17 + "]", "longer than 32768 bytes"),
        ('ssh-keys = ["-----BEGIN OPENSSH PRIVATE KEY-----"]', "the public one"),
        ('ssh-keys = ["hello"]', "no line of a .pub file"),
        ("ssh-keys = [" + f'"{KEY}",' * 65 + "]", "more than 64"),
        ('disk = "sda"', 'neither "auto"'),
        ('disk = "/dev/../etc/passwd"', 'neither "auto"'),
        ('disk = { size = "big" }', "path, serial or model"),
        ('disk = { serial = "a\'; x" }', "what a disk's label says"),
        ('disk = { path = "/dev/sda", serial = "x" }', "leave out serial"),
        ("disk = {}", "path, serial or model"),
        ('packages = ["git; reboot"]', "not the name of a package"),
        ('packages = ["-x"]', "not the name of a package"),
        ("packages = [1]", "a text in quotes"),
        ('locale = "english"', "is not a locale"),
        ('keyboard = "us intl"', "is not a keyboard"),
        ('timezone = "Europe/../x"', "is not a time zone"),
    ],
)
def test_a_value_that_will_not_do_is_named_with_its_line(line: str, why: str) -> None:
    rest = "\n".join(text for text in ('user = "ann"', f'ssh-keys = ["{KEY}"]') if text.split()[0] != line.split()[0])
    error = refused(f"{line}\n{rest}")
    assert why in error.why
    assert "line 1" in error.what


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    error = refused('\nuser = "ann"\npassword_hash = "x"\n')
    assert "'password_hash' (line 3)" in error.what
    assert error.fix == "did you mean password-hash?"
    assert refused("zebra = 1").fix == "leave it out"


def test_nobody_could_log_in() -> None:
    assert "no user" in refused("").what
    assert "neither a password nor an SSH key" in refused('user = "ann"').what
    assert "neither a password nor an SSH key" in refused('user = "ann"\nssh-keys = []').what


def test_password_and_hash_exclude_each_other() -> None:
    assert "both" in refused(f'user = "ann"\npassword = "x"\npassword-hash = "{HASH}"').what


def test_what_is_no_toml_is_said_with_its_line() -> None:
    error = refused('user = "ann"\npassword = x')
    assert "line 2" in error.what
    assert "quotes" in error.fix


@given(lines)
def test_every_password_of_one_line_is_hashed_as_it_is(password: str) -> None:
    form = parse_short_form(f'user = "ann"\npassword = {toml_text(password)}', SALT)
    assert form.password_clear == password
    assert form.password_hash == sha512_crypt(password, SALT)


@given(st.text(max_size=100))
def test_no_text_makes_anything_but_a_user_error(text: str) -> None:
    for form in (text, f"user = {text}", f'user = "ann"\nssh-keys = [{text}]', f"disk = {{ {text} }}"):
        try:
            parse_short_form(form, SALT)
        except UserError:
            continue


def test_the_name_of_the_machine() -> None:
    assert host_name(short_form('hostname = "PC1"'), MACHINE) == "pc1"
    assert host_name(short_form(), MACHINE) == "pc-525400123456"
    assert (
        host_name(short_form(), MachineFacts(mac="52:54:00:12:34:56", hostname="Lab.example.org")) == "lab.example.org"
    )
    assert host_name(short_form(), MachineFacts()) == "pc"


@pytest.mark.parametrize(
    ("locale", "both"),
    [("C.UTF-8", ("en", "")), ("ja_JP.UTF-8", ("ja", "JP")), ("eo", ("eo", "")), ("sr_RS@latin", ("sr", "RS"))],
)
def test_language_and_country(locale: str, both: tuple[str, str]) -> None:
    assert short_form(f'locale = "{locale}"').language_and_country == both

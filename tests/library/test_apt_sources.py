"""Package sources of both forms, turned to another release; third parties' are left where they are."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.library.apt_sources import (
    AptSource,
    parse_deb822_sources,
    parse_one_line_sources,
    render_deb822_sources,
    sources_for_suite,
)

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEB = "http://deb.example.org/debian"

DEB822 = f"""\
Types: deb deb-src
# http://snapshot.example.org/archive/debian/20250520T000000Z
URIs: {DEB}
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: {KEYRING}

Types: deb
URIs: http://deb.example.org/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = f"""\
# deb http://commented.example/debian bookworm main
deb {DEB} bookworm main contrib # a remark
deb [ arch=amd64 signed-by={KEYRING} trusted=yes ] {DEB} bookworm-updates main
deb-src {DEB} bookworm main
deb http://security.example.org/ bookworm/updates main
deb cdrom:[Debian GNU/Linux 12]/ bookworm main
deb [signed-by=/usr/share/keyrings/hashicorp.gpg] https://apt.example.com bookworm main
deb https://download.example.com/linux/debian bookworm stable
deb http://apt.example.org/pub bookworm-pgdg main
deb [signed-by=x http://broken.example bookworm main
deb http://flat.example ./
"""


def test_deb822() -> None:
    first, second = parse_deb822_sources(DEB822)
    assert first == AptSource(
        (DEB,), ("bookworm", "bookworm-updates", "bookworm-backports"), ("main", "contrib"), KEYRING
    )
    assert second.suites == ("bookworm-security",)
    assert second.signed_by.splitlines()[1:] == [
        " -----BEGIN PGP PUBLIC KEY BLOCK-----",
        " .",
        " mQINBF",
        " -----END PGP PUBLIC KEY BLOCK-----",
    ]


def test_deb822_turned() -> None:
    turned = sources_for_suite(parse_deb822_sources(DEB822), "debian", "bookworm", "trixie")
    assert [source.suites for source in turned] == [("trixie", "trixie-updates"), ("trixie-security",)]
    assert {source.components for source in turned} == {("main",)}
    assert turned[0].signed_by == KEYRING


def test_one_line_turned() -> None:
    turned = sources_for_suite(parse_one_line_sources(ONE_LINE), "debian", "bookworm", "trixie")
    assert turned == [
        AptSource((DEB,), ("trixie",), ("main",)),
        AptSource((DEB,), ("trixie-updates",), ("main",), KEYRING),
        AptSource(("http://security.example.org/",), ("trixie-security",), ("main",)),
    ]


def test_ubuntus_keyring() -> None:
    source = AptSource(
        ("http://archive.example.com/ubuntu/",),
        ("noble", "noble-updates", "noble-backports", "noble-proposed"),
        ("main", "universe"),
        "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
    )
    (turned,) = sources_for_suite([source], "ubuntu", "noble", "resolute")
    assert turned.suites == ("resolute", "resolute-updates")
    assert sources_for_suite([source], "debian", "noble", "resolute") == []


@pytest.mark.parametrize("codename", ["forky/sid", "forky"])
def test_testing_and_aliases(codename: str) -> None:
    sources = parse_one_line_sources(f"deb {DEB} forky main\ndeb {DEB} stable-updates main\ndeb {DEB} woody main\n")
    turned = sources_for_suite(sources, "debian", codename, "trixie")
    assert [source.suites for source in turned] == [("trixie",), ("trixie-updates",)]


def test_source_without_main_has_no_loaders() -> None:
    sources = [AptSource((DEB,), ("bookworm",), ("non-free-firmware",), KEYRING)]
    assert sources_for_suite(sources, "debian", "bookworm", "trixie") == []


def test_rendered_sources_weaken_nothing() -> None:
    turned = sources_for_suite(parse_one_line_sources(ONE_LINE), "debian", "bookworm", "trixie")
    text = render_deb822_sources(turned, ["amd64", "arm64"])
    assert "trusted" not in text.lower()
    assert "Architectures: amd64 arm64\n" in text
    assert f"Signed-By: {KEYRING}\n" in text
    assert parse_deb822_sources(text) == turned


@pytest.mark.peer
def test_apt_understands_what_is_rendered(tmp_path: Path) -> None:
    turned = sources_for_suite(parse_deb822_sources(DEB822), "debian", "bookworm", "trixie")
    (tmp_path / "bootbeam.sources").write_text(render_deb822_sources(turned, ["amd64"]))
    (tmp_path / "empty").mkdir()
    shown = subprocess.run(
        [
            "apt-get",
            "update",
            "--print-uris",
            f"--option=Dir::Etc::sourcelist={tmp_path}/bootbeam.sources",
            f"--option=Dir::Etc::sourceparts={tmp_path}/empty",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""
    uris = [line.split("'")[1] for line in shown.stdout.splitlines()]
    assert sorted(uri for uri in uris if "binary" not in uri) == [
        "http://deb.example.org/debian-security/dists/trixie-security/InRelease",
        "http://deb.example.org/debian/dists/trixie-updates/InRelease",
        "http://deb.example.org/debian/dists/trixie/InRelease",
    ]
    lists = [uri.partition("/main/")[2] for uri in uris if "binary" in uri]
    assert {name.partition(".")[0] for name in lists} <= {"binary-amd64/Packages", "binary-all/Packages"}


@given(st.text(alphabet=st.sampled_from("deb [=]:#\n /.Typ-main"), max_size=80) | st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    for sources in (parse_one_line_sources(text), parse_deb822_sources(text)):
        render_deb822_sources(sources_for_suite(sources, "debian", "bookworm", "trixie"), ["amd64"])

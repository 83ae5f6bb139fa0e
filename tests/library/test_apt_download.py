"""apt in a directory of its own: what it is told, and what a person is told when it fails."""

import os
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library.apt_download import PrivateApt, WantedPackage, explain_apt_failure, native_architecture
from bootbeam.library.apt_sources import AptSource

SOURCES = [AptSource(("http://deb.example.org/debian",), ("trixie",), ("main",))]
HIT = "Hit:1 http://deb.example.org/debian trixie InRelease\n"


@pytest.mark.parametrize(
    ("output", "what", "fix"),
    [
        (
            HIT + "W: GPG error: http://deb.example.org/debian trixie InRelease: The following signatures couldn't be "
            "verified because the public key is not available: NO_PUBKEY 6ED0E7B82643E131\n"
            "E: The repository 'http://deb.example.org/debian trixie InRelease' is not signed.\n",
            "does not know the key that signs Debian trixie",
            "debian-archive-keyring",
        ),
        (
            "E: The repository 'http://deb.example.org/debian trixie InRelease' is not signed.\n",
            "signature of Debian trixie did not hold",
            "another mirror",
        ),
        (
            "W: Failed to fetch http://deb.example.org/debian/dists/trixie/InRelease  "
            "Temporary failure resolving 'deb.example.org'\nW: Some index files failed to download.\n",
            "cannot be reached",
            "proxy",
        ),
        (
            "Err:1 http://127.0.0.1:9 trixie InRelease\n  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect "
            "(111: Connection refused)\n",
            "cannot be reached",
            "proxy",
        ),
        (
            "E: Release file for http://deb.example.org/debian/dists/trixie/InRelease is not valid yet (invalid for "
            "another 3h 2min 1s).\n",
            "for outdated, or for not valid yet",
            "timedatectl",
        ),
        (
            "E: The repository 'http://deb.example.org/debian nonesuch Release' does not have a Release file.\n",
            "is not where the package sources of this computer point",
            "--suite",
        ),
        ("E: Something nobody foresaw\n", "apt brought no boot loaders", "sudo apt update"),
        ("", "apt brought no boot loaders", "sudo apt update"),
    ],
)
def test_failures_are_explained(output: str, what: str, fix: str) -> None:
    error = explain_apt_failure(output, "Debian trixie")
    assert what in error.what
    assert fix in error.fix
    assert error.why


def test_apts_own_words_are_short() -> None:
    output = "".join(f"E: error {number}\n" for number in range(100)) + HIT
    assert explain_apt_failure(output, "Debian trixie").why == "E: error 97; E: error 98; E: error 99"


def test_wanted_package_in_apts_words() -> None:
    assert str(WantedPackage("ipxe", "")) == "ipxe"
    assert str(WantedPackage("shim-signed", "arm64")) == "shim-signed:arm64"


def make(work: Path) -> PrivateApt:
    return PrivateApt(work, SOURCES, "Debian", ["amd64", "arm64"], "Debian trixie")


@pytest.mark.peer
def test_apt_reads_the_private_configuration(tmp_path: Path) -> None:
    """apt-config shows what apt would use in the end, after the machine's own configuration."""
    apt = make(tmp_path)
    dump = apt.run(["apt-config", "dump"], 20).stdout.splitlines()
    assert f'Dir::State::lists "{tmp_path}/state/lists/";' in dump
    assert f'Dir::Cache "{tmp_path}/cache/";' in dump
    assert f'Dir::Etc::sourcelist "{tmp_path}/etc/distribution.sources";' in dump
    assert 'APT::Get::AllowUnauthenticated "false";' in dump
    assert 'Acquire::AllowInsecureRepositories "false";' in dump
    assert [line for line in dump if line.startswith("APT::Architectures::")] == [
        'APT::Architectures:: "amd64";',
        'APT::Architectures:: "arm64";',
    ]
    hooks = [line for line in dump if line.startswith(("APT::Update::Post-Invoke", "APT::Update::Pre-Invoke"))]
    assert [line for line in hooks if not line.endswith('"";')] == []


@pytest.mark.peer
def test_no_network_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy on a port where nobody listens stands for a network that is not there."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    apt = make(tmp_path)
    said = apt.update()
    assert apt.candidates([WantedPackage("ipxe", "")]) == {}
    assert "cannot be reached" in explain_apt_failure(said, "Debian trixie").what


@pytest.mark.peer
def test_package_that_is_none_is_told(tmp_path: Path) -> None:
    deb = tmp_path / "broken_1_all.deb"
    deb.write_bytes(b"!<arch>\nnonsense")
    (tmp_path / "work").mkdir()
    with pytest.raises(UserError, match=r"broken_1_all\.deb could not be unpacked"):
        make(tmp_path / "work").unpack(deb)


def test_program_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt = make(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get is not on this computer"):
        apt.update()


def test_program_that_hangs_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be reached") as caught:
        make(tmp_path).run(["sleep", "10"], 0.1)
    assert "sleep had not finished after 0.1 s" in caught.value.why


def test_directory_is_open_to_apts_own_user(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir(mode=0o700)
    make(work)
    assert work.stat().st_mode & 0o777 == 0o755
    if os.geteuid() == 0:
        assert (work / "downloads").owner() == "_apt"


def test_native_architecture_is_dpkgs_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert native_architecture() in ("amd64", "arm64", "i386", "riscv64")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert native_architecture() == "amd64"

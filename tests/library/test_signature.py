"""Signatures, made by the real gpg and judged by the real gpgv."""

import subprocess
from pathlib import Path

import pytest

from bootbeam.library.signature import Signature, check_signature

pytestmark = pytest.mark.peer

DATA = b"0" * 64 + b"  image.iso\n"


class Key:
    """A key of its own, and a keyring that knows it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        self.keyrings = home / "keyrings"
        self.keyrings.mkdir()
        self.gpg("--quick-generate-key", "Image Signer <signer@example.invalid>", "ed25519", "sign", "never")
        (self.keyrings / "signer.gpg").write_bytes(self.gpg("--export"))

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--passphrase", "", *arguments]
        return subprocess.run(command, input=data, capture_output=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    return Key(tmp_path_factory.mktemp("gpg") / "home")


def test_a_known_keys_signature_is_good_detached_and_inside(key: Key) -> None:
    detached = key.gpg("--detach-sign", data=DATA)
    assert check_signature(DATA, detached, (key.keyrings,)) is Signature.GOOD
    armored = key.gpg("--detach-sign", "--armor", data=DATA)
    assert check_signature(DATA, armored, (key.keyrings,)) is Signature.GOOD
    assert check_signature(key.gpg("--clearsign", data=DATA), None, (key.keyrings,)) is Signature.GOOD


def test_changed_sums_are_bad(key: Key) -> None:
    signature = key.gpg("--detach-sign", data=DATA)
    assert check_signature(DATA.replace(b"0", b"1"), signature, (key.keyrings,)) is Signature.BAD


def test_an_unknown_key_is_unknown(key: Key, tmp_path: Path) -> None:
    signature = key.gpg("--detach-sign", data=DATA)
    assert check_signature(DATA, signature, (tmp_path,)) is Signature.UNKNOWN
    other = Key(tmp_path / "other")
    assert check_signature(DATA, signature, (other.keyrings,)) is Signature.UNKNOWN
    assert check_signature(DATA, b"garbage", (key.keyrings,)) is Signature.UNKNOWN

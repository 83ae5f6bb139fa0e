"""SHA-512-crypt against the vectors of its specification and against openssl."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootbeam.install.crypt_hash import is_password_hash, sha512_crypt

# Drepper, "Unix crypt using SHA-256 and SHA-512" §"Test vectors"; the salts there are cut to 16 characters by crypt.
VECTORS = [
    (
        "Hello world!",
        "saltstring",
        None,
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    ),
    (
        "Hello world!",
        "saltstringsaltst",
        10000,
        "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
    ),
    (
        "This is just a test",
        "toolongsaltstrin",
        5000,
        "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0",
    ),
    (
        "a short string",
        "asaltof16chars..",
        123456,
        "$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1",
    ),
    (
        "the minimum number is still observed",
        "roundstoolow",
        10,
        "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.",
    ),
]


@pytest.mark.parametrize(("password", "salt", "rounds", "expected"), VECTORS)
def test_the_vectors_of_the_specification(password: str, salt: str, rounds: int | None, expected: str) -> None:
    assert sha512_crypt(password, salt, rounds) == expected
    assert is_password_hash(expected)


def by_openssl(password: str, salt: str) -> str:
    return subprocess.run(
        ["openssl", "passwd", "-6", "-salt", salt, "-stdin"],
        input=password.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()


@pytest.mark.peer
@settings(max_examples=40)
@given(
    st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), min_size=1, max_size=60),
    st.text("./0123456789ABCxyz", min_size=1, max_size=16),
)
def test_openssl_finds_the_same_hash(password: str, salt: str) -> None:
    assert sha512_crypt(password, salt) + "\n" == by_openssl(password, salt)


@pytest.mark.peer
@pytest.mark.parametrize("length", [63, 64, 65, 127, 128, 200])
def test_openssl_agrees_around_the_block_size(length: int) -> None:
    assert sha512_crypt("p" * length, "salt") + "\n" == by_openssl("p" * length, "salt")


@pytest.mark.peer
@pytest.mark.parametrize(
    "method", ["yescrypt", "gost-yescrypt", "scrypt", "bcrypt", "sha512crypt", "sha256crypt", "md5"]
)
def test_what_mkpasswd_makes_is_known_for_a_hash(method: str) -> None:
    made = subprocess.run(["mkpasswd", "-m", method, "secret"], capture_output=True, check=True, text=True).stdout
    assert is_password_hash(made.strip())


@pytest.mark.parametrize("text", ["", "secret", "$6$", "$6$salt$short", "$6$salt$" + "a" * 86 + "\n", "$$$", "!"])
def test_a_password_is_not_taken_for_a_hash(text: str) -> None:
    assert not is_password_hash(text)


@pytest.mark.parametrize("salt", ["", "seventeencharacts", "no spaces", "$6$", "ä"])
def test_a_salt_of_other_characters_is_refused(salt: str) -> None:
    with pytest.raises(ValueError, match="salt"):
        sha512_crypt("password", salt)


def test_a_nul_in_the_password_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        sha512_crypt("a\0b", "salt")

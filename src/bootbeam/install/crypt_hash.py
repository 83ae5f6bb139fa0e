"""SHA-512-crypt, the ``$6$`` of /etc/shadow, which every installer here takes.

Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6; its step numbers stand beside the code.
Python has no ``crypt`` from 3.13 on. The salt is an argument: this room makes no random numbers.
"""

import hashlib
import re

DEFAULT_ROUNDS = 5000
MIN_ROUNDS = 1000
MAX_ROUNDS = 999_999_999
MAX_SALT_CHARACTERS = 16
DIGEST_BYTES = 64

_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SALT = re.compile(r"[./0-9A-Za-z]{1,16}")
_HASH = re.compile(
    r"\$(1|5|6)\$(rounds=[0-9]{1,9}\$)?[./0-9A-Za-z]{0,16}\$[./0-9A-Za-z]{22,86}"  # MD5, SHA-256, SHA-512
    r"|\$(y|gy|7)\$[./0-9A-Za-z]{1,256}(\$[./0-9A-Za-z]{1,256})*"  # yescrypt, scrypt
    r"|\$2[abxy]\$[0-9]{2}\$[./0-9A-Za-z]{53}"  # bcrypt
)


def sha512_crypt(password: str, salt: str, rounds: int | None = None) -> str:
    """The hash of ``password`` as /etc/shadow holds it, ``$6$SALT$...``.

    Args:
        password: any text without a NUL character, at which C's ``crypt`` would end it.
        salt: 1 to 16 characters of ``./0-9A-Za-z``, to be chosen at random by the caller, and kept.
        rounds: how often the digest is taken; None leaves the standard's 5000, unsaid in the result.

    Raises:
        ValueError: a NUL in the password, or a salt of other characters.
    """
    if not _SALT.fullmatch(salt):
        raise ValueError("a salt is 1 to 16 characters of ./0-9A-Za-z")
    if "\0" in password:
        raise ValueError("a password cannot hold a NUL character")
    key, seasoning = password.encode(), salt.encode()
    count = DEFAULT_ROUNDS if rounds is None else min(max(rounds, MIN_ROUNDS), MAX_ROUNDS)
    digest = _stretched(_first_digest(key, seasoning), key, seasoning, count)
    said = "" if rounds is None else f"rounds={count}$"
    return f"$6${said}{salt}${_encoded(digest)}"


def is_password_hash(text: str) -> bool:
    """Whether this is what ``crypt`` makes of a password, by any method in use, rather than a password."""
    return _HASH.fullmatch(text) is not None


def _first_digest(key: bytes, salt: bytes) -> bytes:
    """Steps 1 to 12."""
    digest_b = hashlib.sha512(key + salt + key).digest()
    digest_a = hashlib.sha512(key + salt + _repeated(digest_b, len(key)))
    length = len(key)
    while length:
        digest_a.update(digest_b if length & 1 else key)
        length >>= 1
    return digest_a.digest()


def _stretched(digest: bytes, key: bytes, salt: bytes, rounds: int) -> bytes:
    """Steps 13 to 21."""
    sequence_p = _repeated(hashlib.sha512(key * len(key)).digest(), len(key))
    sequence_s = _repeated(hashlib.sha512(salt * (16 + digest[0])).digest(), len(salt))
    for count in range(rounds):
        odd = count & 1
        middle = (sequence_s if count % 3 else b"") + (sequence_p if count % 7 else b"")
        digest = hashlib.sha512((sequence_p if odd else digest) + middle + (digest if odd else sequence_p)).digest()
    return digest


def _encoded(digest: bytes) -> str:
    """Step 22: three bytes give four characters, the lowest six bits first, in an order of bytes of its own."""
    characters = []
    first, second, third = 0, 21, 42
    for _ in range(21):
        characters.append(_characters(digest[first] << 16 | digest[second] << 8 | digest[third], 4))
        first, second, third = second + 1, third + 1, first + 1
    return "".join(characters) + _characters(digest[63], 2)


def _characters(value: int, count: int) -> str:
    return "".join(_ALPHABET[value >> 6 * position & 0x3F] for position in range(count))


def _repeated(block: bytes, length: int) -> bytes:
    return (block * (length // DIGEST_BYTES + 1))[:length]

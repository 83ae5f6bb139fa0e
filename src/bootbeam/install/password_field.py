"""What every format's check says of a password that stands where a hash should, or in clear."""

from bootbeam.install.crypt_hash import is_password_hash
from bootbeam.install.finding import Finding, problem, warning

LOCKED = ("!", "*")
"""How a field begins that no password matches."""
HOW = "make one: openssl passwd -6"


def check_hash(line: int | None, field: str, word: str) -> list[Finding]:
    """Whether ``word`` can stand in /etc/shadow: a hash, or a lock."""
    if not word or word.startswith(LOCKED) or is_password_hash(word):
        return []
    why = "it is put into /etc/shadow as it is, so nobody could log in"
    return [problem(line, f"{field} is no hash", why, HOW)]


def check_clear(line: int | None, field: str, word: str, hashed: str) -> list[Finding]:
    """What to say of a password that the format takes in clear.

    Args:
        line: where it stands.
        field: what holds it.
        word: the password.
        hashed: how a hash is given instead.
    """
    if not word or word.startswith(LOCKED):
        return []
    if is_password_hash(word):
        return [problem(line, f"{field} is a hash", "the hash itself would become the password", hashed)]
    why = "everybody on the network can read it"
    return [warning(line, f"{field} stands here in clear", why, f"{hashed}, {HOW}")]

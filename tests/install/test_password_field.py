"""Passwords where a hash should be, and hashes where a password should."""

from bootbeam.install.finding import Severity
from bootbeam.install.password_field import check_clear, check_hash
from tests.install.examples import HASH


def test_a_hash_and_a_lock_are_fine() -> None:
    for word in (HASH, "!", "*", "!!", "!" + HASH, ""):
        assert check_hash(3, "password", word) == []


def test_a_password_for_a_hash_locks_everybody_out() -> None:
    (finding,) = check_hash(3, "password", "secret")
    assert (finding.severity, finding.line) == (Severity.PROBLEM, 3)
    assert "openssl passwd -6" in finding.fix
    assert "secret" not in str(finding)


def test_a_password_in_clear_is_said_without_saying_it() -> None:
    (finding,) = check_clear(3, "password", "secret", "use the other field")
    assert finding.severity is Severity.WARNING
    assert "use the other field" in finding.fix
    assert "secret" not in str(finding)


def test_a_hash_for_a_password_would_be_the_password() -> None:
    (finding,) = check_clear(3, "password", HASH, "use the other field")
    assert finding.severity is Severity.PROBLEM
    assert check_clear(3, "password", "!", "") == []

"""What is journaled once."""

from bootbeam.servers.tftp_notes import OnceNotes


def test_notes_are_written_once_and_the_oldest_is_forgotten() -> None:
    notes = OnceNotes(limit=2)
    assert notes.is_new("a", "x")
    assert not notes.is_new("a", "x")
    assert notes.is_new("b", "x")
    assert notes.is_new("a", "y")
    assert notes.is_new("a", "x")
    notes.forget("a", "x")
    assert notes.is_new("a", "x")

"""What is remembered of machines, over a restart too."""

import threading
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library import machines
from bootbeam.library.machines import Machines

MAC = "52:54:00:12:34:56"


def test_installed_and_forgotten_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.db"
    book = Machines(path)
    assert book.installed_entry(MAC) is None
    book.set_installed(MAC, "ubuntu.iso", 1.0)
    book.set_installed(MAC, "debian.iso", 2.0)
    book.close()
    again = Machines(path)
    assert again.installed_entry(MAC) == "debian.iso"
    assert again.all_installed() == [(MAC, "debian.iso", 2.0)]
    assert again.forget(MAC)
    assert not again.forget(MAC)
    assert again.installed_entry(MAC) is None
    again.close()


def test_what_is_under_way_ends_with_the_installation_or_when_it_is_forgotten() -> None:
    book = Machines(None)
    for end in (lambda: book.set_installed(MAC, "debian.iso", 2.0), lambda: book.forget(MAC)):
        book.set_under_way(MAC, "debian.iso", 1.0)
        assert book.entry_under_way(MAC) == "debian.iso"
        end()
        assert book.entry_under_way(MAC) is None
    book.close()


def test_a_place_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    (tmp_path / "broken.db").write_bytes(b"no database at all, but as long as the header of one" * 40)
    for path in (tmp_path / "file" / "state.db", tmp_path / "broken.db", Path("/proc/bootbeam/state.db")):
        with pytest.raises(UserError, match="cannot be written") as error:
            Machines(path)
        assert "--state" in error.value.fix


def test_in_memory_from_several_threads() -> None:
    book = Machines(None)
    threads = [threading.Thread(target=book.set_installed, args=(f"mac {n}", "e", float(n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(book.all_installed()) == 8
    book.close()


def test_the_oldest_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "MAX_MACHINES", 3)
    book = Machines(None)
    for number in range(5):
        book.set_installed(f"mac {number}", "e", float(number))
    assert [mac for mac, _, _ in book.all_installed()] == ["mac 4", "mac 3", "mac 2"]
    book.close()


def test_the_name_of_the_directory_may_hold_anything(tmp_path: Path) -> None:
    state = tmp_path / "it's #1 %41?x"
    machines = Machines(state / "state.db")
    machines.close()
    assert (state / "state.db").is_file()
    assert list(tmp_path.iterdir()) == [state]

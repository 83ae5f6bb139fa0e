"""What worked is there after a restart; where nothing unusual ever did, no database is touched."""

import subprocess
import sys
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library import machines, remembered_replies
from bootbeam.library.machines import Machines
from bootbeam.library.remembered_replies import RememberedReplies
from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe.client import ClientKind
from bootbeam.pxe.reply_variant import ReplyVariant
from tests.library.recorded import Recorded

PC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
UEFI, BIOS = ClientKind.UEFI_PXE, ClientKind.BIOS_PXE
WITH_MENU = ReplyVariant(PxeVendorOptions.NONE, PxeVendorOptions.MENU, False)


def test_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "state.db"
    kept = RememberedReplies(path, Recorded())
    assert kept.get(PC, UEFI) is None
    kept.set(PC, UEFI, WITH_MENU)
    assert kept.get(PC, UEFI) == WITH_MENU
    assert not path.exists(), "that is a disk's business, and waits"
    kept.save()
    assert kept.get(PC, UEFI) == WITH_MENU
    again = RememberedReplies(path, Recorded())
    assert again.get(PC, UEFI) == WITH_MENU
    assert again.get(PC, BIOS) is None, "the same machine's other firmware"
    assert again.get(OTHER, UEFI) is None
    again.set(PC, UEFI, None)
    assert again.get(PC, UEFI) is None
    again.save()
    assert RememberedReplies(path, Recorded()).get(PC, UEFI) is None


def test_a_station_that_remembers_nothing_touches_no_database(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from bootbeam.library.remembered_replies import RememberedReplies\n"
        "from bootbeam.pxe.client import ClientKind\n"
        f"kept = RememberedReplies(Path({str(tmp_path / 'state.db')!r}), lambda *a, **k: None)\n"
        f"kept.load(); assert kept.get({PC!r}, ClientKind.UEFI_PXE) is None; kept.save()\n"
        "assert not [name for name in sys.modules if name.startswith('sqlalchemy')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_used_is_told_once_and_boots_go_on(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"no database at all, but as long as the header of one" * 40)
    recorded = Recorded()
    kept = RememberedReplies(path, recorded)
    assert kept.get(PC, UEFI) is None
    kept.set(PC, UEFI, WITH_MENU)
    kept.save()
    kept.save()
    assert kept.get(PC, UEFI) == WITH_MENU
    [problem] = recorded.of(EventKind.PROBLEM)
    assert "--state" in str(problem["fix"])


def test_what_is_not_saved_yet_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered_replies, "MAX_PENDING", 2)
    kept = RememberedReplies(tmp_path / "state.db", Recorded())
    for mac in (PC, OTHER, "52:54:00:00:00:03"):
        kept.set(mac, UEFI, WITH_MENU)
    assert [kept.get(mac, UEFI) for mac in (PC, OTHER)] == [None, WITH_MENU]


def test_the_table_is_bounded_and_rows_in_unknown_words_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "MAX_MACHINES", 2)
    path = tmp_path / "state.db"
    book = Machines(path)
    for n, mac in enumerate((PC, OTHER, "52:54:00:00:00:03")):
        book.set_replies({mac: (UEFI, WITH_MENU)}, float(n))
    assert list(book.all_replies()) == [OTHER, "52:54:00:00:00:03"]
    with book._engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE reply_variants SET offer = 'loud' WHERE mac = '{OTHER}'")
    assert list(book.all_replies()) == ["52:54:00:00:00:03"]
    assert book.forget("52:54:00:00:00:03")
    assert book.all_replies() == {}
    book.close()

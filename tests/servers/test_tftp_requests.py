"""What is granted, what is refused, and what has to wait."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, Missing, NotReady
from bootbeam.servers.tftp import TftpLimits
from tests.servers.tftp_station import KERNEL, TftpStation, running_station
from tests.tftp_packets import ack, error, rrq


@pytest.fixture
def station(tmp_path: Path) -> Iterator[TftpStation]:
    yield from running_station(tmp_path)


def test_the_blksize_granted_fits_the_cap_and_the_windowsize_too(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(KERNEL)
    with TftpStation(tmp_path, TftpLimits()) as station, station.client() as client:
        client.ask("kernel", ("BLKSIZE", "65464"), ("windowsize", "64"), ("unheard-of", "1"))
        assert client.oack() == {"BLKSIZE": 1468, "windowsize": 16}
        client.send(error(0))


def test_what_does_not_exist_is_refused_at_once(station: TftpStation) -> None:
    with station.client() as client:
        began = time.monotonic()
        client.ask("/boot\\grubx64.efi", ("tsize", "0"))
        assert client.error() == (1, "no such file here")
        assert time.monotonic() - began < 3
    (refused,) = station.journal.wait_for(EventKind.FILE_REFUSED)
    told = {
        "is_searched": False,
        "protocol": "tftp",
        "file": "/boot\\grubx64.efi",
        "reason": "no such file here",
        "error_code": 1,
    }
    assert refused.facts == told


def test_backslashes_and_leading_slashes_are_cleaned(station: TftpStation) -> None:
    (station.directory.root / "boot").mkdir()
    (station.directory.root / "boot" / "BCD").write_bytes(b"bcd")
    with station.client() as client:
        assert client.download("\\boot\\BCD") == b"bcd"
        assert client.download("//boot/BCD") == b"bcd"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b"../secret", "climbs out"),
        (b"a\\..\\..\\secret", "climbs out"),
        (b"", "empty"),
        (b"\xff", "empty"),
        (b"caf\xe9", "not UTF-8"),
        (b"a\nb", "control character"),
    ],
)
def test_a_name_that_is_no_path_is_refused_in_words(station: TftpStation, name: bytes, words: str) -> None:
    with station.client() as client:
        client.ask(name)
        code, message = client.error()
    assert code == 2
    assert words in message
    (refused,) = station.journal.wait_for(EventKind.FILE_REFUSED)
    assert str(refused.facts["file"]).isprintable()
    assert not station.directory.peers, "the library was not even asked"


def test_the_byte_behind_option_67_is_no_part_of_the_name(station: TftpStation) -> None:
    """A ROM that reads on sends the end mark of all options with the name."""
    (station.directory.root / "pxelinux.0").write_bytes(b"boot")
    with station.client() as client:
        client.ask(b"pxelinux.0\xff")
        assert client.data() == (1, b"boot")
        client.send(ack(1))
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert finished.facts["file"] == "pxelinux.0"


def test_writing_is_refused(station: TftpStation) -> None:
    with station.client() as client:
        client.sock.sendto(rrq("kernel", opcode=2), client.server)
        assert client.error() == (2, "reads only")
    station.journal.wait_for(EventKind.FILE_REFUSED)


def test_an_unknown_mode_is_refused(station: TftpStation) -> None:
    with station.client() as client:
        client.ask("kernel", mode="mail")
        assert client.error() == (4, "mode mail is not served, ask for octet")


def test_text_mode_is_converted_and_its_size_is_that_of_the_text(station: TftpStation) -> None:
    (station.directory.root / "text").write_bytes(b"one\ntwo\rthree\r\n")
    with station.client() as client:
        client.ask("text", ("tsize", "0"), mode="NetASCII")
        assert client.oack() == {"tsize": 19}
        client.send(ack(0))
        assert client.data() == (1, b"one\r\ntwo\r\0three\r\0\r\n")
        client.send(ack(1))
    station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert station.directory.all_closed()


def test_text_mode_is_refused_for_what_is_no_text(station: TftpStation) -> None:
    (station.directory.root / "image").write_bytes(bytes(1024 * 1024 + 1))
    with station.client() as client:
        client.ask("image", mode="netascii")
        code, message = client.error()
    assert code == 0
    assert "octet" in message
    station.journal.wait_for(EventKind.FILE_REFUSED)
    assert station.directory.all_closed()


def test_a_file_that_is_not_ready_gets_no_answer_and_one_line(station: TftpStation) -> None:
    answers = iter([NotReady("still growing")] * 3)
    station.directory.made["new"] = lambda peer: next(answers, Content("new", 3, body=b"new"))
    with station.client() as client:
        for _ in range(3):
            client.ask("new")
        assert client.hears_nothing(0.3)
        assert station.server.transfers_under_way == 0
        assert client.download("new") == b"new"
    (held,) = station.journal.of(EventKind.IMAGE_HELD_BACK)
    assert held.facts == {"file": "new", "reason": "still growing"}


def test_missing_is_told_in_the_librarys_own_words(station: TftpStation) -> None:
    station.directory.made["arm.efi"] = lambda peer: Missing("no loader for this architecture")
    with station.client() as client:
        client.ask("arm.efi")
        assert client.error() == (1, "no loader for this architecture")

"""The TFTP server against clients that other people wrote: tftp-hpa, atftp, curl, busybox."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from bootbeam.journal.events import EventKind
from tests.lossy_proxy import LossyProxy
from tests.servers.tftp_station import TftpStation

pytestmark = pytest.mark.peer

CLIENT_TIMEOUT_S = 55
KERNEL = Random(3).randbytes(3_000_001)
INITRD = Random(4).randbytes(50_000)
SCRIPT = INITRD[:9_000]
CURL_NOT_FOUND = 68
EXACT = Random(5).randbytes(1432 * 512)
"""A whole number of blocks, whichever of the two sizes is used."""


def program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is not installed: apt-get install {package}")
    return path


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=CLIENT_TIMEOUT_S, check=False
    )


Download = Callable[[int, str, Path], subprocess.CompletedProcess[str]]


def tftp_hpa(port: int, remote: str, local: Path) -> subprocess.CompletedProcess[str]:
    tftp = program("tftp", "tftp-hpa")
    return run(tftp, "-m", "binary", "127.0.0.1", str(port), "-c", "get", remote, local)


def tftp_hpa_text(port: int, remote: str, local: Path) -> subprocess.CompletedProcess[str]:
    return run(program("tftp", "tftp-hpa"), "-m", "ascii", "127.0.0.1", str(port), "-c", "get", remote, local)


def atftp(*options: str) -> Download:
    def download(port: int, remote: str, local: Path) -> subprocess.CompletedProcess[str]:
        asked = [part for option in options for part in ("--option", option)]
        return run(program("atftp", "atftp"), *asked, "-g", "-r", remote, "-l", local, "127.0.0.1", str(port))

    return download


def curl(*options: str) -> Download:
    def download(port: int, remote: str, local: Path) -> subprocess.CompletedProcess[str]:
        url = f"tftp://127.0.0.1:{port}/{remote}"
        return run(program("curl", "curl"), "--silent", "--show-error", *options, "--output", local, url)

    return download


def busybox(*options: str) -> Download:
    def download(port: int, remote: str, local: Path) -> subprocess.CompletedProcess[str]:
        tool = program("busybox", "busybox-static")
        return run(tool, "tftp", "-g", "-r", remote, "-l", local, *options, "127.0.0.1", str(port))

    return download


CLIENTS = {
    "tftp-hpa": tftp_hpa,
    "atftp": atftp(),
    "atftp-blksize": atftp("blksize 1432", "tsize 0"),
    "atftp-timeout": atftp("timeout 3", "blksize 1432", "tsize 0"),
    "atftp-windowsize": atftp("windowsize 16", "blksize 1432", "tsize 0"),
    "atftp-windowsize-alone": atftp("windowsize 4"),
    "curl": curl(),
    "curl-blksize": curl("--tftp-blksize", "1432"),
    "curl-no-options": curl("--tftp-no-options"),
    "busybox": busybox(),
    "busybox-blksize": busybox("-b", "1432"),
}
any_client = pytest.mark.parametrize("download", CLIENTS.values(), ids=CLIENTS.keys())


@pytest.fixture
def station(tmp_path: Path) -> Iterator[TftpStation]:
    root = tmp_path / "root"
    root.mkdir()
    (root / "kernel").write_bytes(KERNEL)
    (root / "initrd").write_bytes(INITRD)
    (root / "script").write_bytes(SCRIPT)
    (root / "exact").write_bytes(EXACT)
    (root / "empty").write_bytes(b"")
    (root / "notes.txt").write_bytes(b"one\ntwo\rthree\r\n\0\n")
    with TftpStation(root) as running:
        yield running
    assert not running.journal.of(EventKind.PROBLEM)


@any_client
@pytest.mark.parametrize(("name", "content"), [("kernel", KERNEL), ("exact", EXACT)])
def test_a_file_arrives_as_it_is(
    station: TftpStation, tmp_path: Path, download: Download, name: str, content: bytes
) -> None:
    local = tmp_path / "got"
    result = download(station.port, name, local)
    assert result.returncode == 0, result.stderr
    assert local.read_bytes() == content
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert finished.facts["retransmissions"] == 0
    assert not station.journal.of(EventKind.TRANSFER_FAILED)


@pytest.mark.parametrize(
    ("client", "blksize", "windowsize"),
    [
        ("tftp-hpa", 512, 1),
        ("atftp-blksize", 1432, 1),
        ("atftp-windowsize", 1432, 16),
        ("atftp-windowsize-alone", 512, 4),
        ("curl-blksize", 1432, 1),
        ("curl-no-options", 512, 1),
        ("busybox-blksize", 1432, 1),
    ],
)
def test_what_was_agreed(station: TftpStation, tmp_path: Path, client: str, blksize: int, windowsize: int) -> None:
    CLIENTS[client](station.port, "initrd", tmp_path / "got")
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert (finished.facts["blksize"], finished.facts["windowsize"]) == (blksize, windowsize)


@any_client
def test_a_file_that_does_not_exist_is_refused_at_once(
    station: TftpStation, tmp_path: Path, download: Download
) -> None:
    result = download(station.port, "nothing", tmp_path / "got")
    said = result.stdout + result.stderr
    (refused,) = station.journal.wait_for(EventKind.FILE_REFUSED)
    assert refused.facts["file"] == "nothing"
    assert result.returncode == CURL_NOT_FOUND or "no such file" in said


def test_text_mode_gives_the_text_back(station: TftpStation, tmp_path: Path) -> None:
    local = tmp_path / "got"
    result = tftp_hpa_text(station.port, "notes.txt", local)
    assert result.returncode == 0, result.stderr
    assert local.read_bytes() == b"one\ntwo\rthree\r\n\0\n"


def test_writing_is_refused(station: TftpStation, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(b"mine")
    result = run(program("atftp", "atftp"), "-p", "-l", upload, "-r", "kernel", "127.0.0.1", str(station.port))
    assert result.returncode != 0
    (refused,) = station.journal.wait_for(EventKind.FILE_REFUSED)
    assert refused.facts["reason"] == "reads only"
    assert (station.directory.root / "kernel").read_bytes() == KERNEL


@pytest.mark.parametrize("client", ["tftp-hpa", "atftp", "atftp-windowsize", "curl-no-options", "busybox"])
def test_an_empty_file_arrives_empty(station: TftpStation, tmp_path: Path, client: str) -> None:
    """Not curl with options: it takes a ``tsize`` of 0 in the OACK for an error."""
    result = CLIENTS[client](station.port, "empty", tmp_path / "got")
    assert result.returncode == 0, result.stderr
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert finished.facts["size_bytes"] == 0


@any_client
def test_a_file_arrives_as_it_is_over_a_bad_path(station: TftpStation, tmp_path: Path, download: Download) -> None:
    local = tmp_path / "got"
    with LossyProxy(station.port, loses_every=17, doubles_every=3, holds_back_every=29) as proxy:
        result = download(proxy.port, "script", local)
        assert result.returncode == 0, result.stderr
        assert local.read_bytes() == SCRIPT
        assert proxy.doubled > 0


@pytest.mark.parametrize("client", ["atftp-windowsize", "atftp-windowsize-alone"])
def test_windows_with_gaps_are_filled(station: TftpStation, tmp_path: Path, client: str) -> None:
    local = tmp_path / "got"
    with LossyProxy(station.port, loses_every=23, doubles_every=31, holds_back_every=0) as proxy:
        result = CLIENTS[client](proxy.port, "initrd", local)
        assert result.returncode == 0, result.stderr
        assert local.read_bytes() == INITRD
        assert proxy.lost > 0

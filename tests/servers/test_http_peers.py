"""Real clients of other people's: curl, wget and busybox's wget, which installers use."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from tests.servers.http_station import HttpStation

pytestmark = pytest.mark.peer

SIZE_BYTES = 20_000_003


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.bin"
    path.write_bytes(os.urandom(SIZE_BYTES))
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


@pytest.fixture
def station(image: Path) -> Iterator[HttpStation]:
    with HttpStation() as running:
        running.files.add_file("image.bin", image)
        yield running
        running.files.wait_closed()


def run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=40, check=False)


def curl(station: HttpStation, *arguments: str, path: str = "image.bin") -> subprocess.CompletedProcess[str]:
    return run("curl", "--silent", "--show-error", "--fail", *arguments, station.url(path))


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1"])
def test_curl_get(station: HttpStation, image: Path, tmp_path: Path, version: str) -> None:
    result = curl(station, version, "--output", str(tmp_path / "got"))
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "got").read_bytes() == image.read_bytes()


def test_curl_head(station: HttpStation) -> None:
    headers = curl(station, "--head").stdout.splitlines()
    assert headers[0] == "HTTP/1.1 200 OK"
    assert f"Content-Length: {SIZE_BYTES}" in headers
    assert "Last-Modified: Sun, 13 Sep 2020 12:26:40 GMT" in headers
    assert [event.kind for event in station.journal.events] == [EventKind.SIZE_PROBED]


@pytest.mark.parametrize(
    ("wanted", "first", "end"),
    [
        ("0-0", 0, 1),
        ("1000-9999999", 1000, 10_000_000),
        ("19999999-", 19_999_999, SIZE_BYTES),
        ("-5000000", SIZE_BYTES - 5_000_000, SIZE_BYTES),
    ],
)
def test_curl_range(station: HttpStation, image: Path, tmp_path: Path, wanted: str, first: int, end: int) -> None:
    result = curl(station, "--range", wanted, "--output", str(tmp_path / "got"), "--write-out", "%{http_code}")
    assert (result.returncode, result.stdout) == (0, "206")
    assert (tmp_path / "got").read_bytes() == image.read_bytes()[first:end]


def test_curl_range_outside(station: HttpStation) -> None:
    result = curl(station, "--range", f"{SIZE_BYTES}-", "--write-out", "%{http_code}")
    assert (result.returncode, result.stdout) == (22, "416")


def test_curl_resumes(station: HttpStation, image: Path, tmp_path: Path) -> None:
    got = tmp_path / "got"
    got.write_bytes(image.read_bytes()[:7_654_321])
    result = curl(station, "--continue-at", "-", "--output", str(got))
    assert (result.returncode, result.stderr) == (0, "")
    assert got.read_bytes() == image.read_bytes()
    (started,) = station.journal.of(EventKind.TRANSFER_STARTED)
    assert started.facts["offset"] == 7_654_321


def test_curl_takes_several_files_on_one_connection(station: HttpStation, image: Path) -> None:
    urls = [argument for _ in range(5) for argument in ("--output", os.devnull, station.url("image.bin"))]
    result = run("curl", "--silent", "--show-error", "--write-out", "%{num_connects} %{size_download}\n", *urls)
    assert result.stdout.splitlines() == [f"1 {SIZE_BYTES}"] + [f"0 {SIZE_BYTES}"] * 4


def test_curl_sees_a_missing_file(station: HttpStation) -> None:
    result = curl(station, "--write-out", "%{http_code}", path="none")
    assert (result.returncode, result.stdout) == (22, "404")


def test_curl_sees_a_body_that_ends_short(station: HttpStation, tmp_path: Path, image: Path) -> None:
    station.files.add_file("cut", image, [(SIZE_BYTES - 1_000_000, 2_000_000)])
    result = curl(station, "--output", str(tmp_path / "got"), path="cut")
    assert result.returncode in (18, 56), result  # partial file; failure in receiving
    station.journal.wait_for(EventKind.TRANSFER_FAILED)


def test_curl_that_is_stopped_half_way(station: HttpStation) -> None:
    result = curl(station, "--limit-rate", "1M", "--max-time", "1", "--output", os.devnull)
    assert result.returncode == 28
    station.journal.wait_for(EventKind.TRANSFER_FAILED)


def test_curl_asks_for_newer_only(station: HttpStation, tmp_path: Path) -> None:
    result = curl(station, "--time-cond", "Sun, 13 Sep 2020 12:26:40 GMT", "--write-out", "%{http_code}")
    assert result.stdout == "304"


@pytest.mark.parametrize("wget", [["wget"], ["busybox", "wget"]])
def test_wget(station: HttpStation, image: Path, tmp_path: Path, wget: list[str]) -> None:
    result = run(*wget, "-q", "-O", str(tmp_path / "got"), station.url("image.bin"))
    assert result.returncode == 0, result
    assert hashlib.sha256((tmp_path / "got").read_bytes()).digest() == hashlib.sha256(image.read_bytes()).digest()


@pytest.mark.parametrize("wget", [["wget"], ["busybox", "wget"]])
def test_wget_resumes(station: HttpStation, image: Path, tmp_path: Path, wget: list[str]) -> None:
    (tmp_path / "half").mkdir()
    half = tmp_path / "half" / "image.bin"
    half.write_bytes(image.read_bytes()[:3_000_000])
    result = run(*wget, "-q", "-c", station.url("image.bin"), cwd=tmp_path / "half")
    assert result.returncode == 0, result
    assert half.read_bytes() == image.read_bytes()


@pytest.mark.parametrize("wget", [["wget"], ["busybox", "wget"]])
def test_wget_sees_a_missing_file(station: HttpStation, wget: list[str]) -> None:
    result = run(*wget, "-O", os.devnull, station.url("none"))
    assert result.returncode != 0
    assert "404" in result.stderr


def test_wget_spider_asks_with_head(station: HttpStation) -> None:
    assert run("wget", "--spider", station.url("image.bin")).returncode == 0
    assert [event.kind for event in station.journal.events] == [EventKind.SIZE_PROBED]

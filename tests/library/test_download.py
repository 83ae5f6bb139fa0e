"""Images named by their address, from a real HTTP server on the loopback that breaks off, changes and lies."""

import fcntl
import gzip
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library import download
from bootbeam.library.download import Fetched, fetch_image, find_sum

IMAGE = bytes(range(256)) * 20_000


class Handler(BaseHTTPRequestHandler):
    """Answers for a mirror."""

    mirror: "Mirror"

    def do_GET(self) -> None:
        self.mirror.requests.append((self.path, self.headers.get("Range")))
        if self.mirror.redirection:
            self.send_response(302)
            self.send_header("Location", self.mirror.redirection)
            self.end_headers()
        elif self.path == "/pool/image.iso":
            self._send_image()
        elif self.path in self.mirror.files:
            self._send(200, self.mirror.files[self.path])
        else:
            self._send(404, b"no")

    def _send_image(self) -> None:
        start, wanted = 0, self.headers.get("Range")
        if wanted and self.headers.get("If-Range") == self.mirror.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.mirror.image):
            self._send(416, b"")
            return
        self.send_response(206 if start else 200)
        if start:
            start += self.mirror.part_begins_late
            self.send_header("Content-Range", f"bytes {start}-{len(self.mirror.image) - 1}/{len(self.mirror.image)}")
        self.send_header("ETag", self.mirror.etag)
        self.send_header("Content-Length", str(len(self.mirror.image) - start))
        self.end_headers()
        stop = self.mirror.break_after.pop(0) if self.mirror.break_after else len(self.mirror.image)
        self.wfile.write(self.mirror.image[start : start + stop])

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if self.mirror.compresses and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Mirror:
    """What the server does."""

    def __init__(self) -> None:
        self.image = IMAGE
        self.etag = '"1"'
        self.break_after: list[int] = []
        """For each transfer to come: after how many bytes of the body it breaks off."""
        self.files: dict[str, bytes] = {}
        self.redirection = ""
        self.compresses = False
        """Whatever says that it would take it compressed gets it so."""
        self.part_begins_late = 0
        """Bytes that each range is off."""
        self.requests: list[tuple[str, str | None]] = []

        class OwnHandler(Handler):
            mirror = self

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), OwnHandler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/pool/image.iso"

    def with_sums(self, digest: str) -> None:
        self.files["/pool/SHA256SUMS"] = f"{'0' * 64}  other.iso\n{digest} *image.iso\n".encode()

    def image_requests(self) -> list[str | None]:
        return [wanted for path, wanted in self.requests if path == "/pool/image.iso"]


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setattr(download, "RETRY_PAUSE_S", 0.01)
    made = Mirror()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def fetch(mirror: Mirror, directory: Path) -> Fetched:
    return fetch_image(mirror.address, directory, lambda have, whole: None)


def test_fetched_checked_and_not_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.with_sums(hashlib.sha256(IMAGE).hexdigest())
    told: list[tuple[int, int | None]] = []
    fetched = fetch_image(mirror.address, tmp_path, lambda have, whole: told.append((have, whole)))
    assert fetched.path.read_bytes() == IMAGE
    assert fetched.path.name == "image.iso"
    assert fetched.checked == "SHA256SUMS, not signed"
    assert told[-1] == (len(IMAGE), len(IMAGE))
    again = fetch(mirror, tmp_path)
    assert again.was_there
    assert again.path == fetched.path
    assert len(mirror.image_requests()) == 1
    assert [path.name for path in fetched.path.parent.iterdir()] == ["image.iso"]


def test_a_broken_transfer_goes_on_where_it_stopped(mirror: Mirror, tmp_path: Path) -> None:
    mirror.break_after = [1_500_000, 1_000_000]
    assert fetch(mirror, tmp_path).path.read_bytes() == IMAGE
    first, second, third = mirror.image_requests()
    assert first is None
    assert second is not None
    assert third is not None
    assert 0 < int(second[6:-1]) < int(third[6:-1]) <= 2_500_000


def test_the_next_command_takes_up_what_was_left(mirror: Mirror, tmp_path: Path) -> None:
    mirror.break_after = [100_000] * download.MAX_TRIES
    with pytest.raises(UserError) as caught:
        fetch(mirror, tmp_path)
    assert "goes on where it stopped" in caught.value.fix
    assert fetch(mirror, tmp_path).path.read_bytes() == IMAGE
    assert mirror.image_requests()[-1] is not None


def test_a_version_that_changed_meanwhile_is_fetched_from_its_start(mirror: Mirror, tmp_path: Path) -> None:
    mirror.break_after = [500_000] * download.MAX_TRIES
    with pytest.raises(UserError):
        fetch(mirror, tmp_path)
    mirror.image, mirror.etag = IMAGE[::-1], '"2"'
    assert fetch(mirror, tmp_path).path.read_bytes() == IMAGE[::-1]


def test_another_sum_is_refused_and_nothing_stays(mirror: Mirror, tmp_path: Path) -> None:
    mirror.with_sums("ab" * 32)
    with pytest.raises(UserError) as caught:
        fetch(mirror, tmp_path)
    assert "ab" * 32 in caught.value.why
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_no_sums_are_said_to_be_none(mirror: Mirror, tmp_path: Path) -> None:
    fetched = fetch(mirror, tmp_path)
    assert "no SHA-256 sums" in fetched.checked
    assert fetched.sha256 == hashlib.sha256(IMAGE).hexdigest()


def test_a_missing_image_is_told_with_the_servers_words(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="404"):
        fetch_image(mirror.address + ".gone", tmp_path, lambda have, whole: None)


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "RETRY_PAUSE_S", 0.01)
    with pytest.raises(UserError, match="cannot be fetched"):
        fetch_image("http://127.0.0.1:9/x.iso", tmp_path, lambda have, whole: None)


@pytest.mark.parametrize("address", ["http://", "http://[::1", "https:///x.iso", "http://127.0.0.1:99999/x.iso"])
def test_what_is_no_address(address: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no address"):
        fetch_image(address, tmp_path, lambda have, whole: None)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/pool/image.iso", "comes to no end"),
        ("file:///etc/passwd", "none of http"),
        ("http://[::1/x", "none of http"),
    ],
)
def test_a_redirection_that_leads_nowhere(mirror: Mirror, tmp_path: Path, target: str, why: str) -> None:
    mirror.redirection = target
    with pytest.raises(UserError) as caught:
        fetch(mirror, tmp_path)
    assert why in caught.value.why
    assert mirror.address in caught.value.fix


def test_a_server_that_speaks_no_http(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_nonsense, args=(listener,))
        thread.start()
        with pytest.raises(UserError) as caught:
            fetch_image(f"http://127.0.0.1:{listener.getsockname()[1]}/x.iso", tmp_path, lambda have, whole: None)
        thread.join()
    assert "none of HTTP" in caught.value.why
    assert "\n" not in caught.value.why


def _answer_nonsense(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"220 ready\r\n\r\n")


def test_nothing_is_asked_for_in_compressed_form(mirror: Mirror, tmp_path: Path) -> None:
    mirror.with_sums(hashlib.sha256(IMAGE).hexdigest())
    mirror.compresses = True
    fetched = fetch(mirror, tmp_path)
    assert fetched.path.read_bytes() == IMAGE
    assert fetched.checked.startswith("SHA256SUMS")


def test_another_part_than_was_asked_for_is_not_taken(mirror: Mirror, tmp_path: Path) -> None:
    mirror.break_after = [1_500_000]
    mirror.part_begins_late = 10
    assert fetch(mirror, tmp_path).path.read_bytes() == IMAGE
    assert [wanted is None for wanted in mirror.image_requests()] == [True, False, True]


def test_two_do_not_fetch_the_same_image_at_once(mirror: Mirror, tmp_path: Path) -> None:
    folder = fetch(mirror, tmp_path).path.parent
    (folder / "image.iso").unlink()
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another bootbeam"):
            fetch(mirror, tmp_path)
    finally:
        os.close(fd)
    assert fetch(mirror, tmp_path).path.read_bytes() == IMAGE


def test_a_place_that_cannot_be_written(mirror: Mirror, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(UserError, match="cannot be kept") as caught:
        fetch(mirror, place)
    assert "df " in caught.value.fix


DIGEST = "5f" * 32


@pytest.mark.parametrize(
    "text",
    [
        f"{DIGEST}  image.iso\n",
        f"{DIGEST} *./image.iso\n",
        f"SHA256 (image.iso) = {DIGEST.upper()}\n",
        f"# comment\n{'0' * 64}  image.iso.torrent\n{DIGEST}  image.iso\n",
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSHA256 (image.iso) = {DIGEST}\n",
        f"{DIGEST}\n",
    ],
)
def test_sums_in_each_format(text: str) -> None:
    assert find_sum(text, "image.iso") == DIGEST


def test_sums_of_other_files_are_no_sum() -> None:
    assert find_sum(f"{DIGEST}  other.iso\n", "image.iso") is None
    assert find_sum("<html>not found</html>", "image.iso") is None

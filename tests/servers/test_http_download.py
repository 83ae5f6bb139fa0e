"""Which answer a request gets: asked with the standard library's client."""

import http.client
import os
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, NotReady, Peer, Version
from tests.servers.http_station import HttpStation

DATA = bytes(range(256)) * 4
MTIME_S = 1_600_000_000.25


@pytest.fixture
def station(tmp_path: Path) -> Iterator[HttpStation]:
    file = tmp_path / "kernel"
    file.write_bytes(DATA)
    os.utime(file, (MTIME_S, MTIME_S))
    with HttpStation() as running:
        running.files.add_file("kernel", file)
        yield running
    running.files.wait_closed()


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


def ask(station: HttpStation, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=20)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def test_whole_file_with_its_headers(station: HttpStation) -> None:
    answer = ask(station, "/kernel")
    assert (answer.status, answer.body) == (200, DATA)
    assert answer.headers["Content-Length"] == "1024"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Last-Modified"] == "Sun, 13 Sep 2020 12:26:40 GMT"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Server"].startswith("bootbeam/")
    assert "Content-Range" not in answer.headers
    assert "Transfer-Encoding" not in answer.headers


def test_head_has_the_headers_of_get_and_no_body(station: HttpStation) -> None:
    get, head = ask(station, "/kernel"), ask(station, "/kernel", "HEAD")
    assert (head.status, head.body) == (200, b"")
    del get.headers["Date"], head.headers["Date"]
    assert head.headers.items() == get.headers.items()


def test_head_sends_no_byte_after_its_headers(station: HttpStation) -> None:
    sent = station.exchange(b"HEAD /kernel HTTP/1.1\r\nHost: station\r\nConnection: close\r\n\r\n")
    headers, separator, body = sent.partition(b"\r\n\r\n")
    assert b"Content-Length: 1024" in headers
    assert (separator, body) == (b"\r\n\r\n", b"")


def test_head_of_a_missing_file_sends_no_body(station: HttpStation) -> None:
    sent = station.exchange(b"HEAD /none HTTP/1.0\r\n\r\n")
    assert sent.startswith(b"HTTP/1.0 404 ")
    assert sent.endswith(b"\r\n\r\n")
    assert sent.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize(
    ("wanted", "content_range", "body"),
    [
        ("bytes=0-0", "bytes 0-0/1024", DATA[:1]),
        ("bytes=512-1023", "bytes 512-1023/1024", DATA[512:]),
        ("bytes=1000-", "bytes 1000-1023/1024", DATA[1000:]),
        ("bytes=-24", "bytes 1000-1023/1024", DATA[1000:]),
        ("bytes=-5000", "bytes 0-1023/1024", DATA),
        ("bytes=1000-5000", "bytes 1000-1023/1024", DATA[1000:]),
    ],
)
def test_range(station: HttpStation, wanted: str, content_range: str, body: bytes) -> None:
    answer = ask(station, "/kernel", Range=wanted)
    assert (answer.status, answer.body) == (206, body)
    assert answer.headers["Content-Range"] == content_range
    assert answer.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_range_outside_the_file(station: HttpStation, wanted: str) -> None:
    answer = ask(station, "/kernel", Range=wanted)
    assert answer.status == 416
    assert answer.headers["Content-Range"] == "bytes */1024"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=0-1", "bytes=9-8", "nonsense"])
def test_ranges_not_served_give_the_whole_file(station: HttpStation, wanted: str) -> None:
    answer = ask(station, "/kernel", Range=wanted)
    assert (answer.status, answer.body) == (200, DATA)


def test_two_range_headers_give_the_whole_file(station: HttpStation) -> None:
    sent = station.exchange(b"GET /kernel HTTP/1.0\r\nRange: bytes=0-1\r\nRange: bytes=4-5\r\n\r\n")
    assert sent.startswith(b"HTTP/1.0 200 ")
    assert sent.endswith(b"\r\n\r\n" + DATA)


def test_range_of_a_head_is_passed_over(station: HttpStation) -> None:
    answer = ask(station, "/kernel", "HEAD", Range="bytes=0-1")
    assert (answer.status, answer.headers["Content-Length"]) == (200, "1024")


def test_range_resumes_the_same_version_only(station: HttpStation) -> None:
    whole = ask(station, "/kernel")
    for validator in (whole.headers["ETag"], whole.headers["Last-Modified"]):
        assert ask(station, "/kernel", Range="bytes=5-", If_Range=validator).status == 206
    for validator in ('"other"', "W/" + whole.headers["ETag"], "Sun, 13 Sep 2020 12:26:41 GMT"):
        answer = ask(station, "/kernel", Range="bytes=5-", If_Range=validator)
        assert (answer.status, answer.body) == (200, DATA)


def test_rebuilt_file_has_another_etag_and_refuses_to_be_resumed(station: HttpStation, tmp_path: Path) -> None:
    before = ask(station, "/kernel")
    os.utime(tmp_path / "kernel", (MTIME_S, MTIME_S + 0.001))
    after = ask(station, "/kernel")
    assert after.headers["ETag"] != before.headers["ETag"]
    assert ask(station, "/kernel", If_Match=before.headers["ETag"], Range="bytes=5-").status == 412
    assert ask(station, "/kernel", If_Match=after.headers["ETag"], Range="bytes=5-").status == 206
    assert ask(station, "/kernel", If_Unmodified_Since="Sun, 13 Sep 2020 12:26:39 GMT").status == 412
    assert ask(station, "/kernel", If_Range=before.headers["ETag"], Range="bytes=5-").status == 200


def test_copy_that_is_still_good_is_not_sent_again(station: HttpStation) -> None:
    whole = ask(station, "/kernel")
    for answer in (
        ask(station, "/kernel", If_None_Match=whole.headers["ETag"]),
        ask(station, "/kernel", If_Modified_Since=whole.headers["Last-Modified"]),
    ):
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == whole.headers["ETag"]


def test_file_of_this_very_second_has_no_date(station: HttpStation, tmp_path: Path) -> None:
    os.utime(tmp_path / "kernel", (MTIME_S, 4_000_000_000))
    answer = ask(station, "/kernel")
    assert answer.status == 200
    assert "Last-Modified" not in answer.headers
    assert "ETag" in answer.headers


@pytest.mark.parametrize(
    ("path", "media_type", "sent"),
    [
        ("ipxe.efi", None, "application/efi"),
        ("BOOTX64.EFI", None, "application/efi"),
        ("ubuntu.iso", None, "application/vnd.efi-iso"),
        ("disk.img", None, "application/vnd.efi-img"),
        ("boot.ipxe", None, "text/plain; charset=utf-8"),
        ("linux", None, "application/octet-stream"),
        ("linux", "text/x-own", "text/x-own"),
        ("odd.efi", "text/x-own", "text/x-own"),
    ],
)
def test_content_type(station: HttpStation, path: str, media_type: str | None, sent: str) -> None:
    station.files.add_body(path, b"bytes", media_type=media_type)
    assert ask(station, "/" + path).headers["Content-Type"] == sent


def test_body_made_in_memory_is_tagged_by_its_bytes(station: HttpStation) -> None:
    station.files.add_body("script", b"one")
    first = ask(station, "/script").headers["ETag"]
    assert ask(station, "/script").headers["ETag"] == first
    station.files.add_body("script", b"two")
    assert ask(station, "/script").headers["ETag"] != first
    assert ask(station, "/script", Range="bytes=1-").body == b"wo"


def test_empty_body(station: HttpStation) -> None:
    station.files.add_body("empty", b"")
    answer = ask(station, "/empty")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")
    assert ask(station, "/empty", Range="bytes=0-").status == 416


def test_missing_file_is_refused_at_once_with_a_reason(station: HttpStation) -> None:
    answer = ask(station, "/autoexec.ipxe")
    assert (answer.status, answer.body) == (404, b"autoexec.ipxe: no such file\n")
    assert answer.headers["Content-Type"].startswith("text/plain")
    (event,) = station.journal.of(EventKind.FILE_REFUSED)
    assert event.address == "127.0.0.1"
    assert event.facts == {
        "protocol": "http",
        "file": "autoexec.ipxe",
        "reason": "no such file",
        "status": 404,
        "method": "GET",
        "user_agent": "",
        "is_searched": False,
    }


def test_file_being_written_is_to_be_asked_for_again(station: HttpStation) -> None:
    station.files.served["new"] = lambda _: NotReady("still being written", retry_after_s=7)
    answer = ask(station, "/new")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    (event,) = station.journal.of(EventKind.FILE_REFUSED)
    assert event.facts["reason"] == "still being written"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_files_are_only_read(station: HttpStation, method: str) -> None:
    answer = ask(station, "/kernel", method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert station.files.asked == []


def test_post_with_a_body_ends_the_connection(station: HttpStation) -> None:
    sent = station.exchange(b"POST /kernel HTTP/1.1\r\nHost: station\r\nContent-Length: 5\r\n\r\nhello")
    assert sent.startswith(b"HTTP/1.1 405 ")
    assert b"Connection: close" in sent


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/kernel", "kernel"),
        ("//kernel", "kernel"),
        ("//x//grubx64.efi", "x/grubx64.efi"),
        ("/a%20b", "a b"),
        ("/a+b", "a+b"),
        ("/%6bernel", "kernel"),
        ("/EFI%5CBOOT%5Cgrubx64.efi", "EFI/BOOT/grubx64.efi"),
        ("/EFI\\BOOT\\grubx64.efi", "EFI/BOOT/grubx64.efi"),
        ("/./kernel", "kernel"),
        ("/kernel?x=/../y", "kernel"),
        ("/a%3Fb", "a?b"),
        ("/%E3%83%96.iso", "ブ.iso"),
        ("/a://b", "a:/b"),
        ("http://station/kernel", "kernel"),
        ("http://station:8080//x/kernel?y", "x/kernel"),
        ("HTTP://station/a://b", "a:/b"),
        ("/", "index.txt"),
        ("//", "index.txt"),
        ("http://station:8080", "index.txt"),
        ("/?x", "index.txt"),
    ],
)
def test_path_is_cleaned(station: HttpStation, target: str, path: str) -> None:
    station.exchange(f"GET {target} HTTP/1.0\r\n\r\n".encode())
    ((asked, _),) = station.files.asked
    assert asked == path


@pytest.mark.parametrize(
    "target",
    ["/../etc/passwd", "/a/../b", "/%2e%2e/b", "/..%5c..%5cb", "/a%00b", "/%0a", "/%ff", "/" + "a" * 600],
)
def test_path_that_names_no_file(station: HttpStation, target: str) -> None:
    sent = station.exchange(f"GET {target} HTTP/1.0\r\n\r\n".encode())
    assert sent.startswith(b"HTTP/1.0 404 ")
    assert station.files.asked == []
    (event,) = station.journal.of(EventKind.FILE_REFUSED)
    file = event.facts["file"]
    assert isinstance(file, str)
    assert file.isprintable()
    assert len(file) < 250


@pytest.mark.parametrize("agent", ["iPXE/1.21.1+ (g1234)", "UefiHttpBoot/1.0", "GRUB 2.06-13+deb12u1", "lwIP/2.2.0"])
def test_firmware_that_names_no_file_is_refused_and_told_of(station: HttpStation, agent: str) -> None:
    """A person gets the names of what there is; a machine would take them for what it is to boot."""
    sent = station.exchange(f"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n".encode())
    assert sent.startswith(b"HTTP/1.1 404 ")
    assert station.files.asked == []
    (event,) = station.journal.of(EventKind.FILE_REFUSED)
    assert (event.facts["reason"], event.facts["user_agent"]) == ("empty file name", agent)


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (X11; Linux x86_64)", "curl/7.88.1", ""])
def test_a_person_who_names_no_file_gets_the_names_of_what_there_is(station: HttpStation, agent: str) -> None:
    station.files.add_body("index.txt", b"linux\n", role="configuration")
    request = f"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n"
    assert station.exchange(request.encode()).endswith(b"\r\n\r\nlinux\n")
    assert station.journal.of(EventKind.FILE_REFUSED) == []


def test_source_is_told_who_asks_and_where(station: HttpStation) -> None:
    ask(station, "/kernel", User_Agent="iPXE/1.21.1+ (g1234)")
    ((_, peer),) = station.files.asked
    assert peer == Peer("127.0.0.1", "127.0.0.1", "http", None, "iPXE/1.21.1+ (g1234)")


def test_user_agent_is_bounded(station: HttpStation) -> None:
    ask(station, "/kernel", User_Agent="x" * 5000)
    ((_, peer),) = station.files.asked
    assert len(peer.user_agent) < 250


def test_neither_head_nor_304_nor_416_nor_a_script_makes_a_transfer(station: HttpStation) -> None:
    station.files.add_body("boot.ipxe", b"#!ipxe\n", role="script")
    etag = ask(station, "/kernel", "HEAD").headers["ETag"]
    ask(station, "/kernel", If_None_Match=etag)
    ask(station, "/kernel", Range="bytes=5000-")
    assert ask(station, "/boot.ipxe").body == b"#!ipxe\n"
    probed, refused = station.journal.events
    facts = {"protocol": "http", "file": "kernel", "size_bytes": 1024}
    assert (probed.kind, probed.facts) == (EventKind.SIZE_PROBED, facts)
    assert (refused.kind, refused.facts["status"]) == (EventKind.FILE_REFUSED, 416)


def test_source_that_fails_is_a_problem_of_ours_and_answered(station: HttpStation) -> None:
    def fail(_: Peer) -> Content:
        raise OSError(5, "Input/output error")

    station.files.served["broken"] = fail
    assert ask(station, "/broken").status == 500
    (event,) = station.journal.of(EventKind.PROBLEM)
    assert "Input/output error" in str(event.facts["why"])


def test_date_out_of_any_calendar_is_left_out(station: HttpStation) -> None:
    def odd(_: Peer) -> Content:
        return Content("odd", 3, body=None, slices=(), version=Version(3, -1e18, lambda: None))

    station.files.served["odd"] = odd
    answer = ask(station, "/odd", "HEAD")
    assert answer.status == 200
    assert "Last-Modified" not in answer.headers


def test_dates_are_floored_to_the_second(station: HttpStation, tmp_path: Path) -> None:
    os.utime(tmp_path / "kernel", (MTIME_S, MTIME_S + 0.7))
    assert ask(station, "/kernel").headers["Last-Modified"] == formatdate(1_600_000_000, usegmt=True)

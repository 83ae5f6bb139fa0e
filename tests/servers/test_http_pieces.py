"""The short way takes exactly what the long way would answer alike."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.library.content import Content, FileSlice, Peer
from bootbeam.servers.http_pieces import MAX_MAPPED_BYTES, MappedFiles, Pieces, pieces_of
from bootbeam.servers.http_send import AT_ONCE_BYTES, Download
from bootbeam.servers.http_transfer import Transfer
from bootbeam.wire.http_range import ByteRange, requested_part
from bootbeam.wire.http_request import find_plain_request
from tests.servers.kept_events import Kept

SIZE_BYTES = 3 << 20
PEER = Peer("192.168.1.7", "192.168.1.50", "http")
REQUEST = b"GET /image HTTP/1.1\r\nConnection: keep-alive\r\nRange: bytes=%b\r\nHost: station\r\n\r\n"
HEADERS = {"Content-Type": "text/plain", "Content-Range": "bytes 0-9/99", "Content-Length": "10", "ETag": '"a"'}


def download(content: Content) -> Download:
    transfer = Transfer(Kept(), PEER, content, 0, 10, lambda: 0.0)
    return Download(206, HEADERS, content, ByteRange(0, 10), transfer, is_piece=True)


def in_memory(is_current: bool = True) -> Content:
    return Content("image", SIZE_BYTES, body=bytes(SIZE_BYTES), is_current=lambda: is_current)


def begun(raw: bytes, content: Content | None = None) -> Pieces | None:
    request = find_plain_request(raw)
    assert request is not None
    return pieces_of(request, raw, download(content or in_memory()), PEER, MappedFiles())


def pieces() -> Pieces:
    found = begun(REQUEST % b"0-9")
    assert found is not None
    return found


def test_the_next_request_is_known_by_all_but_its_numbers() -> None:
    assert pieces().part(REQUEST % b"4096-8191") == ByteRange(4096, 4096)
    assert pieces().part(REQUEST % b"0-0") == ByteRange(0, 1)


@pytest.mark.parametrize(
    "numbers",
    [
        b"0-",
        b"-5",
        b"9-8",
        b"%d-%d" % (SIZE_BYTES - 1, SIZE_BYTES),
        b"0-%d" % AT_ONCE_BYTES,
        b"0-9,20-29",
        b"+1-2",
        b"1-1_0",
        b"",
    ],
)
def test_ranges_that_need_judgement_are_left_to_the_long_way(numbers: bytes) -> None:
    assert pieces().part(REQUEST % numbers) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        (REQUEST % b"0-9")[:-1],
        REQUEST % b"0-9" + b"G",
        2 * (REQUEST % b"0-9"),
        (REQUEST % b"0-9").replace(b"/image", b"/other"),
        (REQUEST % b"0-9").replace(b"GET", b"HEAD"),
        (REQUEST % b"0-9").replace(b"keep-alive", b"close"),
        (REQUEST % b"0-9").replace(b"Host", b'If-Range: "b"\r\nHost'),
    ],
)
def test_any_other_request_is_left_to_the_long_way(data: bytes) -> None:
    assert pieces().part(data) is None


def test_what_is_another_version_by_now_is_left_to_the_long_way() -> None:
    current = [True]
    content = Content("image", SIZE_BYTES, body=bytes(SIZE_BYTES), is_current=lambda: current[0])
    found = begun(REQUEST % b"0-9", content)
    assert found is not None
    current[0] = False
    assert found.part(REQUEST % b"0-9") is None


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /image HTTP/1.1\r\nHost: station\r\n\r\n",
        b"GET /image HTTP/1.1\r\nHost: station\r\nRange: bytes=5-\r\n\r\n",
        b"HEAD /image HTTP/1.1\r\nHost: station\r\nRange: bytes=0-9\r\n\r\n",
        b"GET /image HTTP/1.1\r\nHost: station\r\nRange: bytes=0-9\r\nConnection: close\r\n\r\n",
        b'GET /image HTTP/1.1\r\nHost: station\r\nRange: bytes=0-9\r\nIf-Range: "a"\r\n\r\n',
        b'GET /image HTTP/1.1\r\nHost: station\r\nIf-Match: "a"\r\nRange: bytes=0-9\r\n\r\n',
    ],
)
def test_there_is_no_short_way_behind_other_requests(raw: bytes) -> None:
    assert begun(raw) is None


def test_there_is_none_for_what_may_be_another_version_at_any_time() -> None:
    assert begun(REQUEST % b"0-9", in_memory(is_current=False)) is None


@given(st.data())
def test_it_never_takes_what_the_long_way_reads_otherwise(data: st.DataObject) -> None:
    raw = bytearray(REQUEST % data.draw(st.sampled_from([b"0-9", b"100-2000", b"1048576-1048577"])))
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 3))] = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"0", b"9", b"-", b"\r\n", b"Range: bytes=1-2\r\n"]))
        )
    found = pieces().part(bytes(raw))
    if found is None:
        return
    request = find_plain_request(bytes(raw))
    assert request is not None
    assert request.size_bytes == len(raw)
    assert (request.method, request.target) == ("GET", "/image")
    assert requested_part(request.headers["Range"], SIZE_BYTES) == found


def test_the_head_tells_the_part_and_what_every_answer_has() -> None:
    found = pieces()
    for date in ("Sun, 22 Nov 2026 07:00:00 GMT", "Sun, 22 Nov 2026 07:00:01 GMT"):
        head = found.head(ByteRange(4096, 512), {"Server": "station", "Date": date})
        lines = head.decode().split("\r\n")
        assert lines[0] == "HTTP/1.1 206 Partial Content"
        assert lines[-2:] == ["", ""]
        assert sorted(lines[1:-2]) == sorted([
            "Content-Type: text/plain",
            'ETag: "a"',
            "Server: station",
            f"Date: {date}",
            f"Content-Range: bytes 4096-4607/{SIZE_BYTES}",
            "Content-Length: 512",
        ])  # fmt: skip


@pytest.fixture
def content(tmp_path: Path) -> Iterator[Content]:
    path = tmp_path / "image"
    path.write_bytes(os.urandom(100_000))
    fd = os.open(path, os.O_RDONLY)
    yield Content("image", 100_000, slices=(FileSlice(fd, 0, 100_000),), is_current=lambda: True)
    os.close(fd)


def test_a_file_is_in_memory_once_and_as_long_as_somebody_reads_it(content: Content) -> None:
    files = MappedFiles()
    assert files.join(content)
    assert files.join(content)
    view = files.view(content, 10)
    assert bytes(view) == content.read_at(0, 100_000)
    files.leave(content)
    assert len(files.view(content, 10)) == 100_000
    files.leave(content)
    with pytest.raises(ValueError, match="released"):
        view[0]


def test_pages_are_let_go_of_and_are_there_again(content: Content) -> None:
    files = MappedFiles()
    assert files.join(content)
    for _ in range(2 * MAX_MAPPED_BYTES // (8 << 20)):
        assert bytes(files.view(content, 8 << 20)[5:10]) == content.read_at(5, 5)
    files.leave(content)


def test_what_is_no_whole_file_is_not_put_into_memory(content: Content) -> None:
    files, [part] = MappedFiles(), content.slices
    assert not files.join(in_memory())
    assert not files.join(Content("a", 100, slices=(FileSlice(part.fd, 5, 100),)))
    assert not files.join(Content("a", 20, slices=(FileSlice(part.fd, 0, 10), FileSlice(part.fd, 50, 10))))
    assert not files.join(Content("a", 1 << 30, slices=(FileSlice(part.fd, 0, 1 << 30),))), "shorter by now"
    assert mmap.PAGESIZE < 100_000

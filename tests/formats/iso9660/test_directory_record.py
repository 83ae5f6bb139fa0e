import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import MAX_DIRECTORY_BYTES, Budget, Extent
from bootbeam.formats.iso9660.directory_record import (
    DIRECTORY,
    MAX_EMPTY_SECTORS,
    decode_directory_record,
    read_directory_records,
)
from tests.formats.iso9660.records import record
from tests.image_bytes import reading


def test_a_record_is_read() -> None:
    data = record(
        b"README.;1", block=0x01020304, size_bytes=0x0A0B0C0D, flags=DIRECTORY, attributes=3, system_use=b"SUSP"
    )
    found = decode_directory_record(data)
    assert (found.identifier, found.extent_block, found.data_bytes, found.flags) == (
        b"README.;1",
        0x01020304,
        0x0A0B0C0D,
        DIRECTORY,
    )
    assert found.data_block == 0x01020307
    assert found.mtime_s == 1_600_000_000
    assert found.system_use == b"SUSP"
    assert not found.disagrees
    assert not found.is_interleaved


def test_system_use_begins_at_an_even_offset() -> None:
    assert decode_directory_record(record(b"EVEN", system_use=b"xy")).system_use == b"xy"
    assert decode_directory_record(record(b"ODD", system_use=b"xy")).system_use == b"xy"


def test_the_little_endian_form_counts_and_a_difference_is_said() -> None:
    data = bytearray(record(b"A", block=7))
    data[9] ^= 1
    found = decode_directory_record(bytes(data))
    assert found.extent_block == 7
    assert found.disagrees


def test_a_file_unit_or_gap_means_interleaved() -> None:
    for offset in (26, 27):
        data = bytearray(record(b"A"))
        data[offset] = 1
        assert decode_directory_record(bytes(data)).is_interleaved


@pytest.mark.parametrize("change", [(0, 33), (0, 200), (32, 0), (32, 60)])
def test_lengths_that_cannot_be_are_an_image_error(change: tuple[int, int]) -> None:
    data = bytearray(record(b"ABCDEF"))
    data[change[0]] = change[1]
    with pytest.raises(ImageError):
        decode_directory_record(bytes(data))


@given(st.binary(max_size=80), st.integers(0, 90))
def test_any_bytes_are_a_record_or_an_image_error(data: bytes, start: int) -> None:
    with contextlib.suppress(ImageError):
        decode_directory_record(data, start)


def names(image: bytes, size_bytes: int) -> list[bytes]:
    records = read_directory_records(reading(image), Extent(0, size_bytes), Budget(10_000))
    return [found.identifier for found in records]


def test_records_do_not_cross_sectors_and_the_rest_of_a_sector_is_skipped() -> None:
    first = b"".join(record(b"FIRST%d" % number) for number in range(20)).ljust(2048, b"\0")
    assert names(first + record(b"SECOND").ljust(2048, b"\0"), 4096) == [
        *(b"FIRST%d" % number for number in range(20)),
        b"SECOND",
    ]
    full = b"".join(record(b"X" * 40) for _ in range(40))
    with pytest.raises(ImageError):  # the record at the end of the first sector goes on in the second
        names(full.ljust(4096, b"\0"), 4096)


def test_a_directory_behind_the_end_of_the_image_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="behind the end"):
        names(record(b"A").ljust(2048, b"\0"), 4096)


def test_a_directory_larger_than_any_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="larger"):
        names(b"", MAX_DIRECTORY_BYTES + 2048)


def test_zeros_without_end_are_an_image_error() -> None:
    size_bytes = (MAX_EMPTY_SECTORS + 2) * 2048
    with pytest.raises(ImageError, match="zeros"):
        names(bytes(size_bytes), size_bytes)


def test_every_record_is_paid_for() -> None:
    data = b"".join(record(b"A%d" % number) for number in range(5)).ljust(2048, b"\0")
    with pytest.raises(ImageError):
        list(read_directory_records(reading(data), Extent(0, 2048), Budget(4)))


def test_dates_stand_in_the_record() -> None:
    data = bytearray(record(b"A"))
    data[18:25] = struct.pack("7B", 70, 1, 2, 0, 0, 0, 0)
    assert decode_directory_record(bytes(data)).mtime_s == 86400

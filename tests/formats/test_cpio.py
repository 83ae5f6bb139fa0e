import contextlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.cpio import CpioArchive, read_cpio
from bootbeam.formats.fields import TruncatedImage
from tests.image_bytes import newc, reading


@pytest.mark.parametrize(("variety", "seen"), [("newc", "newc"), ("crc", "crc"), ("odc", "odc")])
def test_archives_of_the_cpio_program_are_read(variety: str, seen: str, tmp_path: Path) -> None:
    (tmp_path / "kernel-module").write_bytes(b"m" * 1001)
    made = subprocess.run(
        ["cpio", "-o", "-H", variety], cwd=tmp_path, input=b"kernel-module\n", capture_output=True, check=True
    )
    archive = read_cpio(reading(made.stdout))
    assert archive is not None
    assert (archive.variety, archive.first_name) == (seen, "kernel-module")
    assert made.stdout[: archive.needed_size_bytes].endswith(b"m" * 1001)


def test_the_first_member_is_counted_with_its_padding() -> None:
    assert read_cpio(reading(newc("in", b"x" * 10))) == CpioArchive("newc", "in", 116 + 10)


def test_a_header_that_is_cut_off_is_reported_as_such() -> None:
    for kept_bytes in (6, 109, 112):
        with pytest.raises(TruncatedImage):
            read_cpio(reading(newc()[:kept_bytes]))


@pytest.mark.parametrize("data", [b"", b"070701" + b"-" * 200, b"070701" + b" " * 200, b"0707", b"070702" + b"f" * 200])
def test_digits_alone_make_no_archive(data: bytes) -> None:
    assert read_cpio(reading(data)) is None


@given(st.binary(max_size=200), st.integers(0, 110))
def test_nothing_but_image_errors_escapes(noise: bytes, offset: int) -> None:
    for data in (b"070701" + noise, b"070707" + noise, newc()[:offset] + noise):
        with contextlib.suppress(ImageError):
            read_cpio(reading(data))

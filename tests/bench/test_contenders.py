"""The files that are served while it is measured."""

import struct
from pathlib import Path

import pytest

from bootbeam.bench.contenders import make_word_file
from bootbeam.bench.packages import read_names


@pytest.mark.parametrize("size_bytes", [4, 1 << 20, (1 << 20) + 8])
def test_a_file_of_words_that_count_up(tmp_path: Path, size_bytes: int) -> None:
    content = make_word_file(tmp_path / "words", size_bytes).read_bytes()
    assert content == struct.pack(f"<{size_bytes // 4}I", *range(size_bytes // 4))


def test_a_file_of_another_size_is_made_anew(tmp_path: Path) -> None:
    path = make_word_file(tmp_path / "words", 8)
    assert make_word_file(path, 16).stat().st_size == 16


def test_names_of_packages(tmp_path: Path) -> None:
    listed = tmp_path / "packages.txt"
    listed.write_text("# for comparison\nnginx-light  # HTTP\n\natftpd\n", "utf-8")
    assert read_names(listed) == ["nginx-light", "atftpd"]

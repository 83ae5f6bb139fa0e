"""Which cells of TFTP are measured."""

import pytest

from bootbeam.bench import tftp


def test_every_combination_is_a_cell_once() -> None:
    cells = list(tftp.cells())
    assert len(cells) == len(set(cells)) == 64
    assert {blksize for blksize, _, _ in cells} == {512, 1432, 1468, 8192}
    assert {windowsize for _, windowsize, _ in cells} == {1, 4, 16, 64}
    assert {clients for _, _, clients in cells} == {1, 10, 100, 500}
    assert set(tftp.QUICK) <= set(cells)


def test_cells_by_name() -> None:
    assert tftp.parse_cells("1432:1:100,8192:64:10") == ((1432, 1, 100), (8192, 64, 10))
    for wrong in ("", "1432", "1432:1", "1432:1:100:2", "a:b:c", "1432:1:7"):
        with pytest.raises(ValueError, match=r"."):
            tftp.parse_cells(wrong)


def test_the_files_are_told_apart_by_their_size() -> None:
    sizes = {tftp.size_bytes(*each) for each in tftp.cells()}
    assert len(sizes) > 4
    assert len({tftp.name_of(size) for size in sizes}) == len(sizes)

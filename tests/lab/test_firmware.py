from dataclasses import replace
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab.firmware import OVMF, SEABIOS


def test_a_missing_firmware_names_its_package() -> None:
    gone = replace(OVMF, code=Path("/nowhere/OVMF_CODE.fd"))
    with pytest.raises(UserError, match=r"/nowhere/OVMF_CODE\.fd missing") as caught:
        gone.check()
    assert caught.value.fix == "apt-get install ovmf"


def test_a_pc_writes_to_its_own_copy_of_the_settings(tmp_path: Path) -> None:
    code, variables = OVMF.flash_arguments(tmp_path / "mine.fd")[1::2]
    assert "readonly=on" in code
    assert "/usr/share/OVMF/" in code
    assert "readonly" not in variables
    assert f"file={tmp_path / 'mine.fd'}" in variables


def test_bios_needs_no_flash() -> None:
    SEABIOS.check()
    assert SEABIOS.flash_arguments(Path("unused")) == []

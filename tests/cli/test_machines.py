"""``bootbeam machines`` as a person types it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bootbeam.cli.machines import app
from bootbeam.errors import UserError
from bootbeam.library.cache import STATE_FILE
from bootbeam.library.machines import Machines
from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe.client import ClientKind
from bootbeam.pxe.reply_variant import ReplyVariant

MAC = "52:54:00:12:34:56"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    return result.output


def test_what_is_remembered_and_forgotten(tmp_path: Path) -> None:
    machines = Machines(tmp_path / STATE_FILE)
    machines.set_installed("52:54:00:00:00:01", "ubuntu.iso", 0.0)
    variant = ReplyVariant(PxeVendorOptions.NONE, PxeVendorOptions.MENU)
    machines.set_replies({MAC: (ClientKind.UEFI_PXE, variant)}, 0.0)
    listed = run("--state", str(tmp_path))
    assert "52:54:00:00:00:01" in listed
    assert f"{MAC}  uefi-pxe firmware is answered with offer=none,answer=menu,file=yes" in listed
    run("forget", "52-54-00-12-34-56", "--state", str(tmp_path))
    assert MAC not in run("--state", str(tmp_path))
    with pytest.raises(UserError, match="nothing is known"):
        run("forget", MAC, "--state", str(tmp_path))
    machines.close()


def test_nothing_is_remembered(tmp_path: Path) -> None:
    assert "No machine has reported" in run("--state", str(tmp_path))

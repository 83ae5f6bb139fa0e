"""``bootbeam inspect`` as a person types it."""

import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = b"#!ipxe\necho hello\n"


def inspect(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "bootbeam", "inspect", *map(str, arguments)],
        capture_output=True,
        timeout=50,
        env={**os.environ, **environment},
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "good"
    path.write_bytes(SCRIPT)
    return path


def test_what_is_no_file_is_told_beside_the_files(tmp_path: Path, script: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = inspect(tmp_path, pipe, tmp_path / "gone", script)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert f"error: {tmp_path} is a directory" in said
    assert f"error: {pipe} is a pipe" in said
    assert f"error: {tmp_path / 'gone'} does not exist" in said
    assert "iPXE script" in done.stdout.decode()


def test_a_program_gets_one_answer_for_each(tmp_path: Path, script: Path) -> None:
    done = inspect("--json", tmp_path, script)
    assert done.returncode == 1
    no_file, file = json.loads(done.stdout)
    assert "is a directory" in no_file["error"]["what"]
    assert file["kind"] == "ipxe-script"


def test_the_name_of_a_file_may_hold_any_byte(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[31m\n\xe6\x97\xa5"))
    odd.write_bytes(SCRIPT)
    done = inspect(odd)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[0] == rf"{tmp_path}/\udcff\x1b[31m"
    assert done.stdout.decode().splitlines()[1].startswith("日")
    assert json.loads(inspect("--json", odd).stdout)[0]["file"] == str(odd)


def test_what_is_packed_comes_with_the_command_that_unpacks_it(tmp_path: Path) -> None:
    packed = tmp_path / "disc.iso.xz"
    packed.write_bytes(lzma.compress(bytes(5000)))
    said = inspect(packed).stdout.decode()
    assert said.splitlines()[-1] == f"  to do      unpack it, and serve what comes out: xz -dk {packed}"

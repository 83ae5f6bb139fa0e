"""Root is given up to the person who called sudo, in a process of its own so that this one keeps its own."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, os, sys
from pathlib import Path
from bootbeam.net.privileges import drop_to_invoking_user
name = drop_to_invoking_user([Path(path) for path in sys.argv[1:]])
print(json.dumps([name, os.getuid(), os.geteuid(), os.getgroups(), os.environ.get("HOME")]))
"""


def drop(user: str, *paths: Path) -> list[object]:
    command = [sys.executable, "-c", PROGRAM, *map(str, paths)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "SUDO_USER": user}, timeout=30
    )
    result = json.loads(done.stdout)
    assert isinstance(result, list)
    return result


def test_the_person_behind_sudo_takes_over(tmp_path: Path) -> None:
    image = Path("/etc/os-release")
    name, uid, effective, groups, home = drop("nobody", image)
    assert (name, uid, effective) == ("nobody", 65534, 65534)
    assert 0 not in groups if isinstance(groups, list) else False
    assert home == "/nonexistent"


def test_what_only_root_may_read_keeps_root(tmp_path: Path) -> None:
    secret = tmp_path / "image"
    secret.write_bytes(b"x")
    secret.chmod(0o600)
    assert drop("nobody", secret)[:3] == [None, 0, 0]


def test_without_sudo_nothing_changes() -> None:
    assert drop("")[:3] == [None, 0, 0]
    assert drop("root")[:3] == [None, 0, 0]
    assert drop("nobody-of-that-name")[:3] == [None, 0, 0]


def test_many_files_may_be_open() -> None:
    program = (
        "import resource; from bootbeam.net.privileges import raise_open_files_limit as r; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096)); r(); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert int(done.stdout) == 4096
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 4096

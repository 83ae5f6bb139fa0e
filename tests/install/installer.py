"""Runs programs of Debian's installer in its own file system."""

import subprocess
from pathlib import Path


def answers_set_by(root: Path, preseed: str) -> dict[str, str]:
    """What the installer's own reader takes out of a preseed file: each question with its answer.

    Raises:
        subprocess.CalledProcessError: it refuses the file.
    """
    (root / "tmp/preseed.cfg").write_text(preseed, "utf-8", newline="")
    answers = root / "tmp/answers"
    answers.unlink(missing_ok=True)
    subprocess.run(
        ["chroot", root, "/bin/sh", "/bin/debconf-set-selections", "/tmp/preseed.cfg"],
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
    )
    lines = answers.read_bytes().decode().split("\n") if answers.exists() else []
    return dict(line.split("\t", 1) for line in lines if line)


def run_in_ash(root: Path, command: str, *programs: str) -> tuple[int, list[str]]:
    """Run a command as the installer runs those of its answers.

    Args:
        root: the installer's file system.
        command: for ``sh -c``.
        programs: names that are replaced by one that only writes down how it was called.

    Returns:
        The exit status, and the calls.
    """
    calls = root / "tmp/calls"
    calls.write_text("")
    stand_ins = root / "tmp/stand-ins"
    stand_ins.mkdir(exist_ok=True)
    for old in stand_ins.iterdir():
        old.unlink()
    for name in programs:
        (stand_ins / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> /tmp/calls\n')
        (stand_ins / name).chmod(0o755)
    done = subprocess.run(
        ["chroot", root, "/bin/sh", "-c", command],
        check=False,
        capture_output=True,
        env={"PATH": "/tmp/stand-ins:/usr/bin:/bin:/usr/sbin:/sbin"},
    )
    return done.returncode, calls.read_text().splitlines()

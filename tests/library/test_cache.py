import pwd
from pathlib import Path

from bootbeam.library.cache import cache_directory, state_directories, state_directory


def test_roots_is_the_systems() -> None:
    assert cache_directory({"XDG_CACHE_HOME": "/x"}, is_root=True) == Path("/var/cache/bootbeam")


def test_a_persons_own() -> None:
    home = Path("/home/me")
    assert cache_directory({}, is_root=False, home=home) == Path("/home/me/.cache/bootbeam")
    assert cache_directory({"XDG_CACHE_HOME": "/x"}, is_root=False, home=home) == Path("/x/bootbeam")
    assert cache_directory({"XDG_CACHE_HOME": "relative"}, is_root=False, home=home) == Path("/home/me/.cache/bootbeam")


def test_what_is_remembered_lies_elsewhere() -> None:
    home = Path("/home/me")
    assert state_directory({}, is_root=True) == Path("/var/lib/bootbeam")
    assert state_directory({}, is_root=False, home=home) == Path("/home/me/.local/state/bootbeam")
    assert state_directory({"XDG_STATE_HOME": "/x"}, is_root=False, home=home) == Path("/x/bootbeam")


def test_a_station_started_with_sudo_keeps_it_at_its_callers_place() -> None:
    root = Path("/var/lib/bootbeam")
    assert state_directories({}, is_root=True) == [root]
    caller = Path(pwd.getpwnam("nobody").pw_dir) / ".local" / "state" / "bootbeam"
    assert state_directories({"SUDO_USER": "nobody"}, is_root=True) == [root, caller]
    assert state_directories({"SUDO_USER": "nobody-of-that-name"}, is_root=True) == [root]
    assert state_directories({"SUDO_USER": "nobody"}, is_root=False, home=Path("/h")) == [
        Path("/h/.local/state/bootbeam")
    ]

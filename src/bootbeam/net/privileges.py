"""What the kernel lets this process do: root is needed to take the ports, and for nothing after that."""

import os
import pwd
import resource
from collections.abc import Iterable
from pathlib import Path

MANY_FILES = 16_384
"""Each transfer holds a socket and a file or two; a rack switched on at once is a thousand of them."""


def raise_open_files_limit() -> None:
    """Allow this process ``MANY_FILES`` open files, as far as its hard limit goes; shells start it with 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def drop_to_invoking_user(must_read: Iterable[Path]) -> str | None:
    """Become the person who called ``sudo``, if that person can read all of ``must_read``.

    Returns:
        That user's name, or None when nothing was changed: not root, not called by sudo, or something that only
        root may read is to be served.
    """
    name = os.environ.get("SUDO_USER", "")
    if os.geteuid() != 0 or name in ("", "root"):
        return None
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        return None
    if not _can_read(user.pw_uid, user.pw_gid, name, must_read):
        return None
    os.initgroups(name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = user.pw_dir
    return name


def may_read(name: str, path: Path) -> bool:
    """Whether the user ``name`` may read the file; only root can ask. Not to be called while other threads run: it
    becomes that user for a moment.

    Raises:
        KeyError: there is no such user.
    """
    user = pwd.getpwnam(name)
    return _can_read(user.pw_uid, user.pw_gid, name, [path])


def _can_read(uid: int, gid: int, name: str, paths: Iterable[Path]) -> bool:
    own_groups = os.getgroups()
    own_gid = os.getegid()
    os.setgroups(os.getgrouplist(name, gid))
    os.setegid(gid)
    os.seteuid(uid)
    try:
        return all(os.access(path, os.R_OK, effective_ids=True) for path in paths)
    finally:
        os.seteuid(0)
        os.setegid(own_gid)
        os.setgroups(own_groups)

from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab import foreign
from bootbeam.lab.foreign import fetch_from_package
from bootbeam.library.loader_packages import Distribution


def test_what_was_fetched_once_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "tool_arm64" / "busybox"
    kept.parent.mkdir()
    kept.write_bytes(b"kept from the last time")
    monkeypatch.setenv("PATH", "/nowhere")
    assert fetch_from_package(tmp_path, "tool", "arm64", "bin/busybox") == kept


def test_a_distribution_without_apt_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "read_distribution", lambda: Distribution("fedora", "Fedora Linux 42"))
    with pytest.raises(UserError, match="Debian and Ubuntu"):
        fetch_from_package(tmp_path, "busybox-static", "arm64", "bin/busybox")


@pytest.mark.peer
@pytest.mark.timeout(400)
def test_a_package_without_that_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"busybox-static \S+ for arm64 has no file bin/nothing"):
        fetch_from_package(tmp_path, "busybox-static", "arm64", "bin/nothing")
    assert not (tmp_path / "busybox-static_arm64" / "nothing").exists()

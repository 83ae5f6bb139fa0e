"""Containers, WSL and virtual machines behind NAT, where no broadcast of the LAN gets in."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from bootbeam.net.surroundings import Surroundings, read_surroundings


@pytest.mark.parametrize(
    ("surroundings", "address", "word"),
    [
        (Surroundings(is_container=True), "172.17.0.2", "--network host"),
        (Surroundings(is_container=True), "10.88.0.5", "--network host"),
        (Surroundings(is_container=True), "192.168.1.50", ""),
        (Surroundings(is_wsl=True), "172.25.16.4", "mirrored"),
        (Surroundings(is_wsl=True), "192.168.1.50", ""),
        (Surroundings(), "10.0.2.15", "bridged"),
        (Surroundings(), "172.17.0.2", ""),
    ],
)
def test_what_is_cut_off(surroundings: Surroundings, address: str, word: str) -> None:
    why, fix = surroundings.why_cut_off([IPv4Address(address)])
    assert bool(why) is bool(word)
    assert word in fix


def test_marks(tmp_path: Path) -> None:
    assert read_surroundings(tmp_path) == Surroundings()
    (tmp_path / ".dockerenv").touch()
    release = tmp_path / "proc" / "sys" / "kernel" / "osrelease"
    release.parent.mkdir(parents=True)
    release.write_text("5.15.153.1-microsoft-standard-WSL2\n")
    assert read_surroundings(tmp_path) == Surroundings(is_container=True, is_wsl=True)

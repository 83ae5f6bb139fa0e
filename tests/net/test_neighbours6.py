"""The kernel's own table of IPv6 neighbours, on a private network of this test."""

import ctypes
import subprocess
from concurrent.futures import ThreadPoolExecutor

from bootbeam.net.neighbours import Neighbours
from bootbeam.net.neighbours6 import neighbour_mac6

CLONE_NEWNET = 0x40000000
"""Linux <sched.h>."""
MANY = 300
"""More neighbours than one answer of the kernel holds."""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def look_up() -> tuple[list[str | None], str | None]:
    """In a network of this thread's own, gone with it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "a private network takes root")
    ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
    ip("link", "set", "eth0", "up")
    rows = "\n".join(
        f"neigh add fd00::{number:x} lladdr 02:00:00:00:{number >> 8:02x}:{number & 255:02x} dev eth0"
        for number in range(1, MANY + 1)
    )
    subprocess.run(["ip", "-6", "-batch", "-"], input=rows, text=True, check=True)
    found = [neighbour_mac6(address) for address in ("fd00::1", f"fd00::{MANY:x}", "fd00::9999", "fe80::1")]
    return found, Neighbours().mac_of("fd00::2")


def test_a_neighbour_is_found_by_its_address() -> None:
    with ThreadPoolExecutor(1) as thread:
        found, by_the_table = thread.submit(look_up).result()
    assert found == ["02:00:00:00:00:01", f"02:00:00:00:{MANY >> 8:02x}:{MANY & 255:02x}", None, None]
    assert by_the_table == "02:00:00:00:00:02"

import os
import re
import struct
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab import lan as lan_module
from bootbeam.lab.claim import NETNS_ROOT, STATE_ROOT
from bootbeam.lab.lan import INTERFACE, MAX_PORTS, Lan, check_privileges


def host_links() -> set[str]:
    return {entry.name for entry in Path("/sys/class/net").iterdir()}


def dhcp_frames(pcap: bytes) -> list[bytes]:
    """The payloads of the UDP datagrams from or to port 67 in a capture file (libpcap format, little endian)."""
    assert pcap[:4] == struct.pack("<I", 0xA1B2C3D4)
    frames, offset = [], 24
    while offset + 16 <= len(pcap):
        (size,) = struct.unpack_from("<I", pcap, offset + 8)
        frame = pcap[offset + 16 : offset + 16 + size]
        offset += 16 + size
        if frame[12:14] == b"\x08\x00" and frame[23] == 17 and 67 in struct.unpack_from(">HH", frame, 34):
            frames.append(frame[42:])
    return frames


def test_the_router_leases_addresses_and_says_nothing_of_booting(tmp_path: Path) -> None:
    with Lan(tmp_path) as lan:
        guest = lan.add_host("guest", "192.168.1.60")
        answer = guest.run(
            *("busybox", "udhcpc", "-i", INTERFACE, "-n", "-q", "-f", "-s", "/bin/true", "-t", "5", "-T", "1"),
        )
        assert answer is not None
        log = lan.router_log.read_text()
        leased = re.search(rf"DHCPACK\({INTERFACE}\) 192\.168\.1\.(\d+)", log)
        assert leased is not None, log
        assert 2 <= int(leased[1]) <= 49
        offers = [frame for frame in dhcp_frames(lan.capture_file.read_bytes()) if frame[0] == 2]
        assert offers
        for offer in offers:
            assert offer[108:236] == bytes(128), "the header's boot file must be empty"
            assert b"PXEClient" not in offer


def test_hosts_reach_each_other(tmp_path: Path) -> None:
    with Lan(tmp_path) as lan:
        assert "1 packets received" in lan.station.run("busybox", "ping", "-c", "1", "-W", "5", "192.168.1.1")


def test_two_lans_at_once_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = host_links()
    with Lan(tmp_path / "a") as first, Lan(tmp_path / "b") as second:
        assert first.run_id != second.run_id
        assert host_links() == before, "the machine's own network was touched"
        outsider = first.add_host("outsider", "192.168.1.77")
        assert "1 packets received" in outsider.run("busybox", "ping", "-c", "1", "-W", "5", "192.168.1.50")
        with pytest.raises(UserError, match="100% packet loss"):
            second.station.run("busybox", "ping", "-c", "1", "-W", "1", "192.168.1.77")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = host_links()
    with Lan(tmp_path) as lan:
        lan.add_tap()
        lan.add_host("guest", "192.168.1.60")
        run_id = lan.run_id
        assert len(list(NETNS_ROOT.glob(f"bb-{run_id}-*"))) == 4
        assert lan.scratch_dir.is_dir()
    assert list(NETNS_ROOT.glob(f"bb-{run_id}-*")) == []
    assert not (STATE_ROOT / run_id).exists()
    assert host_links() == before


def test_nothing_is_left_behind_when_making_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def fail(lan: Lan) -> None:
        made.append(lan.run_id)
        raise UserError("on purpose")

    monkeypatch.setattr(Lan, "_start_router", fail)
    with pytest.raises(UserError, match="on purpose"), Lan(tmp_path):
        pytest.fail("never entered")
    assert list(NETNS_ROOT.glob(f"bb-{made[0]}-*")) == []
    assert not (STATE_ROOT / made[0]).exists()


def test_the_switch_has_only_so_many_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan_module, "MAX_PORTS", 3)
    assert MAX_PORTS > 3
    with Lan(tmp_path, router=False) as lan:
        assert lan.add_tap() == "tap3"
        with pytest.raises(UserError, match="3 ports"):
            lan.add_tap()


def test_without_root_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match="root") as caught:
        check_privileges()
    assert caught.value.fix == "sudo make demo"


def test_missing_programs_are_named_by_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lan_module.NEEDED, "no-such-program", "no-such-package")
    with pytest.raises(UserError, match="not installed") as caught:
        check_privileges()
    assert caught.value.fix == "apt-get install no-such-package"

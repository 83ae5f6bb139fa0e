"""Address to MAC, from DHCP and from the kernel's table."""

from pathlib import Path

from bootbeam.net.neighbours import MAX_KNOWN, TABLE_HOLDS_S, UNKNOWN_FOR_S, Neighbours

ARP = """\
IP address       HW type     Flags       HW address            Mask     Device
192.168.1.7      0x1         0x2         52:54:00:AB:CD:EF     *        eth0
192.168.1.8      0x1         0x0         00:00:00:00:00:00     *        eth0
"""


def test_the_kernels_table_is_asked(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(ARP)
    neighbours = Neighbours(table)
    assert neighbours.mac_of("192.168.1.7") == "52:54:00:ab:cd:ef"
    assert neighbours.mac_of("192.168.1.8") is None
    assert neighbours.mac_of("192.168.1.9") is None


def test_what_dhcp_told_counts_more_and_survives_a_missing_table(tmp_path: Path) -> None:
    neighbours = Neighbours(tmp_path / "none")
    assert neighbours.mac_of("192.168.1.7") is None
    neighbours.learn("192.168.1.7", "f4:4d:30:01:02:03")
    assert neighbours.mac_of("192.168.1.7") == "f4:4d:30:01:02:03"


def test_the_table_is_bounded(tmp_path: Path) -> None:
    neighbours = Neighbours(tmp_path / "none")
    for number in range(MAX_KNOWN + 1):
        neighbours.learn(f"address {number}", "mac")
    assert neighbours.mac_of("address 0") is None
    assert neighbours.mac_of(f"address {MAX_KNOWN}") == "mac"


def test_an_address_that_the_kernel_does_not_know_is_not_looked_for_at_each_event(tmp_path: Path) -> None:
    table, now = tmp_path / "arp", 100.0
    table.write_text(ARP)
    neighbours = Neighbours(table, lambda: now)
    assert neighbours.mac_of("192.168.1.9") is None
    table.write_text(ARP.replace("192.168.1.7", "192.168.1.9"))
    assert neighbours.mac_of("192.168.1.9") is None
    now += UNKNOWN_FOR_S + 0.1
    assert neighbours.mac_of("192.168.1.9") == "52:54:00:ab:cd:ef"


def test_machines_that_come_together_share_a_look_and_are_known_at_the_next(tmp_path: Path) -> None:
    table, now = tmp_path / "arp", 100.0
    table.write_text(ARP)
    neighbours = Neighbours(table, lambda: now)
    assert neighbours.mac_of("192.168.1.9") is None
    now += TABLE_HOLDS_S / 2
    assert neighbours.mac_of("192.168.1.7") == "52:54:00:ab:cd:ef"
    table.write_text(ARP.replace("192.168.1.8 ", "192.168.1.10").replace("00:00:00:00:00:00", "52:54:00:00:00:10"))
    assert neighbours.mac_of("192.168.1.10") is None
    now += TABLE_HOLDS_S
    assert neighbours.mac_of("192.168.1.10") == "52:54:00:00:00:10"

"""IPv6 addresses from the kernel's table, and which of them is the one to be reached at."""

import socket
from ipaddress import IPv6Address, IPv6Interface
from pathlib import Path

import pytest

from bootbeam.net.addresses6 import beyond_link, read_addresses6, scope_of
from bootbeam.net.interfaces import address6_for

GLOBAL_DYNAMIC = "20010db8000100020000000000000001 02 40 00 00     eno1"
ULA_BY_HAND = "fd000001000000000000000000000050 02 40 00 80     eno1"
LENT_ALONE = "fd000001000000000000000000000147 02 80 00 00     eno1"
TEMPORARY = "20010db80001000200000000000000ff 02 40 00 01     eno1"
TENTATIVE = "fd000002000000000000000000000050 02 40 00 c0     eno1"
DEPRECATED = "fd000003000000000000000000000050 02 40 00 a0     eno1"
DUPLICATE = "fd000004000000000000000000000050 02 40 00 88     eno1"
LINK_LOCAL = "fe80000000000000505400fffeb00701 02 40 20 80     eno1"
LOOPBACK = "00000000000000000000000000000001 01 80 10 80       lo"
OTHER = "fd00000900000000000000000000000a 03 40 00 80     eno2"


def read(tmp_path: Path, *rows: str) -> dict[str, list[str]]:
    table = tmp_path / "if_inet6"
    table.write_text("\n".join(rows) + "\n")
    return {name: [str(address) for address in own] for name, own in read_addresses6(table).items()}


def test_a_prefix_that_a_router_announces_goes_before_one_set_by_hand(tmp_path: Path) -> None:
    assert read(tmp_path, LINK_LOCAL, ULA_BY_HAND, GLOBAL_DYNAMIC, LOOPBACK, OTHER) == {
        "eno1": ["2001:db8:1:2::1/64", "fd00:1::50/64", "fe80::5054:ff:feb0:701/64"],
        "eno2": ["fd00:9::a/64"],
    }


def test_addresses_that_tell_no_prefix_change_soon_or_are_not_checked_yet_go_last(tmp_path: Path) -> None:
    found = read(tmp_path, LINK_LOCAL, LENT_ALONE, TENTATIVE, TEMPORARY, ULA_BY_HAND)["eno1"]
    assert found == [
        "fd00:1::50/64",
        "2001:db8:1:2::ff/64",
        "fd00:1::147/128",
        "fd00:2::50/64",
        "fe80::5054:ff:feb0:701/64",
    ]


def test_addresses_that_do_not_work_are_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, DEPRECATED, DUPLICATE, LOOPBACK) == {}


def test_a_machine_without_ipv6_has_none(tmp_path: Path) -> None:
    assert read_addresses6(tmp_path / "missing") == {}
    assert read(tmp_path, "", "garbage") == {}


def test_this_machines_own_table_is_understood() -> None:
    names = [name for _, name in socket.if_nameindex()]
    for name, addresses in read_addresses6().items():
        assert name in names
        assert all(isinstance(address, IPv6Interface) for address in addresses)


OWN = [IPv6Interface("fd00:1::50/64"), IPv6Interface("2001:db8::50/64"), IPv6Interface("fe80::50/64")]


@pytest.mark.parametrize(
    ("peer", "own"),
    [
        ("fe80::1", "fd00:1::50"),
        ("2001:db8::9", "2001:db8::50"),
        ("fd00:1::9", "fd00:1::50"),
        ("fd00:77::9", "fd00:1::50"),
    ],
)
def test_a_client_is_told_our_address_on_its_own_network(peer: str, own: str) -> None:
    chosen = address6_for(IPv6Address(peer), OWN)
    assert chosen is not None
    assert str(chosen.ip) == own


def test_with_link_local_addresses_only_that_is_the_one() -> None:
    chosen = address6_for(IPv6Address("fe80::1"), OWN[-1:])
    assert chosen is not None
    assert chosen.is_link_local
    assert address6_for(IPv6Address("fe80::1"), []) is None


def test_only_link_local_addresses_need_an_interface() -> None:
    index = socket.if_nametoindex("lo")
    assert scope_of("fe80::1", "lo") == index
    assert scope_of("ff02::1:2", "lo") == 0
    assert scope_of("fd00::1", "lo") == 0
    assert scope_of("fe80::1", None) == 0


def test_a_link_local_address_leads_to_a_better_one_of_the_same_interface(tmp_path: Path) -> None:
    table = tmp_path / "if_inet6"
    table.write_text("\n".join((LINK_LOCAL, ULA_BY_HAND, OTHER)) + "\n")
    assert beyond_link("fe80::5054:ff:feb0:701", table) == "fd00:1::50"
    for unchanged in ("fe80::99", "fd00:9::a", "192.168.1.50"):
        assert beyond_link(unchanged, table) == unchanged
    table.write_text(LINK_LOCAL + "\n")
    assert beyond_link("fe80::5054:ff:feb0:701", table) == "fe80::5054:ff:feb0:701"

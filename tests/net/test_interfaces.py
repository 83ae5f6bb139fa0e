"""Which interface is the LAN, from machines as people have them."""

import socket
from ipaddress import IPv4Interface, IPv6Interface

import pytest

from bootbeam.errors import UserError
from bootbeam.net.interfaces import Interface, choose_interfaces, list_interfaces


def interface(
    name: str,
    address: str = "192.168.1.50/24",
    *,
    up: bool = True,
    wireless: bool = False,
    virtual: bool = False,
    route: bool = False,
) -> Interface:
    return Interface(name, 2, "52:54:00:00:00:01", (IPv4Interface(address),), up, 1500, wireless, virtual, route)


WIRED = interface("eno1")
WIFI = interface("wlp3s0", "192.168.2.9/24", wireless=True, route=True)
DOCKER = interface("docker0", "172.17.0.1/16", virtual=True)


@pytest.mark.parametrize(
    ("available", "chosen"),
    [
        ([WIRED], "eno1"),
        ([DOCKER, WIRED, WIFI], "eno1"),
        ([DOCKER, WIFI], "wlp3s0"),
        ([DOCKER], "docker0"),
        ([interface("eno1"), interface("eno2", "10.0.0.1/8", route=True)], "eno2"),
        ([interface("eno1", up=False), interface("eno2", "10.0.0.1/8")], "eno2"),
    ],
)
def test_the_wired_way_to_the_lan_is_found(available: list[Interface], chosen: str) -> None:
    assert [found.name for found in choose_interfaces(available)] == [chosen]


def test_several_equally_likely_are_asked_about() -> None:
    with pytest.raises(UserError) as caught:
        choose_interfaces([interface("eno1"), interface("eno2", "10.0.0.1/8")])
    assert "eno1 (192.168.1.50), eno2 (10.0.0.1)" in caught.value.what
    assert "--interface eno1" in caught.value.fix


def test_named_ones_are_taken_in_order_whatever_they_are() -> None:
    assert choose_interfaces([WIRED, WIFI, DOCKER], ["docker0", "eno1"]) == [DOCKER, WIRED]


def test_one_that_is_named_twice_is_served_once() -> None:
    assert choose_interfaces([WIRED, WIFI], ["eno1", "eno1"]) == [WIRED]


def test_one_that_is_there_without_an_address_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "eno1"), (3, "eno2")])
    with pytest.raises(UserError) as caught:
        choose_interfaces([WIRED], ["eno2"])
    assert "eno2 has no IPv4 address" in caught.value.what
    assert "ip address add 192.168.1.50/24 dev eno2" in caught.value.fix
    with pytest.raises(UserError) as caught:
        choose_interfaces([])
    assert caught.value.why == "seen: eno1, eno2"
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo")])
    with pytest.raises(UserError) as caught:
        choose_interfaces([])
    assert "only the loopback" in caught.value.why


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    with pytest.raises(UserError) as caught:
        choose_interfaces([WIRED], ["eth0"])
    assert "eno1 (192.168.1.50)" in caught.value.why


def test_none_at_all() -> None:
    with pytest.raises(UserError, match="no network interface"):
        choose_interfaces([])
    with pytest.raises(UserError, match="no network interface"):
        choose_interfaces([interface("eno1", up=False)])


def test_the_address_on_the_clients_own_network_is_used() -> None:
    both = Interface(
        "eno1", 2, "", (IPv4Interface("192.168.1.50/24"), IPv4Interface("10.0.0.1/8")), True, 1500, False, False, True
    )
    assert both.address_for("10.2.3.4") == "10.0.0.1"
    assert both.address_for("192.168.1.7") == "192.168.1.50"
    assert both.address_for("0.0.0.0") == "192.168.1.50"


def test_this_machines_own_interfaces_have_what_is_needed() -> None:
    for found in list_interfaces():
        assert found.name in [name for _, name in socket.if_nameindex()]
        assert found.addresses or any(not address.is_link_local for address in found.addresses6)
        assert not any(address.is_loopback for address in found.addresses)


def test_an_interface_with_ipv6_only_has_words_too() -> None:
    only6 = Interface("eno1", 2, "", (), True, 1500, False, False, True, (IPv6Interface("fd00::50/64"),))
    assert only6.words == "eno1 (fd00::50)"
    assert choose_interfaces([only6]) == [only6]

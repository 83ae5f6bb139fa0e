"""Which interface is served and what is said of the others, on computers as people have them."""

from ipaddress import IPv4Interface, IPv6Interface

import pytest

from bootbeam.doctor.finding import Level
from bootbeam.doctor.interface_choice import check_interfaces
from bootbeam.net.cards import Card
from bootbeam.net.interfaces import Interface
from bootbeam.net.surroundings import Surroundings


def interface(name: str, address: str = "192.168.1.50/24", *, wireless: bool = False, route: bool = True) -> Interface:
    is_virtual = name.startswith("docker")
    return Interface(name, 2, "", (IPv4Interface(address),), True, 1500, wireless, is_virtual, route)


def card(name: str, *, up: bool = True, carrier: bool = True, wireless: bool = False, made_for: str = "") -> Card:
    return Card(name, up, carrier, True, wireless, made_for)


CARDS = [
    card("docker0", made_for="a network of Docker"),
    card("eno1"),
    card("eno2", carrier=False),
    card("eno3", up=False),
    card("wlan0", wireless=True),
]


def test_the_others_are_named_with_the_reason() -> None:
    choice = check_interfaces([interface("docker0"), interface("eno1"), interface("wlan0", wireless=True)], CARDS, [])
    assert [each.name for each in choice.interfaces] == ["eno1"]
    served, others = choice.findings
    assert (served.level, served.what) == (Level.OK, "eno1 (192.168.1.50) is served")
    assert others.what == (
        "not served: docker0 (a network of Docker), eno2 (no cable), eno3 (switched off), wlan0 (Wi-Fi)"
    )


@pytest.mark.parametrize(
    ("chosen", "its_card", "level", "words"),
    [
        (interface("eno1"), card("eno1", carrier=False), Level.PROBLEM, "no link"),
        (interface("eno1"), card("eno1", up=False), Level.PROBLEM, "switched off"),
        (interface("wlan0", wireless=True), card("wlan0", wireless=True), Level.WARNING, "is Wi-Fi"),
        (interface("docker0"), card("docker0", made_for="a network of Docker"), Level.WARNING, "a network of Docker"),
        (interface("eno1", "169.254.3.4/16"), card("eno1"), Level.WARNING, "gave itself"),
    ],
)
def test_what_can_be_wrong_with_the_one(chosen: Interface, its_card: Card, level: Level, words: str) -> None:
    choice = check_interfaces([chosen], [its_card], [])
    assert choice.interfaces == (chosen,)
    assert choice.findings[0].level is level
    assert words in choice.findings[0].what


def test_several_are_asked_about_in_the_doctors_own_words() -> None:
    both = [interface("eno1", route=False), interface("eno2", "10.0.0.1/8", route=False)]
    choice = check_interfaces(both, [card("eno1"), card("eno2")], [])
    assert choice.interfaces == ()
    [finding] = choice.findings
    assert finding.level is Level.PROBLEM
    assert "bootbeam doctor --interface eno1" in finding.fix


def test_ipv6_only_is_said() -> None:
    only6 = Interface("eno1", 2, "", (), True, 1500, False, False, True, (IPv6Interface("fd00::50/64"),))
    assert "IPv6 only" in check_interfaces([only6], [card("eno1")], []).findings[0].what


def test_a_containers_network_is_not_the_lan() -> None:
    inside = interface("eth0", "172.17.0.2/16")
    choice = check_interfaces([inside], [card("eth0")], [], Surroundings(is_container=True))
    assert [finding.level for finding in choice.findings] == [Level.OK, Level.WARNING]
    assert "docker run --network host" in choice.findings[1].fix

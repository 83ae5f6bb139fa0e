"""What kind each interface is, from a /sys as machines have it."""

from pathlib import Path

import pytest

from bootbeam.net.cards import Card, list_cards, own_macs


@pytest.fixture
def sys_class_net(tmp_path: Path) -> Path:
    def add(
        name: str, *, flags: str = "0x1003", carrier: str | None = "1", uevent: str = "", entries: str = ""
    ) -> None:
        directory = tmp_path / name
        directory.mkdir()
        (directory / "flags").write_text(f"{flags}\n")
        (directory / "type").write_text("65534\n" if name == "wg0" else "1\n")
        (directory / "uevent").write_text(uevent)
        if carrier is not None:
            (directory / "carrier").write_text(f"{carrier}\n")
        for entry in entries.split():
            (directory / entry).mkdir()

    add("lo")
    add("eno1", entries="device")
    add("eno2", carrier="0", entries="device")
    add("eno3", flags="0x1002", carrier=None, entries="device")
    add("wlp3s0", uevent="DEVTYPE=wlan\n", entries="device wireless phy80211")
    add("br0", uevent="DEVTYPE=bridge\n", entries="bridge")
    add("br-1f2e3d", uevent="DEVTYPE=bridge\n", entries="bridge")
    add("docker0", uevent="DEVTYPE=bridge\n")
    add("virbr0", uevent="DEVTYPE=bridge\n")
    add("wg0", uevent="DEVTYPE=wireguard\n")
    add("home", uevent="DEVTYPE=wireguard\n")
    add("vpn0", entries="tun_flags")
    add("tun-card", entries="device")
    return tmp_path


def test_each_kind_is_known(sys_class_net: Path) -> None:
    cards = {card.name: card for card in list_cards(sys_class_net)}
    assert "lo" not in cards
    assert cards["eno1"] == Card("eno1", True, True, True, False)
    assert not cards["eno2"].has_carrier
    assert not cards["eno3"].is_up
    assert cards["wlp3s0"].is_wireless
    made_for = {name: card.made_for for name, card in cards.items() if card.made_for}
    assert made_for == {
        "br-1f2e3d": "a network of Docker",
        "docker0": "a network of Docker",
        "virbr0": "libvirt's network for virtual machines",
        "wg0": "a VPN",
        "home": "a VPN",
        "vpn0": "a tunnel of a program",
    }


def test_own_hardware_addresses(sys_class_net: Path) -> None:
    (sys_class_net / "eno1" / "address").write_text("52:54:00:AA:00:01\n")
    assert own_macs(sys_class_net) == {"52:54:00:aa:00:01"}
    assert own_macs(Path("/nonexistent")) == frozenset()


def test_this_computers_own_can_be_listed() -> None:
    assert all(card.name != "lo" for card in list_cards())
    assert list_cards(Path("/nonexistent")) == []

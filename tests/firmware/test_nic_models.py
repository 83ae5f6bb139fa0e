"""Other network cards, other builds of the same firmware, other machines round them."""

import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from bootbeam.lab.firmware import OVMF_2M, OVMF_NIC_ROM, SEABIOS, SEABIOS_Q35, SEABIOS_SMALL, Firmware
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.machine import PcSpec
from tests.firmware.conftest import PowerOn, StartStation, protocols

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(300), pytest.mark.slow]

BOOT_TIMEOUT_S = 180.0
SEABIOS_2014 = replace(SEABIOS, name="SeaBIOS, PC of 2014", machine="pc-i440fx-2.1,graphics=off")
"""The PC as QEMU made it then."""
PAIRS: list[tuple[Firmware, tuple[str, ...]]] = [
    (SEABIOS, ("e1000", "rtl8139")),
    (SEABIOS, ("e1000e", "vmxnet3")),
    (SEABIOS, ("ne2k_pci",)),
    (SEABIOS_Q35, ("virtio-net-pci", "e1000e")),
    (SEABIOS_SMALL, ("virtio-net-pci", "e1000")),
    (OVMF_2M, ("virtio-net-pci",)),
    (OVMF_NIC_ROM, ("virtio-net-pci", "e1000")),
    (OVMF_NIC_ROM, ("e1000e", "rtl8139")),
    (OVMF_NIC_ROM, ("vmxnet3", "ne2k_pci")),
]
MORE_CARDS: list[tuple[Firmware, tuple[str, ...]]] = [
    (SEABIOS, ("i82557b", "pcnet")),
    (SEABIOS, ("i82559er", "i82562")),
    (SEABIOS_2014, ("e1000-82544gc", "virtio-net-pci-transitional")),
    (SEABIOS_Q35, ("e1000-82545em", "virtio-net-pci-non-transitional")),
]


@pytest.mark.parametrize(
    ("firmware", "models"), PAIRS, ids=[" ".join((firmware.name, *models)) for firmware, models in PAIRS]
)
def test_other_network_cards_and_builds_of_firmware_reach_userland(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path, firmware: Firmware, models: tuple[str, ...]
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    start_station("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce))
    for pc in [power_on(PcSpec(model, firmware, nic_model=model)) for model in models]:
        pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)


@pytest.mark.parametrize(
    ("firmware", "models"), MORE_CARDS, ids=[" ".join((firmware.name, *models)) for firmware, models in MORE_CARDS]
)
def test_cards_with_another_ones_rom_reach_userland(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path, firmware: Firmware, models: tuple[str, ...]
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    station = start_station("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce))
    pcs = [power_on(PcSpec(model, firmware.with_card(model), nic_model=model)) for model in models]
    for pc, model in zip(pcs, models, strict=True):
        pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
        used = {protocol for protocol, _ in protocols(station, pc)}
        assert used == ({"tftp"} if model.startswith(("i825", "pcnet")) else {"http"})

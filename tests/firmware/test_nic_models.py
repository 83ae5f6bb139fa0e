"""Other network cards, other builds of the same firmware, other machines round them."""

import secrets
from pathlib import Path

import pytest

from bootbeam.lab.firmware import OVMF_2M, OVMF_NIC_ROM, SEABIOS, SEABIOS_Q35, SEABIOS_SMALL, Firmware
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.machine import PcSpec
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(300), pytest.mark.slow]

BOOT_TIMEOUT_S = 180.0
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

from dataclasses import replace
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab.firmware import AAVMF, OVMF, OVMF_32, OVMF_SECURE_BOOT, SEABIOS, Firmware


def test_a_missing_firmware_names_its_package() -> None:
    gone = replace(OVMF, code=Path("/nowhere/OVMF_CODE.fd"))
    with pytest.raises(UserError, match=r"/nowhere/OVMF_CODE\.fd missing") as caught:
        gone.check()
    assert caught.value.fix == "apt-get install ovmf"


def test_a_pc_writes_to_its_own_copy_of_the_settings(tmp_path: Path) -> None:
    code, variables = OVMF.flash_arguments(tmp_path / "mine.fd")[1::2]
    assert "readonly=on" in code
    assert "/usr/share/OVMF/" in code
    assert "readonly" not in variables
    assert f"file={tmp_path / 'mine.fd'}" in variables


def test_bios_needs_no_flash() -> None:
    SEABIOS.check()
    assert SEABIOS.flash_arguments(Path("unused")) == []


@pytest.mark.parametrize("firmware", [OVMF, OVMF_32, OVMF_SECURE_BOOT, AAVMF], ids=lambda firmware: firmware.name)
def test_every_firmware_of_the_matrix_is_on_this_machine(firmware: Firmware) -> None:
    firmware.check()


def test_pxe_is_left_out_for_http_boot_and_nothing_else_changes() -> None:
    http_boot = OVMF_SECURE_BOOT.without_pxe
    added = http_boot.arguments[len(OVMF_SECURE_BOOT.arguments) :]
    assert http_boot.arguments[: len(OVMF_SECURE_BOOT.arguments)] == OVMF_SECURE_BOOT.arguments
    assert [word for word in added if word.startswith("name=")] == [
        "name=opt/org.tianocore/IPv4PXESupport,string=n",
        "name=opt/org.tianocore/IPv6PXESupport,string=n",
    ]
    assert http_boot.name == "OVMF, Secure Boot, HTTP boot"
    assert replace(http_boot, name="", arguments=()) == replace(OVMF_SECURE_BOOT, name="", arguments=())


def test_another_network_card_keeps_the_rom_unless_one_is_named() -> None:
    card = OVMF.with_card("virtio-net-pci,disable-legacy=on")
    assert card.nic_models == ("virtio-net-pci,disable-legacy=on",)
    assert card.nic_rom == ""
    assert card.name == "OVMF, virtio-net-pci,disable-legacy=on"
    assert replace(card, name=OVMF.name, nic_models=OVMF.nic_models) == OVMF
    assert SEABIOS.with_card("e1000", "/somewhere/pxe-e1000.rom").nic_rom == "/somewhere/pxe-e1000.rom"

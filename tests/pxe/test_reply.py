"""Byte strings that firmware compares: spelled out here, not taken from the source."""

from bootbeam.pxe.reply import RASPBERRY_PI_MENU


def test_raspberry_pi_menu() -> None:
    assert RASPBERRY_PI_MENU == b"\x09\x17\x00\x00\x14Raspberry Pi Boot   \x0a\x04\x00PXE\xff"

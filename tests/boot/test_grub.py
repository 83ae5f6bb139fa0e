"""GRUB's menu entries and the script beside them; the boot itself is in tests/firmware."""

from bootbeam.boot.grub import render_menu_entries, render_network_script


def test_bios_and_uefi_entries() -> None:
    entries = render_menu_entries("bitvisor.elf")
    assert "linux16 /ipxe.lkrn" in entries
    assert "initrd16 /bitvisor.elf.ipxe" in entries
    assert "chainloader /EFI/bootbeam/ipxe.efi" in entries
    assert entries.count("{") == entries.count("}")


def test_the_script_leaves_ipv6_out_and_asks_until_it_is_answered() -> None:
    script = render_network_script("http://192.168.1.50:8080/start/bitvisor.elf.ipxe", "bitvisor.elf")
    assert script.splitlines()[0] == "#!ipxe"
    assert "ifconf --configurator dhcp || goto wait" in script
    assert "chain --autofree http://192.168.1.50:8080/start/bitvisor.elf.ipxe || goto wait" in script

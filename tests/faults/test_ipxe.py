"""iPXE runs, and gets no further."""

from pathlib import Path

import pytest

from bootbeam.lab.firmware import OVMF, SEABIOS
from tests.faults.fault_lab import FaultLab

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(300)]


def test_nobody_gives_ipxe_an_address(fault: FaultLab) -> None:
    fault.inject("nobody gives addresses; the network card's ROM is an iPXE")
    fault.network(router=False)
    fault.serve()
    pc = fault.power_on(SEABIOS)
    finding = fault.expect(pc.mac, "BB-002", 100)
    fault.expect_on_screen(pc, finding)


def test_ipxe_does_not_hear_our_offer(fault: FaultLab) -> None:
    fault.inject("iPXE gets its address, and our offers get lost")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, "udp sport 67")
    pc = fault.power_on(SEABIOS)
    finding = fault.expect(pc.mac, "BB-051", 120)
    fault.expect_on_screen(pc, finding)


def test_ipxe_hears_nobody_at_all(fault: FaultLab) -> None:
    fault.inject("iPXE asks and hears no answer at all: nothing from port 67 gets through to it")
    lan = fault.network()
    fault.serve()
    fault.drop_at_switch(lan, "udp sport 67")
    pc = fault.power_on(SEABIOS)
    finding = fault.expect(pc.mac, "BB-050", 100)
    fault.expect_on_screen(pc, finding)


def test_http_is_dropped(fault: FaultLab) -> None:
    fault.inject("this computer's own firewall drops HTTP")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "input", "tcp dport 8080 drop")
    pc = fault.power_on(SEABIOS)
    fault.expect(pc.mac, "BB-052", 150)


def test_http_is_rejected(fault: FaultLab) -> None:
    fault.inject("this computer's own firewall rejects HTTP")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "input", "tcp dport 8080 reject with tcp reset")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-052", 150)
    fault.expect_on_screen(pc, finding)


def test_a_script_that_names_a_file_nobody_has(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("the iPXE script that is served fetches a kernel that does not exist here")
    fault.network()
    script = tmp_path / "own.ipxe"
    script.write_text("#!ipxe\nkernel http://192.168.1.50:8080/nothing/vmlinuz\nboot\n")
    fault.serve(script)
    pc = fault.power_on(SEABIOS)
    # What the web server saw, or what iPXE reports some seconds later: whichever is looked at first.
    finding = fault.expect(pc.mac, "BB-036", 120, or_id="BB-054")
    assert any(words in str(finding.facts["seen"]) for words in ("nothing/vmlinuz", "2d0c61"))


def test_a_script_that_starts_a_program_for_bios_under_uefi(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("the iPXE script that is served starts a program for BIOS on a machine with UEFI (exec format error)")
    fault.network()
    script = tmp_path / "own.ipxe"
    script.write_text("#!ipxe\nchain http://192.168.1.50:8080/bios/undionly.kpxe\n")
    fault.serve(script)
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-054", 120)
    assert "2e0080" in str(finding.facts["seen"])


def test_a_script_with_a_spelling_mistake(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("the iPXE script that is served has a command misspelled (kernal)")
    fault.network()
    script = tmp_path / "own.ipxe"
    script.write_text("#!ipxe\nkernal http://192.168.1.50:8080/linux\nboot\n")
    fault.serve(script)
    pc = fault.power_on(SEABIOS)
    finding = fault.expect(pc.mac, "BB-054", 120)
    assert "no command" in str(finding.facts["cause"])


def test_an_initrd_that_does_not_fit_into_memory(fault: FaultLab) -> None:
    fault.inject("the initrd (300 MB) is larger than the machine's memory (128 MB)")
    fault.network()
    payload = fault.payload()
    large = fault.log_dir / "large"
    with large.open("wb") as file:
        file.write(payload.initrd.read_bytes())
        file.truncate(300_000_000)
    fault.serve("--kernel", payload.kernel, "--initrd", large)
    pc = fault.power_on(SEABIOS, memory_mib=128)
    finding = fault.expect(pc.mac, "BB-054", 150, or_id="BB-070")
    assert "memory" in f"{finding.facts['cause']} {finding.facts['fix']}"


def test_a_script_that_goes_round(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("the iPXE script that is served starts the boot over again")
    fault.network()
    script = tmp_path / "own.ipxe"
    script.write_text("#!ipxe\nchain http://192.168.1.50:8080/boot.ipxe\n")
    fault.serve(script)
    pc = fault.power_on(SEABIOS)
    fault.expect(pc.mac, "BB-046", 150)


def test_a_script_that_loads_ipxe_again(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("the iPXE script that is served loads iPXE, which asks for the script")
    fault.network()
    script = tmp_path / "own.ipxe"
    script.write_text("#!ipxe\nchain tftp://192.168.1.50/bios/undionly.kpxe\n")
    fault.serve(script)
    pc = fault.power_on(SEABIOS)
    fault.expect(pc.mac, "BB-045", 200)


def test_an_image_for_the_other_firmware(fault: FaultLab) -> None:
    fault.inject("an EFI application is served to a machine with BIOS")
    fault.network()
    fault.serve("/usr/lib/ipxe/ipxe.efi")
    pc = fault.power_on(SEABIOS)
    finding = fault.expect(pc.mac, "BB-082", 100)
    pc.wait_for("finding BB-082", 60)
    assert finding.facts["screen"]


def test_a_kernel_that_is_cut_off(fault: FaultLab) -> None:
    fault.inject("half of the kernel is missing (a copy that broke off)")
    fault.network()
    payload = fault.payload()
    half = fault.log_dir / "half"
    whole = payload.kernel.read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    fault.serve("--kernel", half, "--initrd", payload.initrd)
    pc = fault.power_on(SEABIOS)
    fault.expect(pc.mac, "BB-075", 120)


def test_a_kernel_that_panics_and_restarts_the_machine(fault: FaultLab) -> None:
    fault.inject("the kernel finds no root file system, and restarts the machine (panic=1, no initrd)")
    fault.network()
    fault.serve("--kernel", fault.payload().kernel, "--cmdline", "console=ttyS0 panic=1")
    pc = fault.power_on(SEABIOS)
    pc.control("set-action", reboot="reset")
    fault.expect(pc.mac, "BB-076", 250)


def test_a_distributions_kernel_without_its_initrd(fault: FaultLab) -> None:
    fault.inject("a distribution's kernel is served without its initrd, and stands still")
    fault.network()
    fault.serve("--kernel", fault.payload().kernel, "--cmdline", "console=ttyS0")
    pc = fault.power_on(SEABIOS)
    finding = fault.expect(pc.mac, "BB-077", 200)
    fault.expect_on_screen(pc, finding)

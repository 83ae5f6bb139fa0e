"""Misfortunes with downloads and with what was loaded, played packet by packet."""

import re
import shutil
from pathlib import Path

import pytest

from bootbeam.lab.claim import run_tool
from bootbeam.lab.initrd import KERNEL
from bootbeam.lab.payload import make_multiboot2_elf
from tests.faults.fault_lab import FaultLab
from tests.faults.played import BIOS, PlayedMachine

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(400)]

LOADER = "x64/snponly.efi"


@pytest.fixture
def machine(fault: FaultLab) -> PlayedMachine:
    """A machine that has asked a good station."""
    lan = fault.network()
    fault.serve()
    made = PlayedMachine(fault, lan)
    made.ask()
    return made


def test_a_port_that_is_closed(fault: FaultLab, machine: PlayedMachine) -> None:
    fault.inject("the machine closes its port in the middle of a TFTP download (a reset)")
    machine.play_tftp(LOADER, "vanish")
    fault.expect(machine.mac, "BB-031", 40)


def test_a_download_that_the_machine_ends(fault: FaultLab, machine: PlayedMachine) -> None:
    fault.inject("the machine has no room for its boot file and ends the download with an error")
    machine.play_tftp(LOADER, "abort")
    fault.expect(machine.mac, "BB-034", 40)


def test_options_that_the_machine_refuses(fault: FaultLab, machine: PlayedMachine) -> None:
    fault.inject("the firmware refuses what was agreed about the size of blocks")
    machine.play_tftp(LOADER, "refuse")
    fault.expect(machine.mac, "BB-035", 40)


def test_a_boot_file_that_is_replaced(fault: FaultLab) -> None:
    fault.inject("the boot file is replaced between the question for its size and its download")
    lan = fault.network()
    tree = fault.log_dir / "tree"
    tree.mkdir()
    shutil.copyfile("/usr/lib/ipxe/snponly.efi", tree / "bootx64.efi")
    fault.serve("--tree", tree)
    machine = PlayedMachine(fault, lan)
    machine.ask()
    machine.play_tftp("bootx64.efi", "size")
    shutil.copyfile("/usr/lib/ipxe/ipxe.efi", tree / "bootx64.efi")
    machine.play_tftp("bootx64.efi", "abort")
    fault.expect(machine.mac, "BB-037", 40)


def test_a_boot_loader_that_hangs(fault: FaultLab, machine: PlayedMachine) -> None:
    fault.inject("the boot loader comes over whole and is never heard of")
    machine.load(LOADER)
    finding = fault.expect(machine.mac, "BB-041", 80)
    assert "Secure Boot" in str(finding.facts["cause"])


def test_a_boot_loader_that_hangs_on_a_bios(fault: FaultLab) -> None:
    fault.inject("the same on a BIOS, where Secure Boot cannot be the reason")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask(BIOS)
    machine.load("bios/undionly.kpxe")
    finding = fault.expect(machine.mac, "BB-041", 80)
    assert "Secure Boot" not in f"{finding.facts['cause']} {finding.facts['fix']} {finding.facts['screen']}"


def test_a_script_whose_files_are_not_fetched(fault: FaultLab) -> None:
    fault.inject("iPXE gets its script, and fetches none of the files in it")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask_as_ipxe()
    assert "kernel" in machine.script()
    fault.expect(machine.mac, "BB-053", 90)


def test_an_entry_that_is_not_served_any_more(fault: FaultLab) -> None:
    fault.inject("a machine's own script asks for an image that the station was started without")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask_as_ipxe()
    assert "BB-083" in machine.script(chosen="last-years.iso")
    fault.expect(machine.mac, "BB-083", 30)


def test_a_processor_that_nobody_knows(fault: FaultLab) -> None:
    fault.inject("an iPXE reports a processor that nobody knows")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask_as_ipxe()
    assert "BB-087" in machine.script(platform="efi", cpu="mips")
    fault.expect(machine.mac, "BB-087", 30)


def test_an_image_that_needs_a_grub_where_there_is_none(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("a Multiboot 2 image is served, and GRUB is not installed on this computer")
    lan = fault.network()
    fault.serve(make_multiboot2_elf(tmp_path / "tiny2.elf"), environment={"PATH": "/nonexistent"})
    machine = PlayedMachine(fault, lan)
    machine.ask_as_ipxe()
    assert "BB-084" in machine.script()
    finding = fault.expect(machine.mac, "BB-084", 30)
    assert "apt install grub-common" in str(finding.facts["fix"])


def installation(fault: FaultLab, directory: Path) -> tuple[PlayedMachine, str]:
    """A machine that has loaded Debian's installer, and the path of its answers."""
    lan = fault.network()
    preseed = directory / "preseed.cfg"
    preseed.write_text("d-i debian-installer/locale string en_US.UTF-8\n")
    machine = PlayedMachine(fault, lan)
    fault.serve(KERNEL, KERNEL.with_name("initrd.gz"), "--preseed", preseed, "--mac", machine.mac)
    machine.ask_as_ipxe()
    script = machine.script()
    machine.fetch_images(script)
    [answers] = re.findall(r"http://192\.168\.1\.50:8080/(\S*preseed\S*)", script)
    return machine, answers


def test_an_installer_that_does_not_fetch_its_answers(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("an unattended installation is started, and its installer has no driver for the network card")
    machine, _ = installation(fault, tmp_path)
    fault.expect(machine.mac, "BB-071", 330)


def test_an_installation_that_fails(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("the installer reports that it failed")
    machine, answers = installation(fault, tmp_path)
    machine.fetch(answers)
    machine.fetch(f"report/{machine.mac.replace(':', '-')}/failed")
    fault.expect(machine.mac, "BB-073", 30)


def live_system(fault: FaultLab, directory: Path) -> PlayedMachine:
    """A machine on whose network a live system's ISO is served."""
    payload = fault.payload()
    live = directory / "disc" / "live"
    live.mkdir(parents=True)
    shutil.copyfile(payload.kernel, live / "vmlinuz")
    shutil.copyfile(payload.initrd, live / "initrd.img")
    (live / "filesystem.squashfs").write_bytes(b"hsqs" + bytes(1 << 20))
    run_tool("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", str(directory / "live.iso"), str(directory / "disc"))
    lan = fault.network()
    fault.serve(directory / "live.iso")
    machine = PlayedMachine(fault, lan)
    machine.ask_as_ipxe()
    return machine


def test_a_system_that_is_never_heard_of(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("a live system's kernel does not run on the machine")
    machine = live_system(fault, tmp_path)
    machine.fetch_images(machine.script())
    fault.expect(machine.mac, "BB-072", 300)


def test_a_machine_with_too_little_memory(fault: FaultLab, tmp_path: Path) -> None:
    fault.inject("a machine with 64 MB of memory starts a live system that needs more")
    machine = live_system(fault, tmp_path)
    machine.fetch_images(machine.script(more="memory=40-00/"))
    fault.expect(machine.mac, "BB-074", 180)

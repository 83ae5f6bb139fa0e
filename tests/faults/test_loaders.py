"""The boot loader is not what it must be."""

import shutil
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, OVMF_SECURE_BOOT
from bootbeam.lab.initrd import KERNEL
from bootbeam.lab.lan import Lan
from tests.dhcp_packets import build, pxe_options
from tests.faults.fault_lab import FaultLab
from tests.firmware.test_secure_boot import with_a_bit_turned, without_signature

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(300)]

IPXE = Path("/usr/lib/ipxe")
ARM64_SHIM = Path("/usr/lib/debian-installer/images/12/arm64/text/debian-installer/arm64/bootnetaa64.efi")
SHIM = Path("/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/bootnetx64.efi")


def tree(lab: FaultLab, **files: Path) -> Path:
    """A TFTP tree of these files."""
    directory = lab.log_dir / "tree"
    directory.mkdir()
    for name, file in files.items():
        shutil.copyfile(file, directory / name.replace("_", "."))
    return directory


def client_mac(lab: FaultLab, lan: Lan) -> str:
    """A machine that is played packet by packet; its hardware address."""
    lab.player = lan.add_host("player", "192.168.1.70")
    return lab.player.run("cat", "/sys/class/net/eth0/address").strip()


def test_a_boot_loader_for_bios_only(fault: FaultLab) -> None:
    fault.inject("a TFTP tree with pxelinux.0 alone, and a machine with UEFI")
    fault.network()
    fault.serve("--tree", tree(fault, pxelinux_0=IPXE / "undionly.kpxe"))
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-080", 100)
    assert "no EFI program" in str(finding.facts["cause"])
    fault.expect_on_screen(pc, finding)


def test_a_boot_loader_of_another_processor(fault: FaultLab) -> None:
    fault.inject("what is named bootx64.efi is a program for arm64")
    fault.network()
    fault.serve("--tree", tree(fault, pxelinux_0=IPXE / "undionly.kpxe", bootx64_efi=ARM64_SHIM))
    pc = fault.power_on(OVMF)
    fault.expect(pc.mac, "BB-080", 100)


def test_a_boot_loader_that_is_cut_off(fault: FaultLab) -> None:
    fault.inject("half of the boot loader is missing")
    fault.network()
    half = fault.log_dir / "half.efi"
    whole = (IPXE / "snponly.efi").read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    fault.serve("--tree", tree(fault, pxelinux_0=IPXE / "undionly.kpxe", bootx64_efi=half))
    pc = fault.power_on(OVMF)
    fault.expect(pc.mac, "BB-080", 150)


def test_secure_boot_and_nothing_signed(fault: FaultLab) -> None:
    fault.inject("Secure Boot is on, and the boot loader is not signed")
    fault.network()
    payload = fault.payload()
    images = ("--kernel", payload.kernel, "--initrd", payload.initrd)
    fault.serve(*images, "--secure-boot", "never")
    pc = fault.power_on(OVMF_SECURE_BOOT)
    finding = fault.expect(pc.mac, "BB-040", 120)
    assert "Access Denied" in str(finding.facts["screen"])
    pc.wait_for("Access Denied", 60)


def test_shim_without_its_second_stage(fault: FaultLab) -> None:
    fault.inject("shim is there, GRUB is not beside it")
    fault.network()
    directory = tree(fault, bootx64_efi=SHIM, grubx64_efi=IPXE / "snponly.efi")
    fault.serve("--tree", directory)
    pc = fault.power_on(OVMF)
    fault.sees(pc, EventKind.SIZE_PROBED, 100, file="bootx64.efi")
    (directory / "grubx64.efi").unlink()
    fault.expect(pc.mac, "BB-043", 150)


def test_a_second_stage_that_shim_does_not_trust(fault: FaultLab) -> None:
    fault.inject("Secure Boot is on, and what shim starts is not signed")
    fault.network()
    fault.serve("--tree", tree(fault, bootx64_efi=SHIM, grubx64_efi=IPXE / "snponly.efi"))
    pc = fault.power_on(OVMF_SECURE_BOOT)
    fault.expect(pc.mac, "BB-044", 150)


def test_a_shim_that_the_machine_does_not_accept(fault: FaultLab, fetched_loaders: Path) -> None:
    fault.inject("Secure Boot is on, and the shim is not what was signed (one bit is another)")
    fault.network()
    (shim,) = fetched_loaders.rglob("shimx64.efi.signed")
    (grub,) = fetched_loaders.rglob("grubnetx64.efi.signed")
    altered = fault.log_dir / "shim"
    altered.write_bytes(with_a_bit_turned(shim.read_bytes()))
    fault.serve("--tree", tree(fault, shimx64_efi=altered, grubx64_efi=grub))
    pc = fault.power_on(OVMF_SECURE_BOOT)
    finding = fault.expect(pc.mac, "BB-042", 150)
    assert "Access Denied" in str(finding.facts["screen"])


def test_a_kernel_without_a_signature(fault: FaultLab, fetched_loaders: Path) -> None:
    fault.inject("Secure Boot is on, and the kernel is not signed")
    kernel_under_secure_boot(fault, fetched_loaders, without_signature(KERNEL.read_bytes()))
    pc = fault.power_on(OVMF_SECURE_BOOT)
    fault.expect(pc.mac, "BB-085", 150)
    pc.wait_for("finding BB-085", 60)


def test_a_kernel_whose_signature_does_not_fit(fault: FaultLab, fetched_loaders: Path) -> None:
    fault.inject("Secure Boot is on, and the kernel is not what was signed (one bit is another)")
    kernel_under_secure_boot(fault, fetched_loaders, with_a_bit_turned(KERNEL.read_bytes()))
    pc = fault.power_on(OVMF_SECURE_BOOT)
    fault.expect(pc.mac, "BB-086", 150)
    pc.wait_for("finding BB-086", 60)


def kernel_under_secure_boot(lab: FaultLab, loaders: Path, kernel: bytes) -> None:
    """A station that serves this kernel by the signed chain."""
    lab.network()
    (lab.log_dir / "vmlinuz").write_bytes(kernel)
    lab.serve("--loaders", loaders, "--secure-boot", "always", lab.log_dir / "vmlinuz")


def test_a_boot_loader_that_is_deleted(fault: FaultLab) -> None:
    fault.inject("the boot loader is deleted after it was offered")
    fault.network()
    directory = tree(fault, bootx64_efi=IPXE / "snponly.efi")
    fault.serve("--tree", directory)
    pc = fault.power_on(OVMF)
    fault.sees(pc, EventKind.BOOT_SERVER_ACKNOWLEDGED, 60)
    (directory / "bootx64.efi").rename(directory / "away")
    # What is asked for is gone; and when the firmware asks again in another way, there is nothing for it any more.
    fault.expect(pc.mac, "BB-036", 100, or_id="BB-080")


def test_an_architecture_nobody_knows(fault: FaultLab) -> None:
    fault.inject("a machine announces an architecture number that nobody has registered (played packet by packet)")
    lan = fault.network()
    fault.serve()
    mac = client_mac(fault, lan)
    fault.play(build(1, mac, options=pxe_options(4711, "003016")))
    fault.expect(mac, "BB-080", 60)


def test_a_firmware_that_adds_to_the_name(fault: FaultLab) -> None:
    fault.inject("a firmware asks for its boot file with `.0` added to the name (played packet by packet)")
    lan = fault.network()
    fault.serve()
    mac = client_mac(fault, lan)
    fault.play(build(1, mac, options=pxe_options(7, "003016")))
    fault.player.run("sh", "-c", "curl -s --max-time 5 tftp://192.168.1.50/x64/snponly.efi.0 || true")
    fault.expect(mac, "BB-038", 60)


def test_a_machine_that_loads_the_same_again_and_again(fault: FaultLab) -> None:
    fault.inject("an iPXE that does not say it is one gets iPXE again and again (played packet by packet)")
    lan = fault.network()
    fault.serve()
    mac = client_mac(fault, lan)
    for xid in range(1, 6):
        fault.play(build(1, mac, xid=xid, options=pxe_options(0, "002001")))
        fault.player.run("curl", "-s", "-o", "/dev/null", "tftp://192.168.1.50/bios/undionly.kpxe")
    fault.expect(mac, "BB-045", 60)

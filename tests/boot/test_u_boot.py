"""What U-Boot reads, by its own rules."""

import struct
import zlib

import pytest

from bootbeam.boot import u_boot
from bootbeam.boot.decision import LOCAL_DISK, BootLocalDisk, ChooseEntry, RunEntry
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.explanation import Explanation
from bootbeam.machine import Cpu, Firmware

WAY = BootWay(Method.UBOOT_LINUX, Firmware.UBOOT, frozenset({Cpu.ARM64}))


def plan(cmdline: str = "quiet", name: str = "Image", initrds: int = 1) -> RunEntry:
    files = tuple(ServedFile(f"initrd{number}") for number in range(initrds))
    return RunEntry(BootEntry(name, f"{name}: Linux 'x'; reset", (WAY,), ServedFile(name), files, cmdline), WAY)


def labels(config: str) -> dict[str, dict[str, str]]:
    """Read as boot/pxe_utils.c does: a word in either case, and the rest of the line."""
    found: dict[str, dict[str, str]] = {"": {}}
    current = ""
    for line in config.splitlines():
        word, _, value = line.strip().partition(" ")
        if word.lower() == "label":
            current = value
            found[current] = {}
        else:
            found[current][word.lower()] = value
    return found


def test_the_start_script_in_the_form_that_source_takes() -> None:
    image = u_boot.encode_script(u_boot.render_start("192.168.1.50"))
    magic, header_crc, time, size, load, entry, data_crc = struct.unpack(">7I", image[:28])
    os, arch, kind, compression = image[28:32]
    assert (magic, time, load, entry) == (0x27051956, 0, 0, 0)
    assert header_crc == zlib.crc32(image[:4] + bytes(4) + image[8:64])
    data = image[64:]
    assert (size, data_crc) == (len(data), zlib.crc32(data))
    assert (os, arch, kind, compression) == (5, 22, 6, 0)
    length, end = struct.unpack(">II", data[:8])
    assert end == 0
    assert len(data) == 8 + length
    assert data[8:].decode().splitlines() == [
        "echo bootbeam: asking 192.168.1.50 what to boot",
        "setenv serverip 192.168.1.50",
        "setenv bootfile",
        "if pxe get; then pxe boot; fi",
    ]


def test_one_entry() -> None:
    config = labels(u_boot.render_entry(plan(), "file/v1/Image", ["file/v2/initrd0"]))
    assert config[""]["default"] == "bootbeam"
    label = config["bootbeam"]
    assert (label["kernel"], label["initrd"], label["append"]) == ("file/v1/Image", "file/v2/initrd0", "quiet")
    assert label["menu"] == "LABEL Image: Linux ?x?; reset"
    bare = labels(u_boot.render_entry(plan(cmdline="", initrds=0), "k", []))["bootbeam"]
    assert "append" not in bare
    assert "initrd" not in bare


@pytest.mark.parametrize(("timeout_s", "word", "value"), [(10, "timeout", "100"), (0, "prompt", "1")])
def test_a_menu(timeout_s: int, word: str, value: str) -> None:
    entries = [plan(name="one"), plan(name="two")]
    choice = ChooseEntry(tuple(each.entry for each in entries), "two", timeout_s)
    config = labels(u_boot.render_menu(choice, [(each, f"file/{each.entry.name}", ()) for each in entries]))
    assert config[""]["default"] == "two"
    assert config[""][word] == value
    assert config["two"]["kernel"] == "file/two"
    assert config[LOCAL_DISK]["localboot"] == "1"


def test_its_own_disk_and_what_cannot_boot() -> None:
    assert labels(u_boot.render_local_disk(BootLocalDisk("it was installed")))["local"]["localboot"] == "1"
    config = labels(
        u_boot.render_explanation(Explanation("x cannot boot", "it is for x64", "serve another"), "192.168.1.50")
    )
    assert config[""]["menu"] == "TITLE bootbeam: x cannot boot"
    assert config["why"]["menu"] == "LABEL it is for x64"
    assert config["station"]["menu"].startswith("LABEL This station: 192.168.1.50, finding BB-")
    assert all("kernel" not in label for label in config.values())


@pytest.mark.parametrize("cmdline", ["a=${b}", "a=$b", "a='b c'", "a\\b", "x" * 501])
def test_a_command_line_that_u_boot_would_change_is_refused(cmdline: str) -> None:
    explanation = u_boot.check_entry(plan(cmdline))
    assert explanation is not None
    assert "Image" in explanation.title
    assert u_boot.check_entry(plan('console=ttyAMA0,115200 a="b c" nonce=1')) is None


def test_one_initrd_is_what_u_boot_loads() -> None:
    explanation = u_boot.check_entry(plan(initrds=2))
    assert explanation is not None
    assert "cat INITRD INITRD" in explanation.fix

"""GRUB's scripts, judged by GRUB's own parser and, for quoting, by a shell's: single quotes mean the same to both."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootbeam.boot.decision import LOCAL_DISK, BootLocalDisk, ChooseEntry, RunEntry
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.grub_script import (
    GrubStart,
    check_companions,
    device_path,
    loader_words,
    quote,
    render_chain,
    render_entry,
    render_explanation,
    render_local_disk,
    render_menu,
    render_reached,
    render_start,
    render_wait,
)
from bootbeam.boot.ipxe import FileUrls
from bootbeam.machine import Cpu, Firmware

BASE = "http://192.168.1.50:8080"
ONE_LINE = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=60)


def accepted_by_grub(script: str) -> str:
    done = subprocess.run(["grub-script-check"], input=script.encode(), capture_output=True, timeout=10, check=False)
    assert done.returncode == 0, f"{done.stderr.decode()}\n{script}"
    return script


def commands(script: str) -> list[str]:
    return [line.strip().removeprefix("if ").removesuffix("; then") for line in script.splitlines()]


def run_plan(method: Method, cmdline: str = "", initrds: tuple[ServedFile, ...] = (), title: str = "title") -> RunEntry:
    way = BootWay(method, Firmware.UEFI, frozenset({Cpu.X86_64}))
    return RunEntry(BootEntry("image", title, (way,), ServedFile("image"), initrds, cmdline), way)


def urls(*names: str) -> FileUrls:
    first, *others = (f"{BASE}/file/v1/{name}" for name in names)
    return FileUrls(first, tuple(others))


def test_the_start_reports_the_machine_and_asks_for_ever() -> None:
    script = accepted_by_grub(render_start(GrubStart(BASE, "tftp://192.168.1.50", "xen", has_multiboot=True)))
    asks = [line for line in commands(script) if line.startswith("configfile")]
    facts = (
        "grub/chosen=xen/multiboot=y/mac=$net_default_mac/cpu=$grub_cpu/platform=$grub_platform"
        "/lockdown=$lockdown/grub.cfg"
    )
    assert asks == [
        f'configfile "(http,192.168.1.50:8080)/{facts}"',
        f'configfile "(tftp,192.168.1.50)/{facts}"',
    ]
    assert "while true; do" in script
    plain = accepted_by_grub(render_start(GrubStart(BASE)))
    assert "chosen" not in plain
    assert "multiboot" not in plain
    assert plain.count("configfile") == 1


def test_over_ipv6_the_cards_are_asked_one_by_one_until_the_station_is_reached(tmp_path: Path) -> None:
    """Run by a shell, whose syntax is the same here but for "set": the second card has a network."""
    script = accepted_by_grub(render_start(GrubStart("http://[fd00::50]:8080", "tftp://[fd00::50]")))
    assert commands(accepted_by_grub(render_reached()))[-1] == "set reached=y"
    fake = f"""
log() {{ echo "$*" >> {tmp_path}/log; }}
net_ipv6_autoconf() {{ log autoconf $1; return 1; }}
net_bootp6() {{ log bootp6 $1; now=$1; [ $now = efinet1 ]; }}
source() {{ log source "$1"; if [ "$now" = efinet1 ]; then reached=y; fi; }}
configfile() {{ log "$1"; }}
sleep() {{ rounds=x$rounds; if [ $rounds = xx ]; then exit; fi; }}
"""
    subprocess.run(["sh", "-c", fake + script], check=True, timeout=10, capture_output=True)
    facts = "grub/mac=/cpu=/platform=/lockdown=/grub.cfg"
    looks = ["source (http,[fd00::50]:8080)/grub/reached.cfg", "source (tftp,[fd00::50])/grub/reached.cfg"]
    asks = [f"(http,[fd00::50]:8080)/{facts}", f"(tftp,[fd00::50])/{facts}"]
    assert (tmp_path / "log").read_text().splitlines() == [
        *looks,
        *("autoconf efinet0", "bootp6 efinet0", *looks),
        *("autoconf efinet1", "bootp6 efinet1", *looks),
        *(*asks, *asks),
    ]


def test_over_ipv6_a_grub_that_has_an_address_does_not_ask_for_one() -> None:
    script = accepted_by_grub(render_start(GrubStart("http://[fd00::50]:8080")))
    fake = """
net_ipv6_autoconf() { echo "$@"; }
source() { reached=y; }
configfile() { echo "$1"; exit; }
"""
    done = subprocess.run(["sh", "-c", fake + script], check=True, timeout=10, capture_output=True)
    assert done.stdout.decode() == "(http,[fd00::50]:8080)/grub/mac=/cpu=/platform=/lockdown=/grub.cfg\n"


def test_over_ipv4_the_card_that_has_an_address_is_the_one_reported(tmp_path: Path) -> None:
    """Run by a shell: a GRUB from a disk has no default interface; "set" is a shell's assignment here."""
    script = accepted_by_grub(render_start(GrubStart(BASE)))
    assert "reached" not in script
    fake = f"""
net_bootp() {{ echo bootp >> {tmp_path}/log; }}
configfile() {{ echo "$1" >> {tmp_path}/log; exit; }}
assign() {{ interface=${{1#*=}}; [ "$interface" != efinet1_dhcp ] || net_default_mac=52:54:00:00:00:01; }}
"""
    subprocess.run(["sh", "-c", fake + script.replace("set ", "assign ")], check=True, timeout=10, capture_output=True)
    assert (tmp_path / "log").read_text().splitlines() == [
        "bootp",
        "(http,192.168.1.50:8080)/grub/mac=52:54:00:00:00:01/cpu=/platform=/lockdown=/grub.cfg",
    ]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (
            Method.GRUB_MULTIBOOT,
            [
                "multiboot '(http,192.168.1.50:8080)/file/v1/xen' 'com1=115200,8n1'",
                "module '(http,192.168.1.50:8080)/file/v1/linux' 'console=hvc0'",
                "module '(http,192.168.1.50:8080)/file/v1/initrd'",
            ],
        ),
        (
            Method.GRUB_MULTIBOOT2,
            [
                "multiboot2 '(http,192.168.1.50:8080)/file/v1/xen' 'com1=115200,8n1'",
                "module2 '(http,192.168.1.50:8080)/file/v1/linux' 'console=hvc0'",
                "module2 '(http,192.168.1.50:8080)/file/v1/initrd'",
            ],
        ),
        (
            Method.EFI_LINUX,
            [
                "linux '(http,192.168.1.50:8080)/file/v1/xen' 'com1=115200,8n1'",
                "initrd '(http,192.168.1.50:8080)/file/v1/linux' '(http,192.168.1.50:8080)/file/v1/initrd'",
            ],
        ),
    ],
)
def test_an_entry_is_loaded_and_booted_each_step_only_after_the_one_before(method: Method, expected: list[str]) -> None:
    files = (ServedFile("linux", "console=hvc0"), ServedFile("initrd"))
    script = accepted_by_grub(render_entry(run_plan(method, "com1=115200,8n1", files), urls("xen", "linux", "initrd")))
    lines = script.splitlines()
    conditions = [line.strip()[3:-6] for line in lines if line.strip().startswith("if ")]
    assert conditions == [*expected, "boot"]
    assert script.count("fi\n") == len(conditions)
    assert lines[-1] == "echo 'bootbeam: this did not start; the reason is in the words of GRUB above.'"


def test_a_verified_boot_that_comes_back_asks_why() -> None:
    script = accepted_by_grub(
        render_entry(run_plan(Method.EFI_LINUX), urls("linux"), failed_url=f"{BASE}/grub/started=no/grub.cfg")
    )
    assert commands(script)[-1] == "source '(http,192.168.1.50:8080)/grub/started=no/grub.cfg'"


def test_a_kernel_without_initrds_has_no_initrd_command() -> None:
    script = accepted_by_grub(render_entry(run_plan(Method.GRUB_LINUX), urls("linux"), ("It needs 2 GB.",)))
    assert "initrd" not in script
    assert "echo 'It needs 2 GB.'" in commands(script)


@given(ONE_LINE)
@settings(max_examples=60, deadline=None)
def test_every_command_line_arrives_word_for_word(cmdline: str) -> None:
    script = accepted_by_grub(render_entry(run_plan(Method.GRUB_MULTIBOOT2, cmdline), urls("xen")))
    [line] = [line.strip()[3:-6] for line in script.splitlines() if line.strip().startswith("if multiboot2 ")]
    # The shell that splits it is not GRUB's, and neither is it ours.
    printed = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, timeout=10, check=True
    ).stdout.decode()
    assert printed.split("\0")[:-1] == [
        "multiboot2",
        "(http,192.168.1.50:8080)/file/v1/xen",
        *loader_words(cmdline),
    ]


@pytest.mark.parametrize(
    ("cmdline", "words"),
    [
        ("ds=nocloud-net;s=http://192.168.1.50/ quiet", ["ds=nocloud-net;s=http://192.168.1.50/", "quiet"]),
        ('dyndbg="file x +p" quiet', ["dyndbg=file x +p", "quiet"]),
        ('a="b"', ["a=b"]),
        ('a="open', ['a="open']),
        ("a  b\tc", ["a", "b", "c"]),
        ("$x #y && ||", ["$x", "#y", "&&", "||"]),
        ("", []),
    ],
)
def test_words_of_a_command_line(cmdline: str, words: list[str]) -> None:
    assert loader_words(cmdline) == words


def test_a_menu_with_the_default_and_a_way_out() -> None:
    linux = BootEntry("linux", "Debian's 'linux' $(reboot)", (), ServedFile("linux"))
    xen = BootEntry("xen", "Xen", (), ServedFile("xen"))
    script = accepted_by_grub(render_menu(ChooseEntry((linux, xen), "xen", 7), f"{BASE}/grub/cpu=x86_64/", LOCAL_DISK))
    assert "set default='xen'" in script
    assert "set timeout=7" in script
    assert "menuentry 'Debian'\\''s '\\''linux'\\'' ?(reboot)' --id 'linux' {" in script
    assert "configfile '(http,192.168.1.50:8080)/grub/cpu=x86_64/chosen=xen/grub.cfg'" in commands(script)
    assert "menuentry 'Go on to the machine'\\''s own disk' --id 'bootbeam.local' {\n" in script
    assert script.endswith("\nexit\n}\n")
    assert "set timeout=-1" in render_menu(ChooseEntry((linux,), "linux", 0), f"{BASE}/grub/", LOCAL_DISK)


@given(ONE_LINE, ONE_LINE, ONE_LINE)
@settings(max_examples=40, deadline=None)
def test_whatever_an_explanation_says_grub_only_echoes_it(title: str, why: str, fix: str) -> None:
    script = accepted_by_grub(render_explanation(Explanation(title, why, fix), BASE))
    lines = commands(script)
    for line in lines[1 : lines.index("sleep --interruptible 60; then true; else")]:
        assert line == "echo" or line.startswith("echo '"), line


def test_the_other_screens() -> None:
    local = commands(accepted_by_grub(render_local_disk(BootLocalDisk("it was installed from x"))))
    assert local[1] == "echo 'bootbeam: this machine boots from its own disk: it was installed from x'"
    assert any("/EFI/*/shim$efi.efi" in line and "/EFI/BOOT/BOOT$efi.EFI" in line for line in local)
    assert local[-1] == "exit"
    assert "x is being written" in accepted_by_grub(render_wait("x is being written"))
    chain = commands(accepted_by_grub(render_chain(f"{BASE}/x64/snponly.efi")))
    assert chain[1] == "set root='http,192.168.1.50'"
    assert chain[2] == '[ "$grub_netfs_type" = "efi" ]; then unset root; fi', "by HTTP boot"
    assert chain[3:5] == ["chainloader '(http,192.168.1.50:8080)/x64/snponly.efi'", "boot"]


def test_addresses() -> None:
    assert device_path("http://[fd00::50]:8080/a/b") == "(http,[fd00::50]:8080)/a/b"
    assert device_path("tftp://192.168.1.50") == "(tftp,192.168.1.50)"
    with pytest.raises(ValueError, match="GRUB cannot fetch"):
        device_path("https://192.168.1.50/x")


def test_a_program_is_given_the_network_card_as_its_device() -> None:
    """GRUB gives it the device that is root, and refuses where that is none of the firmware's."""
    urls = FileUrls("tftp://[fd00::50]/shell.efi", ())
    lines = commands(accepted_by_grub(render_entry(run_plan(Method.EFI_APPLICATION), urls)))
    assert lines.index("set root='tftp,[fd00::50]'") < lines.index("chainloader '(tftp,[fd00::50])/shell.efi'")
    assert "set root" not in render_entry(run_plan(Method.EFI_LINUX), urls)


def test_an_efi_application_gets_no_companions_from_grub() -> None:
    assert check_companions(run_plan(Method.EFI_APPLICATION)) is None
    assert check_companions(run_plan(Method.EFI_LINUX, initrds=(ServedFile("initrd"),))) is None
    explanation = check_companions(run_plan(Method.EFI_APPLICATION, initrds=(ServedFile("bitvisor.elf"),)))
    assert explanation is not None
    assert "other files" in explanation.why


def test_quoting_keeps_everything() -> None:
    assert quote("it's") == "'it'\\''s'"

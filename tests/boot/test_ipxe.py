"""The scripts, word for word where iPXE's own rules decide, and what must never get into one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.boot.decision import ChooseEntry, RunEntry
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.ipxe import (
    FileUrls,
    check_cmdline,
    check_multiboot_limits,
    render_entry,
    render_explanation,
    render_menu,
    render_start,
    render_wait,
    screen_text,
)
from bootbeam.errors import UserError
from bootbeam.machine import Firmware

BASE = "http://192.168.1.50:8080"


def plan(method: Method, *initrds: ServedFile, cmdline: str = "") -> RunEntry:
    way = BootWay(method, Firmware.BIOS, frozenset())
    return RunEntry(BootEntry("linux", "Linux 6.1", (way,), ServedFile("linux"), initrds, cmdline), way)


def lines(script: str) -> list[str]:
    assert script.startswith("#!ipxe\n")
    assert script.endswith("\n")
    return script.splitlines()


def test_under_uefi_each_initrd_is_named_by_an_argument_in_order() -> None:
    script = lines(
        render_entry(
            plan(Method.EFI_LINUX, ServedFile("a.gz"), ServedFile("b.gz"), cmdline="console=ttyS0 quiet"),
            FileUrls(f"{BASE}/file/1/linux", (f"{BASE}/file/2/a.gz", f"{BASE}/file/3/b.gz")),
            f"{BASE}/again",
        )
    )
    assert f"kernel {BASE}/file/1/linux initrd=a.gz initrd=b.gz console=ttyS0 quiet || goto failed" in script
    assert script.index(f"initrd {BASE}/file/2/a.gz || goto failed") < script.index(
        f"initrd {BASE}/file/3/b.gz || goto failed"
    )
    assert "boot || goto failed" in script


def test_nocloud_arguments_go_through_as_they_are() -> None:
    cmdline = "autoinstall ds=nocloud-net;s=http://192.168.1.50/ a=1||2 ---"
    script = render_entry(plan(Method.LINUX, cmdline=cmdline), FileUrls(f"{BASE}/linux", ()), BASE)
    assert f"kernel {BASE}/linux {cmdline} || goto failed" in lines(script)


@pytest.mark.parametrize("cmdline", ["a || b", "a ; b", "a && b", "a #comment", "a\nboot"])
def test_a_command_line_that_ipxe_would_cut_is_refused(cmdline: str) -> None:
    with pytest.raises(UserError):
        check_cmdline(cmdline)


def test_an_efi_program_that_returns_leaves_the_machine_to_its_next_boot_entry() -> None:
    script = lines(render_entry(plan(Method.EFI_APPLICATION), FileUrls(f"{BASE}/x.efi", ()), BASE))
    assert script[script.index("boot || goto failed") + 1] == "exit 1"


def test_multiboot_modules_carry_their_own_arguments() -> None:
    modules = (ServedFile("vmlinuz", "root=/dev/ram0"), ServedFile("initrd"))
    script = lines(
        render_entry(
            plan(Method.MULTIBOOT, *modules, cmdline="com1=115200"),
            FileUrls(f"{BASE}/xen", (f"{BASE}/vmlinuz", f"{BASE}/initrd")),
            BASE,
        )
    )
    assert f"kernel {BASE}/xen com1=115200 || goto failed" in script
    assert f"initrd {BASE}/vmlinuz root=/dev/ram0 || goto failed" in script


def test_multiboot_limits() -> None:
    fine = plan(Method.MULTIBOOT, ServedFile("m"))
    assert check_multiboot_limits(fine, FileUrls("http://h/k", ("http://h/m",))) is None
    long = plan(Method.MULTIBOOT, cmdline="x" * 500)
    explanation = check_multiboot_limits(long, FileUrls("http://h/kernel", ()))
    assert explanation is not None
    assert "512 bytes" in explanation.why
    many = plan(Method.MULTIBOOT, *(ServedFile(f"m{i}") for i in range(9)))
    explanation = check_multiboot_limits(many, FileUrls("http://h/k", tuple("http://h/m" for _ in range(9))))
    assert explanation is not None
    assert "at most 8" in explanation.why


def test_a_script_of_the_users_own_is_run_by_chain() -> None:
    assert "chain --autofree http://h/menu.ipxe || goto failed" in lines(
        render_entry(plan(Method.IPXE_SCRIPT), FileUrls("http://h/menu.ipxe", ()), BASE)
    )


def test_the_start_script_reports_the_machine() -> None:
    script = render_start(f"{BASE}/ipxe/")
    assert f"{BASE}/ipxe/mac=${{netX/mac:hexhyp}}/platform=${{platform}}/buildarch=${{buildarch}}/" in script
    assert script.splitlines()[0] == "#!ipxe"


def test_the_menu_has_every_entry_a_default_and_a_timeout_in_milliseconds() -> None:
    entries = tuple(BootEntry(name, f"Title of {name}", (), ServedFile(name)) for name in ("linux", "xen.gz"))
    script = lines(render_menu(ChooseEntry(entries, "xen.gz", 7), f"{BASE}/ipxe/"))
    assert "item linux Title of linux" in script
    assert "item xen.gz Title of xen.gz" in script
    assert "choose --default xen.gz --timeout 7000 chosen || goto again" in script
    assert f"chain --autofree --replace {BASE}/ipxe/chosen=${{chosen}}/script.ipxe || goto again" in script
    assert "--timeout" not in render_menu(ChooseEntry(entries, "linux", 0), BASE)


def test_an_explanation_is_shown_whole_and_waits() -> None:
    script = lines(render_explanation(Explanation("a cannot boot", "it is " + "long " * 40, "switch"), BASE))
    shown = " ".join(line.removeprefix("echo").strip() for line in script if line.startswith("echo"))
    assert "bootbeam: a cannot boot" in shown
    assert shown.count("long") == 40
    assert max(len(line) for line in script) <= 81
    assert any(line.startswith("prompt ") for line in script)


def test_a_warning_is_shown_with_time_to_read_it_and_then_the_boot_goes_on() -> None:
    script = lines(
        render_entry(plan(Method.LINUX), FileUrls(f"{BASE}/linux", ()), BASE, ("note",), "512 MB are not enough")
    )
    shown = script.index("echo bootbeam: 512 MB are not enough")
    [prompt] = [number for number, line in enumerate(script) if line.startswith("prompt --timeout 15000")]
    [kernel] = [number for number, line in enumerate(script) if line.startswith("kernel ")]
    assert script.index("echo note") < shown < prompt < kernel
    assert script[prompt].endswith("||"), "nobody there: it goes on"


def test_waiting_asks_again_by_itself() -> None:
    assert f"chain --autofree --replace {BASE}/again" in lines(render_wait("linux is being written", f"{BASE}/again"))


@given(st.text(max_size=200))
def test_screen_text_is_inert(text: str) -> None:
    shown = screen_text(text)
    assert "$" not in shown
    assert "\n" not in shown
    assert not {"||", "&&", ";"} & set(shown.split())
    assert not any(word.startswith("#") for word in shown.split())


@pytest.mark.parametrize("method", [Method.DISK, Method.CD])
def test_what_has_a_boot_loader_of_its_own_becomes_a_drive(method: Method) -> None:
    script = lines(render_entry(plan(method), FileUrls(f"{BASE}/blocks/1/d.img", ()), f"{BASE}/again", ("a note",)))
    drive = script.index(f"sanboot --no-describe {BASE}/blocks/1/d.img || goto failed")
    assert "echo a note" in script[:drive]
    assert script[drive + 1] == "exit 1", "an EFI loader that comes back leads to the next entry of the firmware"
    assert not [line for line in script if line.startswith(("kernel", "initrd", "boot"))]


def test_behind_a_hypervisors_loader_the_own_disk_is_started_from_here() -> None:
    urls = FileUrls(f"{BASE}/file/1/loadvmm.efi", (f"{BASE}/file/2/bitvisor.elf",))
    hypervisor = plan(Method.EFI_APPLICATION, ServedFile("bitvisor.elf"))
    script = lines(render_entry(hypervisor, urls, BASE, local_disk_url=f"{BASE}/own.efi"))
    start = script.index("boot || goto failed")
    assert script[start + 1] == f"kernel {BASE}/own.efi || exit 1"
    assert script[start + 3 : start + 5] == ["boot ||", "exit 1"]
    tool = lines(render_entry(plan(Method.EFI_APPLICATION), FileUrls(BASE, ()), BASE, local_disk_url=f"{BASE}/own.efi"))
    assert not [line for line in tool if "own.efi" in line], "after a tool the firmware's own order goes on"

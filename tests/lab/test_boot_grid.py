"""The grid of firmware and images, derived from what was run."""

import re
from pathlib import Path

from rich.console import Console

from bootbeam.lab import boot_grid
from bootbeam.lab.boot_grid import CELLS, CORNER, FIRMWARE, HEAD, IMAGES, Cell, Outcome, render_grid, rewrite_grid

FIRMWARE_TESTS = Path(__file__).parents[1] / "firmware"
DOCUMENT = f"# Firmware\n\n| {CORNER} | Linux |\n|---|---|\n| old firmware | 3 s |\n\nText | with | bars.\n"
IA32 = "test_a_pc_with_32_bit_uefi_reaches_a_64_bit_kernels_userland"
DISK = "test_a_disk_image_boots_by_its_own_loader_on_both_firmwares"
EFI_ON_BIOS = "test_an_image_for_the_other_firmware_says_so_on_the_machines_own_screen[efi-under-bios]"


def field(document: str, firmware: str, image: str) -> str:
    line = next(line for line in document.splitlines() if line.startswith(f"| {firmware} |"))
    return line.strip("|").split("|")[1 + IMAGES.index(image)].strip()


def test_every_cell_names_a_test_that_is_there() -> None:
    text = "\n".join(path.read_text("utf-8") for path in FIRMWARE_TESTS.glob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))
    assert {cell.test.partition("[")[0] for cell in CELLS} <= there
    assert {cell.firmware for cell in CELLS} <= set(FIRMWARE)
    assert {cell.image for cell in CELLS} <= set(IMAGES)


def test_what_was_run_is_in_its_cell_and_the_rest_is_not_claimed() -> None:
    cases = {
        DISK: [Outcome(True, 36.2)],
        f"{IA32}[pxe]": [Outcome(True, 20.0)],
        f"{IA32}[http-boot]": [Outcome(False, 99.0)],
        EFI_ON_BIOS: [Outcome(True, 9.0)],
        "test_of_something_else": [Outcome(False, 1.0)],
    }
    text = rewrite_grid(DOCUMENT, cases, [DISK, EFI_ON_BIOS])
    assert HEAD in text.splitlines()
    assert "Text | with | bars." in text
    assert "old firmware" not in text
    assert field(text, boot_grid.BIOS, "disk image") == field(text, boot_grid.UEFI, "disk image") == "36 s"
    assert field(text, boot_grid.UEFI32, "Linux") == "20 s *", "only make matrix runs it"
    assert field(text, boot_grid.UEFI32_HTTP, "Linux") == "**failed**"
    assert field(text, boot_grid.BIOS, "EFI program") == "says why"
    assert field(text, boot_grid.BIOS_GRUB, "TFTP tree") == "-"


def test_what_only_arrived_is_no_boot() -> None:
    case = "test_a_plain_bios_rom_gets_pxelinux_out_of_a_tree"
    text = rewrite_grid(DOCUMENT, {case: [Outcome(True, 3.0)]}, [case])
    assert field(text, boot_grid.BIOS_ROM, "TFTP tree") == "PXELINUX whole"
    text = rewrite_grid(DOCUMENT, {case: [Outcome(False, 3.0)]}, [case])
    assert field(text, boot_grid.BIOS_ROM, "TFTP tree") == "**failed**"


def test_what_was_not_run_keeps_what_it_said() -> None:
    first = rewrite_grid(DOCUMENT, {DISK: [Outcome(True, 36.2)]}, [DISK])
    second = rewrite_grid(first, {f"{IA32}[pxe]": [Outcome(True, 20.0)]}, [DISK])
    assert field(second, boot_grid.BIOS, "disk image") == "36 s"
    assert rewrite_grid(second, {}, []) == second
    assert rewrite_grid("no grid\n", {}, []) == "no grid\n"


def test_a_failure_after_a_success_shows() -> None:
    first = rewrite_grid(DOCUMENT, {DISK: [Outcome(True, 36.2)]}, [DISK])
    assert field(rewrite_grid(first, {DISK: [Outcome(False, 240.0)]}, [DISK]), boot_grid.BIOS, "disk image") == (
        "**failed**"
    )


def test_a_cell_for_some_parameters_is_not_proved_by_others() -> None:
    assert Cell("a", "b", "test_x[one]").is_proved_by("test_x[one]")
    assert not Cell("a", "b", "test_x[one]").is_proved_by("test_x[two]")
    assert Cell("a", "b", "test_x").is_proved_by("test_x[two]")
    assert not Cell("a", "b", "test_x").is_proved_by("test_xy")


def test_the_grid_is_shown_in_a_terminal() -> None:
    console = Console(width=200, record=True)
    console.print(render_grid(rewrite_grid(DOCUMENT, {DISK: [Outcome(True, 36.2)]}, [DISK])))
    shown = console.export_text()
    assert "36 s" in shown
    assert "SeaBIOS, GRUB 2, ipxe.lkrn" in shown

"""Every firmware against every kind of image: which test stands for which cell, and the grid made of what was seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

BIOS, BIOS_GRUB = "SeaBIOS, the card's ROM", "SeaBIOS, GRUB 2, `ipxe.lkrn`"
BIOS_ROM, PXELINUX = "BIOS ROM after PXE 2.1 (its packets)", "SeaBIOS, PXELINUX"
UEFI, UEFI_HTTP = "OVMF, PXE", "OVMF, HTTP boot"
SECURE, SECURE_HTTP = "OVMF, Secure Boot, PXE", "OVMF, Secure Boot, HTTP boot"
UEFI6, UEFI6_HTTP = "OVMF, PXE over IPv6", "OVMF, HTTP boot over IPv6"
UEFI32, UEFI32_HTTP = "OVMF 32 bit, PXE", "OVMF 32 bit, HTTP boot"
ARM64, ARM64_HTTP = "AAVMF (arm64), PXE", "AAVMF (arm64), HTTP boot"
RISCV64 = "EDK2 (riscv64), PXE"
UBOOT = "U-Boot (arm64)"
FIRMWARE = (
    *(BIOS, BIOS_GRUB, BIOS_ROM, PXELINUX, UEFI, UEFI_HTTP, SECURE, SECURE_HTTP, UEFI6, UEFI6_HTTP),
    *(UEFI32, UEFI32_HTTP, ARM64, ARM64_HTTP, RISCV64, UBOOT),
)
LINUX, MULTIBOOT1, MULTIBOOT2, EFI = "Linux", "Multiboot 1", "Multiboot 2", "EFI program"
ISO, DISK, SCRIPT, TREE = "ISO", "disk image", "iPXE script", "TFTP tree"
IMAGES = (LINUX, MULTIBOOT1, MULTIBOOT2, EFI, ISO, DISK, SCRIPT, TREE)

CORNER = "firmware / image"
HEAD = f"| {CORNER} | {' | '.join(IMAGES)} |"
RULE = "|---" * (len(IMAGES) + 1) + "|"
FAILED, NEVER, SAYS_WHY, ONLY_MATRIX = "**failed**", "-", "says why", " *"
IPXE_WHOLE, PXELINUX_WHOLE = "iPXE whole", "PXELINUX whole"
"""What arrived, where there is nothing that could run it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test went."""

    passed: bool
    duration_s: float


@dataclass(frozen=True, slots=True)
class Cell:
    """A test that stands for one kind of image on one firmware."""

    firmware: str
    image: str
    test: str
    """Its name, with the id of its parameters when only those stand for the cell."""
    says_why: bool = False
    """The image cannot boot there, and the machine's screen says so."""
    arrived: str = ""
    """How far it is seen, where that is not a boot: ``IPXE_WHOLE``, ``PXELINUX_WHOLE``."""

    def is_proved_by(self, case: str) -> bool:
        """Whether the test case ``case``, as pytest names it, stands for the cell."""
        return case == self.test or ("[" not in self.test and case.partition("[")[0] == self.test)


_MULTIBOOT2 = "test_a_multiboot_2_kernel_boots"
_ARM64 = "test_an_arm64_machine_reaches_userland"
_IA32 = "test_a_pc_with_32_bit_uefi_reaches_a_64_bit_kernels_userland"
_DISK = "test_a_disk_image_boots_by_its_own_loader_on_both_firmwares"
_ISO = "test_an_unknown_iso_boots_by_its_own_loader_on_both_firmwares"
_LIVE = "test_a_debian_live_system_reaches_its_login_prompt_out_of_its_iso"
_WRONG_MEDIUM = "test_a_medium_for_the_other_firmware_says_so_on_the_machines_own_screen"
_PROGRAMS = "test_programs_boot_by_other_ways_to_the_loader_too"
_MEDIA_HTTP = "test_media_boot_by_http_boot_too"
_ARM64_EFI, _SCRIPT = "test_an_efi_application_boots_on_arm64", "test_an_ipxe_script_runs"
_TREE = "test_a_trees_own_shim_and_grub_boot_a_uefi_machine"
_PLACES = {
    "bios": BIOS,
    "ovmf32": UEFI32,
    "ovmf32-http": UEFI32_HTTP,
    "arm64": ARM64,
    "arm64-http": ARM64_HTTP,
    "ipv6": UEFI6,
    "ipv6-http": UEFI6_HTTP,
    "secure": SECURE,
    "secure-http": SECURE_HTTP,
}
_KINDS = {
    "efi": EFI,
    "efi-ia32": EFI,
    "efi-signed": EFI,
    "multiboot": MULTIBOOT1,
    "multiboot2": MULTIBOOT2,
    "iso": ISO,
    "disk": DISK,
    "script": SCRIPT,
}
"""What ``tests/firmware/test_grid.py`` calls firmwares and images."""


def _cells(test: str, place: str, *kinds: str, says_why: bool = False) -> tuple[Cell, ...]:
    """Of a test that has a case for each of these."""
    return tuple(Cell(_PLACES[place], _KINDS[kind], f"{test}[{place}-{kind}]", says_why) for kind in kinds)


_RISCV_CANNOT = "test_a_kernel_for_a_pc_is_told_on_riscv64s_own_screen"
_ROM = "test_a_plain_bios_rom_gets_ipxe_whole_whatever_is_served"
_PROGRAM, _MEDIUM = "test_a_program_boots_in_its_cell", "test_a_medium_boots_in_its_cell"
_RUNS, _CANNOT = "test_a_script_runs_in_its_cell", "test_what_cannot_boot_in_its_cell_says_why"
CELLS = (
    Cell(BIOS, LINUX, "test_both_firmwares_reach_userland_beside_a_router_that_knows_nothing_of_booting"),
    Cell(BIOS, MULTIBOOT1, "test_a_multiboot_elf_boots_on_bios_by_the_network_cards_rom"),
    Cell(BIOS, MULTIBOOT1, "test_a_multiboot_kernel_gets_its_command_line_and_module"),
    Cell(BIOS, MULTIBOOT2, f"{_MULTIBOOT2}[SeaBIOS]"),
    Cell(BIOS, EFI, "test_an_image_for_the_other_firmware_says_so_on_the_machines_own_screen", says_why=True),
    Cell(BIOS, ISO, _ISO),
    Cell(BIOS, ISO, f"{_LIVE}[SeaBIOS]"),
    Cell(BIOS, DISK, _DISK),
    Cell(BIOS, SCRIPT, f"{_SCRIPT}[bios]"),
    Cell(BIOS_GRUB, MULTIBOOT1, "test_bios_grub_starts_ipxe_as_a_linux_kernel_into_a_multiboot_elf_over_http"),
    *(
        Cell(BIOS_ROM, _KINDS.get(kind, LINUX), f"{_ROM}[{kind}]", arrived=IPXE_WHOLE)
        for kind in ("linux", "multiboot", "multiboot2", "efi", "iso", "disk", "script")
    ),
    Cell(BIOS_ROM, TREE, "test_a_plain_bios_rom_gets_pxelinux_out_of_a_tree", arrived=PXELINUX_WHOLE),
    *(
        Cell(BIOS_GRUB, _KINDS.get(kind, LINUX), f"test_bios_grub_boots_what_the_station_has_by_its_own_ipxe[{kind}]")
        for kind in ("linux", "multiboot2", "iso", "disk", "script")
    ),
    Cell(BIOS_GRUB, EFI, "test_bios_grub_says_why_an_efi_application_does_not_boot", says_why=True),
    Cell(PXELINUX, LINUX, "test_pxelinux_started_by_a_network_cards_rom_boots_what_its_configuration_says"),
    *(
        Cell(PXELINUX, _KINDS[kind], f"test_pxelinux_out_of_a_tree_starts_other_images_by_its_own_modules[{kind}]")
        for kind in ("multiboot", "iso", "disk", "script")
    ),
    Cell(PXELINUX, TREE, "test_pxelinux_started_by_a_network_cards_rom_boots_what_its_configuration_says"),
    Cell(UEFI, LINUX, "test_both_firmwares_reach_userland_beside_a_router_that_knows_nothing_of_booting"),
    Cell(UEFI, MULTIBOOT1, "test_a_multiboot_kernel_boots_on_uefi"),
    Cell(UEFI, MULTIBOOT2, f"{_MULTIBOOT2}[OVMF]"),
    Cell(UEFI, EFI, "test_an_efi_application_boots_on_uefi"),
    Cell(UEFI, EFI, "test_a_hypervisors_loader_finds_its_file_and_then_the_own_disk_boots"),
    Cell(UEFI, ISO, _ISO),
    Cell(UEFI, ISO, f"{_LIVE}[OVMF]"),
    Cell(UEFI, DISK, _DISK),
    Cell(UEFI, SCRIPT, f"{_SCRIPT}[uefi]"),
    Cell(UEFI, TREE, f"{_TREE}[pxe]"),
    Cell(UEFI_HTTP, LINUX, "test_uefi_http_boot_reaches_userland_without_any_tftp"),
    Cell(UEFI_HTTP, MULTIBOOT1, f"{_PROGRAMS}[multiboot-http-boot]"),
    Cell(UEFI_HTTP, MULTIBOOT2, f"{_PROGRAMS}[multiboot2-http-boot]"),
    Cell(UEFI_HTTP, EFI, f"{_PROGRAMS}[efi-http-boot]"),
    Cell(UEFI_HTTP, ISO, f"{_MEDIA_HTTP}[iso]"),
    Cell(UEFI_HTTP, DISK, f"{_MEDIA_HTTP}[disk_image]"),
    Cell(UEFI_HTTP, SCRIPT, f"{_SCRIPT}[uefi-http-boot]"),
    Cell(UEFI_HTTP, TREE, f"{_TREE}[http-boot]"),
    Cell(SECURE, LINUX, "test_a_firmware_that_refuses_ipxe_gets_the_signed_chain_by_pxe_at_the_next_power_on"),
    Cell(
        SECURE_HTTP,
        LINUX,
        "test_a_firmware_that_refuses_ipxe_gets_the_signed_chain_by_http_boot_at_the_same_power_on",
    ),
    Cell(SECURE_HTTP, LINUX, "test_http_boot_of_a_disk_image_reaches_userland"),
    Cell(SECURE_HTTP, DISK, "test_with_secure_boot_on_http_boot_gets_the_whole_disk_image"),
    Cell(UEFI6, LINUX, "test_pxe_over_ipv6_boots_beside_a_router_that_only_announces"),
    Cell(UEFI6, LINUX, "test_pxe_over_ipv6_boots_by_a_proxys_offer_beside_a_dhcpv6_server"),
    Cell(UEFI6, MULTIBOOT1, "test_a_multiboot_kernel_boots_over_ipv6"),
    Cell(UEFI6, EFI, "test_an_efi_application_boots_over_ipv6"),
    Cell(UEFI6_HTTP, LINUX, "test_http_boot_over_ipv6_boots"),
    Cell(UEFI32, LINUX, f"{_IA32}[pxe]"),
    Cell(UEFI32, MULTIBOOT1, f"{_PROGRAMS}[multiboot-32-bit]"),
    Cell(UEFI32, MULTIBOOT2, f"{_MULTIBOOT2}[OVMF-32-bit]"),
    Cell(UEFI32_HTTP, LINUX, f"{_IA32}[http-boot]"),
    Cell(ARM64, LINUX, f"{_ARM64}[pxe]"),
    Cell(ARM64, EFI, f"{_ARM64_EFI}[pxe]"),
    Cell(ARM64, SCRIPT, f"{_SCRIPT}[arm64]"),
    Cell(ARM64_HTTP, EFI, f"{_ARM64_EFI}[http-boot]"),
    Cell(ARM64_HTTP, SCRIPT, f"{_SCRIPT}[arm64-http-boot]"),
    Cell(ARM64_HTTP, LINUX, f"{_ARM64}[http-boot]"),
    Cell(SECURE, MULTIBOOT2, "test_what_nobody_signs_is_explained_on_screen[multiboot2_elf]", says_why=True),
    Cell(SECURE, EFI, "test_a_signed_efi_application_starts"),
    Cell(SECURE, ISO, "test_a_live_system_with_a_signed_kernel_boots_out_of_its_iso"),
    Cell(UBOOT, LINUX, "test_u_boot_that_was_told_once_where_the_station_is_reaches_userland_by_itself"),
    Cell(UBOOT, MULTIBOOT1, "test_what_u_boot_cannot_start_is_told_on_its_console", says_why=True),
    Cell(RISCV64, LINUX, "test_a_riscv64_machine_reaches_userland"),
    Cell(RISCV64, SCRIPT, "test_an_ipxe_script_runs_on_riscv64"),
    Cell(RISCV64, MULTIBOOT1, f"{_RISCV_CANNOT}[multiboot_elf]", says_why=True),
    Cell(RISCV64, MULTIBOOT2, f"{_RISCV_CANNOT}[multiboot2_elf]", says_why=True),
    Cell(UBOOT, TREE, "test_u_boot_that_was_told_once_boots_out_of_a_tree"),
    *(
        Cell(
            *(UBOOT, _KINDS[kind]),
            f"test_images_of_every_kind_that_u_boot_cannot_start_are_told_on_its_console[{kind}]",
            says_why=True,
        )
        for kind in ("multiboot2", "efi", "iso", "disk", "script")
    ),
    *(Cell(_PLACES[place], TREE, f"test_a_tree_boots_in_its_cell[{place}]") for place in _PLACES),
    *_cells(_PROGRAM, "ovmf32", "efi-ia32"),
    *_cells(_PROGRAM, "ovmf32-http", "efi-ia32", "multiboot", "multiboot2"),
    *_cells(_PROGRAM, "secure-http", "efi-signed"),
    *_cells(_PROGRAM, "ipv6", "multiboot2"),
    *_cells(_PROGRAM, "ipv6-http", "efi", "multiboot", "multiboot2"),
    *(
        cell
        for place in ("ovmf32-http", "arm64", "arm64-http", "ipv6")
        for cell in _cells(_MEDIUM, place, "iso", "disk")
    ),
    *_cells(_MEDIUM, "ipv6-http", "iso", "disk"),
    *_cells(_MEDIUM, "secure-http", "iso"),
    *_cells(_RUNS, "ipv6", "script"),
    *_cells(_RUNS, "ipv6-http", "script"),
    *_cells(_CANNOT, "ovmf32", "iso", "disk", "script", says_why=True),
    *_cells(_CANNOT, "ovmf32-http", "script", says_why=True),
    *_cells(_CANNOT, "arm64", "multiboot", "multiboot2", says_why=True),
    *_cells(_CANNOT, "arm64-http", "multiboot", "multiboot2", says_why=True),
    *_cells(_CANNOT, "secure", "multiboot", "disk", "script", says_why=True),
    *_cells(_CANNOT, "secure-http", "multiboot", "multiboot2", "script", says_why=True),
)
"""What no cell stands for has not been run."""


def rewrite_grid(document: str, outcomes: Mapping[str, Sequence[Outcome]], quick: Iterable[str]) -> str:
    """``document`` with its grid as it is after a run; cells whose tests were not run keep what they said.

    Args:
        document: has a table whose first field is ``CORNER``.
        outcomes: how each test case went, by pytest's name for it.
        quick: the test cases that ``make test`` runs too.
    """
    lines = document.splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith(f"| {CORNER} |")), None)
    if start is None:
        return document
    end = next((n for n in range(start, len(lines)) if not lines[n].startswith("|")), len(lines))
    before = _read(lines[start:end])
    in_test = set(quick)
    rows = [
        f"| {firmware} | "
        + " | ".join(
            _field(firmware, image, outcomes, in_test) or before.get((firmware, image), NEVER) for image in IMAGES
        )
        + " |"
        for firmware in FIRMWARE
    ]
    lines[start:end] = [HEAD, RULE, *rows]
    return "\n".join(lines) + "\n"


def render_grid(document: str) -> Table:
    """The grid in ``document``, for a terminal."""
    fields = _read(document.splitlines())
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("", *IMAGES):
        table.add_column(title, overflow="fold")
    styles = {FAILED: "bold red", NEVER: "dim", SAYS_WHY: "yellow"}
    for firmware in FIRMWARE:
        texts = [fields.get((firmware, image), NEVER) for image in IMAGES]
        table.add_row(
            Text(firmware.replace("`", "")),
            *(Text(text.replace("*", ""), styles.get(text.removesuffix(ONLY_MATRIX), "green")) for text in texts),
        )
    return table


def _read(lines: Sequence[str]) -> dict[tuple[str, str], str]:
    """The fields of a grid's lines, by firmware and image."""
    found: dict[tuple[str, str], str] = {}
    images: list[str] = []
    for line in lines:
        first, *fields = [field.strip() for field in line.strip().strip("|").split("|")]
        if first == CORNER:
            images = fields
        elif first in FIRMWARE and len(fields) == len(images):
            found |= {(first, image): field for image, field in zip(images, fields, strict=True)}
    return found


def _field(firmware: str, image: str, outcomes: Mapping[str, Sequence[Outcome]], quick: set[str]) -> str | None:
    """What the run says of one cell; None when nothing of it was run."""
    cells = [cell for cell in CELLS if (cell.firmware, cell.image) == (firmware, image)]
    ran = [(cell, case) for cell in cells for case in outcomes if cell.is_proved_by(case)]
    if not ran:
        return None
    if not all(outcome.passed for _, case in ran for outcome in outcomes[case]):
        return FAILED
    mark = "" if any(cell.is_proved_by(case) for cell in cells for case in quick) else ONLY_MATRIX
    boots = [
        outcome.duration_s for cell, case in ran if not (cell.says_why or cell.arrived) for outcome in outcomes[case]
    ]
    return f"{f'{min(boots):.0f} s' if boots else ran[0][0].arrived or SAYS_WHY}{mark}"

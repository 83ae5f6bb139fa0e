"""Which program of a tree a machine begins with."""

import pytest

from bootbeam.boot.tftp_tree import NoProgram, PassedOver, TreeOffering, TreeProgram, choose_program, words_of_choices
from bootbeam.formats.boot_loader import LoaderFamily
from bootbeam.machine import Cpu, Firmware

BIOS, UEFI = Firmware.BIOS, Firmware.UEFI


def bios(path: str, family: LoaderFamily | None = None) -> TreeProgram:
    return TreeProgram(path, BIOS, Cpu.X86_64, family)


def efi(path: str, cpu: Cpu = Cpu.X86_64, family: LoaderFamily | None = None) -> TreeProgram:
    return TreeProgram(path, UEFI, cpu, family)


def choose(
    *programs: TreeProgram, firmware: Firmware = UEFI, cpu: Cpu = Cpu.X86_64, runs_ipxe: bool = False, **named: str
) -> str | NoProgram:
    chosen = choose_program(TreeOffering("/srv/tftp", programs, named), firmware, cpu, runs_ipxe=runs_ipxe)
    return chosen.path if isinstance(chosen, TreeProgram) else chosen


def test_bios_and_uefi_get_their_own() -> None:
    tree = (bios("pxelinux.0"), efi("bootx64.efi"), efi("bootaa64.efi", Cpu.ARM64))
    assert choose(*tree, firmware=BIOS) == "pxelinux.0"
    assert choose(*tree) == "bootx64.efi"
    assert choose(*tree, cpu=Cpu.ARM64) == "bootaa64.efi"


@pytest.mark.parametrize(
    ("paths", "first"),
    [
        (("grubx64.efi", "shimx64.efi", "ipxe.efi"), "shimx64.efi"),
        (("grubx64.efi", "BOOTX64.EFI"), "BOOTX64.EFI"),
        (("debian-installer/amd64/bootnetx64.efi", "debian-installer/amd64/grubx64.efi"), "bootnetx64.efi"),
        (("boot/grub/x86_64-efi/core.efi", "memtest.efi"), "core.efi"),
        (("a/b/grubx64.efi", "z/grubx64.efi", "y/grubx64.efi"), "y/grubx64.efi"),
        (("syslinux.efi", "ipxe.efi"), "ipxe.efi"),
        (("anything.efi",), "anything.efi"),
    ],
)
def test_the_names_tell_which_comes_first(paths: tuple[str, ...], first: str) -> None:
    chosen = choose(*(efi(path) for path in paths))
    assert isinstance(chosen, str)
    assert chosen.endswith(first)


def test_names_that_do_not_tell_are_no_guess() -> None:
    answer = choose(efi("memtest.efi"), efi("shell.efi"))
    assert isinstance(answer, NoProgram)
    assert "memtest.efi, shell.efi" in answer.reason
    assert "--tree-boot x64=PATH" in answer.fix
    assert choose(efi("memtest.efi"), efi("shell.efi"), x64="shell.efi") == "shell.efi"


def test_what_a_person_named_goes_before_every_name() -> None:
    assert choose(bios("pxelinux.0"), bios("mine.0"), firmware=BIOS, bios="mine.0") == "mine.0"
    answer = choose(bios("pxelinux.0"), efi("bootx64.efi"), firmware=BIOS, bios="bootx64.efi")
    assert isinstance(answer, NoProgram), "a program for other firmware is never offered, whoever names it"
    assert "--tree-boot" in answer.reason


def test_an_ipxe_gets_the_trees_script_else_its_boot_program_and_never_ipxe() -> None:
    script = TreeProgram("menu.ipxe", None, None)
    ipxe = bios("undionly.kpxe", LoaderFamily.IPXE)
    assert choose(bios("pxelinux.0"), firmware=BIOS, runs_ipxe=True) == "pxelinux.0"
    assert choose(bios("pxelinux.0"), ipxe, script, firmware=BIOS, runs_ipxe=True) == "menu.ipxe"
    assert choose(ipxe, script, firmware=BIOS, runs_ipxe=True) == "menu.ipxe"
    assert choose(ipxe, script, firmware=BIOS) == "undionly.kpxe", "firmware runs no scripts"
    both = (script, TreeProgram("boot.ipxe", None, None), TreeProgram("part/boot.ipxe", None, None))
    assert choose(*both, runs_ipxe=True) == "boot.ipxe"
    assert choose(TreeProgram("part.ipxe", None, None), efi("grubx64.efi"), runs_ipxe=True) == "grubx64.efi"
    assert choose(*both, bios("pxelinux.0"), firmware=BIOS, runs_ipxe=True, ipxe="pxelinux.0") == "pxelinux.0"
    answer = choose(ipxe, firmware=BIOS, runs_ipxe=True)
    assert isinstance(answer, NoProgram)
    assert "/srv/tftp/boot.ipxe" in answer.fix


@pytest.mark.parametrize(
    ("firmware", "cpu", "words"),
    [(BIOS, Cpu.X86_64, "pxelinux.0"), (UEFI, Cpu.ARM64, "arm64"), (UEFI, Cpu.I386, "ia32")],
)
def test_a_machine_that_nothing_fits_gets_nothing_and_words(firmware: Firmware, cpu: Cpu, words: str) -> None:
    answer = choose(efi("bootx64.efi"), firmware=firmware, cpu=cpu)
    assert isinstance(answer, NoProgram)
    assert "/srv/tftp has no" in answer.reason
    assert words in answer.fix


SHIM_ALONE = PassedOver("bootx64.efi", "a shim, and beside it is no grubx64.efi", "copy grubx64.efi", UEFI, Cpu.X86_64)
CUT = PassedOver("cut.efi", "not whole", "copy it again", UEFI, Cpu.X86_64)
UNREADABLE = PassedOver("locked.efi", "cannot be read: Permission denied", "chmod o+r locked.efi", UEFI, None)


def test_a_program_that_is_there_and_will_not_do_is_named_with_the_reason() -> None:
    tree = TreeOffering("/srv/tftp", (bios("pxelinux.0"),), passed_over=(SHIM_ALONE, CUT, UNREADABLE))
    answer = choose_program(tree, UEFI, Cpu.X86_64, runs_ipxe=False)
    assert isinstance(answer, NoProgram)
    assert "no EFI program" not in answer.reason
    for each in (SHIM_ALONE, CUT, UNREADABLE):
        assert f"{each.path} is {each.why}" in answer.reason or f"{each.path} {each.why}" in answer.reason
    assert answer.fix.startswith("copy grubx64.efi")
    other = choose_program(tree, UEFI, Cpu.ARM64, runs_ipxe=False)
    assert isinstance(other, NoProgram)
    assert "locked.efi" in other.reason
    assert "bootx64.efi" not in other.reason, "it is for another processor, and would not be begun with either way"
    no_bios = choose_program(TreeOffering("/srv/tftp", (), passed_over=(CUT,)), BIOS, Cpu.X86_64, runs_ipxe=False)
    assert isinstance(no_bios, NoProgram)
    assert "cut.efi" not in no_bios.reason


def test_a_program_for_another_processor_is_named() -> None:
    answer = choose(bios("pxelinux.0"), efi("bootx64.efi", Cpu.ARM64))
    assert isinstance(answer, NoProgram)
    assert "bootx64.efi is a program for arm64" in answer.reason
    assert "x86_64" in answer.reason


def test_what_a_person_named_and_will_not_do_is_told_with_the_reason() -> None:
    tree = TreeOffering("/srv/tftp", (), {"x64": "cut.efi"}, passed_over=(CUT,))
    answer = choose_program(tree, UEFI, Cpu.X86_64, runs_ipxe=False)
    assert isinstance(answer, NoProgram)
    assert "not whole" in answer.reason
    assert answer.fix == "copy it again"


def test_what_each_kind_of_machine_begins_with_in_words() -> None:
    tree = TreeOffering("/srv/tftp", (bios("undionly.kpxe", LoaderFamily.IPXE), efi("bootx64.efi")))
    assert words_of_choices(tree) == [
        "BIOS: undionly.kpxe",
        "UEFI x86_64: bootx64.efi",
        "UEFI x86_64 with iPXE in its network card: bootx64.efi",
    ]

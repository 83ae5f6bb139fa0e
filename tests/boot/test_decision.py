"""The one boot decision, over every kind of machine and image."""

from dataclasses import replace

import pytest

from bootbeam.boot.decision import (
    LOCAL_DISK,
    SCREEN_WORDS,
    BootLocalDisk,
    ChooseEntry,
    Explain,
    LoadNbp,
    Machine,
    Offering,
    Refuse,
    RunEntry,
    RunningGrub,
    decide,
    own_chain,
)
from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile, SignedStart
from bootbeam.boot.tftp_tree import TreeOffering, TreeProgram
from bootbeam.machine import Cpu, Firmware, SecureBootPolicy
from bootbeam.pxe.first_program import UNKNOWN, Chain, Standing

X64 = frozenset({Cpu.X86_64})
ARM64 = frozenset({Cpu.ARM64})


def entry_of(name: str, *ways: BootWay, initrds: tuple[ServedFile, ...] = ()) -> BootEntry:
    return BootEntry(name, f"title of {name}", ways, ServedFile(name), initrds)


DEBIAN = entry_of(
    "linux",
    BootWay(Method.EFI_LINUX, Firmware.UEFI, X64),
    BootWay(Method.LINUX, Firmware.BIOS, X64),
    initrds=(ServedFile("initrd.gz"),),
)
BITVISOR = entry_of("bitvisor.elf", BootWay(Method.MULTIBOOT, Firmware.BIOS, frozenset()))
SHELL = entry_of("shell.efi", BootWay(Method.EFI_APPLICATION, Firmware.UEFI, X64))
ARM_KERNEL = entry_of("Image", BootWay(Method.EFI_LINUX, Firmware.UEFI, ARM64))
SCRIPT = entry_of("menu.ipxe", BootWay(Method.IPXE_SCRIPT, None, frozenset()))

LOADERS = {(Firmware.BIOS, Cpu.X86_64): "bios/undionly.kpxe", (Firmware.UEFI, Cpu.X86_64): "x64/snponly.efi"}


def machine(firmware: Firmware = Firmware.UEFI, cpu: Cpu | None = Cpu.X86_64, *, runs_ipxe: bool = True) -> Machine:
    return Machine(firmware, cpu, f"{firmware} {cpu}", runs_ipxe)


def offering(*entries: BootEntry, default: str | None = None) -> Offering:
    return Offering(entries, LOADERS, default, 10, {(Firmware.UEFI, Cpu.ARM64): "bootbeam loaders fetch"})


@pytest.mark.parametrize("firmware", [Firmware.BIOS, Firmware.UEFI])
def test_firmware_gets_the_loader_of_its_kind(firmware: Firmware) -> None:
    plan = decide(machine(firmware, runs_ipxe=False), offering(DEBIAN))
    assert plan == LoadNbp(LOADERS[firmware, Cpu.X86_64])


def test_firmware_gets_its_loader_even_for_an_image_that_cannot_boot_so_that_its_screen_can_say_why() -> None:
    assert decide(machine(Firmware.UEFI, runs_ipxe=False), offering(BITVISOR)) == LoadNbp("x64/snponly.efi")


def test_no_loader_no_guess_but_the_way_to_get_one() -> None:
    plan = decide(machine(Firmware.UEFI, Cpu.ARM64, runs_ipxe=False), offering(DEBIAN))
    assert isinstance(plan, Refuse)
    assert plan.fix == "bootbeam loaders fetch"
    plan = decide(machine(Firmware.UEFI, Cpu.RISCV64, runs_ipxe=False), offering(DEBIAN))
    assert isinstance(plan, Refuse)
    assert "bootbeam loaders" in plan.fix


def test_a_processor_nothing_boots_on_is_refused() -> None:
    assert isinstance(decide(machine(cpu=None), offering(DEBIAN)), Refuse)


@pytest.mark.parametrize(
    ("entry", "firmware", "cpu", "method"),
    [
        (DEBIAN, Firmware.BIOS, Cpu.X86_64, Method.LINUX),
        (DEBIAN, Firmware.UEFI, Cpu.X86_64, Method.EFI_LINUX),
        (BITVISOR, Firmware.BIOS, Cpu.X86_64, Method.MULTIBOOT),
        (SHELL, Firmware.UEFI, Cpu.X86_64, Method.EFI_APPLICATION),
        (ARM_KERNEL, Firmware.UEFI, Cpu.ARM64, Method.EFI_LINUX),
        (SCRIPT, Firmware.BIOS, Cpu.X86_64, Method.IPXE_SCRIPT),
        (SCRIPT, Firmware.UEFI, Cpu.ARM64, Method.IPXE_SCRIPT),
    ],
)
def test_one_image_starts_at_once_where_it_fits(entry: BootEntry, firmware: Firmware, cpu: Cpu, method: Method) -> None:
    plan = decide(machine(firmware, cpu), offering(entry))
    assert isinstance(plan, RunEntry)
    assert (plan.entry, plan.way.method) == (entry, method)


@pytest.mark.parametrize(
    ("entry", "firmware", "cpu", "why", "fix"),
    [
        (BITVISOR, Firmware.UEFI, Cpu.X86_64, "Multiboot ELF, which needs BIOS firmware", "legacy (CSM) boot"),
        (SHELL, Firmware.BIOS, Cpu.X86_64, "needs UEFI firmware", "UEFI boot"),
        (ARM_KERNEL, Firmware.UEFI, Cpu.X86_64, "for 64-bit ARM (arm64)", "built for 64-bit x86"),
        (ARM_KERNEL, Firmware.BIOS, Cpu.X86_64, "needs UEFI firmware", "built for 64-bit x86"),
        (DEBIAN, Firmware.UEFI, Cpu.ARM64, "for 64-bit x86", "built for 64-bit ARM"),
        (DEBIAN, Firmware.UEFI, Cpu.I386, "for 64-bit x86", "built for 32-bit x86"),
    ],
)
def test_what_does_not_fit_is_explained(entry: BootEntry, firmware: Firmware, cpu: Cpu, why: str, fix: str) -> None:
    plan = decide(machine(firmware, cpu), offering(entry))
    assert isinstance(plan, Explain)
    assert entry.name in plan.explanation.title
    assert why in plan.explanation.why
    assert fix in plan.explanation.fix


def test_several_images_make_a_menu_whose_default_fits() -> None:
    plan = decide(machine(Firmware.BIOS), offering(SHELL, DEBIAN, BITVISOR))
    assert plan == ChooseEntry((SHELL, DEBIAN, BITVISOR), "linux", 10)


def test_the_default_asked_for_is_taken_where_it_fits() -> None:
    plan = decide(machine(Firmware.BIOS), offering(DEBIAN, BITVISOR, default="bitvisor.elf"))
    assert isinstance(plan, ChooseEntry)
    assert plan.default == "bitvisor.elf"
    plan = decide(machine(Firmware.UEFI), offering(DEBIAN, BITVISOR, default="bitvisor.elf"))
    assert isinstance(plan, ChooseEntry)
    assert plan.default == "linux"


def test_a_menu_nothing_of_which_fits_is_explained() -> None:
    assert isinstance(decide(machine(Firmware.UEFI), offering(BITVISOR, BITVISOR)), Explain)


INSTALLER = replace(DEBIAN, name="installer", is_unattended=True)


def test_an_unattended_installation_is_no_default_for_a_machine_nobody_named() -> None:
    plan = decide(machine(), offering(INSTALLER))
    assert plan == ChooseEntry((INSTALLER,), LOCAL_DISK, 10)
    plan = decide(machine(), offering(INSTALLER, DEBIAN, default="installer"))
    assert isinstance(plan, ChooseEntry)
    assert plan.default == "linux"


def test_it_starts_by_itself_on_a_machine_somebody_named_and_when_a_person_chooses_it() -> None:
    named = replace(machine(), may_be_wiped=True)
    plan = decide(named, offering(INSTALLER))
    assert isinstance(plan, RunEntry)
    plan = decide(named, offering(DEBIAN, INSTALLER, default="installer"))
    assert isinstance(plan, ChooseEntry)
    assert plan.default == "installer"
    assert isinstance(decide(machine(), offering(INSTALLER), "installer"), RunEntry)


def test_an_installed_machine_is_sent_to_its_own_disk() -> None:
    installed = replace(machine(), may_be_wiped=True, installed_from="ubuntu.iso")
    plan = decide(installed, offering(INSTALLER))
    assert plan == BootLocalDisk("it was installed from ubuntu.iso")
    assert isinstance(decide(installed, offering(DEBIAN)), RunEntry), "nothing here would install it again"
    assert isinstance(decide(installed, offering(INSTALLER), "installer"), RunEntry), "a person chose it"


def test_a_chosen_entry_starts_or_is_explained() -> None:
    offered = offering(DEBIAN, BITVISOR)
    assert isinstance(decide(machine(), offered, "linux"), RunEntry)
    assert isinstance(decide(machine(), offered, "bitvisor.elf"), Explain)
    plan = decide(machine(), offered, "gone.elf")
    assert isinstance(plan, Explain)
    assert "linux, bitvisor.elf" in plan.explanation.fix


ON_UEFI = frozenset({Cpu.X86_64, Cpu.I386})
HYPERVISOR = entry_of(
    "xen",
    BootWay(Method.MULTIBOOT, Firmware.BIOS, frozenset()),
    BootWay(Method.GRUB_MULTIBOOT2, Firmware.UEFI, ON_UEFI),
    BootWay(Method.GRUB_MULTIBOOT, Firmware.UEFI, ON_UEFI),
)
OLD_KERNEL = entry_of(
    "old", BootWay(Method.LINUX, Firmware.BIOS, frozenset()), BootWay(Method.GRUB_LINUX, Firmware.UEFI, ON_UEFI)
)


def with_grub(
    firmware: Firmware = Firmware.UEFI,
    cpu: Cpu = Cpu.X86_64,
    *,
    is_locked_down: bool = False,
    has_multiboot: bool = True,
) -> Machine:
    return Machine(firmware, cpu, f"{firmware} {cpu}", grub=RunningGrub(is_locked_down, has_multiboot))


@pytest.mark.parametrize(
    ("asking", "entry", "method"),
    [
        (machine(Firmware.BIOS), HYPERVISOR, Method.MULTIBOOT),
        (machine(Firmware.UEFI), HYPERVISOR, Method.GRUB_MULTIBOOT2),
        (machine(Firmware.UEFI), OLD_KERNEL, Method.GRUB_LINUX),
        (with_grub(), HYPERVISOR, Method.GRUB_MULTIBOOT2),
        (with_grub(cpu=Cpu.I386), HYPERVISOR, Method.GRUB_MULTIBOOT2),
        (with_grub(Firmware.BIOS), HYPERVISOR, Method.MULTIBOOT),
        (with_grub(cpu=Cpu.I386), OLD_KERNEL, Method.GRUB_LINUX),
        (with_grub(), DEBIAN, Method.EFI_LINUX),
        (with_grub(), SHELL, Method.EFI_APPLICATION),
    ],
)
def test_grub_starts_what_ipxe_cannot(asking: Machine, entry: BootEntry, method: Method) -> None:
    plan = decide(asking, offering(entry))
    assert isinstance(plan, RunEntry)
    assert (plan.entry, plan.way.method) == (entry, method)


def test_without_anything_to_make_a_grub_from_the_package_is_named() -> None:
    kind = (Firmware.UEFI, Cpu.X86_64)
    offered = replace(offering(HYPERVISOR), grub_advice={kind: "sudo apt install grub-efi-amd64-bin"})
    plan = decide(machine(Firmware.UEFI), offered)
    assert isinstance(plan, Explain)
    assert "Multiboot 2 kernel" in plan.explanation.why
    assert "sudo apt install grub-efi-amd64-bin" in plan.explanation.fix
    assert isinstance(decide(machine(Firmware.BIOS), offered), RunEntry), "iPXE does it alone there"
    assert isinstance(decide(with_grub(), offered), RunEntry), "one runs already"


def test_what_a_grub_lacks_an_ipxe_is_started_for_and_where_there_is_none_that_is_said() -> None:
    assert decide(with_grub(has_multiboot=False), offering(HYPERVISOR)) == LoadNbp("x64/snponly.efi")
    assert decide(with_grub(), offering(SCRIPT)) == LoadNbp("x64/snponly.efi")
    plan = decide(with_grub(cpu=Cpu.I386), offering(SCRIPT))
    assert isinstance(plan, Explain)
    assert "an iPXE script, which GRUB cannot start" in plan.explanation.why


@pytest.mark.parametrize(
    "entry", [HYPERVISOR, SCRIPT, replace(DEBIAN, is_signed=False), replace(SHELL, is_signed=False)]
)
def test_with_secure_boot_on_nothing_unsigned_is_tried(entry: BootEntry) -> None:
    plan = decide(with_grub(is_locked_down=True, has_multiboot=True), offering(entry))
    assert isinstance(plan, Explain)
    assert "Secure Boot on" in plan.explanation.title
    assert "no signature" in plan.explanation.why
    assert "switch Secure Boot off" in plan.explanation.fix


@pytest.mark.parametrize("is_signed", [True, None])
def test_with_secure_boot_on_what_may_be_signed_is_tried(is_signed: bool | None) -> None:
    entry = replace(DEBIAN, is_signed=is_signed)
    plan = decide(with_grub(is_locked_down=True, has_multiboot=False), offering(entry))
    assert isinstance(plan, RunEntry)


def test_a_grubs_menu_is_a_menu() -> None:
    plan = decide(with_grub(), offering(DEBIAN, HYPERVISOR, default="xen"))
    assert plan == ChooseEntry((DEBIAN, HYPERVISOR), "xen", 10)


SIGNED = {(Firmware.UEFI, Cpu.X86_64): "x64/shimx64.efi"}
CAME_BACK = Standing(Chain.SIGNED, "x64/snponly.efi")
CAME_BACK_FROM_SHIM = Standing(Chain.PLAIN, "x64/shimx64.efi")


def first_program(
    standing: Standing = UNKNOWN,
    policy: SecureBootPolicy = SecureBootPolicy.AUTO,
    *,
    has_chain: bool = True,
    firmware: Firmware = Firmware.UEFI,
) -> LoadNbp:
    offered = replace(offering(DEBIAN), signed_loaders=SIGNED if has_chain else {}, secure_boot=policy)
    plan = decide(replace(machine(firmware, runs_ipxe=False), standing=standing), offered)
    assert isinstance(plan, LoadNbp)
    return plan


def test_a_machine_that_refused_ipxe_gets_the_signed_chain_and_the_log_says_why() -> None:
    assert first_program() == LoadNbp("x64/snponly.efi")
    plan = first_program(CAME_BACK)
    assert plan.path == "x64/shimx64.efi"
    assert plan.remark.startswith("x64/snponly.efi was loaded whole and never started: Secure Boot is on")
    assert first_program(Standing(Chain.SIGNED)) == LoadNbp("x64/shimx64.efi"), "it works: nothing to remark"


def test_without_a_signed_chain_the_log_says_exactly_what_to_do() -> None:
    plan = first_program(CAME_BACK, has_chain=False)
    assert plan.path == "x64/snponly.efi"
    assert "no signed boot loader for UEFI x86_64" in plan.remark
    assert "bootbeam loaders fetch" in plan.fix
    assert "switch Secure Boot off" in plan.fix
    assert plan.screen_words in SCREEN_WORDS


def test_the_policy_of_a_person_goes_first() -> None:
    assert first_program(policy=SecureBootPolicy.ALWAYS) == LoadNbp("x64/shimx64.efi")
    assert first_program(policy=SecureBootPolicy.ALWAYS, has_chain=False) == LoadNbp("x64/snponly.efi")
    plan = first_program(CAME_BACK, SecureBootPolicy.NEVER)
    assert plan.path == "x64/snponly.efi"
    assert "--secure-boot never" in plan.fix


def test_a_refused_shim_leads_back_to_ipxe() -> None:
    plan = first_program(CAME_BACK_FROM_SHIM)
    assert plan.path == "x64/snponly.efi"
    assert "x64/shimx64.efi was loaded whole and never started" in plan.remark
    assert "newer shim" in plan.fix


DISKS = {(Firmware.UEFI, Cpu.X86_64): "x64/signed.img"}


@pytest.mark.parametrize("loads_by_http", [False, True])
def test_where_the_signed_grub_is_too_old_http_boot_gets_a_disk_image_and_pxe_an_explanation(
    loads_by_http: bool,
) -> None:
    asking = replace(machine(runs_ipxe=False), standing=CAME_BACK, loads_by_http=loads_by_http)
    plan = decide(asking, replace(offering(DEBIAN), signed_disks=DISKS))
    assert isinstance(plan, LoadNbp)
    assert plan.path == ("x64/signed.img" if loads_by_http else "x64/snponly.efi")
    if loads_by_http:
        assert "it gets the signed shim and GRUB now" in plan.remark
    else:
        assert "too old to be booted by PXE" in plan.remark
        assert plan.screen_words == "Secure-Boot-is-on--choose-UEFI-HTTP-boot--or-run-bootbeam-loaders-fetch"
        assert "choose UEFI HTTP boot" in plan.fix
        assert "bootbeam loaders fetch" in plan.fix


def test_a_newer_signed_grub_goes_before_a_disk_image() -> None:
    asking = replace(machine(runs_ipxe=False), standing=CAME_BACK, loads_by_http=True)
    plan = decide(asking, replace(offering(DEBIAN), signed_disks=DISKS, signed_loaders=SIGNED))
    assert isinstance(plan, LoadNbp)
    assert plan.path == "x64/shimx64.efi"


FEDORAS = SignedStart(Cpu.X86_64, "signed/fedora.iso/shimx64.efi", ("Fedora CA",))
FEDORA = replace(DEBIAN, name="fedora.iso", signers=("Fedora CA", "Fedora Signer"), own_chains=(FEDORAS,))


@pytest.mark.parametrize(
    ("entry", "trusted", "path"),
    [
        (FEDORA, ("Debian CA",), FEDORAS.path),
        (FEDORA, ("Fedora CA",), "x64/shimx64.efi"),
        (FEDORA, (), "x64/shimx64.efi"),
        (replace(FEDORA, signers=()), ("Debian CA",), "x64/shimx64.efi"),
        (replace(FEDORA, own_chains=()), ("Debian CA",), "x64/shimx64.efi"),
    ],
    ids=["another distribution's", "the same", "a shim that tells nothing", "a kernel that tells nothing", "none"],
)
def test_an_iso_whose_kernel_our_shim_does_not_accept_is_booted_by_its_own(
    entry: BootEntry, trusted: tuple[str, ...], path: str
) -> None:
    asking = replace(machine(runs_ipxe=False), standing=CAME_BACK)
    offered = replace(offering(entry), signed_loaders=SIGNED, trusted={(Firmware.UEFI, Cpu.X86_64): trusted})
    plan = decide(asking, offered)
    assert isinstance(plan, LoadNbp)
    assert plan.path == path


def test_without_signed_loaders_on_the_station_the_isos_own_are_taken_of_the_entry_that_boots_by_itself() -> None:
    asking = replace(machine(runs_ipxe=False), standing=CAME_BACK)
    plan = decide(asking, offering(FEDORA))
    assert isinstance(plan, LoadNbp)
    assert plan.path == FEDORAS.path
    several = offering(DEBIAN, FEDORA)
    assert own_chain(Cpu.X86_64, several) is None
    assert own_chain(Cpu.X86_64, replace(several, default="fedora.iso")) == FEDORAS
    assert own_chain(Cpu.ARM64, offering(FEDORA)) is None


def test_for_32_bit_uefi_nobody_signs_anything() -> None:
    asking = replace(machine(cpu=Cpu.I386, runs_ipxe=False), standing=Standing(Chain.SIGNED, "grub/i386-efi/grub.efi"))
    plan = decide(asking, Offering((DEBIAN,), {(Firmware.UEFI, Cpu.I386): "grub/i386-efi/grub.efi"}))
    assert isinstance(plan, LoadNbp)
    assert "no distribution has a signed boot loader for 32-bit UEFI" in plan.remark
    assert plan.fix == "switch Secure Boot off in the machine's setup"
    assert plan.screen_words == "Secure-Boot-is-on--switch-it-off-in-the-setup"


def test_what_ran_before_is_given_once_more() -> None:
    plan = first_program(Standing(Chain.PLAIN, "x64/snponly.efi", is_once_more=True))
    assert plan.path == "x64/snponly.efi"
    assert plan.remark == "x64/snponly.efi was loaded whole and never started this time: it gets it once more"


def test_a_person_who_wants_the_signed_chain_always_gets_it_again() -> None:
    plan = first_program(CAME_BACK_FROM_SHIM, SecureBootPolicy.ALWAYS)
    assert plan.path == "x64/shimx64.efi"
    assert "--secure-boot always gives it the same again" in plan.remark


@pytest.mark.parametrize("policy", [SecureBootPolicy.AUTO, SecureBootPolicy.ALWAYS])
def test_a_shim_that_did_not_get_on_over_ipv6_is_told_with_the_way_round(policy: SecureBootPolicy) -> None:
    asking = replace(machine(runs_ipxe=False), standing=CAME_BACK_FROM_SHIM, asks_over_ipv6=True)
    plan = decide(asking, replace(offering(DEBIAN), signed_loaders=SIGNED, secure_boot=policy))
    assert isinstance(plan, LoadNbp)
    assert "only where no other DHCPv6 server gives the address" in plan.remark
    assert plan.fix.startswith("choose UEFI HTTP boot")
    by_http = decide(replace(asking, loads_by_http=True), replace(offering(DEBIAN), signed_loaders=SIGNED))
    assert isinstance(by_http, LoadNbp)
    assert "DHCPv6" not in by_http.remark


@pytest.mark.parametrize("policy", SecureBootPolicy)
def test_a_bios_has_no_secure_boot(policy: SecureBootPolicy) -> None:
    plan = first_program(CAME_BACK, policy, firmware=Firmware.BIOS)
    assert plan == LoadNbp("bios/undionly.kpxe")


def test_where_only_the_signed_chain_exists_it_is_given_when_it_is_wanted() -> None:
    offered = Offering((DEBIAN,), {}, signed_loaders=SIGNED)
    asking = machine(runs_ipxe=False)
    assert isinstance(decide(asking, offered), Refuse)
    assert decide(asking, replace(offered, secure_boot=SecureBootPolicy.ALWAYS)) == LoadNbp("x64/shimx64.efi")


def test_a_tree_is_all_there_is_and_an_old_grub_in_it_is_warned_of() -> None:
    old = TreeProgram("grubx64.efi", Firmware.UEFI, Cpu.X86_64, asks_router=True)
    tree = replace(offering(DEBIAN), tree=TreeOffering("/srv/tftp", (old,)))
    for runs_ipxe in (False, True):
        plan = decide(machine(runs_ipxe=runs_ipxe), tree)
        assert isinstance(plan, LoadNbp)
        assert plan.path == "grubx64.efi"
        assert "asks the router" in plan.remark
        assert "bootbeam loaders fetch" in plan.fix
    assert isinstance(decide(machine(Firmware.BIOS, runs_ipxe=False), tree), Refuse)
    new = replace(tree, tree=TreeOffering("/srv/tftp", (replace(old, asks_router=False),)))
    assert decide(machine(runs_ipxe=False), new) == LoadNbp("grubx64.efi")


DISK = entry_of("disk.img", BootWay(Method.DISK, Firmware.UEFI, X64))
BIOS_CD = entry_of("old.iso", BootWay(Method.CD, Firmware.BIOS, frozenset()))


@pytest.mark.parametrize(
    ("entry", "firmware", "cpu", "why", "fix"),
    [
        (DISK, Firmware.BIOS, Cpu.X86_64, "the boot loader in it is for UEFI on 64-bit x86 (x64), and", "to UEFI boot"),
        (DISK, Firmware.UEFI, Cpu.ARM64, "the boot loader in it is for UEFI on 64-bit x86 (x64), and", "built for"),
        (BIOS_CD, Firmware.UEFI, Cpu.X86_64, "the boot loader in it is for BIOS, and", "EFI/BOOT/BOOTX64.EFI"),
    ],
)
def test_an_image_with_another_machines_boot_loader_is_explained_before_it_is_tried(
    entry: BootEntry, firmware: Firmware, cpu: Cpu, why: str, fix: str
) -> None:
    plan = decide(machine(firmware, cpu), offering(entry))
    assert isinstance(plan, Explain)
    assert why in plan.explanation.why
    assert fix in plan.explanation.fix


def test_grub_hands_a_disk_image_to_ipxe_and_with_secure_boot_on_says_what_works() -> None:
    signed = replace(machine(runs_ipxe=False), grub=RunningGrub())
    assert decide(signed, offering(DISK)) == LoadNbp("x64/snponly.efi")
    locked_down = replace(signed, grub=RunningGrub(is_locked_down=True))
    plan = decide(locked_down, offering(DISK))
    assert isinstance(plan, Explain)
    assert "HTTP boot" in plan.explanation.fix


def test_http_boot_gets_the_whole_disk_image_where_ipxe_cannot_run() -> None:
    firmware = replace(machine(runs_ipxe=False), loads_by_http=True)
    refused = replace(firmware, standing=Standing(Chain.SIGNED, "x64/snponly.efi"))
    assert decide(firmware, offering(DISK)) == LoadNbp("x64/snponly.efi"), "iPXE needs less memory"
    plan = decide(refused, offering(DISK))
    assert isinstance(plan, LoadNbp)
    assert plan.path == "disk.img"
    assert "all of disk.img goes into the machine's memory" in plan.remark
    always = replace(offering(DISK), secure_boot=SecureBootPolicy.ALWAYS)
    assert decide(firmware, always) == LoadNbp("disk.img")
    arm = replace(machine(cpu=Cpu.ARM64, runs_ipxe=False), loads_by_http=True)
    arm_disk = entry_of("arm.img", BootWay(Method.DISK, Firmware.UEFI, ARM64))
    assert decide(arm, offering(arm_disk)) == LoadNbp("arm.img"), "there is no iPXE for it here"
    ia32 = replace(machine(cpu=Cpu.I386, runs_ipxe=False), loads_by_http=True)
    grub = {(Firmware.UEFI, Cpu.I386): "grub/i386-efi/grub.efi"}
    assert decide(ia32, Offering((IA32_DISK,), grub)) == LoadNbp("ia32.img"), "the GRUB made here starts no disks"
    assert decide(ia32, Offering((DEBIAN,), grub)) == LoadNbp("grub/i386-efi/grub.efi")


def test_http_boot_gets_no_image_that_is_not_alone_or_not_for_it() -> None:
    refused = replace(machine(runs_ipxe=False), loads_by_http=True, standing=Standing(Chain.SIGNED, "x64/snponly.efi"))
    for entries in ((DISK, DEBIAN), (DEBIAN,), (BIOS_CD,)):
        plan = decide(refused, offering(*entries))
        assert isinstance(plan, LoadNbp)
        assert plan.path == "x64/snponly.efi"
    by_pxe = replace(refused, loads_by_http=False)
    plan = decide(by_pxe, offering(DISK))
    assert isinstance(plan, LoadNbp)
    assert plan.path == "x64/snponly.efi", "PXE knows no disks"


IA32_DISK = entry_of("ia32.img", BootWay(Method.DISK, Firmware.UEFI, frozenset({Cpu.I386})))


@pytest.mark.parametrize("entry", [SCRIPT, IA32_DISK], ids=["script", "disk"])
def test_a_grub_that_stands_in_for_ipxe_does_not_start_itself_for_what_it_cannot_start(entry: BootEntry) -> None:
    asking = replace(machine(cpu=Cpu.I386, runs_ipxe=False), grub=RunningGrub(has_multiboot=True))
    plan = decide(asking, Offering((entry,), {(Firmware.UEFI, Cpu.I386): "grub/i386-efi/grub.efi"}))
    assert isinstance(plan, Explain)
    assert "the station has no iPXE for this machine" in plan.explanation.why


@pytest.mark.parametrize("entry", [SCRIPT, SHELL, IA32_DISK], ids=["script", "efi", "disk"])
def test_u_boot_is_given_nothing_but_kernels(entry: BootEntry) -> None:
    asking = replace(machine(Firmware.UBOOT, Cpu.ARM64, runs_ipxe=False), asks_by_u_boot=True)
    plan = decide(asking, offering(entry))
    assert isinstance(plan, Explain)
    assert plan.explanation.finding == "BB-082"
    assert "this machine runs U-Boot on 64-bit ARM" in plan.explanation.why
    assert "it is for  " not in plan.explanation.why
    if entry is SCRIPT:
        assert plan.explanation.why.startswith("it is an iPXE script, which U-Boot cannot start")
        assert "bootefi" in plan.explanation.fix


def test_with_secure_boot_on_a_script_is_told_whose_signature_is_missing() -> None:
    locked_down = replace(machine(runs_ipxe=False), grub=RunningGrub(is_locked_down=True))
    plan = decide(locked_down, offering(SCRIPT))
    assert isinstance(plan, Explain)
    assert plan.explanation.title == "menu.ipxe cannot boot with Secure Boot on"
    assert plan.explanation.why == "iPXE, which runs such scripts, carries no signature that the machine accepts"

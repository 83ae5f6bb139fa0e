"""Which files make which entries."""

from pathlib import Path

import pytest

from bootbeam.boot.entry import BootEntry, BootWay, Method, ServedFile
from bootbeam.errors import UserError
from bootbeam.formats.compression import Compression
from bootbeam.formats.disk import DiskImage
from bootbeam.formats.identity import BootForm, BootsOn, Identity, Kind
from bootbeam.formats.linux import LinuxKernel
from bootbeam.library.entries import NamedFile, PlannedEntry, keep_names, plan_entries, told_apart, ways_of
from bootbeam.machine import Cpu, Firmware

LINUX_SIDE = LinuxKernel("bzImage", Cpu.X86_64)
BIOS_LINUX = BootsOn(Firmware.BIOS, Cpu.X86_64, BootForm.LINUX)
UEFI_X64 = BootsOn(Firmware.UEFI, Cpu.X86_64, BootForm.EFI)
BIOS_MULTIBOOT = BootsOn(Firmware.BIOS, Cpu.I386, BootForm.MULTIBOOT1)
GRUB_ONLY = BootsOn(Firmware.BIOS, Cpu.I386, BootForm.MULTIBOOT2, "iPXE does not know Multiboot 2")

KERNEL = Identity(Kind.LINUX_KERNEL, "Linux kernel 6.1", 8_000_000, boots_on=(BIOS_LINUX, UEFI_X64), linux=LINUX_SIDE)
INITRD = Identity(Kind.INITRD, "initrd", 1000)
HYPERVISOR = Identity(Kind.MULTIBOOT_KERNEL, "Multiboot kernel", 1000, boots_on=(BIOS_MULTIBOOT,))
MULTIBOOT2 = Identity(Kind.MULTIBOOT_KERNEL, "Multiboot 2 kernel", 1000, boots_on=(GRUB_ONLY,))
ELF64 = Identity(
    Kind.MULTIBOOT_KERNEL,
    "Multiboot kernel (64-bit ELF)",
    1000,
    boots_on=(
        BootsOn(Firmware.BIOS, Cpu.X86_64, BootForm.MULTIBOOT1, "iPXE loads 32-bit ELF files only"),
        BootsOn(Firmware.UEFI, Cpu.X86_64, BootForm.MULTIBOOT1, "iPXE starts Multiboot kernels in BIOS mode only"),
    ),
)
PLAIN_ELF = Identity(Kind.ELF, "64-bit ELF program", 1000)
PICTURE = Identity(Kind.UNKNOWN, "PNG picture", 1000)
PACKED = Identity(Kind.COMPRESSED, "gzip file", 500, compression=Compression.GZIP, unpacked=HYPERVISOR)


def named(path: str, identity: Identity) -> NamedFile:
    return NamedFile(Path(path), identity)


def found(path: str, identity: Identity) -> NamedFile:
    return NamedFile(Path(path), identity, from_directory=True)


def shape(entries: list[PlannedEntry]) -> list[tuple[str, list[str]]]:
    return [(entry.name, entry.initrd_names) for entry in entries]


def test_an_initrd_belongs_to_the_kernel_before_it() -> None:
    entries = plan_entries(
        [
            named("a/linux", KERNEL),
            named("a/initrd.gz", INITRD),
            named("b/linux", KERNEL),
            named("b/initrd.gz", INITRD),
        ],
        "quiet",
    )
    assert shape(entries) == [("linux", ["initrd.gz"]), ("linux-2", ["initrd-2.gz"])]
    assert [entry.cmdline for entry in entries] == ["quiet", "quiet"]


def test_an_initrd_before_the_only_kernel_is_taken_too() -> None:
    assert shape(plan_entries([named("initrd", INITRD), named("linux", KERNEL)], "")) == [("linux", ["initrd"])]


def test_an_initrd_alone_is_a_mistake_with_a_next_step() -> None:
    with pytest.raises(UserError) as caught:
        plan_entries([named("initrd.gz", INITRD)], "")
    assert "bootbeam serve KERNEL initrd.gz" in caught.value.fix


def test_in_a_directory_versions_decide() -> None:
    entries = plan_entries(
        [
            found("boot/initrd.img-6.1.0-31-amd64", INITRD),
            found("boot/initrd.img-6.1.0-9-amd64", INITRD),
            found("boot/memtest.png", PICTURE),
            found("boot/vmlinuz-6.1.0-31-amd64", KERNEL),
            found("boot/vmlinuz-6.1.0-9-amd64", KERNEL),
        ],
        "",
    )
    assert shape(entries) == [
        ("vmlinuz-6.1.0-31-amd64", ["initrd.img-6.1.0-31-amd64"]),
        ("vmlinuz-6.1.0-9-amd64", ["initrd.img-6.1.0-9-amd64"]),
    ]


def test_in_a_directory_the_only_kernel_gets_the_only_initrd() -> None:
    assert shape(plan_entries([found("d/initrd.gz", INITRD), found("d/linux", KERNEL)], "")) == [
        ("linux", ["initrd.gz"])
    ]


@pytest.mark.parametrize(("identity", "words"), [(PICTURE, "PNG picture"), (PLAIN_ELF, "64-bit ELF")])
def test_what_cannot_boot_is_refused_with_what_was_seen_and_what_is_accepted(identity: Identity, words: str) -> None:
    with pytest.raises(UserError) as caught:
        plan_entries([named("x", identity)], "")
    assert words in caught.value.what
    assert "iPXE script" in caught.value.fix


def test_in_a_directory_it_is_left_out() -> None:
    assert shape(plan_entries([found("d/a.png", PICTURE), found("d/xen.elf", HYPERVISOR)], "")) == [("xen.elf", [])]


def test_ways() -> None:
    assert ways_of(KERNEL) == (
        BootWay(Method.LINUX, Firmware.BIOS, frozenset()),
        BootWay(Method.EFI_LINUX, Firmware.UEFI, frozenset({Cpu.X86_64})),
        BootWay(Method.GRUB_LINUX, Firmware.UEFI, frozenset({Cpu.X86_64, Cpu.I386})),
    )
    assert ways_of(HYPERVISOR) == (BootWay(Method.MULTIBOOT, Firmware.BIOS, frozenset()),)
    assert ways_of(PACKED) == ways_of(HYPERVISOR), "it is served unpacked"
    assert ways_of(MULTIBOOT2) == (BootWay(Method.GRUB_MULTIBOOT2, Firmware.BIOS, frozenset()),)
    assert ways_of(ELF64) == (
        BootWay(Method.GRUB_MULTIBOOT, Firmware.BIOS, frozenset()),
        BootWay(Method.GRUB_MULTIBOOT, Firmware.UEFI, frozenset({Cpu.X86_64})),
    )
    both = (
        BootsOn(Firmware.BIOS, Cpu.I386, BootForm.IPXE_SCRIPT),
        BootsOn(Firmware.UEFI, Cpu.ARM64, BootForm.IPXE_SCRIPT),
    )
    script = Identity(Kind.IPXE_SCRIPT, "iPXE script", 10, boots_on=both)
    assert ways_of(script) == (BootWay(Method.IPXE_SCRIPT, None, frozenset()),)


def test_the_entry_follows_the_newest_version() -> None:
    [planned] = plan_entries([named("bitvisor.elf", HYPERVISOR)], "")
    assert planned.entry(HYPERVISOR).ways[0].method is Method.MULTIBOOT
    assert planned.entry(KERNEL).ways[0].method is Method.LINUX
    assert planned.entry(KERNEL).title == "bitvisor.elf: Linux kernel 6.1"


def disk(layout: str = "GPT", *ways: BootsOn, needed_size_bytes: int = 0) -> Identity:
    words = f"{layout} disk image"
    of_disk = DiskImage(layout, 1, False)
    return Identity(Kind.DISK_IMAGE, words, 1000, needed_size_bytes, boots_on=ways, disk=of_disk)


def gzip_of(inside: Identity) -> Identity:
    return Identity(Kind.COMPRESSED, "packed", 500, compression=Compression.GZIP, unpacked=inside)


BOOTABLE_DISK = disk(
    "GPT", BootsOn(Firmware.UEFI, Cpu.ARM64, BootForm.DISK), BootsOn(Firmware.BIOS, Cpu.I386, BootForm.DISK)
)


def test_a_disk_image_boots_where_its_loaders_do() -> None:
    assert ways_of(BOOTABLE_DISK) == (
        BootWay(Method.DISK, Firmware.UEFI, frozenset({Cpu.ARM64})),
        BootWay(Method.DISK, Firmware.BIOS, frozenset()),
    )
    assert shape(plan_entries([named("disk.img", BOOTABLE_DISK)], "")) == [("disk.img", [])]


@pytest.mark.parametrize(
    ("path", "identity", "fix"),
    [
        ("d.img.gz", gzip_of(BOOTABLE_DISK), "gzip -dk d.img.gz"),
        ("c.iso.gz", gzip_of(Identity(Kind.ISO_IMAGE, "ISO", None)), "gzip -dk c.iso.gz"),
        (
            "d.img.xz",
            Identity(Kind.COMPRESSED, "xz", 9, compression=Compression.XZ),
            "unpack it first: xz -dk d.img.xz",
        ),
        ("vm.qcow2", disk("qcow2"), "qemu-img convert -O raw vm.qcow2 vm.img"),
        ("data.img", disk("MBR"), "install a boot loader"),
        ("half.img", disk("MBR", needed_size_bytes=5000), "fetch it again"),
    ],
)
def test_an_image_that_cannot_be_read_in_pieces_or_has_no_loader_comes_with_the_next_command(
    path: str, identity: Identity, fix: str
) -> None:
    with pytest.raises(UserError) as caught:
        plan_entries([named(path, identity)], "")
    assert fix in caught.value.fix
    if not path.endswith(".xz"):
        with pytest.raises(UserError):
            plan_entries([named("linux", KERNEL), named(path, identity)], "")
    assert plan_entries([found(path, identity)], "") == []


SHELL = Identity(Kind.EFI_APPLICATION, "EFI application", 1000, boots_on=(UEFI_X64,))


def loader(path: str, *opens: str, from_directory: bool = False) -> NamedFile:
    return NamedFile(Path(path), SHELL, from_directory, frozenset(opens))


@pytest.mark.parametrize("is_turned", [False, True], ids=["loader-first", "hypervisor-first"])
def test_a_hypervisor_and_the_loader_that_opens_it_are_one_entry_for_both_firmwares(is_turned: bool) -> None:
    files = [loader("out/loadvmm.efi", "bitvisor.elf", "x.cfg"), named("bitvisor.elf", HYPERVISOR)]
    [planned] = plan_entries(files[::-1] if is_turned else files, "")
    assert (planned.name, planned.initrd_names) == ("loadvmm.efi", ["bitvisor.elf"])
    entry = planned.entry(SHELL)
    uefi, bios = entry.ways
    assert (uefi.method, bios.method) == (Method.EFI_APPLICATION, Method.MULTIBOOT)
    assert entry.title == "loadvmm.efi: EFI application, with bitvisor.elf"
    assert planned.started_by(entry, uefi) == entry
    by_bios = planned.started_by(entry, bios)
    assert (by_bios.kernel.name, by_bios.initrds) == ("bitvisor.elf", ())


def test_a_program_may_open_what_would_not_boot_by_itself() -> None:
    [planned] = plan_entries([loader("shell.efi", "startup.nsh"), named("STARTUP.NSH", PICTURE)], "")
    assert planned.initrd_names == ["STARTUP.NSH"]
    assert [way.method for way in planned.entry(SHELL).ways] == [Method.EFI_APPLICATION]


def test_in_a_directory_only_what_lies_beside_a_program_belongs_to_it() -> None:
    apart = [loader("a/loadvmm.efi", "bitvisor.elf", from_directory=True), found("b/bitvisor.elf", HYPERVISOR)]
    assert shape(plan_entries(apart, "")) == [("loadvmm.efi", []), ("bitvisor.elf", [])]


def test_a_program_that_names_itself_or_two_that_name_each_other_stay_bootable() -> None:
    files = [loader("a.efi", "a.efi", "b.efi"), loader("b.efi", "a.efi")]
    assert shape(plan_entries(files, "")) == [("a.efi", ["b.efi"])]


@pytest.mark.parametrize(
    ("kernel", "cpus"),
    [
        (LinuxKernel("Image", Cpu.ARM64), {Cpu.ARM64}),
        (LinuxKernel("zImage", Cpu.ARM32), {Cpu.ARM32}),
        (LinuxKernel("Image", Cpu.RISCV64), {Cpu.RISCV64}),
        (LinuxKernel("zboot", None), set()),
        (LinuxKernel("zImage", Cpu.I386), set()),
    ],
)
def test_u_boot_starts_kernels_in_their_own_formats(kernel: LinuxKernel, cpus: set[Cpu]) -> None:
    ways = ways_of(Identity(Kind.LINUX_KERNEL, "Linux", 1000, linux=kernel))
    assert [way.cpus for way in ways if way.method is Method.UBOOT_LINUX] == ([frozenset(cpus)] if cpus else [])


DEBIANS = "6.1.0-50-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1"


@pytest.mark.parametrize(
    ("version", "initrds", "cmdline", "lacks"),
    [
        (DEBIANS, [], "quiet", True),
        (DEBIANS, [INITRD], "quiet", False),
        (DEBIANS, [], "root=/dev/vda1", False),
        ("6.12.0-rc3+ (ann@desk) #7 SMP", [], "", False),
        ("", [], "", False),
    ],
)
def test_a_distributions_kernel_needs_its_initrd(
    version: str, initrds: list[Identity], cmdline: str, lacks: bool
) -> None:
    kernel = Identity(Kind.LINUX_KERNEL, "Linux kernel", 1000, linux=LinuxKernel("bzImage", Cpu.X86_64, version))
    planned = PlannedEntry(named("vmlinuz", kernel), [named("initrd", initrd) for initrd in initrds], cmdline)
    assert planned.lacks_initrd(kernel) is lacks


def test_entries_planned_anew_keep_the_names_that_are_served() -> None:
    one, other, initrd = found("d/linux-1", KERNEL), found("d/linux-2", KERNEL), found("d/initrd-2", INITRD)
    before = plan_entries([named("e/linux-2", KERNEL), named("e/linux-2", KERNEL), other], "")
    assert shape(before) == [("linux-2", []), ("linux-2-2", []), ("linux-2-3", [])]
    anew = plan_entries([named("e/linux-2", KERNEL), one, other, initrd], "")
    keep_names(anew, before, {"linux-2", "linux-2-2", "linux-2-3"})
    assert shape(anew) == [("linux-2", []), ("linux-1", []), ("linux-2-3", ["initrd-2"])]


def test_names_in_another_script_are_the_same_after_a_restart_with_more_images() -> None:
    tokyo, japan, kyoto = (found(f"d/{name}.img", KERNEL) for name in ("東京", "日本", "京都"))
    before = [entry.name for entry in plan_entries([tokyo, japan], "")]
    assert len(set(before)) == 2
    assert [entry.name for entry in plan_entries([kyoto, tokyo, japan], "")][1:] == before
    [entry] = plan_entries([tokyo], "")
    assert entry.entry(KERNEL).title == f"{before[0]} (東京.img): {KERNEL.description}"


def test_entries_of_one_title_carry_their_names() -> None:
    entries = [BootEntry(name, title, (), ServedFile(name)) for name, title in (("a", "Linux"), ("b", "BSD"))]
    two = [*entries, BootEntry("image-0.iso", "Linux", (), ServedFile("image-0.iso"))]
    files = {"a": "a", "b": "b", "image-0.iso": "日本.iso"}
    assert told_apart(entries, files.__getitem__) == tuple(entries)
    titles = [entry.title for entry in told_apart(two, files.__getitem__)]
    assert titles == ["Linux, a", "BSD", "Linux, image-0.iso (日本.iso)"]

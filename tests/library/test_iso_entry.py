"""What a machine is told to boot of an ISO: its script's addresses and words, for each firmware."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootbeam.boot.decision import RunEntry
from bootbeam.boot.entry import BootWay, Method, way_for
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.ipxe import FileUrls
from bootbeam.boot.recipe_schema import parse_recipe
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.errors import UserError
from bootbeam.library.content import Content, Missing, NotReady, Peer
from bootbeam.library.iso_entry import IsoEntry, station_name
from bootbeam.library.resolved_boot import ResolvedBoot
from bootbeam.machine import Cpu, Firmware
from tests.formats.disc_images import run
from tests.image_bytes import bzimage, elf32, multiboot1, pe
from tests.library.iso_bench import Bench, write_iso

HTTP = "http://192.168.1.50:8080"
MAC = "52:54:00:12:34:56"
WHO = "52-54-00-12-34-56"
BIOS = MachineFacts("pcbios", "i386", MAC)
UEFI = MachineFacts("efi", "x86_64", MAC)
PEER = Peer("192.168.1.7", "192.168.1.50", "http")

LIVE: dict[str, bytes | str] = {
    ".disk/info": "Official Debian GNU/Linux Live 12.5.0 standard 2024-02-10T11:07\n",
    "live/vmlinuz": b"a kernel, as far as anybody can tell",
    "live/initrd.img": b"i" * 1000,
    "live/filesystem.squashfs": b"s" * 5000,
}
UNKNOWN: dict[str, bytes | str] = {
    "boot/grub/grub.cfg": """
menuentry "Memory test" { linux16 /boot/memtest.bin }
menuentry "Some Linux" { linux /boot/kernel quiet root=live:CDLABEL=X ; initrd /boot/init.gz /boot/more.gz }
""",
    "boot/memtest.bin": bzimage(xloadflags=0),
    "boot/kernel": b"another kernel",
    "boot/init.gz": b"1",
    "boot/more.gz": b"2",
}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def start(files: dict[str, bytes | str], volume_id: str = "d-live 12.5.0 st amd64") -> Bench:
        benches.append(Bench(write_iso(tmp_path / "disc.iso", files, volume_id=volume_id), tmp_path))
        return benches[-1]

    yield start
    for bench in benches:
        bench.close()


def plan(entry: IsoEntry, machine: MachineFacts) -> RunEntry:
    offered = entry.entry()
    cpu = machine.machine.cpu
    assert cpu is not None
    way = way_for(offered, machine.machine.firmware, cpu)
    assert way is not None, offered.ways
    return RunEntry(offered, way)


def resolved(entry: IsoEntry, machine: MachineFacts, base_url: str = HTTP) -> ResolvedBoot:
    boot = entry.resolve(plan(entry, machine), machine, base_url, HTTP)
    assert isinstance(boot, ResolvedBoot), boot
    return boot


def fetch(entry: IsoEntry, url: str) -> bytes:
    """What is served at an address that the script names."""
    content = fetched(entry, url)
    assert isinstance(content, Content), content
    data = content.read_at(0, content.size_bytes)
    assert len(data) == content.size_bytes
    content.check()
    content.close()
    return data


def fetched(entry: IsoEntry, url: str) -> Content | Missing | NotReady:
    kind, name, *steps = url.removeprefix(f"{HTTP}/").split("/")
    assert name == "disc.iso"
    return entry.open(kind, steps, PEER, HTTP)


@pytest.mark.parametrize(("machine", "method"), [(BIOS, Method.LINUX), (UEFI, Method.EFI_LINUX)], ids=["bios", "uefi"])
def test_a_known_system_boots_by_its_recipe(start: Callable[..., Bench], machine: MachineFacts, method: Method) -> None:
    entry = start(LIVE).entry(extra="console=ttyS0")
    assert entry.entry().title == "Debian live 12.5.0 standard (x86_64)"
    boot = resolved(entry, machine)
    assert boot.plan.way.method is method
    assert boot.urls.kernel == f"{HTTP}/iso/disc.iso/live/vmlinuz"
    assert boot.urls.initrds == (f"{HTTP}/iso/disc.iso/live/initrd.img",)
    assert [file.name for file in boot.plan.entry.files] == ["vmlinuz", "initrd.img"]
    fetches = f"fetch={HTTP}/iso/disc.iso/live/filesystem.squashfs"
    assert boot.plan.entry.cmdline == f"boot=live components {fetches} console=ttyS0"
    assert boot.notes == ("This needs a machine with 513 MB of memory: the system's squashfs is kept in memory.",)
    assert fetch(entry, boot.urls.kernel) == LIVE["live/vmlinuz"]
    assert fetch(entry, fetches.removeprefix("fetch=")) == LIVE["live/filesystem.squashfs"]


def test_a_machine_whose_loader_has_tftp_alone_gets_its_system_by_http(start: Callable[..., Bench]) -> None:
    boot = resolved(start(LIVE).entry(), BIOS, "tftp://192.168.1.50")
    assert boot.urls.kernel == "tftp://192.168.1.50/iso/disc.iso/live/vmlinuz"
    assert f"fetch={HTTP}/iso/disc.iso/" in boot.plan.entry.cmdline


def test_files_of_a_boot_are_told_by_their_roles(start: Callable[..., Bench]) -> None:
    entry = start(LIVE).entry()
    roles = {}
    for path in ("live/vmlinuz", "live/initrd.img", "live/filesystem.squashfs"):
        content = fetched(entry, f"{HTTP}/iso/disc.iso/{path}")
        assert isinstance(content, Content)
        roles[path] = content.role
        content.close()
    assert list(roles.values()) == ["kernel", "initrd", "image"]


def test_an_unknown_system_boots_by_its_own_menu_each_firmware_what_it_can(start: Callable[..., Bench]) -> None:
    entry = start(UNKNOWN, volume_id="SOMETHING").entry(extra="more=words")
    assert entry.entry().title == "disc.iso: an ISO of no known family, by its own boot menu"
    bios = resolved(entry, BIOS)
    assert bios.urls.kernel == f"{HTTP}/iso/disc.iso/boot/memtest.bin"
    uefi = resolved(entry, UEFI)
    assert uefi.urls.kernel == f"{HTTP}/iso/disc.iso/boot/kernel", "the default is a program for BIOS"
    assert uefi.urls.initrds == tuple(f"{HTTP}/iso/disc.iso/boot/{name}.gz" for name in ("init", "more"))
    assert uefi.plan.entry.cmdline == "quiet root=live:CDLABEL=X more=words"
    assert "its initrd looks for the CD" in uefi.notes[0]


@pytest.fixture
def start_cd(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """An ISO with El Torito boot images for BIOS and UEFI x64."""
    benches: list[Bench] = []

    def start(files: dict[str, str], volume_id: str = "SOMETHING") -> Bench:
        tree, iso = tmp_path / "tree", tmp_path / "disc.iso"
        for name, text in {"bios.img": "x" * 5000, **files}.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        run("/usr/sbin/mkfs.fat", "-C", tree / "efi.img", "1440")
        run("mmd", "-i", tree / "efi.img", "::EFI", "::EFI/BOOT")
        run("mcopy", "-i", tree / "efi.img", tree / "bios.img", "::EFI/BOOT/BOOTX64.EFI")
        options = ["-b", "bios.img", "-no-emul-boot", "-eltorito-alt-boot", "-e", "efi.img", "-no-emul-boot"]
        run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", volume_id, *options, "-o", iso, tree)
        benches.append(Bench(iso, tmp_path))
        return benches[-1]

    yield start
    for bench in benches:
        bench.close()


@pytest.mark.parametrize("machine", [BIOS, UEFI], ids=["bios", "uefi"])
def test_an_unknown_system_without_a_menu_is_read_like_a_cd(
    start_cd: Callable[..., Bench], machine: MachineFacts
) -> None:
    bench = start_cd({})
    entry = bench.entry(extra="lost words")
    assert entry.entry().title == "disc.iso: an ISO of no known family, by its own boot loader"
    boot = resolved(entry, machine, base_url="tftp://192.168.1.50")
    assert boot.plan.way.method is Method.CD
    assert boot.urls == FileUrls(f"{HTTP}/blocks/{bench.image.current_version()}/disc.iso", ())
    assert "must not need the drive" in boot.notes[0]
    assert "'lost words' do not reach it" in boot.notes[1]


def test_what_a_recipe_knows_is_read_like_a_cd_only_when_asked_for(start_cd: Callable[..., Bench]) -> None:
    files = {".disk/info": str(LIVE[".disk/info"]), "live/vmlinuz": "k", "live/initrd.img": "i"}
    bench = start_cd({**files, "live/filesystem.squashfs": "s"}, volume_id="d-live 12.5.0 st amd64")
    assert Method.CD not in {way.method for way in bench.entry().entry().ways}
    assert {way.method for way in bench.entry(wanted="cd").entry().ways} == {Method.CD}
    with pytest.raises(UserError, match="no way to boot named 'floppy'") as caught:
        bench.entry(wanted="floppy")
    assert caught.value.why.endswith(", cd")


def test_a_kernel_for_another_processor_is_offered_to_that_one_alone(start: Callable[..., Bench]) -> None:
    files = {"boot/grub/grub.cfg": "menuentry x { linux /Image }\n", "Image": pe(machine=0xAA64)}
    entry = start(files, volume_id="ARM").entry()
    assert entry.entry().ways == (BootWay(Method.EFI_LINUX, Firmware.UEFI, frozenset({Cpu.ARM64})),)


@pytest.mark.parametrize(
    ("files", "volume_id", "what", "why", "fix"),
    [
        (
            {"README": "nothing that boots\n"},
            "DATA",
            "no known family, and no boot menu was found",
            "names a kernel",
            "bootbeam serve KERNEL INITRD",
        ),
        (
            {"boot/grub/grub.cfg": "menuentry x { linux /gone }\n"},
            "DATA",
            "no boot menu was found",
            "names a kernel that is there",
            "bootbeam serve KERNEL",
        ),
        (
            {".disk/info": 'Debian GNU/Linux 7.0.0 "Wheezy" - Official amd64 NETINST\n', "install.amd/vmlinuz": "k"},
            "Debian 7.0.0 amd64 n",
            "is Debian installer 7.0.0 NETINST (x86_64), and cannot boot from a network",
            "apt-get install debian-installer-7-netboot-amd64",
            "",
        ),
    ],
    ids=["no-menu", "no-kernel", "installer-for-a-cd"],
)
def test_what_cannot_boot_from_a_network_is_refused_in_words(
    start: Callable[..., Bench], files: dict[str, bytes | str], volume_id: str, what: str, why: str, fix: str
) -> None:
    bench = start(files, volume_id)
    with pytest.raises(UserError) as caught:
        bench.entry()
    assert str(bench.path) in caught.value.what
    assert what in caught.value.what
    assert why in caught.value.why
    assert fix in caught.value.fix


def test_a_menu_of_which_nothing_can_be_started_is_named(start: Callable[..., Bench]) -> None:
    files = {"boot/grub/grub.cfg": "menuentry x { multiboot /boot/thing }\n", "boot/thing": bzimage()}
    with pytest.raises(UserError, match="nothing in its boot menu can be started") as caught:
        start(files, "DATA").entry()
    assert "boot/thing" in caught.value.why


def test_a_family_that_boots_only_on_request_is_refused_with_the_words_of_its_recipe(
    start: Callable[..., Bench],
) -> None:
    recipe = parse_recipe(
        """
family = "toy"
name = "Toy"
cannot_boot_from_network = "its only way is a hidden one"
[recognize]
paths = ["toy/kernel"]
[[boot]]
name = "hidden"
kernel = "toy/kernel"
on_request = true
""",
        "toy.toml",
    )
    with pytest.raises(UserError, match="is Toy, and cannot boot") as caught:
        start({"toy/kernel": "k"}).entry(recipes=[recipe])
    assert caught.value.why == "its only way is a hidden one"


def test_a_broken_tree_is_an_error_in_words(start: Callable[..., Bench], tmp_path: Path) -> None:
    bench = start(LIVE)
    data = bytearray(bench.path.read_bytes())
    for at in range(16 * 2048, 32 * 2048, 2048):
        if data[at + 1 : at + 6] == b"CD001" and data[at] in (1, 2):
            data[at + 156 : at + 190] = b"\xff" * 34
    bench.path.write_bytes(data)
    bench.settle()
    with pytest.raises(UserError, match="cannot be read as an ISO"):
        bench.entry()


def test_an_iso_that_is_being_replaced_makes_the_machine_wait(start: Callable[..., Bench]) -> None:
    bench = start(LIVE)
    entry = bench.entry()
    before = plan(entry, BIOS)
    with bench.path.open("r+b") as file:
        file.write(b"\0")
    assert isinstance(entry.resolve(before, BIOS, HTTP, HTTP), NotReady)
    assert isinstance(fetched(entry, f"{HTTP}/iso/disc.iso/live/vmlinuz"), NotReady)
    assert entry.entry().title.startswith("Debian live"), "the menu does not flicker"


def test_a_replaced_iso_is_looked_at_anew(start: Callable[..., Bench], tmp_path: Path) -> None:
    bench = start(LIVE)
    entry = bench.entry()
    newer = {**LIVE, ".disk/info": "Official Debian GNU/Linux Live 12.6.0 standard 2024-06-29T11:07\n"}
    newer["live/vmlinuz-6.1.0-22-amd64"] = newer.pop("live/vmlinuz")
    newer["live/initrd.img-6.1.0-22-amd64"] = newer.pop("live/initrd.img")
    write_iso(bench.path, newer)
    bench.settle()
    assert entry.entry().title == "Debian live 12.6.0 standard (x86_64)"
    assert resolved(entry, BIOS).urls.kernel == f"{HTTP}/iso/disc.iso/live/vmlinuz-6.1.0-22-amd64"


def test_replaced_by_what_cannot_boot_nothing_is_offered_until_it_can_again(start: Callable[..., Bench]) -> None:
    bench = start(LIVE)
    entry = bench.entry()
    before = plan(entry, BIOS)
    write_iso(bench.path, {"README": "nothing"})
    bench.settle()
    assert entry.entry().ways == ()
    assert isinstance(entry.resolve(before, BIOS, HTTP, HTTP), NotReady)
    write_iso(bench.path, LIVE)
    bench.settle()
    assert resolved(entry, BIOS).urls.kernel.endswith("/live/vmlinuz")


def test_kernels_of_the_stations_own_packages_keep_their_whole_paths_apart(start: Callable[..., Bench]) -> None:
    """Every netboot package calls its kernel ``linux``."""
    major = "12"
    info = f'Debian GNU/Linux {major}.5.0 "Bookworm" - Official amd64 NETINST with firmware\n'
    entry = start({".disk/info": info, "install.amd/vmlinuz": "k"}, "Debian").entry(extra="console=ttyS0")
    directory = f"/usr/lib/debian-installer/images/{major}/amd64/text/debian-installer/amd64"
    assert entry.station_files == {f"{directory}/linux": "kernel", f"{directory}/initrd.gz": "initrd"}
    boot = resolved(entry, UEFI)
    assert boot.urls.kernel == f"{HTTP}/station{directory}/linux" == f"{HTTP}/{station_name(f'{directory}/linux')}"
    assert boot.urls.initrds == (f"{HTTP}/station{directory}/initrd.gz",)
    assert boot.plan.entry.cmdline == "console=ttyS0 ---"


def test_a_gzip_kernel_is_served_unpacked(start: Callable[..., Bench]) -> None:
    xen = elf32(multiboot1() + b"x" * 300_000)
    files = {
        "boot/xen-4.17-amd64.gz": gzip.compress(xen) + b"\0" * 512,
        "boot/vmlinuz-6.1.0-amd64": "dom0",
        "boot/initrd.img-6.1.0-amd64": "initrd",
    }
    entry = start(files, "XEN").entry(extra="quiet")
    boot = resolved(entry, BIOS)
    assert boot.plan.way.method is Method.MULTIBOOT
    assert boot.urls.kernel == f"{HTTP}/unpacked/disc.iso/boot/xen-4.17-amd64.gz"
    for _ in range(2):
        assert fetch(entry, boot.urls.kernel) == xen
    assert fetch(entry, boot.urls.initrds[0]) == b"dom0"
    assert boot.plan.entry.initrds[0].arguments == "console=tty0 console=hvc0 quiet"
    assert isinstance(fetched(entry, f"{HTTP}/unpacked/disc.iso/boot/vmlinuz-6.1.0-amd64"), Missing)


def test_an_unattended_entry_says_so_and_names_its_answers(start: Callable[..., Bench], tmp_path: Path) -> None:
    preseed = tmp_path / "preseed.cfg"
    preseed.write_text("d-i debian-installer/locale string en_US.UTF-8\n")
    info = 'Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64 NETINST with firmware\n'
    bench = start({".disk/info": info, "install.amd/vmlinuz": "k"}, "Debian")
    assert not bench.entry().entry().is_unattended
    entry = bench.entry(answers=(UnattendedFormat.PRESEED, preseed))
    assert entry.entry().is_unattended
    boot = resolved(entry, UEFI, "tftp://192.168.1.50")
    assert f"preseed/url={HTTP}/answers/{WHO}/preseed.cfg" in boot.plan.entry.cmdline


def test_an_address_no_client_can_use_is_explained(start: Callable[..., Bench]) -> None:
    entry = start(LIVE).entry()
    answer = entry.resolve(plan(entry, BIOS), BIOS, "http://[fe80::1%eth0]:8080", "http://[fe80::1%eth0]:8080")
    assert isinstance(answer, Explanation)
    assert "disc.iso cannot boot" in answer.title

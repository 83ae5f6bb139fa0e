"""What recipes add to an ISO's files, as the programs of others read it."""

import gzip
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootbeam.boot.recipe import Recipe
from bootbeam.boot.recipe_schema import parse_recipe
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.library.content import Content, Missing, NotReady
from tests.image_bytes import elf32, multiboot1
from tests.library.iso_bench import Bench, write_iso
from tests.library.test_iso_entry import BIOS, HTTP, UEFI, WHO, fetch, fetched, resolved

TOY = """
family = "toy"
name = "Toy"
layout_only = true
[recognize]
paths = ["toy/kernel"]
"""


def toy(boot: str) -> list[Recipe]:
    return [parse_recipe(TOY + boot, "toy.toml")]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def start(files: dict[str, bytes | str], volume_id: str = "DISC") -> Bench:
        benches.append(Bench(write_iso(tmp_path / "disc.iso", files, volume_id=volume_id), tmp_path))
        return benches[-1]

    yield start
    for bench in benches:
        bench.close()


def unpack(archive: bytes, directory: Path) -> dict[str, bytes]:
    """What cpio, the program, finds in it."""
    directory.mkdir()
    subprocess.run(
        ["cpio", "--extract", "--make-directories", "--quiet"], input=archive, cwd=directory, check=True, timeout=30
    )
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_files_for_an_initrd_come_as_one_archive_before_the_others(start: Callable[..., Bench], tmp_path: Path) -> None:
    recipes = toy("""
[[boot]]
name = "live"
kernel = "toy/kernel"
initrds = ["toy/initrd"]
inject = [
  { at = "etc/hello", text = "hello\\n" },
  { at = "scripts/toy", path = "toy/script", mode = 0o755 },
]
""")
    entry = start({"toy/kernel": "k", "toy/initrd": "i", "toy/script": "#!/bin/sh\n"}).entry(recipes=recipes)
    boot = resolved(entry, UEFI)
    assert boot.urls.initrds == (f"{HTTP}/inject/disc.iso/live/{WHO}/bootbeam.cpio", f"{HTTP}/iso/disc.iso/toy/initrd")
    found = unpack(fetch(entry, boot.urls.initrds[0]), tmp_path / "unpacked")
    assert found == {"etc/hello": b"hello\n", "scripts/toy": b"#!/bin/sh\n"}
    assert (tmp_path / "unpacked/scripts/toy").stat().st_mode & 0o777 == 0o755


def test_the_whole_image_inside_an_archive_is_never_read_into_memory(
    start: Callable[..., Bench], tmp_path: Path
) -> None:
    """As Proxmox wants it: /proxmox.iso inside its initrd."""
    info = "PRODUCT='pve'\nPRODUCTLONG='Proxmox VE'\nRELEASE='8.2'\nISORELEASE='1'\n"
    bench = start({".cd-info": info, "boot/linux26": "k", "boot/initrd.img": "i", "big": b"b" * 3_000_001})
    entry = bench.entry()
    boot = resolved(entry, BIOS)
    assert boot.urls.initrds[1] == f"{HTTP}/iso/disc.iso/boot/initrd.img"
    content = fetched(entry, boot.urls.initrds[0])
    assert isinstance(content, Content)
    assert content.body is None
    assert max(part.size_bytes for part in content.slices) == bench.path.stat().st_size
    archive = content.read_at(0, content.size_bytes)
    assert len(archive) == content.size_bytes
    assert content.read_at(200, 3000) == archive[200:3200]
    content.close()
    assert unpack(archive, tmp_path / "unpacked") == {"proxmox.iso": bench.path.read_bytes()}


def test_an_archive_ends_when_its_iso_is_replaced(start: Callable[..., Bench]) -> None:
    info = "PRODUCTLONG='Proxmox VE'\nRELEASE='8.2'\n"
    bench = start({".cd-info": info, "boot/linux26": "k", "boot/initrd.img": "i"})
    entry = bench.entry()
    url = resolved(entry, BIOS).urls.initrds[0]
    with bench.path.open("r+b") as file:
        file.write(b"\0")
    assert isinstance(fetched(entry, url), NotReady)


def test_wimboot_gets_each_file_under_its_name(start: Callable[..., Bench], tmp_path: Path) -> None:
    recipes = toy("""
[[boot]]
name = "setup"
start = "wimboot"
kernel = "toy/kernel"
initrds = [{ path = "boot/bcd", name = "bcd" }, { path = "sources/boot.wim", name = "boot.wim" }]
inject = [{ at = "sub/winpeshl.ini", text = "[LaunchApps]\\r\\n" }]
""")
    entry = start({"toy/kernel": "k", "boot/bcd": "b", "sources/boot.wim": "w"}).entry(recipes=recipes)
    boot = resolved(entry, BIOS)
    assert [(file.name, file.arguments) for file in boot.plan.entry.initrds] == [
        ("winpeshl.ini", "winpeshl.ini"),
        ("bcd", "bcd"),
        ("boot.wim", "boot.wim"),
    ], "BIOS iPXE packs what has arguments under that name for wimboot"
    assert fetch(entry, boot.urls.initrds[0]) == b"[LaunchApps]\r\n"
    assert [fetch(entry, url) for url in boot.urls.initrds[1:]] == [b"b", b"w"]


def test_texts_of_a_recipe_are_served_under_their_number(start: Callable[..., Bench]) -> None:
    recipes = toy("""
[[boot]]
name = "efi"
start = "efi"
kernel = "toy/kernel"
initrds = [{ path = "toy/other", name = "other" }, { name = "toy.cfg", text = "a=1\\n" }]
""")
    entry = start({"toy/kernel": "k", "toy/other": "o"}).entry(recipes=recipes)
    boot = resolved(entry, UEFI)
    assert boot.urls.initrds[1] == f"{HTTP}/text/disc.iso/efi/1/toy.cfg"
    assert fetch(entry, boot.urls.initrds[1]) == b"a=1\n"


def test_two_boots_of_one_name_keep_their_files_apart(start: Callable[..., Bench]) -> None:
    recipes = toy("""
[[boot]]
name = "dom0"
start = "efi"
firmware = ["UEFI"]
kernel = "toy/kernel"
initrds = [{ name = "toy.cfg", text = "uefi" }]
[[boot]]
like = "dom0"
start = "linux"
firmware = ["BIOS"]
initrds = [{ name = "toy.cfg", text = "bios" }]
""")
    entry = start({"toy/kernel": "k"}).entry(recipes=recipes)
    assert fetch(entry, resolved(entry, UEFI).urls.initrds[0]) == b"uefi"
    assert fetch(entry, resolved(entry, BIOS).urls.initrds[0]) == b"bios"


def test_esxis_configuration_is_rewritten_for_the_network(start: Callable[..., Bench], tmp_path: Path) -> None:
    kickstart = tmp_path / "ks.cfg"
    kickstart.write_text("vmaccepteula\nrootpw Secret123!\ninstall --firstdisk --overwritevmfs\nreboot\n")
    config = (
        "bootstate=0\ntitle=Loading\nprefix=\nkernel=/b.b00\nkernelopt=runweasel cdromBoot\nmodules=/k.b00 --- /s.v00\n"
    )
    files: dict[str, bytes | str] = {"boot.cfg": config, "efi/boot/bootx64.efi": "mboot", "k.b00": "k", "s.v00": "s"}
    entry = start(files, "ESXI-7").entry(answers=(UnattendedFormat.KICKSTART, kickstart))
    boot = resolved(entry, UEFI)
    url = f"{HTTP}/rewritten/disc.iso/install/{WHO}/boot.cfg"
    assert boot.plan.entry.cmdline == f"-c {url}"
    lines = fetch(entry, url).decode().splitlines()
    assert f"prefix={HTTP}/iso/disc.iso" in lines
    assert "kernel=b.b00" in lines
    assert f"kernelopt=runweasel ks={HTTP}/answers/{WHO}/ks.cfg" in lines


@pytest.mark.parametrize(
    "path",
    [
        "inject/disc.iso/live/any/other.cpio",
        "inject/disc.iso/none/any/bootbeam.cpio",
        "inject/disc.iso/live/somebody/bootbeam.cpio",
        "inject/disc.iso/live",
        "inject/disc.iso",
        "text/disc.iso/live/0/initrd",
        "text/disc.iso/live/99999/x",
        "text/disc.iso/live/\u0661/x",
        "rewritten/disc.iso/live/any/toy/kernel",
        "unpacked/disc.iso/toy/kernel",
        "unpacked/disc.iso",
    ],
)
def test_what_no_recipe_adds_is_missing(start: Callable[..., Bench], path: str) -> None:
    recipes = toy("""
[[boot]]
name = "live"
kernel = "toy/kernel"
initrds = ["toy/kernel"]
inject = [{ at = "etc/hello", text = "hello" }]
""")
    entry = start({"toy/kernel": "k"}).entry(recipes=recipes)
    assert isinstance(fetched(entry, f"{HTTP}/{path}"), Missing)


def test_a_kernel_that_is_no_whole_gzip_file_is_missing(start: Callable[..., Bench]) -> None:
    packed = gzip.compress(elf32(multiboot1() + bytes(range(256)) * 4000))
    recipes = toy('[[boot]]\nname = "xen"\nstart = "multiboot"\nkernel = "toy/kernel"\n')
    entry = start({"toy/kernel": packed[: len(packed) // 2]}).entry(recipes=recipes)
    answer = fetched(entry, resolved(entry, BIOS).urls.kernel)
    assert isinstance(answer, Missing)
    assert "cannot be unpacked" in answer.reason

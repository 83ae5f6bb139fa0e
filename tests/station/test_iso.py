"""ISOs of the running station, fetched by other people's programs: the whole tree, any part of a file, the boots."""

import hashlib
import itertools
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

from bootbeam.boot.name import served_name
from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.formats.disc_images import sparse, xorriso_image
from tests.image_bytes import bzimage
from tests.image_listing import Layout
from tests.layouts.every import LAYOUTS
from tests.station.test_start import serve

pytestmark = pytest.mark.peer

STATION = "http://192.168.1.50:8080"
URL = re.compile(r"(?:http|tftp)://192\.168\.1\.50(?::8080)?/[^\s,;]*")
MACHINES = {
    "bios": "mac=52-54-00-12-34-56/platform=pcbios/buildarch=i386",
    "uefi": "mac=52-54-00-12-34-56/platform=efi/buildarch=x86_64",
    "arm64": "mac=52-54-00-12-34-56/platform=efi/buildarch=arm64",
}
BASES = (STATION, "tftp://192.168.1.50")
LARGE_BYTES = 5 << 30
LARGE_MARKS = {0: b"begins", (4 << 30) - 3: b"across", LARGE_BYTES - 8: b"the end!"}

TOY_MENU = """
set default=1
menuentry "Memory test" { linux16 /boot/memtest.bin }
menuentry "Toy" {
  linux /boot/toy/kernel quiet root=/dev/ram0
  initrd /boot/toy/first.gz /boot/toy/second.gz
}
"""


def curl(client: Namespace, *arguments: str) -> str:
    return client.run("curl", "--silent", "--show-error", "--fail", *arguments)


def fetch(client: Namespace, url: str, target: Path) -> bytes:
    """What busybox, as in most initrds, gets from there."""
    scheme, _, rest = url.partition("://")
    if scheme == "tftp":
        host, _, path = rest.partition("/")
        client.run("busybox", "tftp", "-g", "-b", "1468", "-l", str(target), "-r", path, host)
    else:
        client.run("busybox", "wget", "-q", "-O", str(target), url)
    return target.read_bytes()


def script(client: Namespace, machine: str, entry: str, base: str = STATION) -> str:
    return curl(client, f"{base}/ipxe/{MACHINES[machine]}/chosen={entry}/script.ipxe")


def hashes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("index.html")
    }


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files of an ISO of no known family."""
    root = tmp_path / "tree"
    files: dict[str, bytes] = {
        "boot/grub/grub.cfg": TOY_MENU.encode(),
        "boot/memtest.bin": bzimage(xloadflags=0),
        "boot/toy/kernel": os.urandom(2_000_003),
        "boot/toy/first.gz": os.urandom(300_001),
        "boot/toy/second.gz": os.urandom(1468 * 4),  # its last TFTP block is empty
        "dists/stable-1/Release": b"Suite: stable\n",
        "dists/stable-1/main/Packages": os.urandom(50_000),
        "pool/a b&c <d> 'e' \"f\" 50% #1 größe+~?.deb": b"deb",
        "pool/empty.deb": b"",
        "pool/deep/" + "/".join(f"level{level}" for level in range(9)) + "/end.deb": b"deep",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "dists/stable").symlink_to("stable-1")
    (root / "debian").symlink_to(".")
    (root / "pool/same.deb").symlink_to("empty.deb")
    return root


@pytest.fixture
def iso(tmp_path: Path, tree: Path) -> Path:
    return xorriso_image(tmp_path / "toy.iso", tree, "-r", "-J", "-V", "TOY")


def test_the_whole_tree_is_browsable_and_a_mirror_of_it_is_the_source(
    lan: Lan, client: Namespace, tree: Path, iso: Path, tmp_path: Path
) -> None:
    with StationProcess(lan, iso):
        for url in (f"{STATION}/iso/toy.iso", f"{STATION}/iso/toy.iso/"):
            head = curl(client, "--head", url)
            assert "200 OK" in head
            assert re.search(r"^content-type: text/html", head, re.IGNORECASE | re.MULTILINE)
        for subtree in ("", "pool/", "dists/stable-1/"):
            copy = tmp_path / f"copy of {subtree.replace('/', ' ')}"
            client.run(
                *("wget", "--quiet", "--mirror", "--no-parent", "--no-host-directories", "--execute", "robots=off"),
                *(f"--cut-dirs={2 + subtree.count('/')}", "--restrict-file-names=nocontrol"),
                *("--directory-prefix", str(copy), f"{STATION}/iso/toy.iso/{subtree}"),
            )
            expected = {path: digest for path, digest in hashes(tree / subtree).items() if "?" not in path}
            found = hashes(copy)
            assert {path: found.get(path) for path in expected} == expected
            assert not (copy / "debian").exists() or (copy / "debian").is_file()
        assert curl(client, f"{STATION}/iso/toy.iso/dists/stable/Release") == "Suite: stable\n"
        assert curl(client, f"{STATION}/iso/toy.iso/debian/dists/stable/Release") == "Suite: stable\n"
        odd = "pool/a%20b%26c%20%3Cd%3E%20'e'%20%22f%22%2050%25%20%231%20gr%C3%B6%C3%9Fe+~%3F.deb"
        assert curl(client, f"{STATION}/iso/toy.iso/{odd}") == "deb"


def test_any_part_of_a_file_by_range_and_the_iso_itself(
    lan: Lan, client: Namespace, tree: Path, iso: Path, tmp_path: Path
) -> None:
    kernel = (tree / "boot/toy/kernel").read_bytes()
    url, part = f"{STATION}/iso/toy.iso/boot/toy/kernel", tmp_path / "part"
    with StationProcess(lan, iso):
        for asked, expected in {"0-0": kernel[:1], "1000-200999": kernel[1000:201_000], "-7": kernel[-7:]}.items():
            code = curl(client, "--range", asked, "--output", str(part), "--write-out", "%{http_code}", url)
            assert (code, part.read_bytes()) == ("206", expected)
        beyond = client.run(
            "curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "-r3000000-", url
        )
        assert beyond == "416"
        head = curl(client, "--head", url)
        assert re.search(r"^content-length: 2000003\r?$", head, re.IGNORECASE | re.MULTILINE)
        assert re.search(r"^accept-ranges: bytes\r?$", head, re.IGNORECASE | re.MULTILINE)
        part.write_bytes(kernel[:1_000_000])
        curl(client, "--continue-at", "-", "--output", str(part), url)
        assert part.read_bytes() == kernel
        curl(client, "--output", str(part), f"{STATION}/toy.iso")
        assert part.read_bytes() == iso.read_bytes()
        for missing in ("iso/toy.iso/nothing", "iso/other.iso/README", "iso", "iso/toy.iso/../toy.iso"):
            code = client.run(
                *("curl", "--silent", "--path-as-is", "--output", "/dev/null", "--write-out", "%{http_code}"),
                f"{STATION}/{missing}",
            )
            assert code in ("404", "400"), missing


def test_files_inside_by_tftp(lan: Lan, client: Namespace, tree: Path, iso: Path, tmp_path: Path) -> None:
    with StationProcess(lan, iso) as station:
        for name in ("boot/toy/kernel", "boot/toy/second.gz", "pool/empty.deb", "debian/boot/toy/first.gz"):
            source, target = (tree / name).read_bytes(), tmp_path / "target"
            url = f"tftp://192.168.1.50/iso/toy.iso/{name}"
            assert fetch(client, url, target) == source
            if source:  # curl 7.88 fails on an empty file, whoever sends it
                curl(client, "--output", str(target), url)
                assert target.read_bytes() == source
            client.run("tftp", "-m", "binary", "192.168.1.50", "-c", "get", f"iso/toy.iso/{name}", str(target))
            assert target.read_bytes() == source
        sent = [event.facts for event in station.events() if event.kind is EventKind.TRANSFER_FINISHED]
        assert {(facts["file"], facts["role"]) for facts in sent} >= {
            ("iso/toy.iso/boot/toy/kernel", "kernel"),
            ("iso/toy.iso/boot/toy/second.gz", "initrd"),
            ("iso/toy.iso/pool/empty.deb", "image"),
        }


@pytest.mark.timeout(120)
def test_a_file_of_5_gib_to_its_end(lan: Lan, client: Namespace, tree: Path, tmp_path: Path) -> None:
    with (tree / "large").open("wb") as file:
        file.truncate(LARGE_BYTES)
        for offset, mark in LARGE_MARKS.items():
            file.seek(offset)
            file.write(mark)
    command = ("xorriso", "-as", "mkisofs", "-quiet", "-iso-level", "3", "-r", tree)
    iso = sparse(tmp_path / "large.iso", command)
    url = f"{STATION}/iso/large.iso/large"
    with StationProcess(lan, iso):
        assert re.search(rf"^content-length: {LARGE_BYTES}\r?$", curl(client, "--head", url), re.I | re.M)
        for offset, mark in LARGE_MARKS.items():
            assert curl(client, "--range", f"{offset}-{offset + len(mark) - 1}", url) == mark.decode()
        assert curl(client, "--range", "-8", url) == "the end!"
        curl(client, "--range", f"-{8 << 20}", "--output", str(tmp_path / "end"), url)
        assert (tmp_path / "end").read_bytes() == bytes((8 << 20) - 8) + b"the end!"


def test_an_iso_of_no_known_family_boots_by_its_own_menu(lan: Lan, client: Namespace, iso: Path) -> None:
    with StationProcess(lan, iso, "--cmdline", "console=ttyS0"):
        said = script(client, "uefi", "toy.iso")
        lines = said.splitlines()
        assert lines[0] == "#!ipxe"
        assert (
            f"kernel {STATION}/iso/toy.iso/boot/toy/kernel initrd=first.gz initrd=second.gz "
            "quiet root=/dev/ram0 console=ttyS0 || goto failed"
        ) in lines
        assert f"initrd {STATION}/iso/toy.iso/boot/toy/first.gz || goto failed" in lines
        assert f"initrd {STATION}/iso/toy.iso/boot/toy/second.gz || goto failed" in lines
        assert "of no known family, by its own boot menu" in said


@pytest.mark.parametrize(
    ("files", "volume_id", "words"),
    [
        (
            {".disk/info": 'Debian GNU/Linux 7.0.0 "Wheezy" - Official amd64 NETINST\n', "install.amd/vmlinuz": "k"},
            "Debian 7.0.0 amd64",
            ("Debian installer 7.0.0 NETINST", "looks for a CD", "apt-get install debian-installer-7-netboot-amd64"),
        ),
        ({"README": "no system\n"}, "DATA", ("no known family", "no boot menu", "bootbeam serve KERNEL INITRD")),
    ],
    ids=["by-its-recipe", "without-one"],
)
def test_an_iso_that_cannot_boot_from_a_network_is_refused(
    lan: Lan, tmp_path: Path, files: dict[str, str], volume_id: str, words: tuple[str, ...]
) -> None:
    for name, text in files.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    iso = xorriso_image(tmp_path / "refused.iso", tmp_path / "tree", "-r", "-V", volume_id)
    said = " ".join(serve(lan, iso).split())
    for word in words:
        assert word in said


@pytest.mark.parametrize("base", BASES, ids=["http", "tftp"])
@pytest.mark.parametrize("machine", ["bios", "uefi"])
def test_busybox_fetches_every_file_that_a_script_names(
    lan: Lan, client: Namespace, tree: Path, iso: Path, tmp_path: Path, machine: str, base: str
) -> None:
    with StationProcess(lan, iso):
        urls = boot_files(script(client, machine, "toy.iso", base))
        names = [url.removeprefix(f"{base}/iso/toy.iso/") for url in urls]
        toy = ["boot/toy/kernel", "boot/toy/first.gz", "boot/toy/second.gz"]
        assert names == (["boot/memtest.bin"] if machine == "bios" else toy)
        for url, name in zip(urls, names, strict=True):
            assert fetch(client, url, tmp_path / "fetched") == (tree / name).read_bytes()


def boot_files(text: str) -> list[str]:
    """The addresses of what an iPXE script loads."""
    words = [shlex.split(line) for line in text.splitlines() if line.startswith(("kernel ", "initrd "))]
    return [next(word for word in line[1:] if URL.fullmatch(word)) for line in words]


def write_layout(layout: Layout, directory: Path) -> Path:
    """An ISO laid out as one family's own; a file without a text of its own holds its path."""
    root = directory / f"{layout.name}.tree"
    for path in {*layout.paths.split(), *layout.texts}:
        text = layout.texts.get(path, path)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode() if isinstance(text, str) else text)
    return xorriso_image(directory / layout.name, root, "-R", "-J", "-joliet-long", "-V", layout.volume_id or "NONE")


@dataclass(frozen=True)
class Disc:
    """One family's ISO and what it was made of."""

    name: str
    """As it is served."""
    iso: Path
    root: Path

    def behind(self, path: str) -> bytes | None:
        """What must be behind an address of the station's; None for what the station makes itself."""
        kind, _, inside = unquote(path).partition("/")
        if kind == self.name:
            return self.iso.read_bytes()
        if kind == "station":
            return Path(f"/{inside}").read_bytes()
        if kind != "iso":
            return None
        wanted = str(self.root / inside.removeprefix(f"{self.name}/")).casefold()
        return next(path for path in self.root.rglob("*") if str(path).casefold() == wanted).read_bytes()


@pytest.mark.timeout(240)
def test_every_family_boots_with_files_that_can_be_fetched(lan: Lan, client: Namespace, tmp_path: Path) -> None:
    """All in one directory, which is served as a whole: those that cannot boot are left out, and named."""
    layouts = sorted((layout for layout in LAYOUTS if layout.name.endswith(".iso")), key=lambda layout: layout.name)
    isos, target = tmp_path / "isos", tmp_path / "fetched"
    isos.mkdir()
    for layout in layouts:
        write_layout(layout, tmp_path).replace(isos / layout.name)
    names: dict[str, str] = {}
    for layout in layouts:
        names[layout.name] = served_name(layout.name, set(names.values()))
    with StationProcess(lan, isos) as station:
        left_out = " ".join(str(event.facts["what"]) for event in station.events() if event.kind is EventKind.PROBLEM)
        booted = 0
        for layout in layouts:
            if str(isos / layout.name) in left_out:
                assert not layout.boot, f"{layout.name} was left out"
                continue
            disc = Disc(names[layout.name], isos / layout.name, tmp_path / f"{layout.name}.tree")
            firmware = set()
            for machine, base in itertools.product(MACHINES, BASES):
                text = script(client, machine, disc.name, base)
                files = boot_files(text)
                for url in files:
                    data, expected = fetch(client, url, target), disc.behind(url.removeprefix(f"{base}/"))
                    assert data == expected if expected is not None else data, url
                for url in URL.findall(next((line for line in text.splitlines() if line.startswith("kernel ")), "")):
                    assert url.startswith(STATION) or url in files, "a system that runs fetches by HTTP"
                    curl(client, "--output", str(target), url)
                booted += bool(files)
                firmware |= {"BIOS" if machine == "bios" else "UEFI"} if files else set()
            assert firmware == set(layout.firmware.split()) or not layout.boot, layout.name
        assert booted > 100

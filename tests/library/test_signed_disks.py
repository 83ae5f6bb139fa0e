"""Disk images with boot loaders, read by mtools as a firmware would."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.library import loader_files
from bootbeam.library.content import Content, Missing, NotReady
from bootbeam.library.loader_files import LoaderFiles
from bootbeam.library.loaders import LoaderShelf, find_loaders
from bootbeam.library.signed_disks import SignedDisk
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.versions import ImageFile
from bootbeam.machine import Cpu, Firmware, SecureBootPolicy
from tests.library.recorded import Recorded
from tests.library.test_signed_chain import MOK_MANAGER
from tests.loader_bytes import ARM64, grub, ipxe_efi, shim, write

X64, AA64 = (Firmware.UEFI, Cpu.X86_64), (Firmware.UEFI, Cpu.ARM64)
OLD_GRUB = grub(b"2.06-13+deb12u2")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoaderFiles]:
    """The loaders of a computer that has old signed ones only."""
    place = write(
        tmp_path / "loaders",
        snponly__efi=ipxe_efi(),
        shimx64__efi__signed=shim(),
        grubnetx64__efi__signed=OLD_GRUB,
        mmx64__efi__signed=MOK_MANAGER,
        shimaa64__efi__signed=shim(machine=ARM64),
        grubnetaa64__efi__signed=grub(b"2.06-13+deb12u2", machine=ARM64),
    )

    def find(chosen: Path | None = None, **_: object) -> LoaderShelf:
        return find_loaders(chosen, (place,), (), lambda _: {})

    monkeypatch.setattr(loader_files, "find_loaders", find)
    with LoaderFiles(None, Recorded()) as made:
        yield made


def written(disk: SignedDisk, path: Path, address: str = "192.168.1.50") -> Path:
    content = disk.open(address)
    assert isinstance(content, Content)
    try:
        assert (content.name, content.role, content.media_type) == (disk.name, "loader", "application/vnd.efi-img")
        assert content.body is None, "the loaders are not read for it"
        path.write_bytes(content.read_at(0, content.size_bytes))
        assert path.stat().st_size == content.size_bytes
        content.check()
    finally:
        content.close()
    return path


def file_in(image: Path, path: str) -> bytes:
    return subprocess.run(["mtype", "-i", str(image), f"::/{path}"], check=True, capture_output=True, timeout=20).stdout


@pytest.mark.peer
def test_firmware_shim_and_grub_find_what_they_look_for(files: LoaderFiles, tmp_path: Path) -> None:
    assert files.signed_paths == {}
    assert files.signed_disk_paths == {X64: "x64/signed.img", AA64: "arm64/signed.img"}
    files.check_signed(SecureBootPolicy.ALWAYS)
    image = written(files.signed_disks["x64/signed.img"], tmp_path / "disk.img")
    subprocess.run(["fsck.fat", "-n", str(image)], check=True, capture_output=True, timeout=20)
    assert file_in(image, "EFI/BOOT/BOOTX64.EFI") == shim()
    assert file_in(image, "EFI/BOOT/grubx64.efi") == OLD_GRUB
    assert file_in(image, "EFI/BOOT/mmx64.efi") == MOK_MANAGER
    script = file_in(image, "grub/grub.cfg").decode()
    assert 'configfile "(tftp,192.168.1.50)/grub/mac=$net_default_mac/' in script, "this GRUB has no HTTP"
    assert "net_bootp" in script
    assert file_in(image, "boot/grub/grub.cfg") == file_in(image, "EFI/BOOT/grub.cfg") == script.encode()
    arm64 = written(files.signed_disks["arm64/signed.img"], tmp_path / "arm64.img")
    assert file_in(arm64, "EFI/BOOT/BOOTAA64.EFI") == shim(machine=ARM64)


@pytest.mark.peer
def test_its_grub_goes_to_the_address_the_firmware_came_to(files: LoaderFiles, tmp_path: Path) -> None:
    image = written(files.signed_disks["x64/signed.img"], tmp_path / "disk.img", "fd00::50")
    script = file_in(image, "grub/grub.cfg").decode()
    assert "(tftp,[fd00::50])/grub/" in script
    assert "net_ipv6_autoconf" in script


def test_the_log_says_what_it_is_good_for(files: LoaderFiles) -> None:
    [words] = [words for words in files.words if words.startswith("UEFI x86_64 with Secure Boot")]
    assert "by HTTP boot only: shim 16.1, GRUB 2.06-13+deb12u2" in words
    assert "bootbeam loaders fetch" in words


@pytest.mark.parametrize("leave_out", ["BOOTX64.EFI", "grubx64.efi"])
def test_a_loader_that_is_gone_is_told_and_nothing_stays_open(tmp_path: Path, leave_out: str) -> None:
    images = {}
    for name in ("BOOTX64.EFI", "grubx64.efi"):
        path = tmp_path / name
        path.write_bytes(shim())
        images[name] = ImageFile(path, name, "loader", SnapshotStorage(None), Recorded())
        if name != leave_out:
            images[name].load()
    (tmp_path / leave_out).unlink()
    before = _open_files()
    assert isinstance(SignedDisk("x64/signed.img", images).open("192.168.1.50"), Missing | NotReady)
    assert _open_files() == before
    for image in images.values():
        image.close()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_every_reader_closes_what_was_opened_for_it(files: LoaderFiles) -> None:
    disk, before = files.signed_disks["x64/signed.img"], _open_files()
    contents = [content for _ in range(3) if isinstance(content := disk.open("192.168.1.50"), Content)]
    assert len(contents) == 3
    assert len({content.size_bytes for content in contents}) == 1, "HEAD and GET agree"
    for content in contents:
        content.close()
    assert _open_files() == before

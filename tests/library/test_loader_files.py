"""Which loaders are handed out, and under which paths."""

import time
from pathlib import Path

import pytest

from bootbeam.boot.entry import BootEntry, ServedFile, SignedStart
from bootbeam.errors import UserError
from bootbeam.library import loader_files
from bootbeam.library.content import Content, Missing
from bootbeam.library.loader_files import LoaderFiles
from bootbeam.library.loaders import LoaderShelf, find_loaders
from bootbeam.machine import Cpu, Firmware, SecureBootPolicy
from tests.library.recorded import Recorded
from tests.loader_bytes import ARM64, grub, ipxe_efi, packed_nbp, shim, write

X64, AA64 = (Firmware.UEFI, Cpu.X86_64), (Firmware.UEFI, Cpu.ARM64)
HTTP = b"User-Agent: GRUB 2.12"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory with boot loaders on this computer."""
    directory = tmp_path / "loaders"

    def find(chosen: Path | None = None, **_: object) -> LoaderShelf:
        return find_loaders(chosen, (directory,), (), lambda _: {})

    monkeypatch.setattr(loader_files, "find_loaders", find)
    return directory


def served(files: LoaderFiles, path: str) -> bytes:
    content = files.files[path].open()
    assert isinstance(content, Content)
    try:
        return content.read_at(0, content.size_bytes)
    finally:
        content.close()


def test_each_kind_of_machine_has_its_directory_and_what_is_missing_has_advice(place: Path) -> None:
    write(place, undionly__kpxe=packed_nbp(), snponly__efi=ipxe_efi())
    with LoaderFiles(None, Recorded()) as files:
        assert files.paths == {(Firmware.BIOS, Cpu.X86_64): "bios/undionly.kpxe", X64: "x64/snponly.efi"}
        assert served(files, "x64/snponly.efi") == ipxe_efi()
        assert AA64 in files.advice
        assert files.signed_paths == {}
        with pytest.raises(UserError, match="no signed boot loaders") as caught:
            files.check_signed(SecureBootPolicy.ALWAYS)
        assert caught.value.fix == "bootbeam loaders fetch"
        files.check_signed(SecureBootPolicy.AUTO)
        own = SignedStart(Cpu.X86_64, "signed/a.iso/shimx64.efi", ())
        entry = BootEntry("a.iso", "an ISO with its own", (), ServedFile("a.iso"), own_chains=(own,))
        files.check_signed(SecureBootPolicy.ALWAYS, [entry])


def test_a_signed_chain_lies_beside_ipxe_under_the_names_shim_asks_for(place: Path) -> None:
    write(
        place,
        snponly__efi=ipxe_efi(),
        shimx64__efi__signed=shim(),
        grubnetx64__efi__signed=grub(b"2.12-9+deb13u2", HTTP),
        shimaa64__efi__signed=shim(machine=ARM64),
        grubnetaa64__efi__signed=grub(b"2.12-9+deb13u2", HTTP, machine=ARM64),
    )
    with LoaderFiles(None, Recorded()) as files:
        assert files.signed_paths == {X64: "x64/shimx64.efi", AA64: "arm64/shimaa64.efi"}
        assert set(files.files) == {
            "x64/snponly.efi",
            "x64/shimx64.efi",
            "x64/grubx64.efi",
            "arm64/shimaa64.efi",
            "arm64/grubaa64.efi",
        }
        assert served(files, "x64/grubx64.efi") == grub(b"2.12-9+deb13u2", HTTP)
        assert "UEFI x86_64 with Secure Boot on: shim 16.1, GRUB 2.12-9+deb13u2" in files.words
        files.check_signed(SecureBootPolicy.ALWAYS)


def test_nothing_at_all_is_an_error_with_the_package(place: Path) -> None:
    place.mkdir()
    with pytest.raises(UserError, match="no boot loader was found"), LoaderFiles(None, Recorded()):
        pass


@pytest.mark.parametrize(
    ("replacement", "reason"),
    [(ipxe_efi(machine=ARM64), "is for arm64, not for x86_64"), (packed_nbp(), "is no program for UEFI any more")],
    ids=["another-processor", "bios"],
)
def test_a_program_that_no_longer_fits_the_machine_is_never_handed_over(
    place: Path, replacement: bytes, reason: str
) -> None:
    write(place, snponly__efi=ipxe_efi(), undionly__kpxe=packed_nbp())
    with LoaderFiles(None, Recorded()) as files:
        served(files, "x64/snponly.efi")
        for name, data in (("snponly.efi", replacement), ("undionly.kpxe", ipxe_efi())):
            (place / name).write_bytes(data)
        assert reason in refusal(files, "x64/snponly.efi")
        assert "is a program for UEFI now" in refusal(files, "bios/undionly.kpxe")


def refusal(files: LoaderFiles, path: str) -> str:
    """Why the file is not handed out, once it has settled."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = files.files[path].open()
        if isinstance(answer, Missing):
            return answer.reason
        if isinstance(answer, Content):
            answer.close()
        time.sleep(0.1)
    return ""

"""Which shim and GRUB are handed out together."""

from pathlib import Path

import pytest

from bootbeam.library.loaders import LoaderShelf, find_loaders
from bootbeam.library.signed_chain import find_signed_chain, find_signed_disk_chain
from bootbeam.machine import Cpu
from tests.loader_bytes import ARM64, efi, grub, ipxe_efi, shim, write

HTTP = b"User-Agent: GRUB 2.12"
MOK_MANAGER = efi(
    b"shim,4,UEFI shim,shim,1,https://github.com/rhboot/shim\n"
    b"shim.debian,1,Debian,shim,16.1-2~deb13u1,https://tracker.debian.org/pkg/shim\n",
    "Perform MOK management".encode("utf-16-le"),
    certificate=b"\x10\0\0\0\0\2\2\0certific",
)


def shelf_of(own: Path | None = None, system: Path | None = None, chosen: Path | None = None) -> LoaderShelf:
    return find_loaders(chosen, (own,) if own else (), (system,) if system else (), lambda _: {})


def test_the_pieces_have_the_names_that_are_asked_for(tmp_path: Path) -> None:
    write(
        tmp_path,
        shimx64__efi__signed=shim(),
        grubnetx64__efi__signed=grub(b"2.12-9+deb13u2", HTTP),
        mmx64__efi__signed=MOK_MANAGER,
        shimaa64__efi__signed=shim(machine=ARM64),
        grubnetaa64__efi__signed=grub(b"2.12-9+deb13u2", HTTP, machine=ARM64),
        snponly__efi=ipxe_efi(),
    )
    chain = find_signed_chain(shelf_of(tmp_path), Cpu.X86_64)
    assert chain is not None
    assert chain.first == "shimx64.efi"
    assert {name: loader.path.name for name, loader in chain.files.items()} == {
        "shimx64.efi": "shimx64.efi.signed",
        "grubx64.efi": "grubnetx64.efi.signed",
        "mmx64.efi": "mmx64.efi.signed",
    }
    assert chain.words == "shim 16.1, GRUB 2.12-9+deb13u2"
    arm64 = find_signed_chain(shelf_of(tmp_path), Cpu.ARM64)
    assert arm64 is not None
    assert list(arm64.files) == ["shimaa64.efi", "grubaa64.efi"], "without a MokManager it goes without"


def test_a_grub_that_asks_the_router_is_no_good(tmp_path: Path) -> None:
    """Debian 12's signed GRUB has no HTTP and ignores the proxy's offer."""
    write(tmp_path, shimx64__efi__signed=shim(), grubnetx64__efi__signed=grub(b"2.06-13+deb12u2"))
    assert find_signed_chain(shelf_of(tmp_path), Cpu.X86_64) is None
    chain = find_signed_disk_chain(shelf_of(tmp_path), Cpu.X86_64)
    assert chain is not None, "but from a disk it does not ask the router"
    assert chain.removable_name == "BOOTX64.EFI"
    assert find_signed_disk_chain(shelf_of(tmp_path), Cpu.I386) is None


def test_a_disks_own_grub_cannot_go_to_the_network(tmp_path: Path) -> None:
    write(tmp_path, shimx64__efi__signed=shim(), gcdx64__efi__signed=grub(), grubx64__efi__signed=grub())
    assert find_signed_disk_chain(shelf_of(tmp_path), Cpu.X86_64) is None


def test_the_pieces_come_from_one_place_and_the_best_one(tmp_path: Path) -> None:
    system = write(tmp_path / "system", shimx64__efi=shim(b"15.8"), grubx64__efi=grub(b"2.12-1", HTTP))
    own = write(tmp_path / "own", shimx64__efi__signed=shim(b"16.1"))
    chain = find_signed_chain(shelf_of(own, system), Cpu.X86_64)
    assert chain is not None
    assert chain.words == "shim 15.8, GRUB 2.12-1", "the fetched shim has no GRUB beside it"

    write(own, grubnetx64__efi__signed=grub(b"2.12-9+deb13u2", HTTP))
    chain = find_signed_chain(shelf_of(own, system), Cpu.X86_64)
    assert chain is not None
    assert chain.words == "shim 16.1, GRUB 2.12-9+deb13u2"

    chosen = write(tmp_path / "chosen", shimx64__efi=shim(b"15.4"), grubx64__efi=grub(b"2.12-5.fc43", HTTP))
    chain = find_signed_chain(shelf_of(own, system, chosen), Cpu.X86_64)
    assert chain is not None
    assert chain.words == "shim 15.4, GRUB 2.12-5.fc43"


def test_of_several_the_newest(tmp_path: Path) -> None:
    write(tmp_path / "a", shimx64__efi__signed=shim(b"15.8"), grubnetx64__efi__signed=grub(b"2.12-1", HTTP))
    write(tmp_path / "b", shimx64__efi__signed=shim(b"16.1"), grubnetx64__efi__signed=grub(b"2.12-9", HTTP))
    chain = find_signed_chain(shelf_of(tmp_path), Cpu.X86_64)
    assert chain is not None
    assert chain.words == "shim 16.1, GRUB 2.12-9"


@pytest.mark.parametrize("cpu", [Cpu.I386, Cpu.RISCV64])
def test_for_other_machines_nobody_signs_one(tmp_path: Path, cpu: Cpu) -> None:
    write(tmp_path, shimx64__efi__signed=shim(), grubnetx64__efi__signed=grub(b"2.12", HTTP))
    assert find_signed_chain(shelf_of(tmp_path), cpu) is None


def named(text: str) -> bytes:
    """A common name as it stands in a certificate."""
    return b"\x06\x03\x55\x04\x03\x0c" + bytes([len(text)]) + text.encode()


def shim_of(distribution: str, version: bytes) -> bytes:
    """Signed by Microsoft, with the certificate of a distribution inside."""
    texts = b"UEFI SHIM\n$Version: " + version + b" $\n$BuildMachine: x $"
    return efi(texts, named(distribution), certificate=b"\x10\0\0\0\0\2\2\0" + named("Microsoft"))


def grub_of(distribution: str) -> bytes:
    sbat = b"sbat,1\ngrub,5,Free Software Foundation,grub,2.12,https://www.gnu.org/software/grub/\n"
    return efi(sbat, HTTP, certificate=b"\x10\0\0\0\0\2\2\0" + named(distribution))


def test_a_shim_gets_the_grub_of_its_own_distribution(tmp_path: Path) -> None:
    write(tmp_path / "a", shimx64__efi=shim_of("Debian CA", b"15.8"), grubx64__efi=grub_of("Debian CA"))
    write(tmp_path / "b", shimx64__efi=shim_of("Fedora CA", b"16.1"))
    chain = find_signed_chain(shelf_of(tmp_path), Cpu.X86_64)
    assert chain is not None
    assert (chain.trusts, chain.grub.signers) == (("Debian CA",), ("Debian CA",))
    assert "Microsoft" in chain.shim.signers
    write(tmp_path / "b", grubx64__efi=grub_of("Fedora CA"))
    chain = find_signed_chain(shelf_of(tmp_path), Cpu.X86_64)
    assert chain is not None
    assert (chain.trusts, chain.grub.signers) == (("Fedora CA",), ("Fedora CA",)), "the newest shim's"


def test_a_grub_that_no_shim_here_accepts_is_none(tmp_path: Path) -> None:
    write(tmp_path, shimx64__efi=shim_of("Fedora CA", b"16.1"), grubx64__efi=grub_of("Debian CA"))
    assert find_signed_chain(shelf_of(tmp_path), Cpu.X86_64) is None
    assert find_signed_disk_chain(shelf_of(tmp_path), Cpu.X86_64) is None

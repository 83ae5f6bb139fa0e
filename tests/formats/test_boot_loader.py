"""Boot loaders recognised by the texts inside: built by hand, and the real ones of the packages installed here."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.formats.boot_loader import LoaderFamily, LoaderFeature, LoaderTexts, read_loader_texts, release_day
from tests.image_bytes import IPXE
from tests.loader_bytes import NEW, OLD, grub, ipxe_efi, packed_nbp, shim


def test_ipxe_with_everything() -> None:
    texts = read_loader_texts(ipxe_efi(NEW, b"https", b"file:autoexec.ipxe", b"initrd.magic", b"shim"))
    assert texts == LoaderTexts(
        LoaderFamily.IPXE,
        NEW,
        frozenset(
            {
                LoaderFeature.HTTP,
                LoaderFeature.HTTPS,
                LoaderFeature.AUTOEXEC,
                LoaderFeature.INITRD_WRAPPING,
                LoaderFeature.SHIM_COMMAND,
            }
        ),
        "snponly.efi",
    )


def test_old_ipxe() -> None:
    texts = read_loader_texts(ipxe_efi(OLD, name=b"ipxe.efi"))
    assert texts == LoaderTexts(LoaderFamily.IPXE, OLD, frozenset({LoaderFeature.HTTP}), "ipxe.efi")


def test_parts_of_longer_texts_are_no_features() -> None:
    texts = read_loader_texts(ipxe_efi(OLD, b"https://ipxe.org", b"reshim", b"shimmer"))
    assert texts is not None
    assert texts.features == {LoaderFeature.HTTP}


def test_ipxe_that_hides_its_version() -> None:
    texts = read_loader_texts(ipxe_efi(None))
    assert texts is not None
    assert texts.version is None


@pytest.mark.parametrize("version", [NEW, OLD, "2.0.0", "1.21.1+ (64113751)", "2.0.0+git20260710.58ee55b3c"])
def test_versions_of_distributions(version: str) -> None:
    texts = read_loader_texts(ipxe_efi(version))
    assert texts is not None
    assert texts.version == version


def test_shim_and_its_mok_manager() -> None:
    assert read_loader_texts(shim(b"15.8")) == LoaderTexts(LoaderFamily.SHIM, "15.8")
    sbat = b"\nshim,4,UEFI shim,shim,1,https://x\nshim.debian,1,Debian,shim,16.1,https://x\n"
    title = "Perform MOK management".encode("utf-16-le")
    assert read_loader_texts(sbat + title) == LoaderTexts(LoaderFamily.MOK_MANAGER, "16.1")
    assert read_loader_texts(sbat) is None


def test_grub_says_the_distributions_version_and_whether_it_speaks_http() -> None:
    assert read_loader_texts(grub(b"2.06-13+deb12u2")) == LoaderTexts(LoaderFamily.GRUB, "2.06-13+deb12u2")
    texts = read_loader_texts(grub(b"2.12-9+deb13u2", b"User-Agent: GRUB 2.12-9+deb13u2\r\n"))
    assert texts is not None
    assert texts.features == {LoaderFeature.HTTP}


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b"\r\nPXELINUX 6.04 PXE 20200816 ", LoaderTexts(LoaderFamily.PXELINUX, "6.04")),
        (
            b"\r\nPXELINUX 6.04 lwIP 20200816 ",
            LoaderTexts(LoaderFamily.PXELINUX, "6.04", frozenset({LoaderFeature.HTTP})),
        ),
        (b"MEMDISK 6.04 20200816", LoaderTexts(LoaderFamily.MEMDISK, "6.04")),
        (b"\n\nwimboot v2.7.6 -- Windows Imaging", LoaderTexts(LoaderFamily.WIMBOOT, "2.7.6")),
    ],
)
def test_syslinux_and_wimboot(data: bytes, texts: LoaderTexts) -> None:
    assert read_loader_texts(data) == texts


@pytest.mark.parametrize("data", [b"", b"iPXE", packed_nbp(), b"GRUB grub,5,x", b"\nshim,4\ngrub,5\n"])
def test_other_programs_are_none(data: bytes) -> None:
    assert read_loader_texts(data) is None


@pytest.mark.parametrize(
    ("version", "day"),
    [
        (OLD, date(2019, 1, 25)),
        (NEW, date(2025, 5, 1)),
        ("20240119-5.gitde8a0821.el10", date(2024, 1, 19)),
        ("2.0.0+git20260710.58ee55b3c", date(2026, 7, 10)),
        ("1.21.1", date(2020, 12, 31)),
        ("1.21.1+ (64113751)", date(2020, 12, 31)),
        ("2.0.0-1", date(2026, 3, 6)),
        ("1.21.1.r626.g5a9f476-1", date(2020, 12, 31)),
        ("9.9.9", None),
        ("1.21.1+git20250231.x", date(2020, 12, 31)),
        ("120250501", None),
        ("", None),
    ],
)
def test_release_day(version: str, day: date | None) -> None:
    assert release_day(version) == day


def test_real_ipxe_of_the_package() -> None:
    texts = read_loader_texts((IPXE / "snponly.efi").read_bytes())
    assert texts is not None
    assert texts.family is LoaderFamily.IPXE
    assert texts.own_name == "snponly.efi"
    assert texts.version is not None
    assert release_day(texts.version) is not None
    assert LoaderFeature.HTTP in texts.features


@pytest.mark.parametrize("name", ["undionly.kpxe", "ipxe.pxe", "ipxe.lkrn"])
def test_real_bios_forms_are_packed(name: str) -> None:
    assert read_loader_texts((IPXE / name).read_bytes()) is None


def test_real_programs_that_are_no_loaders() -> None:
    assert read_loader_texts(Path("/bin/sh").read_bytes()) is None


FRAGMENTS = st.sampled_from(
    [
        b"iPXE",
        b"ipxe.org",
        b"\x001.2.3",
        b"\0",
        b"UEFI SHIM\n$Version: ",
        b" $",
        b"\ngrub,1,a,grub2,2",
        b",x\n",
        b"PXELINUX ",
    ]
)


def test_control_characters_in_a_version_are_left_out() -> None:
    texts = read_loader_texts(b"\ngrub,1,a,grub2,2\x001.2.3,x\n")
    assert texts is not None
    assert texts.version == "21.2.3"


@given(st.lists(FRAGMENTS | st.binary(max_size=20), max_size=12).map(b"".join))
def test_no_bytes_raise(data: bytes) -> None:
    texts = read_loader_texts(data)
    if texts is not None and texts.version is not None:
        assert texts.version.isprintable()
        release_day(texts.version)


@given(st.text(max_size=60))
def test_no_version_raises(version: str) -> None:
    release_day(version)

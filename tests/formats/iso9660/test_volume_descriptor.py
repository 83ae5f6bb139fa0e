import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.fields import TruncatedImage
from bootbeam.formats.iso9660.volume_descriptor import read_iso_volume
from tests.image_bytes import IPXE, iso9660, reading


def test_ipxes_own_cd_is_read() -> None:
    data = (IPXE / "ipxe.iso").read_bytes()
    iso = read_iso_volume(reading(data))
    assert iso is not None
    assert (iso.volume_id, iso.has_iso9660, iso.has_el_torito, iso.has_udf) == ("ISOIMAGE", True, True, False)
    assert 0 < iso.needed_size_bytes <= len(data)


def test_volume_id_extensions_and_size_are_read() -> None:
    iso = read_iso_volume(reading(iso9660("Debian 12.5.0 amd64 n", sectors=300, joliet=True, el_torito=True)))
    assert iso is not None
    assert (iso.volume_id, iso.has_joliet, iso.has_el_torito) == ("Debian 12.5.0 amd64 n", True, True)
    assert iso.needed_size_bytes == 300 * 2048


def test_windows_media_show_udf_behind_iso_9660() -> None:
    image = bytearray(iso9660("CCCOMA_X64FRE", sectors=100))
    for sector, identifier in ((18, b"BEA01"), (19, b"NSR02"), (20, b"TEA01")):
        image[sector * 2048 : sector * 2048 + 7] = b"\0" + identifier + b"\x01"
    iso = read_iso_volume(reading(bytes(image)))
    assert iso is not None
    assert iso.has_udf
    assert iso.has_iso9660


def test_udf_alone_is_seen() -> None:
    image = bytearray(64 * 2048)
    for sector, identifier in ((16, b"BEA01"), (17, b"NSR03"), (18, b"TEA01")):
        image[sector * 2048 + 1 : sector * 2048 + 6] = identifier
    iso = read_iso_volume(reading(bytes(image)))
    assert iso is not None
    assert (iso.has_udf, iso.has_iso9660, iso.volume_id) == (True, False, "")


def test_an_image_cut_off_in_its_descriptors_is_reported_as_such() -> None:
    with pytest.raises(TruncatedImage):
        read_iso_volume(reading(iso9660()[: 16 * 2048 + 100]))


def test_descriptors_without_a_primary_one_are_an_image_error() -> None:
    image = bytearray(iso9660(sectors=60))
    image[16 * 2048] = 3
    with pytest.raises(ImageError, match="primary"):
        read_iso_volume(reading(bytes(image)))


def test_an_impossible_block_size_is_an_image_error() -> None:
    image = bytearray(iso9660())
    struct.pack_into("<H", image, 16 * 2048 + 128, 7)
    with pytest.raises(ImageError, match="7 bytes"):
        read_iso_volume(reading(bytes(image)))


def test_other_files_are_none() -> None:
    assert read_iso_volume(reading(b"")) is None
    assert read_iso_volume(reading(bytes(100_000))) is None


@given(st.integers(0, 4200), st.binary(min_size=1, max_size=64))
def test_nothing_but_image_errors_escapes(offset: int, noise: bytes) -> None:
    image = bytearray(iso9660(sectors=50, joliet=True))
    image[16 * 2048 + offset : 16 * 2048 + offset + len(noise)] = noise
    for data in (bytes(image), bytes(image[: 16 * 2048 + offset])):
        with contextlib.suppress(ImageError):
            read_iso_volume(reading(data))

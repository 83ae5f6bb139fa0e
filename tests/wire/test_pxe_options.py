"""PXE's options: vectors from PXE 2.1, RFC 4578 and what iPXE sends, and noise."""

import contextlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.pxe_options import (
    decode_architectures,
    decode_class_architecture,
    decode_ipxe,
    decode_machine_identifier,
    decode_suboptions,
    decode_user_classes,
    encode_suboptions,
)

IPXE_175 = bytes.fromhex("b105018086100eeb03010000170101220101130101190101150101270101")


def test_discovery_control_is_the_four_bytes_everybody_sends() -> None:
    assert encode_suboptions([(6, b"\x08")]) == bytes.fromhex("060108ff")


def test_ipxe_tells_its_version_and_features() -> None:
    ipxe = decode_ipxe(decode_suboptions(IPXE_175, "option 175"))
    assert ipxe is not None
    assert ipxe.version == "1.0.0"
    assert {0x13, 0x15, 0x19, 0x27} <= ipxe.features
    assert 0x14 not in ipxe.features
    assert ipxe.card == (0x8086, 0x100E)


@pytest.mark.parametrize(
    "bus_id",
    ["", "b100", "b1050280861229", "b10401808612", "b106018086122900"],
    ids=["absent", "empty", "not PCI", "too short", "too long"],
)
def test_a_card_that_is_no_pci_device_is_not_named(bus_id: str) -> None:
    ipxe = decode_ipxe(decode_suboptions(b"\x13\x01\x01" + bytes.fromhex(bus_id), "option 175"))
    assert ipxe is not None
    assert ipxe.card is None


def test_a_feature_with_value_zero_is_absent() -> None:
    ipxe = decode_ipxe(decode_suboptions(b"\x13\x01\x00\x15\x01\x01", "option 175"))
    assert ipxe is not None
    assert ipxe.features == {0x15}
    assert ipxe.version is None


def test_nothing_in_option_175_is_no_ipxe() -> None:
    assert decode_ipxe({}) is None


@pytest.mark.parametrize(
    ("value", "classes"),
    [(b"iPXE", (b"iPXE",)), (b"\x04iPXE", (b"iPXE",)), (b"\x03foo\x04iPXE", (b"foo", b"iPXE")), (b"", ())],
)
def test_user_class_with_and_without_length_bytes(value: bytes, classes: tuple[bytes, ...]) -> None:
    assert decode_user_classes(value) == classes


def test_guid_is_in_smbios_byte_order() -> None:
    value = b"\0" + bytes.fromhex("33221100554477668899aabbccddeeff")
    assert decode_machine_identifier(value) == UUID("00112233-4455-6677-8899-aabbccddeeff")


@pytest.mark.parametrize("value", [b"", b"\0", bytes(16), b"\1" + bytes(16), bytes(18)])
def test_an_odd_guid_is_none(value: bytes) -> None:
    assert decode_machine_identifier(value) is None


def test_architectures() -> None:
    assert decode_architectures(b"\0\x07\0\x10") == (7, 16)
    for broken in (b"", b"\0", b"\0\x07\0"):
        with pytest.raises(DecodeError):
            decode_architectures(broken)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"PXEClient:Arch:00007:UNDI:003016", 7),
        (b"HTTPClient:Arch:00016:UNDI:003000", 16),
        (b"PXEClient", None),
        (b"PXEClient:Arch:abcde:UNDI", None),
        (b"PXEClient:Arch:7", None),
    ],
)
def test_architecture_in_the_vendor_class(text: bytes, number: int | None) -> None:
    assert decode_class_architecture(text) == number


@given(st.binary(max_size=300))
def test_suboptions_of_noise(data: bytes) -> None:
    try:
        found = decode_suboptions(data, "option 43")
    except DecodeError:
        return
    assert 255 not in found
    assert 0 not in found


@given(st.binary(max_size=64))
def test_nothing_else_ever_escapes(data: bytes) -> None:
    decode_user_classes(data)
    decode_machine_identifier(data)
    decode_class_architecture(data)
    with contextlib.suppress(DecodeError):
        decode_architectures(data)

"""What is inside DHCPv6 options, against recorded packets and bytes by hand."""

from collections.abc import Callable
from ipaddress import IPv6Address
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire import dhcp6_options as options
from bootbeam.wire.dhcp6 import decode_dhcp6
from bootbeam.wire.dhcp6_options import IaAddress, IaNa, StatusCode, VendorClass
from tests import dhcp6_packets as packets
from tests.dhcp6_packets import ia_na, option

SOLICIT = decode_dhcp6(packets.OVMF_PXE_SOLICIT)
IPXE = decode_dhcp6(packets.IPXE_SOLICIT)


def value_of(code: int, message: object = SOLICIT) -> bytes:
    assert hasattr(message, "option")
    value = message.option(code)
    assert isinstance(value, bytes)
    return value


def test_firmwares_options_mean_what_the_specifications_say() -> None:
    assert options.decode_duid(value_of(1)).mac == "52:54:00:b0:07:01"
    assert options.decode_elapsed_time(value_of(8)) == 0
    assert options.decode_ia_na(value_of(3)) == IaNa(0xBA7AFF77, 0xFFFFFFFF, 0xFFFFFFFF)
    assert options.decode_option_request(value_of(6)) == {59, 60, 23, 16}
    assert options.decode_network_interface(value_of(62)) == (1, 3, 0)
    assert options.decode_architectures(value_of(61)) == (7,)
    assert options.decode_vendor_class(value_of(16)) == VendorClass(343, (b"PXEClient:Arch:00007:UNDI:003000",))


def test_ipxes_options_mean_what_the_specifications_say() -> None:
    assert options.decode_user_classes(value_of(15, IPXE)) == (b"iPXE",)
    assert options.decode_duid(value_of(1, IPXE)).uuid == bytes(16)
    assert options.decode_architectures(value_of(61, IPXE)) == (7,)


@pytest.mark.parametrize(
    ("value", "mac"),
    [
        ("00030001525400b00701", "52:54:00:b0:07:01"),
        ("0001000131daf503525400b00701", "52:54:00:b0:07:01"),
        ("00030006525400b00701", None),
        ("00030001525400b007", None),
        ("0002000000ab01", None),
        ("00040102030405060708090a0b0c0d0e0f", None),
    ],
    ids=["LL", "LLT", "LL, not Ethernet", "LL, five bytes", "EN", "UUID, one byte short"],
)
def test_a_duid_tells_the_mac_only_when_it_is_one(value: str, mac: str | None) -> None:
    duid = options.decode_duid(bytes.fromhex(value))
    assert duid.mac == mac
    assert duid.uuid is None
    assert duid.value == bytes.fromhex(value)


def test_a_uuid_duid_is_18_bytes() -> None:
    uuid = UUID("00112233-4455-6677-8899-aabbccddeeff")
    encoded = options.encode_uuid_duid(uuid)
    assert encoded == b"\0\4" + uuid.bytes
    assert options.decode_duid(encoded).uuid == uuid.bytes


def test_an_identity_association_with_addresses_and_a_status() -> None:
    _, value = ia_na(9, ["fd00::1", "fd00::2"], status=2)
    assert options.decode_ia_na(value) == IaNa(
        9, 0, 0, (IaAddress(IPv6Address("fd00::1")), IaAddress(IPv6Address("fd00::2"))), 2
    )


def test_an_address_is_encoded_with_its_lifetimes() -> None:
    association = IaNa(7, 1800, 2880, (IaAddress(IPv6Address("fd00::9"), 3600, 7200),))
    inner = IPv6Address("fd00::9").packed + (3600).to_bytes(4, "big") + (7200).to_bytes(4, "big")
    expected = b"\0\0\0\7" + (1800).to_bytes(4, "big") + (2880).to_bytes(4, "big") + option(5, inner)
    assert options.encode_ia_na(association) == expected
    refused = IaNa(7, status=StatusCode.NO_ADDRESSES_AVAILABLE)
    assert options.encode_ia_na(refused) == b"\0\0\0\7" + bytes(8) + option(13, b"\0\2")


def test_a_vendor_class_is_number_and_strings() -> None:
    assert options.encode_vendor_class(VendorClass(343, (b"HTTPClient",))) == b"\0\0\1\x57\0\x0aHTTPClient"


def test_a_status_carries_words() -> None:
    assert options.encode_status_code(StatusCode.NOT_ON_LINK, "no") == b"\0\4no"
    assert options.decode_status_code(b"\0\4no") == 4


def test_what_a_relay_says_of_the_hardware_address() -> None:
    assert options.decode_link_layer_address(b"\0\1\x52\x54\0\xb0\7\1") == "52:54:00:b0:07:01"
    assert options.decode_link_layer_address(b"\0\6\x52\x54\0\xb0\7\1") is None
    assert options.decode_link_layer_address(b"\0\1\x52") is None


def test_boot_parameters_are_strings_of_their_own() -> None:
    assert options.decode_boot_parameters(b"\0\3one\0\0\0\2ab") == (b"one", b"", b"ab")


@pytest.mark.parametrize(
    ("decode", "value"),
    [
        (options.decode_duid, b"\0\1"),
        (options.decode_duid, bytes(131)),
        (options.decode_ia_na, bytes(11)),
        (options.decode_ia_na, bytes(12) + b"\0\5\0\x17" + bytes(23)),
        (options.decode_ia_na, bytes(12) + b"\0\5\0\x18" + bytes(20)),
        (options.decode_status_code, b"\0"),
        (options.decode_vendor_class, b"\0\0\1"),
        (options.decode_vendor_class, b"\0\0\1\x57\0\5PXE"),
        (options.decode_user_classes, b"iPXE"),
        (options.decode_option_request, b"\0\1\2"),
        (options.decode_architectures, b""),
        (options.decode_architectures, b"\0\7\0"),
        (options.decode_elapsed_time, b"\0\0\0"),
        (options.decode_network_interface, b"\1\3"),
        (options.decode_boot_parameters, b"\0"),
    ],
)
def test_what_is_broken_is_a_decode_error(decode: Callable[[bytes], object], value: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(value)


DECODERS = (
    options.decode_duid,
    options.decode_ia_na,
    options.decode_status_code,
    options.decode_vendor_class,
    options.decode_user_classes,
    options.decode_option_request,
    options.decode_architectures,
    options.decode_elapsed_time,
    options.decode_network_interface,
    options.decode_link_layer_address,
    options.decode_boot_parameters,
)


@given(st.sampled_from(DECODERS), st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_decode_error(decode: Callable[[bytes], object], value: bytes) -> None:
    try:
        decode(value)
    except DecodeError:
        return


U32 = st.integers(0, 0xFFFFFFFF)
ADDRESSES = st.builds(IaAddress, st.integers(0, 2**128 - 1).map(IPv6Address), U32, U32)
ASSOCIATIONS = st.builds(IaNa, U32, U32, U32, st.lists(ADDRESSES, max_size=4).map(tuple), st.integers(0, 65535))


@given(ASSOCIATIONS)
def test_an_association_decodes_to_what_was_encoded(association: IaNa) -> None:
    assert options.decode_ia_na(options.encode_ia_na(association)) == association

"""Who is asking: each kind of client from its own bytes, and noise."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.pxe.actions import Ignore
from bootbeam.pxe.client import ClientInfo, ClientKind, classify
from bootbeam.wire.dhcp4 import decode_dhcp
from tests.dhcp_packets import build, pxe_options


def classified(packet: bytes) -> ClientInfo:
    client = classify(decode_dhcp(packet))
    assert isinstance(client, ClientInfo)
    return client


@pytest.mark.parametrize(
    ("architecture", "prefix", "kind"),
    [
        (0, "PXEClient", ClientKind.BIOS_PXE),
        (6, "PXEClient", ClientKind.UEFI_PXE),
        (7, "PXEClient", ClientKind.UEFI_PXE),
        (8, "PXEClient", ClientKind.UEFI_PXE),
        (9, "PXEClient", ClientKind.UEFI_PXE),
        (11, "PXEClient", ClientKind.UEFI_PXE),
        (15, "HTTPClient", ClientKind.UEFI_HTTP),
        (16, "HTTPClient", ClientKind.UEFI_HTTP),
        (19, "HTTPClient", ClientKind.UEFI_HTTP),
        (20, "HTTPClient", ClientKind.UNKNOWN),
        (22, "PXEClient", ClientKind.UNKNOWN),
        (12, "PXEClient", ClientKind.UNKNOWN),
        (500, "PXEClient", ClientKind.UNKNOWN),
    ],
)
def test_kinds(architecture: int, prefix: str, kind: ClientKind) -> None:
    client = classified(build(1, options=pxe_options(architecture, "003016", prefix=prefix)))
    assert client.kind is kind
    assert client.architecture_number == architecture


def test_what_is_told_of_a_client() -> None:
    guid = b"\0" + bytes.fromhex("33221100554477668899aabbccddeeff")
    client = classified(
        build(3, "52:54:00:12:34:56", 0xDEADBEEF, pxe_options(7, "003016", guid=guid), secs=12, ciaddr="10.0.0.9")
    )
    assert client.mac == "52:54:00:12:34:56"
    assert client.xid == 0xDEADBEEF
    assert client.secs == 12
    assert client.uuid == UUID("00112233-4455-6677-8899-aabbccddeeff")
    assert str(client.address) == "10.0.0.9"
    assert client.vendor_class == "PXEClient:Arch:00007:UNDI:003016"


def test_the_same_address_of_another_maker_is_a_pc() -> None:
    pi = classified(build(1, mac="dc:a6:32:00:00:01", options=pxe_options(0, "002001")))
    assert pi.kind is ClientKind.RASPBERRY_PI


def test_a_broken_option_175_is_a_decode_error() -> None:
    packet = build(1, options=[*pxe_options(7, "003016"), (175, b"\x13\x05\x01")])
    with pytest.raises(DecodeError, match="option 175"):
        classify(decode_dhcp(packet))


option = st.tuples(st.sampled_from([43, 54, 60, 61, 77, 93, 94, 97, 175]), st.binary(max_size=40))


@given(st.lists(option, max_size=8), st.sampled_from([b"PXEClient", b"HTTPClient", b"", b"PXEClient:Arch:00007"]))
def test_any_options_give_a_client_a_reason_or_a_decode_error(options: list[tuple[int, bytes]], text: bytes) -> None:
    try:
        result = classify(decode_dhcp(build(1, options=[*options, (60, text)])))
    except DecodeError:
        return
    assert isinstance(result, ClientInfo | Ignore)


@pytest.mark.parametrize(
    ("vendor_class", "options", "number", "kind"),
    [
        (b"U-Boot.armv8", [(93, b"\0\x16")], 22, ClientKind.U_BOOT),
        (b"U-Boot.armv7", [(93, b"\0\x15")], 21, ClientKind.U_BOOT),
        (b"U-Boot.armv8", [], 22, ClientKind.U_BOOT),
        (b"U-Boot.arm", [], 21, ClientKind.U_BOOT),
        (b"U-Boot", [(93, b"\0\x1b")], 27, ClientKind.U_BOOT),
        (b"U-Boot", [(93, b"\x12\x34")], 0x1234, ClientKind.UNKNOWN),
    ],
)
def test_u_boot(vendor_class: bytes, options: list[tuple[int, bytes]], number: int, kind: ClientKind) -> None:
    client = classified(build(1, options=[(60, vendor_class), *options]))
    assert (client.kind, client.architecture_number) == (kind, number)


def test_a_u_boot_that_does_not_tell_its_processor_is_left_alone() -> None:
    assert isinstance(classify(decode_dhcp(build(1, options=[(60, b"U-Boot")]))), Ignore)

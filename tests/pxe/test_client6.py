"""Who asks over DHCPv6, from recorded packets and packets by hand."""

from ipaddress import IPv6Address
from uuid import UUID

import pytest

from bootbeam.errors import DecodeError
from bootbeam.pxe.actions import Ignore
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.client6 import classify6
from bootbeam.wire.dhcp6 import decode_dhcp6
from tests import dhcp6_packets as packets
from tests.dhcp6_packets import boot_options, build6, relay

LINK_LOCAL = IPv6Address("fe80::5054:ff:feb0:701")
OPAQUE = IPv6Address("fe80::1:2:3:4")
UUID_DUID = b"\0\4" + bytes.fromhex("00112233445566778899aabbccddeeff")


def classify(packet: bytes, source: IPv6Address = LINK_LOCAL, neighbour_mac: str | None = None) -> ClientInfo | Ignore:
    return classify6(decode_dhcp6(packet), source, neighbour_mac)


def client_of(packet: bytes, source: IPv6Address = LINK_LOCAL, neighbour_mac: str | None = None) -> ClientInfo:
    client = classify(packet, source, neighbour_mac)
    assert isinstance(client, ClientInfo)
    return client


@pytest.mark.parametrize(
    ("packet", "kind", "architecture"),
    [
        (packets.OVMF_PXE_SOLICIT, ClientKind.UEFI_PXE, 7),
        (packets.OVMF_PXE_BOOT_SERVER_REQUEST, ClientKind.UEFI_PXE, 7),
        (packets.OVMF_HTTP_SOLICIT, ClientKind.UEFI_HTTP, 16),
        (packets.IPXE_SOLICIT, ClientKind.IPXE, 7),
        (packets.IPXE_INFORMATION_REQUEST, ClientKind.IPXE, 7),
    ],
    ids=["PXE", "PXE at port 4011", "HTTP boot", "iPXE", "iPXE with an address"],
)
def test_real_firmware_is_told_apart(packet: bytes, kind: ClientKind, architecture: int) -> None:
    client = client_of(packet)
    assert client.kind is kind
    assert client.architecture_number == architecture
    assert client.mac == "52:54:00:b0:07:01"
    assert client.uuid is None


@pytest.mark.parametrize(
    "packet",
    [
        packets.OVMF_ADDRESS_ONLY_SOLICIT,
        build6(1, []),
        build6(1, [(16, b"\0\0\1\x37\0\x08MSFT 5.0")]),
        build6(1, [(16, b"\0\0\0\x09\0\x20PXEClient:Arch:00007:UNDI:003016")]),
    ],
    ids=["firmware's own address", "nothing", "Windows", "PXEClient of somebody else's enterprise"],
)
def test_what_does_not_boot_is_no_client(packet: bytes) -> None:
    client = classify(packet)
    assert isinstance(client, Ignore)
    assert "not a network boot client" in client.reason
    assert client.client is None


def test_a_message_without_an_identifier_is_no_clients() -> None:
    client = classify(build6(1, boot_options(), duid=None))
    assert isinstance(client, Ignore)
    assert "option 1" in client.reason


def test_the_class_names_the_architecture_where_option_61_is_missing() -> None:
    options = [pair for pair in boot_options(11) if pair[0] != 61]
    assert client_of(build6(1, options)).architecture_number == 11


def test_the_first_known_of_several_architectures_counts() -> None:
    client = client_of(build6(1, [(61, b"\x12\x34\0\7\0\0")]))
    assert client.architecture_number == 7
    assert client.kind is ClientKind.UEFI_PXE


@pytest.mark.parametrize("number", [0, 22, 33, 41, 4711])
def test_an_architecture_nothing_here_boots_is_unknown(number: int) -> None:
    assert client_of(build6(1, boot_options(number))).kind is ClientKind.UNKNOWN


def test_the_first_class_may_be_somebody_elses() -> None:
    options = [(16, b"\0\0\0\x09\0\3abc"), *boot_options(16, "HTTPClient")]
    assert client_of(build6(1, options)).kind is ClientKind.UEFI_HTTP


@pytest.mark.parametrize(
    ("packet", "source", "neighbour_mac", "mac"),
    [
        (build6(1, boot_options(), duid=UUID_DUID), LINK_LOCAL, "00:00:00:00:00:01", "52:54:00:b0:07:01"),
        (build6(1, boot_options(), duid=UUID_DUID), OPAQUE, "00:00:00:00:00:01", "00:00:00:00:00:01"),
        (build6(1, boot_options()), OPAQUE, None, "52:54:00:b0:07:01"),
        (build6(1, boot_options(), duid=UUID_DUID), OPAQUE, None, ""),
    ],
    ids=["from its address", "from the kernel", "from its DUID", "from nowhere"],
)
def test_where_the_mac_comes_from(packet: bytes, source: IPv6Address, neighbour_mac: str | None, mac: str) -> None:
    assert client_of(packet, source, neighbour_mac).mac == mac


def test_behind_a_relay_the_mac_is_the_clients_not_the_relays() -> None:
    inner = build6(1, boot_options(), duid=UUID_DUID)
    relay_address = IPv6Address("fe80::aaaa:aaff:feaa:aaaa")
    assert client_of(relay(inner, "fd00:1::1", str(LINK_LOCAL)), relay_address).mac == "52:54:00:b0:07:01"
    said = relay(inner, "fd00:1::1", str(OPAQUE), [(79, b"\0\1\x02\0\0\0\0\x09")])
    assert client_of(said, relay_address).mac == "02:00:00:00:00:09"


def test_the_machines_uuid_in_firmwares_order_and_in_ipxes() -> None:
    firmware = client_of(build6(1, boot_options(), duid=UUID_DUID))
    assert firmware.uuid == UUID("33221100-5544-7766-8899-aabbccddeeff")
    ipxe = client_of(build6(1, [*boot_options(), (15, b"\0\4iPXE")], duid=UUID_DUID))
    assert ipxe.uuid == UUID("00112233-4455-6677-8899-aabbccddeeff")


def test_elapsed_time_is_told_in_whole_seconds_and_never_an_error() -> None:
    assert client_of(build6(1, [(8, (950).to_bytes(2, "big")), *boot_options()])).secs == 9
    assert client_of(build6(1, [(8, b"\1"), *boot_options()])).secs == 0


@pytest.mark.parametrize(
    "options",
    [[(61, b"\7")], [(16, b"\0\0\1\x57\0\xffPXE")], [*boot_options(), (15, b"iPXE")]],
    ids=["architecture", "vendor class", "user class"],
)
def test_broken_options_are_decode_errors(options: list[tuple[int, bytes]]) -> None:
    with pytest.raises(DecodeError):
        classify(build6(1, options))

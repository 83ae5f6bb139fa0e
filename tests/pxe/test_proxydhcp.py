"""The proxy's answers against packets written by hand, field by field; the second seed's client among them."""

import struct
from ipaddress import IPv4Address

import pytest

from bootbeam.errors import DecodeError
from bootbeam.pxe.actions import Action, AddressAsked, BootFile, BootFileKind, Destination, Ignore, Lease, Send
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.proxydhcp import Arrival, ProxyDhcp
from tests.dhcp_packets import Reply, build, pxe_options

STATION = IPv4Address("192.168.1.50")
NOBODY = Destination(IPv4Address("0.0.0.0"), 68)
BROADCAST = Destination(IPv4Address("255.255.255.255"), 68)
GUID = b"\0" + bytes.fromhex("58b41800112233445566778899aabbcc")


def choose(client: ClientInfo, server: IPv4Address) -> BootFile | Ignore:
    """A stand-in for the boot decision: one file per kind of client."""
    if client.kind is ClientKind.UNKNOWN:
        return Ignore("no boot loader", "list the loaders found: bootbeam loaders")
    if client.kind is ClientKind.IPXE:
        return BootFile(BootFileKind.SCRIPT, f"http://{server}:8080/boot.ipxe")
    if client.kind is ClientKind.UEFI_HTTP:
        return BootFile(BootFileKind.HTTP_BOOT, f"http://{server}:8080/x64/snponly.efi")
    return BootFile(BootFileKind.LOADER, "bios/undionly.kpxe" if client.architecture_number == 0 else "x64/snponly.efi")


def ask(packet: bytes, port: int = 67, source: Destination = NOBODY) -> list[Action]:
    return ProxyDhcp(choose).handle_datagram(packet, Arrival(port, source, STATION), now=0.0)


def answer(packet: bytes, port: int = 67, source: Destination = NOBODY) -> tuple[Reply, Destination]:
    [action] = ask(packet, port, source)
    assert isinstance(action, Send)
    return Reply(action.datagram), action.destination


def assert_is_a_proxys(reply: Reply) -> None:
    """What holds for every answer of a proxy."""
    assert reply.op == 2
    assert reply.addresses["yiaddr"] == "0.0.0.0"
    assert reply.addresses["siaddr"] == "192.168.1.50"
    assert reply.option(54) == bytes((192, 168, 1, 50))
    assert not {1, 3, 51, 52, 58, 59} & set(reply.codes), "no lease, netmask, router or overload"
    assert 300 <= len(reply.packet) < 1472
    assert len(set(reply.codes)) == len(reply.codes)


class TestSecondSeed:
    """The client of the second how-to: architecture 7, UNDI 003016. dnsmasq handed it pxelinux.0 and, in the answer
    from port 4011, option 43 = 06 01 08; it printed PXE-E21."""

    discover = build(1, "f4:4d:30:6a:11:22", 110268312, pxe_options(7, "003016", guid=GUID), flags=0x8000)
    request = build(
        3, "f4:4d:30:6a:11:22", 12207496, pxe_options(7, "003016", guid=GUID), flags=0, ciaddr="192.168.1.7"
    )
    client = Destination(IPv4Address("192.168.1.7"), 4011)

    def test_the_offer_field_by_field(self) -> None:
        reply, destination = answer(self.discover)
        assert_is_a_proxys(reply)
        assert destination == BROADCAST
        assert (reply.htype, reply.hlen, reply.hops, reply.secs) == (1, 6, 0, 0)
        assert (reply.xid, reply.flags) == (110268312, 0x8000)
        assert reply.addresses["ciaddr"] == "0.0.0.0"
        assert reply.addresses["giaddr"] == "0.0.0.0"
        assert reply.chaddr == "f4:4d:30:6a:11:22"
        assert reply.file == "x64/snponly.efi"
        assert reply.option(53) == b"\x02"
        assert reply.option(60) == b"PXEClient"
        assert reply.option(97) == GUID
        assert reply.option(66) == b"192.168.1.50\0"
        assert reply.option(67) == b"x64/snponly.efi\0"
        assert reply.after_67 == 0
        assert 43 not in reply.codes

    def test_the_answer_from_port_4011_field_by_field(self) -> None:
        reply, destination = answer(self.request, 4011, self.client)
        assert_is_a_proxys(reply)
        assert destination == self.client, "to the address and the port it was asked from"
        assert (reply.xid, reply.flags) == (12207496, 0)
        assert reply.addresses["ciaddr"] == "192.168.1.7"
        assert reply.chaddr == "f4:4d:30:6a:11:22"
        assert reply.file == "x64/snponly.efi", "shim and U-Boot read the header only"
        assert reply.option(53) == b"\x05"
        assert reply.option(60) == b"PXEClient"
        assert reply.option(97) == GUID
        assert reply.option(66) == b"192.168.1.50\0"
        assert reply.option(67) == b"x64/snponly.efi\0"
        assert 43 not in reply.codes, "06 01 08 without a menu is what made it cancel with PXE-E21"


def test_bios_rom_is_told_to_take_the_file() -> None:
    reply, destination = answer(build(1, options=pxe_options(0, "002001")))
    assert_is_a_proxys(reply)
    assert destination == BROADCAST
    assert reply.option(43) == bytes.fromhex("060108ff")
    assert reply.file == "bios/undionly.kpxe"


@pytest.mark.parametrize("message_type", [3, 8])
@pytest.mark.parametrize("source_port", [68, 4011])
def test_bios_rom_on_port_4011_by_request_or_inform_from_either_port(message_type: int, source_port: int) -> None:
    menu_item = (43, bytes.fromhex("4704800000 00ff"))
    packet = build(message_type, options=[*pxe_options(0, "002001", guid=None), menu_item], ciaddr="192.168.1.9")
    source = Destination(IPv4Address("192.168.1.9"), source_port)
    reply, destination = answer(packet, 4011, source)
    assert destination == source
    assert reply.option(53) == b"\x05"
    assert reply.option(43) == bytes.fromhex("060108 4704800000 00 ff"), "the boot item comes back"
    assert 97 not in reply.codes, "it sent none (an Intel ROM)"


def test_a_sender_without_an_address_on_4011_is_answered_by_broadcast() -> None:
    _, destination = answer(build(3, options=pxe_options(0, "002001")), 4011, Destination(IPv4Address(0), 68))
    assert destination == BROADCAST


def test_http_boot_gets_a_url_and_its_own_class_back() -> None:
    reply, _ = answer(build(1, options=pxe_options(16, "003000", prefix="HTTPClient")))
    assert_is_a_proxys(reply)
    assert reply.option(60) == b"HTTPClient"
    assert reply.option(67) == b"http://192.168.1.50:8080/x64/snponly.efi\0"
    assert 43 not in reply.codes


@pytest.mark.parametrize(
    "mark",
    [[(77, b"iPXE")], [(77, b"\x04iPXE")], [(175, bytes.fromhex("eb03010000130101"))]],
    ids=["user class", "user class with a length", "option 175 only"],
)
@pytest.mark.parametrize(("architecture", "undi"), [(0, "002001"), (7, "003010")])
def test_ipxe_gets_a_script_whatever_its_architecture(
    mark: list[tuple[int, bytes]], architecture: int, undi: str
) -> None:
    reply, destination = answer(build(1, options=[*pxe_options(architecture, undi), *mark], flags=0))
    assert_is_a_proxys(reply)
    assert destination == BROADCAST, "it has no address yet, whatever its broadcast flag"
    assert reply.option(60) == b"PXEClient"
    assert reply.file == "http://192.168.1.50:8080/boot.ipxe"
    assert reply.option(67) == b"http://192.168.1.50:8080/boot.ipxe\0"


def test_a_relayed_client_is_answered_through_its_relay() -> None:
    relay_information = bytes.fromhex("0104aabbccdd")
    packet = build(1, options=[(82, relay_information), *pxe_options(7, "003016")], giaddr="10.9.8.1", hops=1, flags=0)
    reply, destination = answer(packet, source=Destination(IPv4Address("10.9.8.1"), 67))
    assert destination == Destination(IPv4Address("10.9.8.1"), 67)
    assert (reply.addresses["giaddr"], reply.flags, reply.hops) == ("10.9.8.1", 0, 1)
    assert reply.options[-1] == (82, relay_information), "unchanged and last"


def test_a_request_to_the_router_gets_silence_and_tells_the_address() -> None:
    options = [(50, bytes((192, 168, 1, 7))), (54, bytes((192, 168, 1, 1))), *pxe_options(7, "003016")]
    lease, asked, ignore = ask(build(3, xid=7, secs=10, options=options))
    leased, router = IPv4Address("192.168.1.7"), IPv4Address("192.168.1.1")
    assert lease == Lease("f4:4d:30:01:02:03", leased, router)
    vendor_class = "PXEClient:Arch:00007:UNDI:003016"
    assert asked == AddressAsked("f4:4d:30:01:02:03", True, 7, leased, router, vendor_class, "", 10)
    assert ignore == Ignore("a request to the DHCP server 192.168.1.1")


@pytest.mark.parametrize("mark", [(77, b"iPXE"), (175, bytes.fromhex("b105018086100e"))])
def test_a_request_of_ipxes_says_so(mark: tuple[int, bytes]) -> None:
    *_, asked, _ = ask(build(3, xid=7, options=[(50, bytes((192, 168, 1, 7))), *pxe_options(7, "003010"), mark]))
    assert isinstance(asked, AddressAsked)
    assert asked.is_ipxe


@pytest.mark.parametrize("message_type", [1, 3])
def test_a_running_system_that_asks_for_an_address_is_told_of(message_type: int) -> None:
    *_, asked, ignore = ask(build(message_type, xid=8, options=[(12, b"installer"), (60, b"d-i")]))
    assert asked == AddressAsked("f4:4d:30:01:02:03", False, 8, None, None, "d-i", "installer", 0)
    assert isinstance(ignore, Ignore)


@pytest.mark.parametrize(
    ("packet", "port", "reason"),
    [
        (build(1), 67, "not a network boot client"),
        (build(1, options=[(60, b"MSFT 5.0")]), 67, "not a network boot client"),
        (build(1, options=[(60, b"PXEClient")]), 67, "no client architecture"),
        (build(2, options=pxe_options(7, "003016"), op=2), 67, "a reply"),
        (build(7, options=pxe_options(7, "003016")), 67, "message type 7"),
        (build(8, options=pxe_options(7, "003016")), 67, "message type 8"),
        (build(1, options=pxe_options(7, "003016")), 4011, "message type 1 on port 4011"),
        (build(1, mac="00:01:02:03", options=pxe_options(7, "003016")), 67, "not Ethernet"),
    ],
)
def test_what_is_not_for_a_proxy_is_ignored_with_a_reason(packet: bytes, port: int, reason: str) -> None:
    *told, action = ask(packet, port)
    assert all(isinstance(each, AddressAsked) for each in told), "nothing is sent"
    assert isinstance(action, Ignore)
    assert reason in action.reason
    assert action.client is None


@pytest.mark.parametrize("number", [22, 33, 4711])
def test_an_architecture_without_a_loader_gets_no_guess(number: int) -> None:
    [action] = ask(build(1, options=pxe_options(number, "003016")))
    assert isinstance(action, Ignore)
    assert action.client is not None
    assert action.client.architecture_number == number
    assert action.fix


def test_architecture_text_counts_where_option_93_is_missing_or_broken() -> None:
    text = (60, b"PXEClient:Arch:00007:UNDI:003016")
    for options in ([text], [text, (93, b"\0")]):
        reply, _ = answer(build(1, options=options))
        assert reply.file == "x64/snponly.efi"


def test_the_first_known_of_several_architectures_counts() -> None:
    reply, _ = answer(build(1, options=[(60, b"PXEClient"), (93, struct.pack("!HHH", 999, 7, 0))]))
    assert reply.file == "x64/snponly.efi"


def test_a_raspberry_pi_gets_its_menu_text() -> None:
    reply, _ = answer(build(1, mac="b8:27:eb:01:02:03", options=pxe_options(0, "002001")))
    assert b"Raspberry Pi Boot   " in reply.option(43)


def test_malformed_datagrams_are_decode_errors() -> None:
    with pytest.raises(DecodeError):
        ask(b"\x01\x01\x06")

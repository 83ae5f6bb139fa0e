"""Byte strings that firmware compares: spelled out here, not taken from the source."""

from ipaddress import IPv4Address

import pytest

from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe.actions import BootFile, BootFileKind, Destination, Send
from bootbeam.pxe.proxydhcp import Arrival, ProxyDhcp
from bootbeam.pxe.reply import RASPBERRY_PI_MENU
from bootbeam.pxe.reply_variant import ReplyVariant
from tests.dhcp_packets import Reply, build, pxe_options

NONE, TAKE_FILE, MENU = PxeVendorOptions.NONE, PxeVendorOptions.TAKE_FILE, PxeVendorOptions.MENU
STATION = IPv4Address("192.168.1.50")
MENU_BYTES = (
    b"\x06\x01\x03"  # no broadcast, no multicast: ask the server of tag 8
    b"\x0a\x09\x00bootbeam"  # after no time at all the first entry is taken
    b"\x08\x07\x80\x00\x01\xc0\xa8\x01\x32"  # type 8000: one server, 192.168.1.50
    b"\x09\x0b\x80\x00\x08bootbeam"  # type 8000: its line in the menu
    b"\xff"
)
CONTENT = {NONE: None, TAKE_FILE: b"\x06\x01\x08\xff", MENU: MENU_BYTES}


def answer(packet: bytes, variant: ReplyVariant, port: int = 67) -> Reply:
    proxy = ProxyDhcp(lambda *_: BootFile(BootFileKind.LOADER, "x64/snponly.efi"), None, lambda *_: variant)
    source = Destination(IPv4Address("192.168.1.7"), 4011)
    [action] = proxy.handle_datagram(packet, Arrival(port, source, STATION), 0.0)
    assert isinstance(action, Send)
    return Reply(action.datagram)


def option_43(reply: Reply) -> bytes | None:
    return reply.option(43) if 43 in reply.codes else None


@pytest.mark.parametrize("architecture", [0, 7, 11])
@pytest.mark.parametrize("offer", PxeVendorOptions)
@pytest.mark.parametrize("acknowledgement", PxeVendorOptions)
@pytest.mark.parametrize("has_file", [True, False])
def test_each_knob_turns_what_it_is_for(
    architecture: int, offer: PxeVendorOptions, acknowledgement: PxeVendorOptions, has_file: bool
) -> None:
    variant = ReplyVariant(offer, acknowledgement, has_file)
    first = answer(build(1, options=pxe_options(architecture, "003016")), variant)
    assert option_43(first) == CONTENT[offer]
    assert first.file == ("x64/snponly.efi" if has_file else "")
    assert (67 in first.codes, 66 in first.codes) == (has_file, has_file)
    second = answer(build(3, options=pxe_options(architecture, "003016"), ciaddr="192.168.1.7"), variant, 4011)
    assert option_43(second) == CONTENT[acknowledgement]
    assert second.file == "x64/snponly.efi"
    assert second.option(67) == b"x64/snponly.efi\0"
    for reply in (first, second):
        assert reply.addresses["siaddr"] == "192.168.1.50"
        assert reply.option(60) == b"PXEClient"
        assert 300 <= len(reply.packet) < 1472


@pytest.mark.parametrize(
    ("form", "content"),
    [
        (NONE, b"\x47\x04\x80\x00\x00\x00\xff"),
        (TAKE_FILE, b"\x06\x01\x08\x47\x04\x80\x00\x00\x00\xff"),
        (MENU, b"\x47\x04\x80\x00\x00\x00\xff"),
    ],
)
def test_the_entry_chosen_from_a_menu_comes_back_with_the_file(form: PxeVendorOptions, content: bytes) -> None:
    chosen = (43, b"\x47\x04\x80\x00\x80\x00\xff")  # with the bit that wants a signature, which nobody has
    question = build(3, options=[*pxe_options(7, "003016"), chosen], ciaddr="192.168.1.7")
    reply = answer(question, ReplyVariant(form, form), 4011)
    assert reply.option(43) == content
    assert reply.file == "x64/snponly.efi"


@pytest.mark.parametrize("content", [b"", b"\xff", b"\x47\x02\x80\x00\xff", b"\x47\x04\x80", b"\x47\xff\xff"])
def test_what_else_a_client_puts_into_option_43_is_its_own_business(content: bytes) -> None:
    question = build(3, options=[*pxe_options(7, "003016"), (43, content)], ciaddr="192.168.1.7")
    assert option_43(answer(question, ReplyVariant(), 4011)) is None


@pytest.mark.parametrize("architecture", [16, 7])
def test_http_boot_and_ipxe_have_one_form(architecture: int) -> None:
    prefix = "HTTPClient" if architecture == 16 else "PXEClient"
    options = pxe_options(architecture, "003016", prefix=prefix)
    if architecture == 7:
        options.append((77, b"iPXE"))
    reply = answer(build(1, options=options), ReplyVariant(MENU, MENU))
    assert option_43(reply) == (b"\x06\x01\x08\xff" if architecture == 7 else None)
    assert (175 in reply.codes) is (architecture == 7)


@pytest.mark.parametrize(("message_type", "port"), [(1, 67), (3, 4011)])
def test_ipxe_is_told_that_our_boot_file_goes_before_the_routers(message_type: int, port: int) -> None:
    options = [*pxe_options(0, "002001"), (77, b"iPXE"), (175, b"\x13\x01\x01")]
    reply = answer(build(message_type, options=options, ciaddr="192.168.1.7"), ReplyVariant(), port)
    assert reply.option(175) == b"\x01\x01\x01\xff"


def test_raspberry_pi_menu() -> None:
    assert RASPBERRY_PI_MENU == b"\x09\x17\x00\x00\x14Raspberry Pi Boot   \x0a\x04\x00PXE\xff"

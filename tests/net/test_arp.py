"""ARP frames between two machines."""

import sys
from pathlib import Path

import pytest

from bootbeam.lab.lan import Lan
from bootbeam.net.arp import open_arp

ASK = """
import select, sys
from ipaddress import IPv4Address
from bootbeam.net.arp import open_arp, receive_arp
from bootbeam.wire.arp import decode_arp_reply, encode_arp_probe
with open_arp("eth0") as sock:
    assert receive_arp(sock) is None
    sock.send(encode_arp_probe(sock.getsockname()[4].hex(":"), IPv4Address("192.168.1.1")))
    while select.select([sock], [], [], 5)[0]:
        reply = decode_arp_reply(receive_arp(sock))
        if reply:
            print(reply.mac, reply.address)
            break
"""


@pytest.mark.peer
def test_a_probe_is_answered_by_who_has_the_address(tmp_path: Path) -> None:
    with Lan(tmp_path, router=False) as lan:
        mac = lan.router.run("cat", "/sys/class/net/eth0/address").strip()
        assert lan.station.run(sys.executable, "-c", ASK).split() == [mac, "192.168.1.1"]


def test_an_interface_that_is_not_there() -> None:
    with pytest.raises(OSError, match=r"."):
        open_arp("nonesuch0")

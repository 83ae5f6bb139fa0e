"""One kind of ICMPv6 message, over the loopback."""

import select

import pytest

from bootbeam.net.icmpv6 import open_icmpv6, receive_icmpv6, send_icmpv6

ADVERTISEMENT = bytes((134, 0, 0, 0, 64, 0, 7, 8)) + bytes(8)


def test_only_the_wanted_kind_is_heard() -> None:
    with open_icmpv6("lo", 134) as sock:
        assert receive_icmpv6(sock) is None
        send_icmpv6(sock, bytes((133, 0, 0, 0, 0, 0, 0, 0)), "::1", "lo")
        send_icmpv6(sock, ADVERTISEMENT, "::1", "lo")
        assert select.select([sock], [], [], 5)[0]
        heard = receive_icmpv6(sock)
        assert heard is not None
        assert heard[0][0] == 134
        assert heard[0][4:] == ADVERTISEMENT[4:]
        assert heard[1] == "::1"
        assert receive_icmpv6(sock) is None


def test_an_interface_that_is_not_there() -> None:
    with pytest.raises(OSError, match=r"."):
        open_icmpv6("nonesuch0", 134)

"""A socket for ARP on one interface."""

import socket

ETH_P_ARP = 0x0806
MAX_FRAME_BYTES = 128
"""An ARP frame is 60 bytes with its padding."""


def open_arp(interface: str) -> socket.socket:
    """A non-blocking socket that hears and sends ARP frames on ``interface``, Ethernet header included.

    Raises:
        OSError: EPERM without CAP_NET_RAW, ENODEV, ENETDOWN.
    """
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        sock.setblocking(False)
        sock.bind((interface, ETH_P_ARP))
    except BaseException:
        sock.close()
        raise
    return sock


def receive_arp(sock: socket.socket) -> bytes | None:
    """The next frame; None when none waits.

    Raises:
        OSError: the interface went away or down.
    """
    try:
        return sock.recv(MAX_FRAME_BYTES)
    except (BlockingIOError, InterruptedError):
        return None

"""A firmware's side of TFTP that misbehaves on purpose: asks for a file, and ends the transfer in one way.

Run inside a namespace: ``python -m tests.tftp_player SERVER FILE HOW``. HOW is one of

* ``size``: asks for the size and goes away, as UEFI does before each download;
* ``refuse``: answers the OACK with ERROR 8, as firmware does that does not keep to what it asked for;
* ``abort``: takes some blocks, then says ERROR 3;
* ``vanish``: takes some blocks, then closes its port, so that its kernel rejects what comes.
"""

import socket
import sys

from tests import tftp_packets

BLOCKS = 3
TIMEOUT_S = 5.0
OPTIONS = (("blksize", "1468"),)
SIZE_OPTIONS = (("tsize", "0"), ("blksize", "1468"))


def main(server: str, file: str, how: str) -> None:
    """Play one transfer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 0))
        sock.settimeout(TIMEOUT_S)
        sock.sendto(tftp_packets.rrq(file, *(SIZE_OPTIONS if how == "size" else OPTIONS)), (server, 69))
        packet, source = sock.recvfrom(2000)
        tftp_packets.read_oack(packet)
        if how in ("size", "refuse"):
            words = "User aborted the transfer" if how == "size" else "the size of blocks is not what was asked for"
            sock.sendto(tftp_packets.error(0 if how == "size" else 8, words), source)
            return
        for block in range(BLOCKS + 1):
            sock.sendto(tftp_packets.ack(block), source)
            packet, source = sock.recvfrom(2000)
        if how == "abort":
            sock.sendto(tftp_packets.error(3, "no memory for this file"), source)


if __name__ == "__main__":
    main(*sys.argv[1:4])

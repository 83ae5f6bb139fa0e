"""A client machine's side of DHCP: broadcasts one packet from port 68 (or unicasts to 4011), prints what comes back.

Run inside a namespace: ``python -m tests.dhcp_client PACKET_HEX WAIT_S [SERVER]``; one line of hex for each answer.
"""

import socket
import sys

MORE_ANSWERS_S = 1.0


def main(packet: bytes, wait_s: float, server: str | None) -> None:
    """Send ``packet`` to port 67 by broadcast, or from 4011 to 4011 of ``server``; wait ``wait_s`` for an answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
        sock.bind(("", 4011 if server else 68))
        sock.settimeout(wait_s)
        sock.sendto(packet, (server, 4011) if server else ("255.255.255.255", 67))
        try:
            while True:
                answer, source = sock.recvfrom(2000)
                print(source[0], answer.hex(), flush=True)
                sock.settimeout(MORE_ANSWERS_S)
        except TimeoutError:
            return


if __name__ == "__main__":
    main(bytes.fromhex(sys.argv[1]), float(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)

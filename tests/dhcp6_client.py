"""A client machine's side of DHCPv6: asks from port 546 (or port 4011 of a server from port 4011), prints what comes.

Run inside a namespace: ``python -m tests.dhcp6_client PACKET_HEX [SERVER]``; one line of source and hex per answer.
"""

import socket
import sys

FIRST_ANSWER_S = 4.0
"""The computer may be busy."""
MORE_ANSWERS_S = 1.0


def main(packet: bytes, server: str | None) -> None:
    """Send ``packet`` to All_DHCP_Relay_Agents_and_Servers, or to port 4011 of ``server``."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
        sock.bind(("::", 4011 if server else 546))
        sock.settimeout(FIRST_ANSWER_S)
        scope = socket.if_nametoindex("eth0")
        sock.sendto(packet, (server, 4011, 0, 0) if server else ("ff02::1:2", 547, 0, scope))
        try:
            while True:
                answer, source = sock.recvfrom(2000)
                print(source[0].partition("%")[0], answer.hex(), flush=True)
                sock.settimeout(MORE_ANSWERS_S)
        except TimeoutError:
            return


if __name__ == "__main__":
    main(bytes.fromhex(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)

"""A socket that hears what others on the LAN say to each other: DHCP, TFTP requests, ARP, and nothing else.

The kernel itself picks those frames out (a classic BPF program, as tcpdump uses), and leaves out what this computer
sends. What is not sent to everybody is heard only where it passes this computer: a switch delivers an answer that is
addressed to one machine to that machine alone.
"""

import ctypes
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bootbeam.net.bursts import BurstReader

ETH_P_ALL = 3
PACKET_OUTGOING = 4
"""Linux <linux/if_packet.h>."""
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
MAX_FRAME_BYTES = 2048
"""DHCP is never longer; frames are cut off there."""
RECEIVE_BUFFER_BYTES = 512 * 1024

UDP_PORTS = (67, 68, 4011, 546, 547)
"""DHCP: a frame from or to one of these."""
TFTP_PORT = 69
"""Requests only: the transfers themselves go to other ports."""

_INSTRUCTION = struct.Struct("@HBBI")
_PACKET_TYPE_AT = 10
"""Of sll_pkttype in a ``sockaddr_ll`` (packet(7))."""
_TIMESPEC = struct.Struct("@ll")
_NO_TIME = bytes(_TIMESPEC.size)
_FPROG = struct.Struct("@HP")
_LOAD_HALF, _LOAD_BYTE, _LOAD_HALF_X, _LOAD_IP_HEADER_LENGTH = 0x28, 0x30, 0x48, 0xB1
_JUMP_EQUAL, _JUMP_BITS, _RETURN = 0x15, 0x45, 0x06
_ACCEPT, _DROP = "accept", "drop"


def open_packet_socket(interface: str) -> socket.socket:
    """A non-blocking socket that hears such frames on ``interface``, Ethernet header included.

    Raises:
        OSError: EPERM without CAP_NET_RAW, ENODEV, or a kernel without packet sockets.
    """
    # Protocol 0 hears nothing: not before the filter is in place.
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        program = filter_program()
        buffer = ctypes.create_string_buffer(program, len(program))
        fprog = _FPROG.pack(len(program) // _INSTRUCTION.size, ctypes.addressof(buffer))
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, fprog)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        with suppress(OSError):  # kernels before 4.20; ``Frame.is_own`` tells there
            sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        sock.bind((interface, ETH_P_ALL))
    except BaseException:
        sock.close()
        raise
    return sock


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class Frame:
    """One frame that was heard."""

    data: bytes
    at_s: float
    """When it came in, as the kernel noted: seconds since the epoch."""
    is_own: bool
    """This computer sent it."""


def receive_frame(sock: socket.socket) -> Frame | None:
    """The next frame; None when none waits.

    Raises:
        OSError: the interface went away or down (ENETDOWN, ENODEV).
    """
    try:
        data, ancillary, _, address = sock.recvmsg(MAX_FRAME_BYTES, socket.CMSG_SPACE(_TIMESPEC.size))
    except (BlockingIOError, InterruptedError):
        return None
    at_s = 0.0
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            at_s = seconds + nanoseconds / 1e9
    return Frame(data, at_s, address[2] == PACKET_OUTGOING)


def receive_frames(reader: BurstReader, sock: socket.socket) -> list[Frame]:
    """The frames that wait, the oldest first, as many as ``reader`` takes at once.

    Raises:
        OSError: as ``receive_frame``.
    """
    frames = []
    for message in reader.read(sock):
        seconds, nanoseconds = _TIMESPEC.unpack_from(message.ancillary or _NO_TIME)
        is_own = message.address[_PACKET_TYPE_AT] == PACKET_OUTGOING
        frames.append(Frame(message.data, seconds + nanoseconds / 1e9, is_own))
    return frames


def filter_program() -> bytes:
    """The BPF program: ARP, UDP over IPv4 or IPv6 from or to ``UDP_PORTS`` or to ``TFTP_PORT``."""
    steps: list[_Step] = [
        _Step("", _LOAD_HALF, 12),
        _Step("", _JUMP_EQUAL, 0x0806, "arp"),
        _Step("", _JUMP_EQUAL, 0x0800, "ipv4"),
        _Step("", _JUMP_EQUAL, 0x86DD, "ipv6", _DROP),
        _Step("arp", _LOAD_HALF, 20),
        _Step("", _JUMP_EQUAL, 1, _ACCEPT),
        _Step("", _JUMP_EQUAL, 2, _ACCEPT, _DROP),
        _Step("ipv4", _LOAD_BYTE, 23),
        _Step("", _JUMP_EQUAL, 17, "", _DROP),
        _Step("", _LOAD_HALF, 20),
        _Step("", _JUMP_BITS, 0x1FFF, _DROP),
        _Step("", _LOAD_IP_HEADER_LENGTH, 14),
        _Step("", _LOAD_HALF_X, 14),
        *_port_steps(UDP_PORTS),
        _Step("", _LOAD_HALF_X, 16),
        *_port_steps((*UDP_PORTS, TFTP_PORT)),
        _Step("", _RETURN, 0),
        _Step("ipv6", _LOAD_BYTE, 20),
        _Step("", _JUMP_EQUAL, 17, "", _DROP),
        _Step("", _LOAD_HALF, 54),
        *_port_steps(UDP_PORTS),
        _Step("", _LOAD_HALF, 56),
        *_port_steps((*UDP_PORTS, TFTP_PORT)),
        _Step(_DROP, _RETURN, 0),
        _Step(_ACCEPT, _RETURN, MAX_FRAME_BYTES),
    ]
    places = {step.name: place for place, step in enumerate(steps) if step.name}

    def jump(name: str, place: int) -> int:
        return places[name] - place - 1 if name else 0

    return b"".join(
        _INSTRUCTION.pack(step.code, jump(step.if_true, place), jump(step.if_false, place), step.operand)
        for place, step in enumerate(steps)
    )


class _Step:
    """One instruction; ``name`` is where others jump to, "" goes on with the next."""

    def __init__(self, name: str, code: int, operand: int, if_true: str = "", if_false: str = "") -> None:
        self.name = name
        self.code = code
        self.operand = operand
        self.if_true = if_true
        self.if_false = if_false


def _port_steps(ports: Sequence[int]) -> list[_Step]:
    return [_Step("", _JUMP_EQUAL, port, _ACCEPT) for port in ports]

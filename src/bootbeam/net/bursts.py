"""Many datagrams with one call of the kernel, and Python's own lock kept meanwhile.

The ``socket`` module gives that lock up for each datagram, and a thread that is at work takes it, to give it back when
its time is over: a station whose other threads keep and print events would answer one machine in each such time. None
of these calls waits for anything, so that nothing is lost by keeping it.
"""

import ctypes
import errno
import os
import socket
import struct
from dataclasses import dataclass

MAX_MESSAGES = 32
"""Read with one call."""
MAX_ADDRESS_BYTES = 32
"""A ``sockaddr_in``, ``sockaddr_in6`` or ``sockaddr_ll``."""
MAX_ANCILLARY_BYTES = 64
_NOTHING_THERE = frozenset({errno.EAGAIN, errno.EINTR, errno.ECONNREFUSED})
"""The last is an ICMP error of something sent earlier."""
_CMSG_HEADER = struct.Struct("@Nii")
_CMSG_HEADER_BYTES = socket.CMSG_LEN(0)


class _IoVector(ctypes.Structure):
    """``struct iovec``."""

    base: bytes | int
    size: int

    _fields_ = (("base", ctypes.c_char_p), ("size", ctypes.c_size_t))


class _MessageHeader(ctypes.Structure):
    """``struct msghdr`` of recvmsg(2)."""

    name_bytes: int
    control_bytes: int
    flags: int

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_bytes", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_bytes", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """``struct mmsghdr`` of recvmmsg(2)."""

    header: _MessageHeader
    size_bytes: int

    _fields_ = (("header", _MessageHeader), ("size_bytes", ctypes.c_uint))


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class Message:
    """One datagram or frame as the kernel gave it."""

    data: bytes
    address: bytes
    """The sender's ``sockaddr``."""
    ancillary: bytes
    """The content of its first control message (cmsg(3)); empty without one."""


class BurstReader:
    """Room for a burst, used again for each. For the sockets of one thread.

    Args:
        max_message_bytes: a longer message is cut off there.
    """

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._data = bytearray(MAX_MESSAGES * max_message_bytes)
        self._addresses = bytearray(MAX_MESSAGES * MAX_ADDRESS_BYTES)
        self._ancillary = bytearray(MAX_MESSAGES * MAX_ANCILLARY_BYTES)
        self._messages = (_Message * MAX_MESSAGES)()
        self._vectors = (_IoVector * MAX_MESSAGES)()
        places = [_place_of(each) for each in (self._data, self._addresses, self._ancillary)]
        for number, message in enumerate(self._messages):
            self._vectors[number] = _IoVector(places[0] + number * max_message_bytes, max_message_bytes)
            message.header = _MessageHeader(
                name=places[1] + number * MAX_ADDRESS_BYTES,
                vectors=ctypes.addressof(self._vectors) + number * ctypes.sizeof(_IoVector),
                vector_count=1,
                control=places[2] + number * MAX_ANCILLARY_BYTES,
            )
        # A view of each header is made once: it takes longer than what is read through it.
        self._headers = [message.header for message in self._messages]
        self._used = MAX_MESSAGES
        self._receive = ctypes.PyDLL(None, use_errno=True).recvmmsg

    def read(self, sock: socket.socket) -> list[Message]:
        """What waits at ``sock``, the oldest first, ``MAX_MESSAGES`` at most; empty when nothing does.

        Raises:
            OSError: as from recvmmsg(2): the interface went away (ENETDOWN, ENODEV).
        """
        for header in self._headers[: self._used]:
            header.name_bytes, header.control_bytes = MAX_ADDRESS_BYTES, MAX_ANCILLARY_BYTES
        self._used = self._receive(sock.fileno(), self._messages, MAX_MESSAGES, socket.MSG_DONTWAIT, None)
        if self._used < 0:
            self._used = 0
            number = ctypes.get_errno()
            if number in _NOTHING_THERE:
                return []
            raise OSError(number, os.strerror(number))
        return [self._message(number) for number in range(self._used)]

    def _message(self, number: int) -> Message:
        header, size_bytes = self._headers[number], self._messages[number].size_bytes
        data_at, address_at = number * self._max_message_bytes, number * MAX_ADDRESS_BYTES
        ancillary_at = number * MAX_ANCILLARY_BYTES
        return Message(
            bytes(self._data[data_at : data_at + size_bytes]),
            bytes(self._addresses[address_at : address_at + header.name_bytes]),
            bytes(self._ancillary[ancillary_at + _CMSG_HEADER_BYTES : ancillary_at + header.control_bytes]),
        )


class Sender:
    """Sends datagrams with a control message each. For the sockets of one thread."""

    def __init__(self) -> None:
        self._address = bytearray(MAX_ADDRESS_BYTES)
        self._ancillary = bytearray(MAX_ANCILLARY_BYTES)
        self._vector = _IoVector()
        self._header = _MessageHeader(
            name=_place_of(self._address),
            vectors=ctypes.addressof(self._vector),
            vector_count=1,
            control=_place_of(self._ancillary),
        )
        self._pointer = ctypes.byref(self._header)
        self._send = ctypes.PyDLL(None, use_errno=True).sendmsg

    def send(self, sock: socket.socket, data: bytes, address: bytes, level: int, kind: int, ancillary: bytes) -> None:
        """Send ``data`` to the ``sockaddr`` ``address``, with one control message of this level and kind.

        Raises:
            OSError: as from sendmsg(2).
        """
        header, control_bytes = self._header, _CMSG_HEADER_BYTES + len(ancillary)
        self._address[: len(address)] = address
        _CMSG_HEADER.pack_into(self._ancillary, 0, control_bytes, level, kind)
        self._ancillary[_CMSG_HEADER_BYTES:control_bytes] = ancillary
        header.name_bytes, header.control_bytes = len(address), control_bytes
        self._vector.base, self._vector.size = data, len(data)
        if self._send(sock.fileno(), self._pointer, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _place_of(room: bytearray) -> int:
    """Where it is in memory, for as long as it is not made longer or shorter."""
    return ctypes.addressof(ctypes.c_char.from_buffer(room))

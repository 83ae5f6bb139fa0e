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
_SEND_FLAGS = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
_RECEIVE_FLAGS = int(socket.MSG_DONTWAIT)
"""As plain numbers: to put Python's own together takes longer than the call that they are for."""
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
        # Views are made once: making one takes longer than what is read through it.
        self._sized = list(self._messages)
        self._headers = [message.header for message in self._messages]
        self._views = [memoryview(each) for each in (self._data, self._addresses, self._ancillary)]
        self._used = MAX_MESSAGES
        self._receive = ctypes.PyDLL(None, use_errno=True).recvmmsg

    def read(self, sock: socket.socket) -> list[Message]:
        """What waits at ``sock``, the oldest first, ``MAX_MESSAGES`` at most; empty when nothing does.

        Raises:
            OSError: as from recvmmsg(2): the interface went away (ENETDOWN, ENODEV).
        """
        for header in self._headers[: self._used]:
            header.name_bytes, header.control_bytes = MAX_ADDRESS_BYTES, MAX_ANCILLARY_BYTES
        self._used = self._receive(sock.fileno(), self._messages, MAX_MESSAGES, _RECEIVE_FLAGS, None)
        if self._used < 0:
            self._used = 0
            number = ctypes.get_errno()
            if number in _NOTHING_THERE:
                return []
            raise OSError(number, os.strerror(number))
        return [self._message(number) for number in range(self._used)]

    def _message(self, number: int) -> Message:
        header = self._headers[number]
        data_at, address_at = number * self._max_message_bytes, number * MAX_ADDRESS_BYTES
        ancillary_at = number * MAX_ANCILLARY_BYTES
        return Message(
            self._views[0][data_at : data_at + self._sized[number].size_bytes].tobytes(),
            self._views[1][address_at : address_at + header.name_bytes].tobytes(),
            self._views[2][ancillary_at + _CMSG_HEADER_BYTES : ancillary_at + header.control_bytes].tobytes(),
        )


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a datagram goes, and one control message."""

    address: bytes
    """A ``sockaddr``."""
    level: int
    kind: int
    ancillary: bytes
    """What the control message of this level and kind says (cmsg(3))."""


class Sender:
    """Sends datagrams with a control message each, faster while the envelope stays the same. For the sockets of one
    thread."""

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
        self._envelope: Envelope | None = None
        """What is in there now."""
        self._send = ctypes.PyDLL(None, use_errno=True).sendmsg

    def send(self, sock: socket.socket, data: bytes, envelope: Envelope) -> None:
        """Send ``data``.

        Raises:
            OSError: as from sendmsg(2).
        """
        if envelope is not self._envelope:
            self._address_to(envelope)
        self._vector.base, self._vector.size = data, len(data)
        if self._send(sock.fileno(), self._pointer, _SEND_FLAGS) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def _address_to(self, envelope: Envelope) -> None:
        ancillary, control_bytes = envelope.ancillary, _CMSG_HEADER_BYTES + len(envelope.ancillary)
        self._address[: len(envelope.address)] = envelope.address
        _CMSG_HEADER.pack_into(self._ancillary, 0, control_bytes, envelope.level, envelope.kind)
        self._ancillary[_CMSG_HEADER_BYTES:control_bytes] = ancillary
        self._header.name_bytes, self._header.control_bytes = len(envelope.address), control_bytes
        self._envelope = envelope


def _place_of(room: bytearray) -> int:
    """Where it is in memory, for as long as it is not made longer or shorter."""
    return ctypes.addressof(ctypes.c_char.from_buffer(room))

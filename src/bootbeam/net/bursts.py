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
from collections.abc import Sequence
from dataclasses import dataclass

MAX_MESSAGES = 32
"""Read or sent with one call."""
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

    name: int | None
    name_bytes: int
    vectors: int | None
    vector_count: int
    control: int | None
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


_MESSAGE_BYTES = ctypes.sizeof(_Message)


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


class Envelope:
    """Where datagrams go, and one control message that goes to the kernel with each.

    Args:
        address: a ``sockaddr``.
        level: the control message's.
        kind: likewise.
        ancillary: what it says (cmsg(3)).
    """

    def __init__(self, address: bytes, level: int, kind: int, ancillary: bytes) -> None:
        control = _CMSG_HEADER.pack(_CMSG_HEADER_BYTES + len(ancillary), level, kind)
        self.address = bytearray(address)
        self.control = bytearray(control.ljust(_CMSG_HEADER_BYTES, b"\0") + ancillary)

    def put_on(self, header: _MessageHeader) -> None:
        """Send what has this header so. The header does not keep this object: who sends does."""
        header.name, header.name_bytes = _place_of(self.address), len(self.address)
        header.control, header.control_bytes = _place_of(self.control), len(self.control)


class Sender:
    """Sends bursts of datagrams. For the sockets of one thread."""

    def __init__(self) -> None:
        self._messages = (_Message * MAX_MESSAGES)()
        self._vectors = (_IoVector * MAX_MESSAGES)()
        self._headers = [message.header for message in self._messages]
        self._parts = list(self._vectors)
        self._envelopes: list[Envelope | None] = [None] * MAX_MESSAGES
        """What the headers point to."""
        for number, header in enumerate(self._headers):
            header.vectors = ctypes.addressof(self._vectors) + number * ctypes.sizeof(_IoVector)
            header.vector_count = 1
        self._send = ctypes.PyDLL(None, use_errno=True).sendmmsg

    def send(self, sock: socket.socket, datagrams: Sequence[tuple[bytes, Envelope]]) -> list[OSError | None]:
        """Send these, ``MAX_MESSAGES`` at most, with as few calls as can be: whoever gets them is woken once. What the
        kernel said of each; None for one that it took."""
        for number, (data, envelope) in enumerate(datagrams):
            part = self._parts[number]
            part.base, part.size = data, len(data)
            if self._envelopes[number] is not envelope:
                envelope.put_on(self._headers[number])
                self._envelopes[number] = envelope
        said: list[OSError | None] = []
        count = len(datagrams)
        while len(said) < count:
            at = ctypes.byref(self._messages, len(said) * _MESSAGE_BYTES)
            sent = self._send(sock.fileno(), at, count - len(said), _SEND_FLAGS)
            if sent < 1:  # of the first of them; the others were not tried
                number = ctypes.get_errno()
                said.append(OSError(number, os.strerror(number)))
            said += [None] * sent
        return said


def _place_of(room: bytearray) -> int:
    """Where it is in memory, for as long as it is not made longer or shorter."""
    return ctypes.addressof(ctypes.c_char.from_buffer(room))

"""A thread that has little to do each time, and must do it at once."""

import ctypes
import os
import platform
import struct
import sys

TURN_NS = 100_000
"""The shortest that Linux gives. What answers machines is done in less, or waits for Python's lock by then."""
_SCHED_ATTR = struct.Struct("=IIQiIQQQII")
"""struct sched_attr (sched_setattr(2)): size, policy, flags, nice, priority, runtime, deadline, period, clamps."""
_RUNTIME_AT = 5
_CALLS = {"x86_64": (314, 315), "aarch64": (274, 275), "riscv64": (274, 275)}
"""The numbers of sched_setattr and sched_getattr for programs of 64 bits, for which libc has no names before glibc
2.41. A program of 32 bits on such a kernel has other numbers, and these would be other calls."""


def take_short_turns() -> bool:
    """Have the calling thread scheduled sooner, for less time, and with no greater share of the processor than before.

    Linux (6.12 and later) lets a thread that wakes up wait for the end of another's turn, which is looked at every 4 ms
    only; one with shorter turns goes first. Before, there were no such turns, and who woke up went first anyway.

    Returns:
        Whether it is so now. Nothing changes where the kernel, or its policy, does not allow it.
    """
    calls = _CALLS.get(platform.machine())
    if calls is None or sys.maxsize <= 2**32:
        return False
    set_attributes, get_attributes = calls
    library = ctypes.CDLL(None)
    buffer = ctypes.create_string_buffer(_SCHED_ATTR.size)
    if library.syscall(get_attributes, 0, buffer, _SCHED_ATTR.size, 0) != 0:
        return False
    attributes = list(_SCHED_ATTR.unpack(buffer.raw))
    if attributes[1] != os.SCHED_OTHER or not attributes[_RUNTIME_AT]:
        return False
    attributes[_RUNTIME_AT] = TURN_NS
    return bool(library.syscall(set_attributes, 0, _SCHED_ATTR.pack(*attributes), 0) == 0)

"""Network boot programs for PC BIOS (``pxelinux.0``, ``undionly.kpxe``): real-mode code without any signature.

Source: Preboot Execution Environment 2.1 §4.4: loaded at 0:7c00 and entered there. Recognised by what such
programs start with, a far jump that stays inside themselves, so the test only counts when nothing else fits.
"""

NBP_LOAD_ADDRESS = 0x7C00
MAX_NBP_BYTES = 0xA0000 - NBP_LOAD_ADDRESS
"""It must fit under the 640 KiB that real mode has."""
MIN_NBP_BYTES = 2048
"""A boot sector starts the same way; a network boot program is never that small."""

_FAR_JUMP = 0xEA
_MOV_DL = 0xB2


def is_network_boot_program(head: bytes, size_bytes: int) -> bool:
    """Whether ``head`` (at least 512 bytes) starts a BIOS network boot program of ``size_bytes`` bytes."""
    if not MIN_NBP_BYTES <= size_bytes <= MAX_NBP_BYTES or head[510:512] == b"\x55\xaa":
        return False
    jump = 2 if head[:1] == bytes([_MOV_DL]) else 0  # GRUB's sets a drive number first
    if len(head) < 512 or head[jump] != _FAR_JUMP:
        return False
    offset = int.from_bytes(head[jump + 1 : jump + 3], "little")
    segment = int.from_bytes(head[jump + 3 : jump + 5], "little")
    return NBP_LOAD_ADDRESS <= segment * 16 + offset < NBP_LOAD_ADDRESS + size_bytes

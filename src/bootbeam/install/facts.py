"""What is known of the machine that asks and of the station that answers, checked, before it gets into any file."""

import ipaddress
import re
from dataclasses import dataclass

from bootbeam.errors import DecodeError
from bootbeam.machine import Cpu, Firmware

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# No colon, quote, slash, or anything else that YAML, XML, a shell or a path would act upon.
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+ -]{0,63}")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
"""RFC 1123 §2.1, with or without a domain."""
_URL = re.compile(r"http://[A-Za-z0-9.:\[\]-]+/([A-Za-z0-9._~=+,:@-]+/)*")

PLACEHOLDER_SERIALS = frozenset(
    {"to be filled by o.e.m.", "default string", "system serial number", "not specified", "not applicable", "none", "0"}
)
"""What boards report whose maker never wrote a serial number."""


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """One disk of a machine, as udev describes it."""

    path: str
    """"/dev/sda"."""
    size_bytes: int
    serial: str = ""
    """``ID_SERIAL``, which begins with the model."""
    model: str = ""
    """``ID_MODEL``: spaces are underscores."""
    vendor: str = ""
    solid_state: bool | None = None
    """None: not known."""


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """One machine. What it has not told is None.

    Raises:
        DecodeError: a value that is none, or that has characters in it which a file would act upon.
    """

    mac: str | None = None
    """Lower-case hex with colons."""
    uuid: str | None = None
    """SMBIOS, lower case."""
    serial: str | None = None
    """SMBIOS; None too for the placeholders of boards that have none."""
    hostname: str | None = None
    ip: str | None = None
    firmware: Firmware = Firmware.UEFI
    cpu: Cpu = Cpu.X86_64
    disks: tuple[DiskFacts, ...] = ()
    """Empty: not known."""

    def __post_init__(self) -> None:
        for name, pattern in _PATTERNS.items():
            value = getattr(self, name)
            if value is not None and not pattern.fullmatch(value):
                raise DecodeError(f"the machine's {name} is not one: {value[:80]!r}")
        if self.ip is not None:
            try:
                ipaddress.ip_address(self.ip)
            except ValueError as error:
                raise DecodeError(f"the machine's address is none: {self.ip[:80]!r}") from error
        if self.serial is not None and self.serial.strip().lower() in PLACEHOLDER_SERIALS:
            object.__setattr__(self, "serial", None)


_PATTERNS = {"mac": _MAC, "uuid": _UUID, "serial": _SERIAL, "hostname": HOST_NAME}


@dataclass(frozen=True, slots=True)
class StationFacts:
    """Where the machine finds the station. Addresses are plain http and end in ``/``.

    Raises:
        DecodeError: an address with characters that a shell, a boot loader or a file would act upon.
    """

    report_url: str = ""
    """Where progress is reported, the name of the stage to be added; "" switches reporting off."""
    repository_url: str = ""
    """Where the station serves the system's packages; "" when they come from the distribution's own servers."""

    def __post_init__(self) -> None:
        for url in (self.report_url, self.repository_url):
            if url:
                check_url(url)


def check_url(url: str) -> None:
    """Whether an address of the station can stand unquoted in every file and on every command line.

    Raises:
        DecodeError: it cannot.
    """
    if not _URL.fullmatch(url):
        raise DecodeError(f"{url[:80]!r} is no plain http address ending in /")

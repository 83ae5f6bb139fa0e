"""What an iPXE or a GRUB reports of its machine in the path of the script it asks for: ``key=value`` steps.

They come from a stranger: everything is checked here and used for the decision, the log and nothing else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bootbeam.boot.decision import Machine, RunningGrub
from bootbeam.errors import DecodeError
from bootbeam.machine import Cpu, Firmware

MAX_TEXT_CHARACTERS = 64
KEYS = (
    "mac",
    "platform",
    "buildarch",
    "uuid",
    "manufacturer",
    "product",
    "serial",
    "hostname",
    "memory",
    "chosen",
    "failed",
)
U_BOOT_PLATFORM = "u-boot"
GRUB_KEYS = ("mac", "platform", "cpu", "lockdown", "multiboot", "chosen", "started")

_GRUB_PLATFORMS = {"pc": "pcbios", "efi": "efi"}
_GRUB_CPUS = {"arm": "arm32", "loongarch64": "loong64"}
"""GRUB's word -> iPXE's, where they differ."""

MEMORY_MODULES = 8
"""How many modules are asked about; a machine with more has more memory than any system needs to start."""
SIZE_NOT_KNOWN = 0xFFFF

_MEMORY = re.compile(r"([0-9a-f]{2}-[0-9a-f]{2})?(\.([0-9a-f]{2}-[0-9a-f]{2})?){0,7}")
_MAC = re.compile(r"[0-9a-f]{2}(-[0-9a-f]{2}){5}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_ERROR = re.compile(r"[0-7][0-9a-f]{7}")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """One machine as its loader describes it."""

    platform: str
    """"pcbios", "efi" or "u-boot"."""
    buildarch: str
    """The CPU iPXE was built for: "i386" (BIOS builds, whatever the CPU), "x86_64", "arm64" ..."""
    mac: str | None = None
    """Of the network card that booted, lower-case hex with colons."""
    uuid: str | None = None
    manufacturer: str = ""
    product: str = ""
    serial: str | None = None
    """SMBIOS."""
    hostname: str | None = None
    """As the DHCP server gave it (option 12)."""
    memory: str | None = None
    """The sizes of its memory modules as its SMBIOS has them; see ``decode_memory``."""
    chosen: str | None = None
    """The menu entry a person picked, or that the machine's own script names."""
    grub: RunningGrub | None = None
    """None: iPXE asks."""
    failed: str | None = None
    """The number of the error that iPXE came back with from starting the entry; eight hex digits."""
    did_not_start: bool = False
    """The loader came back from starting the entry."""

    @property
    def machine(self) -> Machine:
        """What the boot decision needs of it."""
        runs_ipxe = self.grub is None
        if self.platform == "pcbios":
            return Machine(Firmware.BIOS, Cpu.X86_64, "BIOS (legacy mode)", runs_ipxe, grub=self.grub)
        try:
            cpu = Cpu(self.buildarch)
        except ValueError:
            return Machine(Firmware.UEFI, None, f"UEFI on {self.buildarch}", runs_ipxe, grub=self.grub)
        if self.platform == U_BOOT_PLATFORM:
            return Machine(Firmware.UBOOT, cpu, f"U-Boot {cpu}", asks_by_u_boot=True)
        return Machine(Firmware.UEFI, cpu, f"UEFI {cpu}", runs_ipxe, grub=self.grub)

    @property
    def ram_mb(self) -> int | None:
        """MiB of memory; None when the machine does not tell."""
        return decode_memory(self.memory) if self.memory else None

    @property
    def steps(self) -> str:
        """The facts the next question has to repeat, as path steps ending in ``/``."""
        mac = f"mac={self.mac.replace(':', '-')}/" if self.mac else ""
        more = {"uuid": self.uuid, "serial": self.serial, "hostname": self.hostname, "memory": self.memory}
        others = "".join(f"{name}={quote(value, safe='')}/" for name, value in more.items() if value)
        return f"{mac}platform={self.platform}/buildarch={self.buildarch}/{others}"


def parse_facts(steps: Sequence[str]) -> MachineFacts:
    """The facts in a script's path; unknown keys are left out, a value broken by ``/`` is put together again.

    Raises:
        DecodeError: no platform or no buildarch, so nothing can be decided.
    """
    values = _values(steps, KEYS)
    platform, buildarch = values.get("platform", ""), values.get("buildarch", "")
    if platform not in ("pcbios", "efi") or not _NAME.fullmatch(buildarch):
        raise DecodeError("the script's address names no platform (pcbios or efi) and buildarch")
    mac, uuid, chosen = values.get("mac", "").lower(), values.get("uuid", "").lower(), values.get("chosen", "")
    return MachineFacts(
        platform=platform,
        buildarch=buildarch,
        mac=mac.replace("-", ":") if _MAC.fullmatch(mac) else None,
        uuid=uuid if _UUID.fullmatch(uuid) else None,
        manufacturer=_printable(values.get("manufacturer", "")),
        product=_printable(values.get("product", "")),
        serial=_printable(values.get("serial", "")) or None,
        hostname=hostname if _HOST_NAME.fullmatch(hostname := values.get("hostname", "")) else None,
        memory=memory if _MEMORY.fullmatch(memory := values.get("memory", "")) else None,
        chosen=chosen if _NAME.fullmatch(chosen) else None,
        failed=failed if _ERROR.fullmatch(failed := values.get("failed", "").lower()) else None,
    )


def decode_memory(text: str) -> int | None:
    """The memory of a machine in MiB, from the module sizes of SMBIOS type 17, offset 0Ch (DSP0134 §7.18).

    Args:
        text: each module's two bytes, low byte first, as hex with a hyphen; a dot between modules, nothing for none.

    Returns:
        None when no module is there, or one does not tell its size.
    """
    total_kb = 0
    for module in filter(None, text.split(".")):
        size = int.from_bytes(bytes.fromhex(module.replace("-", "")), "little")
        if size == SIZE_NOT_KNOWN:
            return None
        # The top bit says that the rest counts KiB. 7fffh: at least 32 GiB, which is all that matters here.
        total_kb += size & 0x7FFF if size & 0x8000 else size * 1024
    return total_kb // 1024 or None


def parse_grub_facts(steps: Sequence[str]) -> MachineFacts:
    """The same of a GRUB, which has words of its own for platforms and CPUs.

    Raises:
        DecodeError: no platform or no CPU, so nothing can be decided.
    """
    values = _values(steps, GRUB_KEYS)
    platform, cpu = _GRUB_PLATFORMS.get(values.get("platform", "")), values.get("cpu", "")
    if platform is None or not _NAME.fullmatch(cpu):
        raise DecodeError("the script's address names no platform (pc or efi) and cpu")
    mac, chosen = values.get("mac", "").lower().replace(":", "-"), values.get("chosen", "")
    return MachineFacts(
        platform=platform,
        buildarch=_GRUB_CPUS.get(cpu, cpu),
        mac=mac.replace("-", ":") if _MAC.fullmatch(mac) else None,
        chosen=chosen if _NAME.fullmatch(chosen) else None,
        grub=RunningGrub(values.get("lockdown") == "y", values.get("multiboot") == "y"),
        did_not_start=values.get("started") == "no",
    )


def _values(steps: Sequence[str], keys: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    key = ""
    for step in steps:
        head, equals, value = step.partition("=")
        if equals and head in keys:
            key = head
            values[key] = value
        elif key:
            values[key] = f"{values[key]}/{step}"
    return values


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:MAX_TEXT_CHARACTERS].strip()

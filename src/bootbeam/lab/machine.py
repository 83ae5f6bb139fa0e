"""A virtual PC with real firmware, plugged into the lab's LAN.

Always QEMU's own translation (``tcg``): the same everywhere, no matter what the machine below can do.
"""

import itertools
import re
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bootbeam.errors import BootbeamError, UserError
from bootbeam.lab.firmware import Firmware
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Process
from bootbeam.lab.qmp import Qmp, QmpError
from bootbeam.lab.serial import last_lines, read_transcript

MAX_RUN_S = 600.0
"""No virtual PC lives longer, whatever its firmware does."""
POLL_S = 0.1
TAIL_LINES = 30
LOCAL_MAC_PREFIX = "52:54:00:b0:07"

_mac_tails = itertools.count(1)


class BootFailed(BootbeamError):
    """The virtual PC did not get where it should; the message ends with the last lines of its console."""


@dataclass(frozen=True, slots=True)
class PcSpec:
    """What a virtual PC is made of."""

    name: str
    """Names its log: ``NAME.serial.log``."""
    firmware: Firmware
    nic_model: str = "virtio-net-pci"
    mac: str | None = None
    """None takes a new locally administered one."""
    disk: Path | None = None
    """A raw disk image to boot from instead of the network; never written to."""
    memory_mib: int | None = None
    """None takes what the firmware's entry says."""
    max_run_s: float = MAX_RUN_S
    """Switched off after this time at the latest."""
    extra_arguments: tuple[str, ...] = ()


class VirtualMachine:
    """A virtual PC as a context manager: switched on at the start of the ``with`` block, gone at its end.

    Args:
        log_dir: where the serial log goes; None takes the LAN's.
    """

    def __init__(self, lan: Lan, spec: PcSpec, log_dir: Path | None = None) -> None:
        self.lan = lan
        self.spec = spec
        self.mac = spec.mac or f"{LOCAL_MAC_PREFIX}:{next(_mac_tails) & 0xFF:02x}"
        self.log_dir = log_dir or lan.log_dir
        self.serial_log = self.log_dir / f"{spec.name}.serial.log"
        self.started_s = 0.0
        self.started_at_s = 0.0
        self._reached_limit = False

    def __enter__(self) -> Self:
        self.spec.firmware.check()
        if shutil.which(self.spec.firmware.emulator) is None:
            raise UserError(f"{self.spec.firmware.emulator} is not installed", "", "make setup")
        tap = self.lan.add_tap()
        variables = self.lan.scratch_dir / f"{self.spec.name}.vars.fd"
        if self.spec.firmware.variables is not None:
            shutil.copyfile(self.spec.firmware.variables, variables)
        self.serial_log.unlink(missing_ok=True)
        self.started_s = time.monotonic()
        self.started_at_s = time.time()
        self._process: Process = self.lan.switch.start(
            *self._command_line(tap, variables), output=self.log_dir / f"{self.spec.name}.qemu.log"
        )
        self._limit = threading.Timer(self.spec.max_run_s, self._end_at_limit)
        self._limit.daemon = True
        self._limit.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Pull the plug and wait until the emulator is gone. Safe to call twice."""
        self._limit.cancel()
        self._process.kill()

    @property
    def is_running(self) -> bool:
        """False once it has switched itself off, or asked for a reboot."""
        return self._process.exit_code is None

    @property
    def _qmp_path(self) -> Path:
        return self.lan.scratch_dir / f"{self.spec.name}.qmp"

    @property
    def pid(self) -> int:
        """The emulator's process id."""
        return self._process.pid

    @property
    def console(self) -> str:
        """All it wrote to its serial port so far, without escape sequences."""
        return read_transcript(self.serial_log)

    def wait_for(self, marker: str, timeout_s: float) -> re.Match[str]:
        """Wait until the console matches the regular expression ``marker``.

        Raises:
            BootFailed: ``timeout_s`` have passed, or the PC has switched itself off, without it.
        """
        pattern = re.compile(marker, re.MULTILINE)
        deadline = time.monotonic() + timeout_s
        while True:
            was_running = self.is_running  # asked first: what it wrote last is in the log once it has ended
            found = pattern.search(self.console)
            if found is not None:
                return found
            if not was_running:
                how = f"used up its {self.spec.max_run_s:.0f} s" if self._reached_limit else "switched itself off"
                raise BootFailed(self._account(f"{how} before {marker!r} was seen"))
            if time.monotonic() > deadline:
                raise BootFailed(self._account(f"{marker!r} was not seen within {timeout_s:.0f} s"))
            time.sleep(POLL_S)

    def wait_off(self, timeout_s: float) -> None:
        """Wait until it has switched itself off.

        Raises:
            BootFailed: it is still on after ``timeout_s``.
        """
        try:
            self._process.wait(timeout_s)
        except TimeoutError as error:
            raise BootFailed(self._account(f"is still on after {timeout_s:.0f} s")) from error

    def control(self, command: str, **arguments: object) -> Any:
        """Run one QMP command, e.g. ``system_reset``.

        Raises:
            BootFailed: the emulator is gone or refuses.
        """
        try:
            with Qmp(self._qmp_path, lambda: self.is_running) as qmp:
                return qmp.execute(command, **arguments)
        except QmpError as error:
            raise BootFailed(self._account(str(error))) from error

    def reset(self) -> None:
        """Press the reset button. From here on the PC may reboot by itself too; before, that switches it off."""
        self.control("set-action", reboot="reset")
        self.control("system_reset")

    def take_screenshot(self, path: Path) -> None:
        """Write what a person would see on the screen to ``path``, a PNG."""
        self.control("screendump", filename=str(path.resolve()), format="png")

    def _end_at_limit(self) -> None:
        self._reached_limit = True
        self._process.kill()

    def _account(self, what: str) -> str:
        emulator = (self.log_dir / f"{self.spec.name}.qemu.log").read_text("utf-8", "replace").strip()
        return "\n".join(
            part
            for part in (
                f"{self.spec.name} ({self.spec.firmware.name}, {self.mac}): {what}",
                f"the emulator says: {emulator}" if emulator else "",
                f"its console's last lines ({self.serial_log}):",
                last_lines(self.console, TAIL_LINES),
            )
            if part
        )

    def _command_line(self, tap: str, variables: Path) -> list[str]:
        spec, firmware = self.spec, self.spec.firmware
        if spec.nic_model not in firmware.nic_models:
            raise UserError(f"{firmware.name} cannot boot from a {spec.nic_model}", f"knows {firmware.nic_models}")
        nic = f"{spec.nic_model},netdev=n0,mac={self.mac}"
        if firmware.nic_rom is not None:
            nic += f",romfile={firmware.nic_rom}"
        disk: list[str] = []
        if spec.disk is None:
            nic += ",bootindex=1" if firmware.takes_boot_order else ""
        else:
            disk = ["-drive", f"if=none,id=d0,format=raw,snapshot=on,file={spec.disk}"]
            disk += ["-device", "virtio-blk-pci,drive=d0,bootindex=1"]
        return [
            *(firmware.emulator, "-machine", firmware.machine, "-accel", "tcg,thread=multi"),
            *("-m", str(spec.memory_mib or firmware.memory_mib), "-name", spec.name),
            *("-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot"),
            *("-device", "VGA"),
            *("-chardev", f"file,id=serial,path={self.serial_log}", "-serial", "chardev:serial"),
            *("-qmp", f"unix:{self._qmp_path},server=on,wait=off"),
            *("-netdev", f"tap,id=n0,ifname={tap},script=no,downscript=no", "-device", nic),
            *disk,
            *firmware.flash_arguments(variables),
            *firmware.arguments,
            *spec.extra_arguments,
        ]

"""What U-Boot reads: ``boot.scr.uimg``, the script its boot order looks for on the network, and ``pxelinux.cfg/...``.

Sources: U-Boot ``include/image.h`` (legacy image header), ``boot/pxe_utils.c`` (the words of a PXE configuration),
``doc/README.pxe``. U-Boot knows nothing of quotes there: a line is a word and the rest of the line.
"""

import re
import struct
import zlib
from collections.abc import Sequence

from bootbeam.boot.decision import LOCAL_DISK, BootLocalDisk, ChooseEntry, RunEntry
from bootbeam.boot.explanation import Explanation

CONFIG_DIRECTORY = "pxelinux.cfg"
"""Where U-Boot, as PXELINUX, looks for its configuration."""
MAX_APPEND_CHARACTERS = 500
"""Of a kernel command line: U-Boot refuses what is longer than its own lines (CONFIG_SYS_CBSIZE, 512 on most)."""
_SAFE_TEXT = re.compile(r"[^A-Za-z0-9 .,:;()\[\]/_+=@*<>-]")
_MAGIC, _OS_LINUX, _ARCH_ARM64, _TYPE_SCRIPT = 0x27051956, 5, 22, 6
_HEADER = struct.Struct(">7I4B32s")
"""ih_magic ih_hcrc ih_time ih_size ih_load ih_ep ih_dcrc ih_os ih_arch ih_type ih_comp ih_name"""


def render_start(station: str) -> str:
    """The script that U-Boot's own boot order runs: from here on it asks this station, whoever gave its address.

    Args:
        station: our address, as the machine reached us.
    """
    return "\n".join(
        (
            f"echo bootbeam: asking {station} what to boot",
            f"setenv serverip {station}",
            "setenv bootfile",  # else its directory would go before every name that is asked for
            "if pxe get; then pxe boot; fi",
            "",
        )
    )


def encode_script(text: str) -> bytes:
    """``text`` in the form ``source`` takes: a legacy image of the type "script"."""
    script = text.encode("ascii")
    data = struct.pack(">II", len(script), 0) + script
    fields = (0, len(data), 0, 0, zlib.crc32(data), _OS_LINUX, _ARCH_ARM64, _TYPE_SCRIPT, 0, b"bootbeam")
    checksum = zlib.crc32(_HEADER.pack(_MAGIC, 0, *fields))
    return _HEADER.pack(_MAGIC, checksum, *fields) + data


def render_entry(plan: RunEntry, kernel: str, initrds: Sequence[str]) -> str:
    """The configuration that boots one entry.

    Args:
        plan: what is booted.
        kernel: its path, without a slash at the start.
        initrds: of its initrd, in the same way; U-Boot loads one.
    """
    return _config("DEFAULT bootbeam", *_label("bootbeam", plan.entry.title, kernel, initrds, plan.entry.cmdline))


def render_menu(plan: ChooseEntry, entries: Sequence[tuple[RunEntry, str, Sequence[str]]]) -> str:
    """A menu, on U-Boot's console; after the timeout the default is taken.

    Args:
        plan: what to choose from.
        entries: each that fits, with the paths of its files.
    """
    lines = ["MENU TITLE bootbeam: what shall this machine boot?", f"DEFAULT {plan.default}"]
    # In tenths of a second; PROMPT alone waits for ever.
    lines.append(f"TIMEOUT {plan.timeout_s * 10}" if plan.timeout_s else "PROMPT 1")
    for each, kernel, initrds in entries:
        lines += _label(each.entry.name, each.entry.title, kernel, initrds, each.entry.cmdline)
    return _config(*lines, f"LABEL {LOCAL_DISK}", "  MENU LABEL This machine's own disk", "  LOCALBOOT 1")


def render_local_disk(plan: BootLocalDisk) -> str:
    """Go on with U-Boot's own boot order."""
    return _config("DEFAULT local", "LABEL local", f"  MENU LABEL {_text(plan.reason)}", "  LOCALBOOT 1")


def render_explanation(explanation: Explanation, station: str) -> str:
    """Say why nothing boots: U-Boot shows the title and each label's words, and finds no kernel in any of them."""
    lines = [f"MENU TITLE bootbeam: {_text(explanation.title)}", "TIMEOUT 50"]
    who = f"This station: {station}, finding {explanation.finding}"
    for name, text in (("why", explanation.why), ("what-to-do", explanation.fix), ("station", who)):
        lines += [f"LABEL {name}", f"  MENU LABEL {_text(text)}"]
    return _config(*lines)


def check_entry(plan: RunEntry) -> Explanation | None:
    """U-Boot's own limits; None when they are kept."""
    entry = plan.entry
    if len(entry.initrds) > 1:
        return Explanation(
            f"{entry.name} has {len(entry.initrds)} initrds",
            "U-Boot loads one",
            "join them on the station: cat INITRD INITRD > joined; and serve that",
        )
    # It replaces ${...}, and takes backslashes and single quotes for its own.
    if re.search(r"[$\\']", entry.cmdline) or len(entry.cmdline) > MAX_APPEND_CHARACTERS:
        return Explanation(
            f"the command line of {entry.name} is none that U-Boot can carry",
            f"it has a dollar sign, a backslash or a single quote, or more than {MAX_APPEND_CHARACTERS} characters",
            "write --cmdline without them",
        )
    return None


def _label(name: str, title: str, kernel: str, initrds: Sequence[str], cmdline: str) -> list[str]:
    lines = [f"LABEL {name}", f"  MENU LABEL {_text(title)}", f"  KERNEL {kernel}"]
    lines += [f"  INITRD {initrd}" for initrd in initrds]
    return [*lines, f"  APPEND {cmdline}"] if cmdline else lines


def _text(text: str) -> str:
    return " ".join(_SAFE_TEXT.sub("?", text).split())


def _config(*lines: str) -> str:
    return "\n".join(lines) + "\n"
